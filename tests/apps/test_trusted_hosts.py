"""An application whose request class has ``trusted_hosts`` refuses requests for other hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cardan import Application, Mount, ProxyFix, Request, Response, middleware
from cardan.exceptions import HTTPException
from cardan.testing import PROTOCOLS, Client

if TYPE_CHECKING:
    from cardan import Flow

both = pytest.mark.parametrize("protocol", PROTOCOLS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])


class Guarded(Request):
    trusted_hosts = [".example.com"]


def page(request: Guarded) -> Response:
    """A handler that does not read the host."""
    return Response("page")


async def apage(request: Guarded) -> Response:
    """The same as an ``async def``."""
    return Response("page")


def statuses(app: Any, protocol: Any) -> list[int]:
    with Client(app, protocol) as client:
        return [
            client.get("/", headers={"Host": host}).status_code
            for host in ("www.example.com", "example.com:8000", "evil.example", "", "a.example.com.evil.example")
        ]


@both
@kinds
def test_a_request_for_another_host_is_refused(protocol: Any, kind: str) -> None:
    """The handler does not run, also if it never reads the host. A field Host that is empty names no host."""
    app = Application(page if kind == "def" else apage)
    assert statuses(app, protocol) == [200, 200, 400, 400, 400]
    assert statuses(Mount({"/": app}), protocol) == [200, 200, 400, 400, 400]


@both
@kinds
def test_middleware_and_on_error_see_it(protocol: Any, kind: str) -> None:
    """``on_error`` answers a request for a host that is not trusted, inside the middleware and before ``resolve``."""
    resolved: list[str] = []

    @middleware
    def marked(request: Request) -> Flow:
        response = yield
        response.headers["X-Marked"] = "yes"

    class Site(Application[Guarded]):
        def resolve(self, request: Guarded) -> Any:
            resolved.append(request.host)
            return page if kind == "def" else apage

        def on_error(self, request: Guarded, error: HTTPException) -> Response:
            return Response("own", error.code)

    with Client(Site(middleware=[marked]), protocol) as client:
        response = client.get("/", headers={"Host": "evil.example"})
        assert (response.status_code, response.text, response.headers["X-Marked"]) == (400, "own", "yes")
        assert resolved == []
        assert client.get("/", headers={"Host": "a.example.com"}).text == "page"


@both
@kinds
def test_an_application_that_resolve_returns(protocol: Any, kind: str) -> None:
    """The request class of an application that ``resolve`` returns decides which hosts are trusted."""
    inner = Application(page if kind == "def" else apage)

    class Site(Application[Request]):
        def resolve(self, request: Request) -> Any:
            return inner

    assert statuses(Site(), protocol) == [200, 200, 400, 400, 400]


@both
def test_behind_a_proxy(protocol: Any) -> None:
    """The host is that of the proxy's field, which ``ProxyFix`` makes the Host."""
    app = ProxyFix(Application(page), x_host=1)
    with Client(app, protocol) as client:
        headers = {"Host": "backend", "X-Forwarded-Host": "www.example.com"}
        assert client.get("/", headers=headers).status_code == 200
        assert client.get("/", headers=headers | {"X-Forwarded-Host": "evil.example"}).status_code == 400


@both
@kinds
def test_the_request_class_may_be_assigned_later(protocol: Any, kind: str) -> None:
    """The class that a request has decides."""
    app: Any = Application(page if kind == "def" else apage, request_class=Guarded)
    app.request_class = Request
    assert statuses(app, protocol)[2] == 200
    app.request_class = Guarded
    assert statuses(app, protocol)[2] == 400


@both
def test_the_check_stores_no_host(protocol: Any) -> None:
    """A middleware may set narrower hosts for a request, which then hold where the host is read."""

    @middleware
    def narrow(request: Request) -> Flow:
        request.trusted_hosts = ["api.example.com"]
        yield

    app = Application(lambda request: Response(request.host), request_class=Guarded, middleware=[narrow])
    assert statuses(app, protocol) == [400] * 5
    with Client(app, protocol) as client:
        assert client.get("/", headers={"Host": "api.example.com"}).text == "api.example.com"


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["www.example.com", "evil.example"])
async def test_websockets_of_trusted_hosts(host: str) -> None:
    """A websocket for a trusted host reaches its application; one for another host is refused before."""
    calls: list[str] = []
    sent: list[str] = []

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        calls.append(scope["path"])
        await send({"type": "websocket.close"})

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    app = Application(page, request_class=Guarded, websocket=websocket)
    scope = {"type": "websocket", "path": "/ws", "headers": [(b"host", host.encode())], "query_string": b""}
    scope |= {"http_version": "1.1", "scheme": "ws", "subprotocols": [], "root_path": ""}
    await app.asgi_app(scope, receive, send)
    assert calls == (["/ws"] if host.endswith("example.com") else [])
    assert sent == ["websocket.close"]
