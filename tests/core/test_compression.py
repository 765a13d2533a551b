"""Which answers are compressed, and what that changes of their heads."""

from __future__ import annotations

import gzip
import sys
import types
import zlib
from typing import Any

import pytest

from cardan.core import ContentLengthError
from cardan.core._compression import COMPRESSIBLE, CompressionPolicy, _module
from cardan.datastructures import Headers
from tests import zstd

PLAIN = {"Content-Type": "text/plain"}
GZIP = {"gzip": 6}


def begun(
    asked: dict[str, str],
    answered: dict[str, str],
    status: int = 200,
    whole: bytes | None = b"x" * 1000,
    method: str = "GET",
    **options: Any,
) -> tuple[bool, Headers]:
    """Whether the body is encoded, and the header fields that are sent."""
    policy = CompressionPolicy(**{"minimum": 500, "codings": GZIP, "types": COMPRESSIBLE, **options})
    compressing = policy.compressing(method, Headers(asked))
    fields = Headers(answered)
    may = compressing.head(status, fields)
    assert fields == Headers(answered)
    encodes = compressing.begin(whole) is not None
    assert may or not encodes
    return encodes, fields


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000", None),
        ("gzip;q=0.5, identity", None),
        ("gzip, identity", "gzip"),
        ("*", "br"),
        ("*;q=0", None),
        ("*;q=0, gzip", "gzip"),
        ("identity;q=0, *", "br"),
        ("br;q=0, *", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, br;q=0.9", "gzip"),
        ("deflate", None),
        ("identity", None),
        ("", None),
        ("notgzip", None),
        ("gzip;q=x", None),
        (None, None),
    ],
)
def test_the_client_chooses_the_coding(accepted: str | None, coding: str | None) -> None:
    """RFC 9110 section 12.5.3: the quality counts, then the order of the codings. Without a field, nothing is coded."""
    asked = {} if accepted is None else {"Accept-Encoding": accepted}
    encodes, fields = begun(asked, PLAIN, codings={"br": 4, "gzip": 6})
    assert (encodes, fields.get("Content-Encoding")) == (coding is not None, coding)
    assert fields["Vary"] == "Accept-Encoding"  # whatever was chosen


@pytest.mark.parametrize(
    ("kind", "suits"),
    [
        ("text/plain; charset=utf-8", True),
        ("TEXT/HTML", True),
        ("text/css ;x=y", True),
        ("application/json", True),
        ("application/problem+json", True),
        ("application/vnd.api+json; version=1", True),
        ("application/+json", True),  # its subtype ends in "+json" (WHATWG MIME Sniffing section 4.6)
        ("application/a+b+json", True),
        ("application/a+json+zip", False),
        ("image/svg+xml", True),
        ("Image/SVG+XML ; a=b+c", True),
        ("application/wasm", True),
        ("font/ttf", True),
        ("font/woff2", False),
        ("image/png", False),
        ("video/mp4", False),
        ("application/zip", False),
        ("application/octet-stream", False),
        ("multipart/byteranges; boundary=x", False),
        ("text/event-stream", False),
        ("Text/Event-Stream; charset=utf-8", False),
        ("text", False),
        ("", False),
        (None, False),
    ],
)
def test_types(kind: str | None, suits: bool) -> None:
    """Text, JSON, XML and a few other types are compressed. Event streams are not, because clients wait for them."""
    encodes, fields = begun({"Accept-Encoding": "gzip"}, {} if kind is None else {"Content-Type": kind})
    assert (encodes, "Vary" in fields) == (suits, suits)


def test_types_of_the_program() -> None:
    """``types`` replaces the usual ones. An event stream is compressed if it is named."""
    named = ["text/event-stream", "image/*", "*+zip"]
    for kind, suits in {
        "text/event-stream": True,
        "image/png": True,
        "application/epub+zip": True,
        "text/plain": False,
    }.items():
        assert begun({"Accept-Encoding": "gzip"}, {"Content-Type": kind}, types=named)[0] is suits


@pytest.mark.parametrize(
    "field",
    [
        {"Content-Encoding": "br"},
        {"Content-Encoding": "identity"},
        {"Content-Range": "bytes 0-9/100"},
        {"Cache-Control": "public, No-Transform"},
        {"Content-Digest": "sha-256=:YQ==:"},
        {"Repr-Digest": "sha-256=:YQ==:"},
        {"Content-MD5": "YQ=="},
        {"Cache-Control": "no-transform"},
        {"Digest": "sha-256=YQ=="},
        {"Trailer": "Content-Digest"},
        {"Trailer": "X-A, Repr-Digest"},
        {"Trailer": "digest"},
        {"Trailer": "Content-MD5"},
    ],
)
def test_what_stays_as_it_is(field: dict[str, str]) -> None:
    """An answer that is encoded, that is a range, that must not be transformed (RFC 9111 section 5.2.2.6), or whose
    bytes are digested, be it in its head or behind the body (RFC 9530, RFC 3230, RFC 2616 section 14.15).
    """
    answered = {**PLAIN, **field, "Content-Length": "1000", "ETag": '"a"'}
    encodes, fields = begun({"Accept-Encoding": "gzip"}, answered)
    assert (encodes, fields) == (False, Headers(answered))


@pytest.mark.parametrize("status", [204, 205])
def test_no_body(status: int) -> None:
    """An answer that has no body is left alone."""
    assert begun({"Accept-Encoding": "gzip"}, PLAIN, status, None) == (False, Headers(PLAIN))


@pytest.mark.parametrize(("status", "may"), [(200, True), (404, True), (206, False), (304, False), (204, False)])
def test_whether_a_body_may_be_compressed(status: int, may: bool) -> None:
    """The head tells it before the body is there. A 206 and a 304 are about the body that is not compressed, so that
    nothing has to wait for their end.
    """
    policy = CompressionPolicy(500, GZIP, COMPRESSIBLE)
    compressing = policy.compressing("GET", Headers({"Accept-Encoding": "gzip"}))
    assert compressing.head(status, Headers({**PLAIN, "Content-Length": "1000"})) is may


@pytest.mark.parametrize("status", [200, 201, 400, 404, 413, 500, 503])
def test_every_status_with_a_body(status: int) -> None:
    """Errors are compressed as well."""
    assert begun({"Accept-Encoding": "gzip"}, PLAIN, status)[0]


def test_a_range() -> None:
    """A 206 has the bytes of the body that is not compressed; caches learn that there is another one."""
    answered = {**PLAIN, "Content-Range": "bytes 0-999/5000", "ETag": '"a"'}
    encodes, fields = begun({"Accept-Encoding": "gzip", "Range": "bytes=0-999"}, answered, 206)
    assert (encodes, fields) == (False, Headers({**answered, "Vary": "Accept-Encoding"}))


@pytest.mark.parametrize("status", [100, 103, 199])
def test_an_informational_response(status: int) -> None:
    """A 1xx has no content (RFC 9110 section 15.2): it is left alone."""
    assert begun({"Accept-Encoding": "gzip"}, PLAIN, status, None) == (False, Headers(PLAIN))


def test_several_fields_of_one_name() -> None:
    """All values of a field count (RFC 9110 section 5.3), not only the first or the last."""
    for values in (["public", "no-transform"], ["no-transform", "public"]):
        answered = Headers([("Content-Type", "text/plain"), *(("Cache-Control", value) for value in values)])
        policy = CompressionPolicy(0, GZIP, COMPRESSIBLE)
        compressing = policy.compressing("GET", Headers({"Accept-Encoding": "gzip"}))
        compressing.head(200, answered)
        assert compressing.begin(b"x" * 1000) is None


@pytest.mark.parametrize(
    ("whole", "length", "minimum", "encodes"),
    [
        (b"x" * 499, None, 500, False),
        (b"x" * 500, None, 500, True),
        (None, "499", 500, False),
        (None, "500", 500, True),
        (None, None, 500, True),
        (b"", None, 0, False),
        (b"x", None, 0, True),
    ],
)
def test_the_minimum(whole: bytes | None, length: str | None, minimum: int, encodes: bool) -> None:
    """A short body is not compressed. A body of unknown length is, and an empty one never."""
    answered = PLAIN | ({"Content-Length": length} if length is not None else {})
    assert begun({"Accept-Encoding": "gzip"}, answered, whole=whole, minimum=minimum)[0] is encodes


def test_the_head() -> None:
    """The compressed answer is another one than that the application named: weak ETag, no ranges, no length."""
    answered = {**PLAIN, "ETag": '"a"', "Accept-Ranges": "bytes", "Content-Length": "1000", "Vary": "Cookie"}
    encodes, fields = begun({"Accept-Encoding": "gzip"}, answered)
    assert encodes
    assert fields == Headers(
        {**PLAIN, "ETag": 'W/"a"', "Vary": "Cookie, Accept-Encoding", "Content-Encoding": "gzip"},
    )
    assert begun({"Accept-Encoding": "gzip"}, answered, method="HEAD", whole=b"") == (False, fields)


@pytest.mark.parametrize("size", [0, 499, 500])
def test_a_body_in_answer_to_head(size: int) -> None:
    """The head is that of the GET (RFC 9110 section 9.3.2). A body that the application gives all the same tells its
    length; an empty one tells nothing, because the application may leave the body out.
    """
    fields = begun({"Accept-Encoding": "gzip"}, PLAIN, method="HEAD", whole=bytes(size))[1]
    assert fields == begun({"Accept-Encoding": "gzip"}, PLAIN, whole=bytes(size or 500))[1]


@pytest.mark.parametrize("tag", ['W/"a"', "not a tag"])
def test_other_tags(tag: str) -> None:
    """A weak ETag, and a text that is none, stay as they are."""
    assert begun({"Accept-Encoding": "gzip"}, {**PLAIN, "ETag": tag})[1]["ETag"] == tag


@pytest.mark.parametrize(
    ("known", "sent"),
    [
        ('"a"', '"a"'),
        ('W/"a"', 'W/"a"'),
        ('W/"b", W/"a"', 'W/"a"'),
        ('W/"a", "a"', '"a"'),
        ("*", '"a"'),
        ("", '"a"'),
    ],
)
def test_not_modified(known: str, sent: str) -> None:
    """A 304 has the ETag under which the client has stored the body (RFC 9111 section 4.3.4), and Vary."""
    encodes, fields = begun({"Accept-Encoding": "gzip", "If-None-Match": known}, {"ETag": '"a"'}, 304, None)
    assert (encodes, fields) == (False, Headers({"ETag": sent, "Vary": "Accept-Encoding"}))


def encoder(codings: dict[str, int]) -> Any:
    return CompressionPolicy(0, codings, COMPRESSIBLE).encoder(next(iter(codings)))


def test_each_piece_can_be_restored_at_once() -> None:
    """What a client has got of a stream, it can decompress: nothing is held back for the next piece."""
    import brotli

    for name, restore in {
        "gzip": zlib.decompressobj(31).decompress,
        "br": brotli.Decompressor().process,
        "zstd": zstd.decompressor(),
    }.items():
        machine = encoder({name: 4})
        for piece in (b"a", b"bc" * 1000, b"d"):
            assert restore(machine.feed(piece)) == piece
        assert machine.feed(b"") == b""
        assert restore(machine.close(b"end")) == b"end"


def test_zstd_of_the_standard_library() -> None:
    """Since Python 3.14 the standard library compresses; no other module is asked for. A whole body is one frame."""
    module = _module("zstd")
    assert module is not None
    assert module.__name__ == zstd.MODULE
    for level in (1, 3, 19):
        assert zstd.decompressor()(encoder({"zstd": level}).close(b"some text " * 1000)) == b"some text " * 1000


def window(frame: bytes) -> int:
    """The size of the window that a zstd frame asks for (RFC 8878 section 3.1.1.1.2), or that of its content."""
    magic, descriptor, first = frame[:4], frame[4], frame[5]
    assert magic == b"\x28\xb5\x2f\xfd"
    if descriptor & 0x20:  # a single segment: the window is the content
        return int.from_bytes(frame[5 : 5 + (1, 2, 4, 8)[descriptor >> 6]], "little") + (
            256 if descriptor >> 6 == 1 else 0
        )
    base = 1 << (10 + (first >> 3))
    return base + (base // 8) * (first & 7)


def test_the_usual_levels() -> None:
    """Without ``codings`` the level of zstd is 3, that of Brotli 4 and that of gzip 6."""
    data = b"".join(b"line %d of some text %d\n" % (number, number * number) for number in range(2000))
    usual = CompressionPolicy(0, None, COMPRESSIBLE)
    for coding, level in {"zstd": 3, "br": 4, "gzip": 6}.items():
        sizes = {other: len(encoder({coding: other}).close(data)) for other in (level - 1, level, level + 1)}
        assert len(usual.encoder(coding).close(data)) == sizes[level]
        assert len(set(sizes.values())) == 3


def test_what_clients_send_does_not_fill_the_memory() -> None:
    """Which coding a long Accept-Encoding chooses is not remembered: anybody can send another one each time. A short
    one is remembered, because all browsers send one of a few.
    """
    from cardan.core._compression import _remembered_coding

    policy = CompressionPolicy(0, GZIP, COMPRESSIBLE)

    def remembered(accepted: str) -> int:
        before = _remembered_coding.cache_info().misses
        for _ in range(3):
            compressing = policy.compressing("GET", Headers({"Accept-Encoding": accepted}))
            fields = Headers(PLAIN)
            compressing.head(200, fields)
            assert compressing.begin(b"x" * 1000) is not None
        return _remembered_coding.cache_info().misses - before

    assert remembered("gzip, x" + "a" * 249) == 1  # 256 characters
    assert remembered("gzip, x" + "a" * 250) == 0


@pytest.mark.parametrize("level", [1, 3, 19])
def test_the_window_of_zstd(level: int) -> None:
    """No level that may be named needs a window of more than 8 MB (RFC 9659 section 3)."""
    machine = encoder({"zstd": level})
    assert window(machine.feed(b"some text " * 1000) + machine.close()) <= 8 * 2**20
    assert window(encoder({"zstd": level}).close(b"some text " * 1000)) <= 8 * 2**20


def test_a_whole_body() -> None:
    """``close(body)`` is the whole stream, without the flushes between pieces."""
    data = b"some text " * 1000
    whole = encoder(GZIP).close(data)
    assert gzip.decompress(whole) == data
    pieces = encoder(GZIP)
    assert len(whole) < len(b"".join([*map(pieces.feed, [data[:5000], data[5000:]]), pieces.close()]))


def test_the_length_of_a_whole_body() -> None:
    """``take(body, headers)`` gives the same bytes, and declares their length in the head of the answer."""
    data = b"some text " * 1000
    fields = Headers({"Content-Type": "text/plain"})
    taken = encoder(GZIP).take(data, fields)
    assert taken == encoder(GZIP).close(data)
    assert fields["Content-Length"] == str(len(taken))


@pytest.mark.parametrize("declared", [999, 1000, 1001, None])
@pytest.mark.parametrize("way", ["take", "close", "feed"])
def test_the_length_that_was_declared(way: str, declared: int | None) -> None:
    """The encoder compares it, because it is not sent: no body that broke off may look complete."""
    compressing = CompressionPolicy(500, GZIP, COMPRESSIBLE).compressing("GET", Headers({"Accept-Encoding": "gzip"}))
    fields = Headers({"Content-Type": "text/plain"})
    if declared is not None:
        fields["Content-Length"] = declared
    assert compressing.head(200, fields)
    encoding = compressing.begin(None)
    assert encoding is not None
    assert "Content-Length" not in fields

    def encode() -> bytes:
        if way == "take":
            return encoding.take(b"x" * 1000, fields)
        if way == "close":
            return encoding.close(b"x" * 1000)
        return b"".join([encoding.feed(b"x" * 600), encoding.feed(b""), encoding.feed(b"x" * 400), encoding.close()])

    if declared in (1000, None):
        assert gzip.decompress(encode()) == b"x" * 1000
    else:
        with pytest.raises(ContentLengthError, match=f"expected {declared}"):
            encode()


class ZstdOfTheLibrary:
    """The names of ``compression.zstd`` (Python 3.14) and ``backports.zstd`` that are used."""

    FLUSH_BLOCK, FLUSH_FRAME = 1, 2

    def __init__(self, level: int) -> None:
        self.level = level

    def compress(self, data: bytes) -> bytes:
        return b"<" + data

    def flush(self, mode: int) -> bytes:
        return b"|" if mode == self.FLUSH_BLOCK else b">"


class Zstandard:
    """The names of ``zstandard`` that are used."""

    def __init__(self, level: int) -> None:
        self.level = level

    def compressobj(self) -> Zstandard:
        return self

    def compress(self, data: bytes) -> bytes:
        return b"<" + data

    def flush(self, mode: int = 0) -> bytes:
        return b"|" if mode == 1 else b">"


@pytest.mark.parametrize(
    "module",
    [
        types.SimpleNamespace(ZstdCompressor=ZstdOfTheLibrary, compress=lambda data, level: b"<" + data + b">"),
        types.SimpleNamespace(ZstdCompressor=Zstandard, COMPRESSOBJ_FLUSH_BLOCK=1),
    ],
)
def test_both_kinds_of_zstd(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """zstd comes with Python 3.14, or from a module. A piece ends with a block, the body with the frame."""
    monkeypatch.setattr("cardan.core._compression._module", lambda coding: module)
    machine = encoder({"zstd": 3})
    assert [machine.feed(b"a"), machine.feed(b"b"), machine.close(b"c")] == [b"<a|", b"<b|", b"<c>"]
    assert encoder({"zstd": 3}).close(b"whole").startswith(b"<whole")


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"minimum": -1}, ValueError, "got the minimum -1, expected a number of bytes"),
        ({"minimum": "500"}, TypeError, "got a minimum of type str, expected an int"),
        ({"codings": {"deflate": 6}}, ValueError, "got the coding 'deflate', expected one of 'zstd', 'br', 'gzip'"),
        ({"codings": {"gzip": 10}}, ValueError, "got the level 10 for gzip, expected 1 to 9"),
        ({"codings": {"zstd": 20}}, ValueError, "got the level 20 for zstd, expected 1 to 19"),
        ({"codings": {"gzip": "9"}}, TypeError, "got a level of type str for gzip, expected an int"),
        ({"types": "text/plain"}, TypeError, "got types = 'text/plain', expected an iterable of media types"),
        ({"minimum": True}, TypeError, "got a minimum of type bool, expected an int"),
        ({"codings": {"gzip": True}}, TypeError, "got a level of type bool for gzip, expected an int"),
        *[
            (
                {"types": [name]},
                ValueError,
                f"got the media type {name!r}, expected 'type/subtype', 'type/*' or '*+suffix'",
            )
            for name in (
                "*/*",
                "json",
                "text/html\xa0",
                "text/",
                "/x",
                "text/h*",
                "t*/html",
                "text/html; charset=x",
                "te xt/x",
                "*+",
                "*+a/b",
                "a/b/c",
            )
        ],
    ],
)
def test_mistakes(options: dict[str, Any], kind: type[Exception], text: str) -> None:
    """A mistake of the program is an error when the policy is made."""
    with pytest.raises(kind) as caught:
        CompressionPolicy(**{"minimum": 500, "codings": None, "types": COMPRESSIBLE, **options})
    assert str(caught.value) == text


def test_a_coding_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coding that the program names must be there. The usual ones are those that are there."""
    monkeypatch.setattr("cardan.core._compression._module", lambda coding: sys if coding == "gzip" else None)
    with pytest.raises(ValueError, match="expected one of these modules to be installed: brotli, brotlicffi"):
        CompressionPolicy(500, {"br": 4}, COMPRESSIBLE)
    policy = CompressionPolicy(500, None, COMPRESSIBLE)
    fields = Headers(PLAIN)
    compressing = policy.compressing("GET", Headers({"Accept-Encoding": "*"}))
    assert compressing.head(200, fields)
    assert compressing.begin(None) is not None
    assert fields["Content-Encoding"] == "gzip"


def test_the_modules_of_a_coding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coding has the first of its modules that can be imported, and none if none can."""
    monkeypatch.setattr("cardan.core._compression._module", _module.__wrapped__)
    monkeypatch.setitem(sys.modules, "brotli", None)  # the import system raises ModuleNotFoundError for it
    second = types.SimpleNamespace(name="the second")
    monkeypatch.setitem(sys.modules, "brotlicffi", second)
    assert _module.__wrapped__("br") is second
    monkeypatch.setitem(sys.modules, "brotlicffi", None)
    with pytest.raises(ValueError, match="expected one of these modules to be installed: brotli, brotlicffi"):
        CompressionPolicy(500, {"br": 4}, COMPRESSIBLE)


def test_the_modules_of_zstd(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module of Python 3.14 is asked for first, then its copy for older Pythons, then the older package."""
    order = ["compression.zstd", "backports.zstd", "zstandard"]
    made = {name: types.SimpleNamespace(name=name) for name in order}
    monkeypatch.setitem(sys.modules, "compression", types.ModuleType("compression"))
    monkeypatch.setitem(sys.modules, "backports", types.ModuleType("backports"))
    for name, module in made.items():
        monkeypatch.setitem(sys.modules, name, module)
    for name in order:
        assert _module.__wrapped__("zstd") is made[name]
        monkeypatch.setitem(sys.modules, name, None)
    assert _module.__wrapped__("zstd") is None


@pytest.mark.parametrize(
    ("answered", "vary"),
    [
        ({"Content-Type": "text/plain", "Content-Length": "10", "Content-Range": "bytes 0-9/5000"}, "Accept-Encoding"),
        ({"Content-Type": "text/plain", "Content-Length": "10", "Content-Range": "bytes 0-9/*"}, "Accept-Encoding"),
        ({"Content-Type": "multipart/byteranges; boundary=a", "Content-Length": "200"}, "Accept-Encoding"),
        ({"Content-Type": "text/plain", "Content-Length": "10", "Content-Range": "bytes 0-9/500"}, "Accept-Encoding"),
        ({"Content-Type": "text/plain", "Content-Length": "10", "Content-Range": "bytes 0-9/499"}, None),
        ({"Content-Type": "image/png", "Content-Length": "10", "Content-Range": "bytes 0-9/5000"}, None),
    ],
)
def test_a_range_has_the_vary_of_the_whole_answer(answered: dict[str, str], vary: str | None) -> None:
    """A 206 has the Vary that a 200 would have (RFC 9110 section 15.3.7), however short the range is."""
    encodes, fields = begun({"Accept-Encoding": "gzip", "Range": "bytes=0-9"}, answered, 206)
    assert (encodes, fields.get("Vary")) == (False, vary)


#: formats of text, of data and of pictures and fonts that are not compressed already: one or more for each entry of the
#: default
WORTH_IT = [
    "text/plain", "text/html", "text/css", "text/csv", "text/javascript", "text/markdown", "text/vtt",
    "application/problem+json", "application/ld+json", "application/atom+xml", "image/svg+xml",
    "application/vnd.oai.openapi+yaml", "application/vnd.example+text",
    "application/json", "application/json5", "application/x-ndjson", "application/ndjson", "application/jsonl",
    "application/json-seq", "application/javascript", "application/x-javascript", "application/ecmascript",
    "application/xml", "application/xml-dtd", "application/yaml", "application/x-yaml", "application/toml",
    "application/graphql", "application/sql", "application/rtf", "application/wasm",
    "application/vnd.apple.mpegurl", "application/x-mpegurl",
    "application/vnd.ms-fontobject", "application/x-font-ttf", "font/ttf", "font/otf", "font/collection",
    "image/bmp", "image/x-icon", "image/vnd.microsoft.icon",
]  # fmt: skip


@pytest.mark.parametrize("kind", WORTH_IT)
def test_the_default_types(kind: str) -> None:
    """Formats that are not compressed already, and so become smaller."""
    assert begun({"Accept-Encoding": "gzip"}, {"Content-Type": kind})[0] is True


def test_every_default_type_is_named_above() -> None:
    """Each entry of the default holds one of the types that are worth it."""
    for entry in COMPRESSIBLE:
        policy = CompressionPolicy(0, GZIP, [entry])
        assert [kind for kind in WORTH_IT if policy.suits(kind)] != [], entry


@pytest.mark.parametrize(("coding", "least", "most"), [("gzip", 1, 9), ("br", 0, 11), ("zstd", 1, 19)])
def test_the_levels_of_a_coding(coding: str, least: int, most: int) -> None:
    """From the first to the last level that its library has; of zstd up to 19, for which decoders need at most 8 MB
    (RFC 9659 section 3).
    """
    for level in (least, most):
        assert encoder({coding: level}).close(b"text" * 100) != b""
    for level in (least - 1, most + 1):
        with pytest.raises(ValueError, match=f"got the level {level} for {coding}, expected {least} to {most}"):
            encoder({coding: level})


def test_the_usual_codings() -> None:
    """The one that is preferred comes first, and a client that takes all gets it: zstd, then Brotli, then gzip."""
    offered = {"zstd", "br", "gzip"}
    for expected in ("zstd", "br", "gzip"):
        accepted = ", ".join(sorted(offered))
        assert begun({"Accept-Encoding": accepted}, PLAIN, codings=None)[1]["Content-Encoding"] == expected
        offered.discard(expected)


@pytest.mark.parametrize(("length", "encodes"), [(499, False), (500, True), (501, True)])
def test_the_least_length(length: int, encodes: bool) -> None:
    """A body of ``minimum`` bytes is compressed, and one that is a byte shorter is not, however its length is known."""
    for whole, declared in ((b"x" * length, {}), (None, {"Content-Length": str(length)})):
        assert begun({"Accept-Encoding": "gzip"}, {**PLAIN, **declared}, whole=whole)[0] is encodes
