"""CORS on both protocols, compared with Starlette's. tests/core/test_origins.py tests the policy."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

import anyio
import flask
import pytest
import starlette.middleware.cors

from cardan import CORS, Application, Compression, Mount, ProxyFix, Request, Response, abort
from cardan.testing import PROTOCOLS, Client, RequestBuilder, lint

both = pytest.mark.parametrize("protocol", PROTOCOLS)

SITE = "https://www.example.com"
OTHER = "https://other.example"
ALLOW = "Access-Control-Allow-"
ASK = "Access-Control-Request-"

LINT: dict[str, Any] = {"wsgi": lint.wsgi, "asgi": lint.asgi}

calls: list[str] = []


@Request.application
def site(request: Request) -> Response:
    """Answers of several kinds; ``calls`` has the requests that have come so far."""
    calls.append(f"{request.method} {request.path}")
    match request.path:
        case "/missing":
            abort(404)
        case "/old":
            return Response("moved", 302, {"Location": "/new"})
        case "/nothing":
            return Response(status=204)
        case "/varies":
            return Response("x", headers={"Vary": "Cookie"})
        case "/open":
            return Response("x", headers={f"{ALLOW}Origin": "*"})
    return Response("x")


POLICIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "named": (
        {"origins": [SITE], "methods": ["GET", "PUT"], "headers": ["Content-Type", "X-Key"]},
        {"allow_origins": [SITE], "allow_methods": ["GET", "PUT"], "allow_headers": ["Content-Type", "X-Key"]},
    ),
    "users": (
        {"origins": [SITE], "credentials": True, "expose": ["X-Total"], "headers": "*"},
        {"allow_origins": [SITE], "allow_credentials": True, "expose_headers": ["X-Total"], "allow_headers": ["*"]},
    ),
    "pattern": (
        {"origins": [re.compile(r"https://\w+\.example\.com")]},
        {"allow_origin_regex": r"https://\w+\.example\.com"},
    ),
    "all": (
        {"origins": "*", "methods": "*", "private_network": True},
        {"allow_origins": ["*"], "allow_methods": ["*"], "allow_private_network": True},
    ),
}

ASKS = {f"{ASK}Method": "GET"}

# what both do: the policy, the path, the method and the fields of the request
SAME: list[tuple[str, str, str, dict[str, str]]] = [
    *[("named", path, "GET", {"Origin": SITE}) for path in ("/", "/missing", "/old", "/nothing", "/varies")],
    ("named", "/", "POST", {"Origin": SITE}),
    ("named", "/", "GET", {"Origin": OTHER}),
    ("named", "/", "GET", {"Origin": "null"}),
    ("named", "/", "GET", {"Origin": SITE + ".evil.example"}),
    ("named", "/", "GET", {}),
    ("named", "/", "OPTIONS", {"Origin": SITE}),
    ("named", "/", "OPTIONS", ASKS),
    ("named", "/", "OPTIONS", {"Origin": SITE, f"{ASK}Method": "PUT", f"{ASK}Headers": "content-type, x-key"}),
    ("named", "/", "OPTIONS", {"Origin": SITE, f"{ASK}Method": "DELETE"}),
    ("named", "/", "OPTIONS", {"Origin": SITE, f"{ASK}Method": "PUT", f"{ASK}Headers": "x-other"}),
    ("named", "/", "OPTIONS", {"Origin": OTHER, f"{ASK}Method": "PUT"}),
    ("named", "/", "OPTIONS", {"Origin": SITE, f"{ASK}Method": "PUT", f"{ASK}Private-Network": "true"}),
    ("users", "/", "GET", {"Origin": SITE, "Cookie": "a=b"}),
    ("users", "/", "OPTIONS", {"Origin": SITE, **ASKS, f"{ASK}Headers": "authorization"}),
    ("pattern", "/", "GET", {"Origin": SITE}),
    ("pattern", "/", "GET", {"Origin": SITE + ".evil.example"}),
    ("pattern", "/", "OPTIONS", {"Origin": SITE, **ASKS}),
    ("all", "/", "GET", {"Origin": SITE}),
    ("all", "/", "OPTIONS", {"Origin": SITE, f"{ASK}Method": "DELETE", f"{ASK}Private-Network": "true"}),
]


def seen(app: Any, protocol: Any, path: str, method: str, fields: dict[str, str]) -> dict[str, Any]:
    """What a browser asks of the answer."""
    with Client(app, protocol) as client:
        told = client.request(method, path, headers=fields, follow_redirects=False)
    headers = told.headers
    is_preflight = method == "OPTIONS" and {"Origin", f"{ASK}Method"} <= fields.keys()
    names = {name: headers.get(f"Access-Control-{name}") for name in ("Allow-Origin", "Expose-Headers", "Max-Age")}
    asked = [name.strip().lower() for name in fields.get(f"{ASK}Headers", "").split(",") if name]
    allowed = headers.get(f"{ALLOW}Headers", "").lower()
    private = headers.get(f"{ALLOW}Private-Network")
    vary = {name.strip().lower() for name in headers.get("Vary", "").split(",")}
    if not is_preflight:
        return {"status": told.status_code, "vary": vary, **names, "credentials": headers.get(f"{ALLOW}Credentials")}
    ok = told.is_success
    return {
        "ok": ok,
        "origin": names["Allow-Origin"],
        "method": fields[f"{ASK}Method"] in headers.get(f"{ALLOW}Methods", "") if ok else None,
        "headers": all(name in allowed for name in asked) if ok else None,
        "age": names["Max-Age"] if ok else None,
        "private": private if ok else None,
        "vary": vary,
    }


@pytest.mark.parametrize(("policy", "path", "method", "fields"), SAME)
def test_as_starlette_does(policy: str, path: str, method: str, fields: dict[str, str]) -> None:
    """A browser sees the same on both protocols, and by Starlette's CORSMiddleware."""
    ours, theirs = POLICIES[policy]
    app = CORS(site, **ours)
    answers = [
        seen(lint.wsgi(app), "wsgi", path, method, fields),
        seen(lint.asgi(app), "asgi", path, method, fields),
        seen(starlette.middleware.cors.CORSMiddleware(site, **theirs), "asgi", path, method, fields),
    ]
    if policy == "all":  # one answer for all needs no Vary: test_beside_starlette
        for answer in answers:
            answer["vary"] -= {"origin", ""}
    assert answers[0] == answers[1] == answers[2]


@both
def test_beside_starlette(protocol: Any) -> None:
    """CORS and Starlette's CORSMiddleware differ in these answers and settings."""
    middleware = starlette.middleware.cors.CORSMiddleware
    everybody = CORS(site, "*"), middleware(site, ["*"])
    # all get one answer, also those who send no origin
    assert [seen(each, None, "/", "GET", {})["Allow-Origin"] for each in everybody] == ["*", None]
    # every site with the cookies of every user
    assert seen(middleware(site, ["*"], allow_credentials=True), None, "/", "GET", {"Origin": OTHER, "Cookie": "a=b"})[
        "Allow-Origin"
    ] == OTHER  # fmt: skip
    with pytest.raises(ValueError, match="got the origin '\\*' with credentials=True"):
        CORS(site, "*", credentials=True)
    # the methods that are allowed by default: GET, HEAD and POST need no permission (Fetch section 2.2.1)
    ask = {"Origin": SITE, f"{ASK}Method": "POST"}
    named = CORS(site, [SITE]), middleware(site, [SITE])
    assert [seen(each, None, "/", "OPTIONS", ask)["ok"] for each in named] == [True, False]
    # an origin that cannot match is a mistake of the program
    with pytest.raises(ValueError, match=r"got the origin 'https://www\.example\.com/'"):
        CORS(site, [SITE + "/"])
    # the answers to a preflight
    with Client(named[0], protocol) as ours, Client(named[1]) as theirs:
        asks = {"Origin": OTHER, **ASKS}
        assert [each.options("/", headers=asks).status_code for each in (ours, theirs)] == [403, 400]
        assert ours.options("/", headers=asks).text == "The origin is not allowed."
        asks = {"Origin": SITE, **ASKS}
        assert [each.options("/", headers=asks).status_code for each in (ours, theirs)] == [204, 200]
    # the application makes an exception
    assert [seen(each, None, "/open", "GET", {"Origin": SITE})["Allow-Origin"] for each in named] == ["*", SITE]


@both
def test_the_application_never_sees_a_preflight(protocol: Any) -> None:
    """An application would need a handler for OPTIONS, and often asks for a login, which a preflight never has."""
    calls.clear()
    with Client(CORS(site, [SITE]), protocol) as client:
        client.options("/", headers={"Origin": SITE, **ASKS})
        client.options("/", headers={"Origin": OTHER, **ASKS})
        client.options("/", headers={"Origin": SITE})
    assert calls == ["OPTIONS /"]


@both
def test_errors(protocol: Any) -> None:
    """A script can read every error that the application makes: of the handler, of a limit, of a method."""

    class Small(Request):
        max_content_length = 5

    @Small.application(load=True)
    def app(request: Small) -> Response:
        abort(int(request.path[1:]))

    with Client(CORS(app, [SITE]), protocol, headers={"Origin": SITE}) as client:
        for answer in (client.get("/401"), client.get("/500"), client.post("/200", content=b"x" * 100)):
            assert answer.headers[f"{ALLOW}Origin"] == SITE
            assert answer.headers["Vary"].endswith("Origin")
        assert answer.status_code == 413


@both
def test_around_other_applications(protocol: Any) -> None:
    """Flask, mounts, proxies and compression, in any order."""
    old = flask.Flask("old")

    @old.route("/x")
    def x() -> str:
        return "x" * 1000

    app = ProxyFix(CORS(Compression(Mount({"/old": Application.from_wsgi(old), "/": site})), [SITE]))
    with Client(app, protocol, headers={"Origin": SITE, "Accept-Encoding": "gzip"}) as client:
        answer = client.get("/old/x")
        assert (answer.text, answer.headers["Content-Encoding"]) == ("x" * 1000, "gzip")
        assert answer.headers[f"{ALLOW}Origin"] == SITE
        assert answer.headers["Vary"] == "Accept-Encoding, Origin"
        assert client.get("/old/missing").headers[f"{ALLOW}Origin"] == SITE
        assert client.options("/old/x", headers=ASKS).status_code == 204


@both
@pytest.mark.parametrize("content", [None, b"body", iter([b"bo", b"dy"])], ids=["none", "bytes", "chunks"])
def test_a_preflight_with_a_body(protocol: Any, content: Any) -> None:
    """A preflight request has no body. One that has is answered in the same way, and its body is drained."""
    asked = {"Origin": SITE, f"{ASK}Method": "GET"}
    with Client(LINT[protocol](CORS(site, [SITE])), protocol) as client:
        answer = client.request("OPTIONS", "/", headers=asked, content=content)
        assert (answer.status_code, answer.headers[f"{ALLOW}Origin"]) == (204, SITE)
        refused = client.request("OPTIONS", "/", headers={**asked, f"{ASK}Method": "PURGE"}, content=b"body")
        assert (refused.status_code, refused.text) == (403, "The method is not allowed for this origin.")


def test_a_client_that_left_before_its_preflight_was_answered() -> None:
    """If ``send`` raises OSError for the answer to a preflight request, the request ends without an error."""

    async def send(message: Any) -> None:
        raise OSError

    fields = [(b"origin", SITE.encode()), (b"access-control-request-method", b"GET")]
    asked: Any = {"type": "http", "method": "OPTIONS", "path": "/", "headers": fields}
    with pytest.raises(StopIteration):
        CORS(site, [SITE])(asked, None, send).send(None)  # type: ignore[arg-type, attr-defined]


def test_a_wsgi_iterable_is_passed_on_unchanged() -> None:
    """Only the head changes, so that a server still knows its own file wrapper; ``exc_info`` is passed on as well."""
    body: list[bytes] = [b"x"]
    started: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        start_response("500 Broken", [("X-A", "1")], (LookupError, LookupError("x"), None))
        return body

    environ = {"REQUEST_METHOD": "GET", "HTTP_ORIGIN": SITE}
    assert CORS(app, [SITE])(environ, lambda *given: started.append(given)) is body  # type: ignore[arg-type, return-value]
    fields = [("Vary", "Origin"), (f"{ALLOW}Origin", SITE)]
    assert started[0] == ("200 OK", fields)
    assert started[1][:2] == ("500 Broken", [("X-A", "1"), *fields])
    assert started[1][2][0] is LookupError


def head_given(app: Any, protocol: str, method: str, fields: dict[str, str]) -> list[Any]:
    """The list of header fields that a server gets from ``app``. The server adds a field to it, as it may."""
    builder = RequestBuilder("/", method=method, headers=fields)
    heads: list[Any] = []
    if protocol == "wsgi":
        list(app(builder.environ(), lambda status, headers, exc_info=None: heads.append(headers)))
    else:

        async def send(message: Any) -> None:
            heads.extend(message["headers"] for _ in range(message["type"] == "http.response.start"))

        anyio.run(app, builder.scope(), builder.receive(), send)
    (head,) = heads
    before = list(head)
    head.append(("Server", "x") if protocol == "wsgi" else (b"server", b"x"))
    return before


@both
@pytest.mark.parametrize(
    "wrapper", [lambda app: CORS(app, [SITE]), Compression, lambda app: CORS(Compression(app), "*")]
)
@pytest.mark.parametrize(
    "own", [[("Content-Type", "text/plain")], [("Content-Type", "text/plain"), ("Vary", "Cookie")]]
)
def test_the_fields_that_an_application_keeps_are_not_changed(protocol: Any, wrapper: Any, own: Any) -> None:
    """An application may give the same list of header fields with every answer: what is added to one answer is not seen
    in the next one, and not by the application.
    """
    kept = own if protocol == "wsgi" else [(name.encode(), value.encode()) for name, value in own]
    before = kept.copy()
    body = b"text " * 1000

    def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", kept)
        return [body]

    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": kept})
        await send({"type": "http.response.body", "body": body})

    app = wrapper(wsgi_app if protocol == "wsgi" else asgi_app)
    fields = {"Origin": SITE, "Accept-Encoding": "gzip"}
    first = head_given(app, protocol, "GET", fields)
    assert len(first) > len(before)
    assert head_given(app, protocol, "GET", fields) == first
    assert kept == before


@both
def test_the_answer_to_a_preflight_belongs_to_the_server(protocol: Any) -> None:
    """A server may change the list of header fields that it gets: the next preflight request gets the same answer."""
    fields = {"Origin": SITE, f"{ASK}Method": "GET"}
    app = CORS(site, [SITE])
    first = head_given(app, protocol, "OPTIONS", fields)
    assert head_given(app, protocol, "OPTIONS", fields) == first


@pytest.mark.parametrize("wrapper", ["cors", "compressed", "both"])
@pytest.mark.parametrize("varies", [False, True])
def test_fields_that_can_be_read_once(wrapper: str, varies: bool) -> None:
    """The header fields of an ASGI application are any iterable (ASGI specification, "Response Start"): each is sent,
    also if they are a generator.
    """
    fields = [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    if varies:
        fields.append((b"vary", b"Cookie"))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": (field for field in fields)})
        await send({"type": "http.response.body", "body": b"x"})

    wrapped: Any = Compression(app) if wrapper != "cors" else app
    wrapped = CORS(wrapped, [SITE]) if wrapper != "compressed" else wrapped
    with Client(wrapped, "asgi") as client:
        answer = client.get("/", headers={"Origin": SITE})
    sent = answer.headers
    assert (sent["Content-Type"], sent.get_list("Set-Cookie")) == ("text/plain", ["a=1", "b=2"])
    assert ("Cookie" in sent.get("Vary", "")) is varies
    assert (sent.get(f"{ALLOW}Origin") == SITE) is (wrapper != "compressed")


def test_other_scopes_are_passed_on() -> None:
    """Lifespans and websockets reach the application. CORS says nothing about websockets."""
    seen_types: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen_types.append(scope["type"])

    for kind in ("lifespan", "websocket"):
        with contextlib.suppress(StopIteration):
            CORS(app, "*")({"type": kind}, None, None).send(None)  # type: ignore[arg-type]
    assert seen_types == ["lifespan", "websocket"]


def test_the_other_protocol() -> None:
    """A wrapper speaks what its application speaks, and its error names the wrapper."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """An ASGI application."""

    def wsgi(environ: Any, start_response: Any) -> Any:
        """A WSGI application."""

    environ = {"REQUEST_METHOD": "GET"}
    for wrap in (CORS, Compression):
        options: Any = {"origins": "*"} if wrap is CORS else {}
        wrapped = wrap(app, **options)
        assert wrapped.app is app
        text = f"for the application behind {wrap.__name__}, expected one over ASGI"
        with pytest.raises(RuntimeError, match=text):
            wrapped(environ, None)  # type: ignore[arg-type]
        text = f"for the application behind {wrap.__name__}, expected one over WSGI"
        with pytest.raises(RuntimeError, match=text):
            wrap(wsgi, **options)({"type": "http"}, None, None).send(None)  # type: ignore[arg-type]


@both
def test_the_defaults(protocol: Any) -> None:
    """By default the methods that need no permission (Fetch section 2.2.1), the type of JSON, and ten minutes: no other
    field, no cookies, no private network.
    """
    with Client(CORS(site, [SITE]), protocol) as client:

        def asks(method: str, **fields: str) -> Any:
            named = {f"{ASK}{name.replace('_', '-')}": value for name, value in fields.items()}
            return client.options("/", headers={"Origin": SITE, f"{ASK}Method": method, **named})

        told = asks("POST", Headers="content-type")
        permissions = {name: value for name, value in told.headers.items() if name.startswith("access-control")}
        assert (told.status_code, permissions) == (
            204,
            {
                "access-control-allow-origin": SITE,
                "access-control-allow-methods": "GET, HEAD, POST",
                "access-control-allow-headers": "Content-Type",
                "access-control-max-age": "600",
            },
        )
        for refused in (asks("PUT"), asks("GET", Headers="x-key"), asks("GET", Private_Network="true")):
            assert refused.status_code == 403
        answer = client.get("/", headers={"Origin": SITE})
        permissions = {name: value for name, value in answer.headers.items() if name.startswith("access-control")}
        assert permissions == {"access-control-allow-origin": SITE}


#: names as an application may write them (RFC 9110 section 5.1: they are case-insensitive)
SPELLINGS = [str.lower, str.upper, str.title]


@both
@pytest.mark.parametrize("spelt", SPELLINGS)
def test_names_of_the_application_in_any_case(protocol: Any, spelt: Any) -> None:
    """An origin that the application allows is kept, and its ``Vary`` gets one member more, however it writes them."""
    fields = [(spelt("Vary"), "Cookie"), (spelt("Content-Type"), "text/plain")]
    own = [(spelt(f"{ALLOW}Origin"), "https://own.example")]

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", fields + (own if environ["PATH_INFO"] == "/own" else []))
        return [b"x"]

    async def aapp(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        sent = fields + (own if scope["path"] == "/own" else [])
        headers = [(name.encode(), value.encode()) for name, value in sent]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    wrapped = CORS(app if protocol == "wsgi" else aapp, [SITE])
    with Client(wrapped, protocol) as client:
        answer = client.get("/", headers={"Origin": SITE})
        assert answer.headers.get_list(f"{ALLOW}Origin") == [SITE]
        assert ", ".join(answer.headers.get_list("Vary")) == "Cookie, Origin"
        answer = client.get("/own", headers={"Origin": SITE})
        assert answer.headers.get_list(f"{ALLOW}Origin") == ["https://own.example"]


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_the_body_of_a_preflight_request_is_drained(framing: str) -> None:
    """No browser sends one. A client that does sees the answer, because the rest of its request is taken first, on
    both protocols; the answer is not over before.
    """
    body = b"x" * 100_000
    headers = {"Origin": SITE, f"{ASK}Method": "POST"}
    builder = RequestBuilder("/", method="OPTIONS", headers=headers, data=body)
    environ = builder.environ()
    environ["wsgi.input"] = source = io.BytesIO(body)
    environ["wsgi.input_terminated"] = True
    scope = builder.scope()
    if framing == "chunks":
        del environ["CONTENT_LENGTH"]
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
        scope["headers"].append((b"transfer-encoding", b"chunked"))
    app: Any = CORS(site, [SITE])
    heads: list[str] = []
    answer = app(environ, lambda status, headers, exc_info=None: heads.append(status))
    assert b"".join(answer) == b""
    answer.close()
    assert heads == ["204 No Content"]
    assert source.tell() == len(body)

    order: list[Any] = []
    given = [{"type": "http.request", "body": body[:50_000], "more_body": True}]
    given.append({"type": "http.request", "body": body[50_000:], "more_body": False})

    async def receive() -> Any:
        order.append("received")
        return given.pop(0)

    async def send(message: Any) -> None:
        order.append(message.get("more_body", message["type"]))

    anyio.run(app, scope, receive, send)
    assert order[-3:] == ["received", "received", False]


def test_wsgi_a_preflight_request_whose_body_other_code_has_opened() -> None:
    """The rest of a body that the head does not announce, and of which code around the policy has read a part, is taken
    as well.
    """
    body = b"x" * 100_000
    environ = RequestBuilder("/", method="OPTIONS", headers={"Origin": SITE, f"{ASK}Method": "POST"}).environ()
    environ["wsgi.input"] = source = io.BytesIO(body)
    environ["wsgi.input_terminated"] = True
    assert Request(environ).stream.read(1) == b"x"
    app: Any = CORS(site, [SITE])
    answer = app(environ, lambda status, headers, exc_info=None: None)
    list(answer)
    answer.close()
    assert source.tell() == len(body)
