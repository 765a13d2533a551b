"""All functions of the library that take text or bytes of a client, for the test and the benchmark of linear time.

:data:`SUBJECTS` maps a name to a function of one text. The properties of requests and responses are listed
automatically, so a new property is tested without being added. All attributes of a result are used as well.
:data:`SHAPES` and :func:`combinations` are the texts.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import product
from random import Random
from typing import Any

import cardan.datastructures as values
import cardan.http
from cardan import FileStorage, Request, Response, ServerSentEvent
from cardan.core import (
    ContentLengthError,
    HTTPException,
    Limits,
    NotFound,
    RequestHead,
    TrustedProxies,
    redirect,
    seen_by_proxies,
)
from cardan.core import Request as CoreRequest
from cardan.core import (
    _exceptions as exceptions,
)
from cardan.core._compression import COMPRESSIBLE, CompressionPolicy
from cardan.core._origins import CORSPolicy
from cardan.core._response import conditional as conditional
from cardan.core._urls import host_is_trusted, iri_path, iri_query, iri_to_uri, split_host, uri_to_iri, valid_host
from cardan.core.fields._descriptors import HeaderField
from cardan.core.fields._user_agent import UserAgent
from cardan.core.forms import (
    Field,
    FileEnd,
    FileStart,
    MultipartDecoder,
    MultipartEncoder,
    PartEncoder,
    PartEnd,
    PartStart,
    UrlencodedDecoder,
    parse_content_length,
    parse_form,
    parse_form_type,
    parse_urlencoded,
    safe_filename,
)
from cardan.core.forms._disposition import parse_disposition
from cardan.core.forms._head import PartHeaders, parse_part_head
from cardan.core.structures._headers import trusted_headers
from cardan.datastructures import (
    Accept,
    CharsetAccept,
    EncodingAccept,
    EnvironHeaders,
    Headers,
    HeaderSet,
    LanguageAccept,
    MIMEAccept,
    MultiDict,
    ScopeHeaders,
)
from cardan.files._joining import safe_join
from tests.core.fields.readers import READERS, WORST
from tests.expressions import Shape

__all__ = ["BYTES", "CONTAINERS", "SHAPES", "SUBJECTS", "attempt", "combinations"]

NO_LIMITS = Limits(**dict.fromkeys(Limits.__dataclass_fields__))
#: the exceptions for text that is refused
REFUSALS = (HTTPException, ValueError, TypeError, LookupError, RecursionError, ContentLengthError)
#: the fields that a request reads without the prefix HTTP_
CONTENT = ("CONTENT_TYPE", "CONTENT_LENGTH")


# --- shapes ---

HEADS = ["", "a", "a=", 'a="', "a;b=", 'a;b="', "a/b;c=", "form-data; name=", 'form-data; name="', "//", "<"]
UNITS = [
    *" \t\"\\,;=:/<>()[]*%'-.&+?#@a1_",
    *(
        "\xff",
        "\xe9",
        "\u0301",
        "\u0f73",
        "\r\n",
        "\r\n ",
        "%41",
        "%C3%A9",
        "%",
        "a=",
        "a;",
        "a,",
        "=,",
        "=;",
        " ;",
        " ,",
    ),
    *(
        '";',
        '",',
        '\\"',
        'a="',
        '="a"',
        "a b",
        "../",
        "./",
        "a.",
        "a-",
        "--",
        "q=1,",
        "a&",
        "a=b&",
        "<a>",
        "*0=",
        "{[",
        "W/",
    ),
]
TAILS = ["", "x", '"', "=", ";", "\xff", "\x00", "\r\n"]

SHAPES = list(
    dict.fromkeys([
        *(Shape(*worst) for worst in WORST),
        *(Shape("", unit, "\xff") for unit in UNITS if len(unit) > 1),
        *(Shape('a="', unit, "x") for unit in "\\ ,;"),
        Shape("a", " ", "\xff"),
        Shape("a", "\u0f73", ""),
        Shape("a", "\u0301\u0323", ""),
        Shape("a", "\u0345\u0301\u0323", ".txt"),
        Shape("http://", "\xe9.", "/"),
        Shape("http://", "a@", "/"),
    ])
)  # fmt: skip
"""The texts that the test tries."""


def combinations(seed: int, count: int) -> Iterator[Shape]:
    """More texts for the benchmark: random heads, repeated units of one to three fragments, and tails."""
    random = Random(seed)
    for head, unit in product(HEADS, UNITS):
        yield Shape(head, unit, "\xff")
    for _ in range(count):
        unit = "".join(random.choices(UNITS, k=random.choice((2, 2, 3))))
        yield Shape(random.choice(HEADS), unit, random.choice(TAILS))


# --- values ---


def look(value: Any) -> None:
    """Use everything that a result offers."""
    repr(value)
    attempt(str, value)
    attempt(hash, value)
    assert value == value
    for name, member in inspect.getmembers_static(type(value)):
        if not name.startswith("_") and hasattr(type(member), "__get__") and not inspect.isroutine(member):
            attempt(getattr, value, name)
    if hasattr(value, "to_header"):
        attempt(value.to_header)
    if isinstance(value, Iterable):
        items = list(value)
        for item in items[:1]:
            attempt(value.__contains__, item) if hasattr(value, "__contains__") else None


def attempt(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call the function. It may refuse the text."""
    try:
        return function(*args, **options)
    except REFUSALS:
        return None


def wire(text: str) -> str:
    """The text as a server gives it: one character for each byte of its UTF-8."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# --- requests and responses ---


def properties(kind: type) -> dict[str, Any]:
    """The public properties of a class, by name."""
    members = inspect.getmembers_static(kind)
    return {
        n: m for n, m in members if not n.startswith("_") and hasattr(type(m), "__get__") and not inspect.isroutine(m)
    }


#: every property, except those that give objects of the protocol or read a body
REQUEST = [
    n
    for n in properties(Request)
    if n not in ("environ", "scope", "receive", "send", "input_stream", "stream", "state")
]
#: the fields that a client can set: those of the attributes, and those that properties read in other ways
FIELD_NAMES = sorted(
    {member.name for member in properties(Request).values() if isinstance(member, HeaderField)}
    | {"Cookie", "Host", "Transfer-Encoding", "X-Forwarded-For", "X-Requested-With"}
)


def environ(text: str) -> dict[str, Any]:
    """A GET request in which everything that a client can choose is ``text``."""
    value = wire(text)
    fields = {"HTTP_" + name.upper().replace("-", "_"): value for name in FIELD_NAMES}
    return {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/" + value, "PATH_INFO": "/" + value, "QUERY_STRING": value,
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": value, "CONTENT_LENGTH": value, "REMOTE_USER": value,
        "wsgi.input": BytesIO(), "wsgi.url_scheme": "http", **fields,
    }  # fmt: skip


def scope(text: str) -> dict[str, Any]:
    """The same request as an ASGI scope."""
    value = raw(text)
    shown = value.decode("utf-8", "replace")
    fields = [(name.lower().encode(), value) for name in [*FIELD_NAMES, "Content-Type", "Content-Length"]]
    return {
        "type": "http", "method": "GET", "path": "/" + shown, "root_path": "/" + shown, "query_string": value,
        "raw_path": b"/" + value, "headers": fields, "http_version": "1.1", "scheme": "http",
    }  # fmt: skip


def one_property(name: str) -> Callable[[str], None]:
    def read(text: str) -> None:
        with Request(environ(text)) as request:
            look(attempt(getattr, request, name))

    return read


async def _receive() -> dict[str, Any]:
    return {"type": "http.request"}


async def _send(message: Any) -> None:
    pass


def read_scope(text: str) -> None:
    request = Request(scope(text), _receive, _send)
    for name in ("url", "raw_path", "cookies", "args", "access_route", "mimetype"):
        attempt(getattr, request, name)
    repr(request.headers)
    request.headers.copy()


#: every property whose value is text
RESPONSE = {n: m for n, m in properties(Response).items() if n not in ("response", "headers", "stream", "json")}
SETTERS = [n for n, m in RESPONSE.items() if getattr(m, "fset", m) is not None]


def set_property(name: str) -> Callable[[str], None]:
    def write(text: str) -> None:
        response = Response()
        attempt(setattr, response, name, text)
        attempt(setattr, response, name, wire(text))
        look(attempt(getattr, response, name))
        attempt(response.outgoing, "GET")

    return write


def change_response(text: str) -> None:
    """Change a live view of a field that is already long."""
    response = Response()
    for name in ("Allow", "Cache-Control", "Content-Security-Policy", "Content-Type", "Link", "WWW-Authenticate"):
        attempt(response.headers.__setitem__, name, wire(text))
    attempt(response.vary.add, text)
    attempt(response.allow.discard, text)
    attempt(response.cache_control.__setitem__, "max-age", "1")
    attempt(response.content_security_policy.__setitem__, "default-src", "'self'")
    attempt(response.mimetype_params.__setitem__, "charset", "utf-8")
    attempt(response.www_authenticate.set_basic, text)
    attempt(response.set_cookie, "a", text[:100], path=text[:100], domain=text)
    attempt(response.set_etag, wire(text))


def conditional_response(text: str) -> None:
    response = Response("body")
    response.set_etag("abc")
    response.last_modified = 1_000_000_000
    attempt(response.make_conditional, Request(environ(text)), accept_ranges=True, complete_length=4)
    attempt(
        conditional.decide, "GET", conditional.Conditions(*[wire(text)] * 6), conditional.Representation(etag='"a"')
    )


def behind_proxies(text: str) -> None:
    """Every field of a proxy is the text."""
    value = raw(text)
    names = [b"forwarded", *(b"x-forwarded-" + name for name in (b"for", b"proto", b"host", b"port", b"prefix"))]
    head = RequestHead(headers=[(name, value) for name in names])
    for forwarded in (0, 3):
        for count in (1, 1000):
            seen_by_proxies(head, TrustedProxies(count, 1, 1, 1, 1, forwarded * count))


def answer_for_others(text: str) -> None:
    """The fields that CORS and compression read of a request and of an answer are the text."""
    value = wire(text)
    names = ("Method", "Headers", "Private-Network")
    fields = [(f"Access-Control-Request-{name}", value) for name in names]
    fields += [("Accept-Encoding", value), ("If-None-Match", value), ("Origin", "https://a.example")]
    asked = trusted_headers(fields)
    strict = CORSPolicy("*", ["GET"], ["X-A"], (), False, 600, False)
    CORSPolicy("*", "*", "*", (), False, 600, False).preflight("OPTIONS", asked)
    strict.preflight("OPTIONS", asked)
    asked["Access-Control-Request-Method"] = "GET"
    strict.preflight("OPTIONS", asked)
    asked = trusted_headers([*fields[:-1], ("Origin", value)])
    policy = CORSPolicy([re.compile("https://[a-z]+")], ["GET"], (), (), False, 600, False)
    policy.added(asked, [name.lower() for name, _ in fields])
    compressing = CompressionPolicy(0, {"gzip": 1}, COMPRESSIBLE).compressing("GET", asked)
    for status in (200, 304):
        for kind in ("text/plain", value):
            told = [("Content-Type", kind), *((name, value) for name in ("Vary", "ETag", "Cache-Control"))]
            attempt(policy.apply, asked, trusted_headers(told.copy()))
            attempt(compressing.head, status, trusted_headers(told.copy()))
            attempt(compressing.begin, None)


def raise_error(text: str) -> None:
    """An error whose text is from the client, in all three forms of document."""
    for accept in ("text/html", "application/json", "text/plain"):
        request = Request({**environ(""), "HTTP_ACCEPT": accept})
        attempt(NotFound(text, title=text, members={text: text}).get_response, request)
    str(exceptions.BadRequestKeyError(text))


# --- bodies ---

PART = b'--B\r\nContent-Disposition: form-data; name="n"; filename="f"\r\n'


def read_part(text: str) -> None:
    """Use the text as a header field of a part, and read everything that the part offers."""
    for block in (raw(text), b"X: a\r\n " + raw(text) + b"\r\n b", b"Content-Type: " + raw(text)):
        head = b"\r\nContent-Disposition: form-data; name=n\r\n" + block
        for strict in (False, True):
            attempt(parse_part_head, head, strict=strict, limits=NO_LIMITS)
        fields = PartHeaders(block)
        look(fields)
        fields.get("X")
        file = FileStorage(None, text, headers=fields)
        look(file.content_type), look(file.mimetype), look(file.content_length), look(file.safe_filename)
        repr(file)


def read_disposition(text: str) -> None:
    for value in (text, "form-data; " + text, f'form-data; name="{text}"', f"form-data; name=a; filename*={text}"):
        for strict in (False, True):
            attempt(parse_disposition, value, strict=strict)


def read_multipart(text: str) -> None:
    """Use the text before, inside and after a form: in a head, in a field and in a file."""
    data = raw(text)
    field = b'\r\n--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    for body in (
        data + b"\r\n" + PART + b"\r\nx\r\n--B--\r\n" + data,
        PART + b"X: " + data + b"\r\n\r\nx\r\n--B--\r\n",
        PART + b"\r\n" + data + field + data + b"\r\n--B--\r\n",
        PART + b"\r\n\r\n--B" + data,
    ):
        for form_rules in ("default", "strict", "silent"):
            attempt(parse_form, "multipart/form-data; boundary=B", [body], limits=NO_LIMITS, form_rules=form_rules)
        decoder = MultipartDecoder("B", limits=NO_LIMITS)
        for start in range(0, len(body), 1000):
            if attempt(decoder.feed, body[start : start + 1000]) is None:
                break


def read_boundary(text: str) -> None:
    for strict in (False, True):
        attempt(parse_form_type, text, strict=strict)
        attempt(parse_form_type, "multipart/form-data;" + text, strict=strict)
    attempt(MultipartDecoder, raw(text), limits=NO_LIMITS)


def read_urlencoded(text: str) -> None:
    data = raw(text)
    parse_urlencoded(data)
    for form_rules in ("default", "strict"):
        decoder = UrlencodedDecoder(limits=NO_LIMITS, form_rules=form_rules)
        for start in range(0, len(data), 1000):
            if attempt(decoder.feed, data[start : start + 1000]) is None:
                break
        attempt(decoder.close)


def read_body(text: str) -> None:
    """Read the text as a body: as JSON, as text in its charset, and as a form."""
    data = raw(text)
    for kind in (
        "application/json",
        "text/plain; charset=" + wire(text),
        "application/x-www-form-urlencoded",
        wire(text),
    ):
        values = {**environ(""), "REQUEST_METHOD": "POST", "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(data))}
        with Request({**values, "wsgi.input": BytesIO(data)}) as request:
            attempt(getattr, request, "text")
            attempt(request.get_json, force=True)
        with Request({**values, "wsgi.input": BytesIO(data)}) as request:
            attempt(getattr, request, "values")


def write_multipart(text: str) -> None:
    encoder = MultipartEncoder()
    attempt(
        encoder.feed, [FileStart(text, text, Headers({"X": "a"})), raw(text), FileEnd(), Field(text, text, raw(text))]
    )
    attempt(MultipartEncoder, text)
    attempt(encoder._head, "a", "b", {"X": text, text: "x"})
    attempt(PartEncoder, text, text)
    attempt(lambda: PartEncoder().feed([PartStart({"X": text}), raw(text), PartEnd()]))
    attempt(lambda: PartEncoder().feed([PartStart({"Content-Type": text})]))


# --- containers: as many items as a client may send ---


def fill_headers(count: int) -> None:
    names = [f"X-{number}" for number in range(count)]
    fields = Headers([(name, "a") for name in names])
    look(fields)
    fields.copy().extend(fields)
    cardan.http.remove_entity_headers(fields)
    cardan.http.remove_hop_by_hop_headers(fields)


def update_headers(count: int) -> None:
    names = [f"X-{number}" for number in range(count)]
    fields = Headers([(name, "a") for name in names])
    for source in (fields, [(name, "a") for name in names], {name: ["a", "b"] for name in names}):
        Headers().update(source)
        fields.copy().update(source)
    fields | dict.fromkeys(names, "a")


def repeat_header(count: int) -> None:
    fields = Headers([("X", "a") for _ in range(count)])
    fields["X"], fields.getlist("X")
    fields.copy()["X"] = "b"
    fields.remove("X")
    ScopeHeaders([(b"x", b"a") for _ in range(count)]).getlist("X")
    parts = PartHeaders(b"\r\n".join([b"X: a"] * count))
    parts.get("X"), parts.getlist("X"), parts == parts.copy()


def view_headers(count: int) -> None:
    names = [f"X-{number:070}" for number in range(count)]  # too long for the memo
    fields = ScopeHeaders([(name.lower().encode(), b"a") for name in names])
    look(fields)
    [fields.get(name) for name in names]
    look(EnvironHeaders({"HTTP_" + name.replace("-", "_"): "a" for name in names}))
    fields.copy()


def fill_dicts(count: int) -> None:
    keys = [f"k{number}" for number in range(count)]
    for pairs in ([(key, "v") for key in keys], [("k", key) for key in keys], [(key, "v") for key in keys * 2]):
        values: MultiDict[str, str] = MultiDict(pairs)
        look(values)
        values.update(pairs)
        values.setlist("k", keys)
        values.lists(), values.to_dict(flat=False), values.copy(), values.deepcopy()
        while values:
            values.popitem()
    look(HeaderSet(keys))


CONTAINERS: dict[str, Callable[[int], object]] = {
    "Headers": fill_headers,
    "Headers.update": update_headers,
    "one field again and again": repeat_header,
    "views of headers": view_headers,
    "MultiDict": fill_dicts,
}
"""Name -> what is done with so many items."""


# --- bodies that come byte by byte ---


def multipart_bytes(before: bytes, unit: bytes, after: bytes = b"\r\n--B--\r\n") -> Callable[[int], None]:
    def feed(count: int) -> None:
        decoder = MultipartDecoder("B", limits=NO_LIMITS)
        for byte in before + unit * (count // len(unit)) + after:
            decoder.feed(bytes([byte]))
        decoder.close()

    return feed


def urlencoded_bytes(unit: bytes) -> Callable[[int], None]:
    def feed(count: int) -> None:
        decoder = UrlencodedDecoder(limits=NO_LIMITS)
        for byte in unit * (count // len(unit)):
            decoder.feed(bytes([byte]))
        decoder.close()

    return feed


def request_bytes(kind: bytes, use: Callable[[CoreRequest], object], before: bytes = b"", after: bytes = b"") -> Any:
    def read(count: int) -> None:
        head = RequestHead("POST", "/", headers=[(b"content-type", kind), (b"transfer-encoding", b"chunked")])
        request = CoreRequest(head, (bytes([byte]) for byte in before + b"x" * count + after))
        use(request)

    return read


FIELD = b'--B\r\nContent-Disposition: form-data; name="a"\r\n'
BLANK_END = b"\r\n\r\nx\r\n--B--\r\n"
BYTES: dict[str, Callable[[int], None]] = {
    "a head of one line": multipart_bytes(FIELD + b"X: ", b"y", BLANK_END),
    "a head of many lines": multipart_bytes(FIELD + b"X: y", b"\r\nX: y", BLANK_END),
    "a field": multipart_bytes(FIELD + b"\r\n", b"x"),
    "a field of line ends": multipart_bytes(FIELD + b"\r\n", b"\r\n-"),
    "a file": multipart_bytes(PART + b"\r\n", b"x"),
    "a file of line ends": multipart_bytes(PART + b"\r\n", b"\r\n--"),
    "a preamble": multipart_bytes(b"", b"-", b"\r\n" + FIELD + BLANK_END[2:]),
    "an epilogue": multipart_bytes(FIELD + BLANK_END[2:], b"-", b""),
    "parts": multipart_bytes(b"", FIELD + b"\r\nx\r\n", b"--B--\r\n"),
    "files": multipart_bytes(b"", PART + b"\r\nx\r\n", b"--B--\r\n"),
    "one pair": urlencoded_bytes(b"x"),
    "pairs": urlencoded_bytes(b"a=b&"),
    "escapes": urlencoded_bytes(b"%41"),
    "get_data": request_bytes(b"text/plain", lambda request: request.get_data()),
    "json": request_bytes(b"application/json", lambda request: request.get_json(), b'"', b'"'),
    "iter_data": request_bytes(b"text/plain", lambda request: list(request.iter_data(7))),
    "stream": request_bytes(b"text/plain", lambda request: request.stream.readline()),
    "iter_parts": request_bytes(
        b"multipart/form-data; boundary=B",
        lambda request: [part.read() for part in request.iter_parts()],
        PART + b"\r\n",
        b"\r\n--B--\r\n",
    ),
}
"""Name -> reads a body of so many bytes, each of which comes by itself."""


def choose(text: str) -> None:
    """Compare the values that a client accepts with those that an application offers."""
    for kind in (Accept, CharsetAccept, EncodingAccept, MIMEAccept):
        accept = kind.from_header(wire(text))
        accept.best_match(["a/b", "utf-8", "gzip"]), accept.quality("a/b;c=d"), accept.find("a"), "a" in accept
        accept.best, list(accept.values())
    languages = LanguageAccept.from_header(wire(text))
    languages.best_match(["en", "de-CH"]), languages.lookup(["en", "de-CH"])
    languages.filter(["en", "de-CH"]), languages.filter(["en", "de-CH"], extended=True)
    languages.best_match([wire(text)]), languages.quality(wire(text)), languages.lookup([wire(text)])


def write_event(text: str) -> None:
    attempt(lambda: ServerSentEvent(text, event=text, id=text, comment=text).encode())
    ServerSentEvent({"text": text}, comment=text).encode()


def write_fields(text: str) -> None:
    """Write all kinds of fields with text of a client."""
    http = cardan.http
    attempt(http.dump_cookie, text, text, path=text, domain=text, expires=text, samesite=text)
    attempt(http.dump_cookie, "a", text)
    attempt(http.dump_cookie, "a", path=wire(text))
    attempt(http.dump_cookie, "a", domain=text)
    attempt(http.dump_header, [text, text])
    attempt(http.dump_header, {"a": text, text: "a"})
    attempt(http.dump_options_header, "a", {"a": text, text: "a"})
    attempt(http.quote_header_value, text)
    attempt(http.quote_etag, text)
    attempt(lambda: values.ContentDisposition("attachment", text, {"a": text}).to_header())
    attempt(lambda: values.Link(text, text, title=text).to_header())
    attempt(lambda: values.Authorization("basic", {"username": text, "password": text}).to_header())
    attempt(lambda: values.Authorization("digest", {"username": text, "realm": wire(text)}).to_header())
    attempt(lambda: values.MediaType("a", "b", {"c": wire(text)}).to_header())
    attempt(lambda: values.Forwarded([values.ForwardedElement(text, text)]).to_header())
    attempt(lambda: values.ContentSecurityPolicy({"default-src": text}).to_header())
    attempt(lambda: values.HeaderSet([text]).to_header())
    attempt(http.is_entity_header, text)
    attempt(http.is_hop_by_hop_header, text)


def read_address(text: str) -> None:
    head = [(b"host", raw(text))]
    for target in (text, "/" + text, "http://" + text):
        attempt(RequestHead.from_target, "GET", target, head)
    for function in (uri_to_iri, iri_to_uri, iri_path, split_host):
        attempt(function, text)
    attempt(iri_to_uri, "http://" + text + "/")
    attempt(iri_query, raw(text))
    attempt(valid_host, text, "http")
    attempt(host_is_trusted, text, [text, "." + text])
    attempt(redirect, text)


def call_functions(text: str) -> None:
    """The functions of cardan.http."""
    http, value = cardan.http, wire(text)
    readers = [
        http.extract_media_type, http.parse_accept_header, http.parse_age, http.parse_cache_control_header,
        http.parse_content_range_header, http.parse_cookie, http.parse_csp_header, http.parse_date,
        http.parse_dict_header, http.parse_etags, http.parse_if_range_header, http.parse_list_header,
        http.parse_media_type, http.parse_options_header, http.parse_origin, http.parse_range_header,
        http.parse_retry_after, http.parse_set_header, http.unquote_etag, http.unquote_header_value,
        parse_content_length,
    ]  # fmt: skip
    for read in readers:
        attempt(read, value)
    sent = environ(text)
    attempt(http.is_resource_modified, sent, etag=value, last_modified=value)
    attempt(http.check_preconditions, Request(sent), etag="a")


def open_path(text: str) -> None:
    attempt(safe_join, "/tmp", text)
    attempt(safe_join, "/tmp", *text.split("/"))


SUBJECTS: dict[str, Callable[[str], object]] = {
    **{f"read {name}": (lambda text, read=read: look(read(wire(text)))) for name, read in READERS.items()},
    **{f"request.{name}": one_property(name) for name in REQUEST},
    **{f"response.{name} = ": set_property(name) for name in SETTERS},
    "request over ASGI": read_scope,
    "response changes": change_response,
    "response conditional": conditional_response,
    "proxies": behind_proxies,
    "compression and CORS": answer_for_others,
    "error": raise_error,
    "user agent": lambda text: look(UserAgent.from_header(wire(text))),
    "part": read_part,
    "disposition": read_disposition,
    "multipart": read_multipart,
    "boundary": read_boundary,
    "urlencoded": read_urlencoded,
    "body": read_body,
    "write multipart": write_multipart,
    "choose": choose,
    "event": write_event,
    "write fields": write_fields,
    "address": read_address,
    "functions": call_functions,
    "safe_filename": lambda text: safe_filename(text),
    "safe_join": open_path,
}
"""Name -> what is done with a text."""
