"""Compression: which answers are compressed, by which coding, and what that changes of their heads.

Takes the method and the header fields of a request, the status, the header fields and, if it is known, the whole body
of the answer. Gives an :class:`Encoder`, which takes the pieces of the body and gives them compressed, and changes the
header fields of the answer. It knows no protocol and does no I/O.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import lru_cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ._checks import check_type, listed
from ._response.finalizer import ContentLengthError, check_length
from ._response.trailers import announced
from ._response.vary import add_vary
from .fields._accept import EncodingAccept
from .fields._cache_control import ResponseCacheControl
from .fields._content_range import ContentRange
from .fields._etags import ETags, unquote_etag
from .fields._syntax import OWS, is_token, parse_integer
from .structures._headers import pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .structures._headers import Headers, HeadersView

    Stream: TypeAlias = tuple[Callable[[bytes], bytes], Callable[[], bytes], Callable[[], bytes]]

__all__ = ["COMPRESSIBLE", "LEVELS", "Compressing", "CompressionPolicy", "Encoder"]

#: The codings, the preferred one first, and their levels. None takes longer than gzip does at its default level.
LEVELS: Final[dict[str, int]] = {"zstd": 3, "br": 4, "gzip": 6}

#: The levels that a coding has. Those of zstd end at 19, because the levels above it need a window of more than 8 MB,
#: which a decoder may refuse (RFC 9659 section 3).
_RANGES: Final = {"zstd": (1, 19), "br": (0, 11), "gzip": (1, 9)}

#: The modules that have a coding, the first one that can be imported is used.
_MODULES: Final = {
    "zstd": ("compression.zstd", "backports.zstd", "zstandard"),
    "br": ("brotli", "brotlicffi"),
    "gzip": ("zlib",),
}

#: The media types that are worth compressing: those of text, and a few formats of data that are not compressed already.
COMPRESSIBLE: Final = (
    "text/*",
    "*+json",
    "*+xml",
    "*+yaml",
    "*+text",
    "application/json",
    "application/json5",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json-seq",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "application/xml",
    "application/xml-dtd",
    "application/yaml",
    "application/x-yaml",
    "application/toml",
    "application/graphql",
    "application/sql",
    "application/rtf",
    "application/wasm",
    "application/vnd.apple.mpegurl",
    "application/x-mpegurl",
    "application/vnd.ms-fontobject",
    "application/x-font-ttf",
    "font/ttf",
    "font/otf",
    "font/collection",
    "image/bmp",
    "image/x-icon",
    "image/vnd.microsoft.icon",
)

#: An event stream is compressed only if it is named: some proxies and clients hold back what they have to decompress.
_EVENT_STREAM: Final = "text/event-stream"

#: Fields of an answer that stays as it is, also if they are announced as trailer fields. Four are digests of the body:
#: RFC 9530, and the ones that it replaces.
_KEEPING: Final = frozenset({"content-encoding", "content-digest", "repr-digest", "digest", "content-md5"})

#: Fields that would be wrong of a compressed body: ranges would be those of the body that is not compressed.
_OF_PLAIN_BODY: Final = frozenset({"content-length", "accept-ranges"})

#: the window size that makes zlib write gzip
_GZIP: Final = 16 + zlib.MAX_WBITS

_WITHOUT_BODY: Final = frozenset({204, 205})
#: The status of answers that are about the body that a client has already, or about a part of it.
_WITHOUT_NEW_BODY: Final = frozenset({206, 304})


class Encoder:
    """Compresses one body. Each piece is given at once and as a whole, so that a client need not wait for the next.

    ``compress`` takes a whole body, which is faster than a stream of one piece. ``start`` begins a stream: it gives the
    functions that add a piece, that give all that was added, and that end the stream.

    The length that the application has declared is not sent, so nobody else can compare it. If the body has another
    one, :exc:`ContentLengthError` is raised: a body that broke off would look complete.
    """

    __slots__ = ("_compress", "_length", "_start", "_stream", "declared")

    def __init__(self, compress: Callable[[bytes], bytes], start: Callable[[], Stream]) -> None:
        self._compress = compress
        self._start = start
        self._stream: Stream | None = None
        self._length = 0
        self.declared: int | None = None
        """The length of the body in bytes that the application has declared, None if it has declared none."""

    def feed(self, data: bytes) -> bytes:
        """The compressed bytes for ``data``, from which a client can restore all of it; ``b""`` for ``b""``."""
        if not data:
            return b""
        self._count(data)
        if self._stream is None:
            self._stream = self._start()
        add, flush, _ = self._stream
        return add(data) + flush()

    def take(self, body: bytes, headers: Headers) -> bytes:
        """The compressed bytes of a whole body, whose length is declared in the ``headers`` of the answer."""
        self._count(body)
        self._expect_all()
        data = self._compress(body)
        pairs_of(headers).append(("Content-Length", str(len(data))))  # that of the plain body was removed
        return data

    def close(self, rest: bytes = b"") -> bytes:
        """The compressed bytes for ``rest``, the last piece of the body, and the end."""
        self._count(rest)
        self._expect_all()
        if self._stream is None:
            return self._compress(rest)
        add, _, finish = self._stream
        return (add(rest) if rest else b"") + finish()

    def _count(self, data: bytes) -> None:
        self._length += len(data)
        if self.declared is not None and self._length > self.declared:
            raise ContentLengthError(f"got a body of at least {self._length} bytes, expected {self.declared}")

    def _expect_all(self) -> None:
        if self.declared is not None:
            check_length(self._length, self.declared)


@lru_cache
def _module(coding: str) -> Any:
    """The module that has a coding; None if none is installed."""
    for name in _MODULES[coding]:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


def _gzip(level: int) -> Stream:
    gzip = zlib.compressobj(level, zlib.DEFLATED, _GZIP)
    return gzip.compress, partial(gzip.flush, zlib.Z_SYNC_FLUSH), gzip.flush


def _brotli(module: Any, level: int) -> Stream:
    brotli = module.Compressor(quality=level)
    return brotli.process, brotli.flush, brotli.finish


def _whole_zstandard(module: Any, level: int, body: bytes) -> bytes:
    compressed: bytes = module.ZstdCompressor(level=level).compress(body)
    return compressed


def _zstandard(module: Any, level: int) -> Stream:
    zstd = module.ZstdCompressor(level=level).compressobj()
    return zstd.compress, partial(zstd.flush, module.COMPRESSOBJ_FLUSH_BLOCK), zstd.flush


def _zstd(module: Any, level: int) -> Stream:
    zstd = module.ZstdCompressor(level)
    return zstd.compress, partial(zstd.flush, zstd.FLUSH_BLOCK), partial(zstd.flush, zstd.FLUSH_FRAME)


def _encoder(coding: str, level: int) -> Callable[[], Encoder]:
    """A function that makes encoders of a coding and a level."""
    module = _module(coding)
    if coding == "gzip":
        return partial(Encoder, partial(zlib.compress, level=level, wbits=_GZIP), partial(_gzip, level))
    if coding == "br":
        return partial(Encoder, partial(module.compress, quality=level), partial(_brotli, module, level))
    if hasattr(module, "COMPRESSOBJ_FLUSH_BLOCK"):  # the module zstandard
        return partial(Encoder, partial(_whole_zstandard, module, level), partial(_zstandard, module, level))
    return partial(Encoder, partial(module.compress, level=level), partial(_zstd, module, level))


def _checked_levels(codings: Mapping[str, int] | None) -> dict[str, int]:
    """The codings that can be used, and their levels. Raises :exc:`ValueError` for one that cannot."""
    if codings is None:
        return {coding: level for coding, level in LEVELS.items() if _module(coding) is not None}
    check_type("codings", codings, Mapping, "a mapping of codings to levels")
    for coding, level in codings.items():
        if coding not in _RANGES:
            raise ValueError(f"got the coding {coding!r}, expected one of {', '.join(map(repr, _RANGES))}")
        least, most = _RANGES[coding]
        if isinstance(level, bool) or not isinstance(level, int):
            raise TypeError(f"got a level of type {type(level).__name__} for {coding}, expected an int")
        if not least <= level <= most:
            raise ValueError(f"got the level {level} for {coding}, expected {least} to {most}")
        if _module(coding) is None:
            names = ", ".join(_MODULES[coding])
            raise ValueError(f"got the coding {coding!r}, expected one of these modules to be installed: {names}")
    return dict(codings)


def _best_coding(accepted: str, offers: tuple[str, ...]) -> str | None:
    coding = EncodingAccept.from_header(accepted).best_match(offers)
    return None if coding == "identity" else coding


#: Browsers send one of a few texts.
_remembered_coding: Final = lru_cache(maxsize=64)(_best_coding)
_REMEMBERED: Final = 256


class CompressionPolicy:
    """What is compressed, and how; see :class:`cardan.Compression` for the arguments and what is raised."""

    __slots__ = ("_encoders", "_exact", "_major", "_offers", "_suffixes", "minimum")

    def __init__(self, minimum: int, codings: Mapping[str, int] | None, types: Iterable[str]) -> None:
        if isinstance(minimum, bool) or not isinstance(minimum, int):
            raise TypeError(f"got a minimum of type {type(minimum).__name__}, expected an int")
        if minimum < 0:
            raise ValueError(f"got the minimum {minimum}, expected a number of bytes")
        self.minimum = max(minimum, 1)
        """The least length of a body that is compressed, in bytes: an empty body stays empty."""
        levels = _checked_levels(codings)
        self._encoders = {coding: _encoder(coding, level) for coding, level in levels.items()}
        self._offers = (*levels, "identity")
        names = []
        for name in listed("types", types, "an iterable of media types"):
            check_type("a media type", name, str, "a str")
            names.append(name.strip(OWS).lower())
        for name in names:
            if not _names_types(name):
                raise ValueError(f"got the media type {name!r}, expected 'type/subtype', 'type/*' or '*+suffix'")
        self._suffixes = frozenset(name[1:] for name in names if name.startswith("*+"))
        self._major = frozenset(name[:-1] for name in names if name.endswith("/*"))
        self._exact = frozenset(names)

    def compressing(self, method: str, headers: HeadersView) -> Compressing:
        """The compression of the answer to a request with this method and these header fields."""
        accepted = headers.get("Accept-Encoding")
        if accepted is None:
            coding = None
        elif len(accepted) <= _REMEMBERED:
            coding = _remembered_coding(accepted, self._offers)
        else:
            coding = _best_coding(accepted, self._offers)
        return Compressing(self, method, headers, coding)

    def suits(self, content_type: str) -> bool:
        """Whether bodies of this Content-Type are compressed."""
        kind = content_type.partition(";")[0].strip(OWS).lower()
        if kind in self._exact:
            return True
        main, slash, sub = kind.partition("/")
        plus = sub.rfind("+")
        return kind != _EVENT_STREAM and (main + slash in self._major or (plus >= 0 and sub[plus:] in self._suffixes))

    def encoder(self, coding: str) -> Encoder:
        """A new encoder."""
        return self._encoders[coding]()


class Compressing:
    """The compression of one answer. ``coding`` is None if the client accepts none of the codings.

    :meth:`head` gets the head of the answer, and once more if the application replaces it. :meth:`begin` gets what of
    the body is known when the head is sent.
    """

    __slots__ = ("_asked", "_coding", "_fields", "_headers", "_method", "_policy", "_status")

    _headers: Headers
    _status: int

    def __init__(self, policy: CompressionPolicy, method: str, asked: HeadersView, coding: str | None) -> None:
        self._policy = policy
        self._method = method
        self._asked = asked
        self._coding = coding
        self._fields: dict[str, str] | None = None
        """The fields of an answer that is compressed for some clients, as :meth:`_varying` gives them."""

    def head(self, status: int, headers: Headers) -> bool:
        """Whether an answer with this head is compressed, if its body has the length for it. Changes nothing."""
        self._status = status
        self._headers = headers
        if status in _WITHOUT_NEW_BODY:
            return False
        self._fields = fields = self._varying(status, headers)
        return self._coding is not None and fields is not None and not self._is_short(fields, None)

    def is_whole(self, first: bytes) -> bool:
        """Whether the first piece of a body that may be compressed is all of it: it is as long as the head declares."""
        return self._fields is not None and len(first) == parse_integer(self._fields.get("content-length"))

    def begin(self, whole: bytes | None) -> Encoder | None:
        """Change the header fields of the answer to those that are sent. Returns the encoder of the body, or None.

        ``whole`` is the body if all of it is known. The answer to HEAD gets the fields that a GET would get, but no
        Content-Length, which is not known (RFC 9110 section 9.3.2).
        """
        status, headers, names = self._status, self._headers, self._fields
        if status == 304:
            self._change_not_modified(headers)
            return None
        if status == 206:  # a range is one of the bytes as they are (RFC 9110 section 14.4)
            self._change_partial(headers)
            return None
        if names is None or self._is_short(names, whole):
            return None
        fields = pairs_of(headers)
        if "vary" in names:
            add_vary(headers, "Accept-Encoding")
        else:
            fields.append(("Vary", "Accept-Encoding"))
        if self._coding is None:
            return None
        if "content-length" in names or "accept-ranges" in names:
            fields[:] = [field for field in fields if field[0].lower() not in _OF_PLAIN_BODY]
        fields.append(("Content-Encoding", self._coding))  # there is none, see _KEEPING
        if "etag" in names:
            _weaken(headers)
        if self._method == "HEAD":
            return None
        encoder = self._policy.encoder(self._coding)
        encoder.declared = parse_integer(names.get("content-length"))
        return encoder

    def _varying(self, status: int, headers: Headers) -> dict[str, str] | None:
        """The fields of an answer that is compressed for some clients, if it is long enough, by their names in lower
        case. None for any other answer.
        """
        if status < 200 or status in _WITHOUT_BODY:
            return None
        pairs = pairs_of(headers)
        fields = {name.lower(): value for name, value in pairs}
        if len(fields) != len(pairs):
            fields = {name: headers.get(name, "") for name in fields}
        if not self._policy.suits(fields.get("content-type", "")):
            return None
        names: Iterable[str] = fields
        if "trailer" in fields:
            names = {*fields, *(name.lower() for name in announced(headers.getlist("Trailer")))}
        if not _KEEPING.isdisjoint(names) or ("content-range" in names and status != 206):
            return None
        if "cache-control" in fields and ResponseCacheControl.from_header(fields["cache-control"]).no_transform:
            return None
        return fields

    def _is_short(self, fields: dict[str, str], whole: bytes | None) -> bool:
        length = None
        if whole is not None and (whole or self._method != "HEAD"):
            length = len(whole)
        if length is None:
            length = parse_integer(fields.get("content-length"))
        return length is not None and length < self._policy.minimum

    def _change_partial(self, headers: Headers) -> None:
        """Give a 206 the Vary of the whole answer (RFC 9110 section 15.3.7).

        Its own length is that of the range. If there are several ranges, the Content-Type of the whole is not known.
        """
        is_several = headers.get("Content-Type", "").lower().startswith("multipart/byteranges")
        length = ContentRange.from_header(headers.get("Content-Range")).length
        if (is_several or self._varying(206, headers) is not None) and (
            length is None or length >= self._policy.minimum
        ):
            add_vary(headers, "Accept-Encoding")

    def _change_not_modified(self, headers: Headers) -> None:
        """Give a 304 the fields of the answer that the client has stored (RFC 9110 section 15.4.5).

        Its Content-Type is not known here. If the client names the weak form of the tag only, it has stored the
        compressed body: a strong tag would name another one (RFC 9111 section 4.3.4).
        """
        add_vary(headers, "Accept-Encoding")
        tag, _ = unquote_etag(headers.get("ETag"))
        if tag is not None:
            named = ETags.from_header(self._asked.get("If-None-Match"))
            if named.is_weak(tag) and not named.is_strong(tag):
                _weaken(headers)


def _names_types(name: str) -> bool:
    """Whether an answer can have a media type that is ``name``, or that has its main type or its suffix."""
    if name.startswith("*+"):
        return _is_name(name[2:])
    main, _, sub = name.partition("/")
    return _is_name(main) and (sub == "*" or _is_name(sub))


def _is_name(text: str) -> bool:
    return is_token(text) is not None and "*" not in text


def _weaken(headers: Headers) -> None:
    """Make the ETag weak: the compressed bytes are not those that the application named (RFC 9110 section 8.8.1)."""
    tag = headers.get("ETag", "")
    if tag[:1] == '"':  # not weak already, and no text that is not a tag
        headers["ETag"] = "W/" + tag
