"""The doors of ``examples/doors``: AWS Lambda, RSGI and CGI."""

from __future__ import annotations

import base64
import dataclasses
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from doors import aws_lambda, cgi

from cardan import Request, Response
from tests import doors_app
from tests.doors_app import APPS, FORM
from tests.servers import EXAMPLES, KINDS, granian, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardan import Application

ROOT = Path(__file__).parents[1]
APP_FILE = doors_app.__file__

BY_APP = pytest.mark.parametrize("app", APPS, ids=["def", "async"])

# --- AWS Lambda ---


def gateway_event(
    method: str, path: str, query: str = "", body: str = "", stage: str = "$default", **headers: str
) -> Any:
    """An event as API Gateway sends it for an HTTP API, in the payload format 2.0."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": ["session=s3cret", "theme=dark"],
        "headers": {"host": "a.example", "content-length": str(len(body.encode())), **fields},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "stage": stage,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def balancer_event(method: str, path: str, body: str = "", *, several: bool, query: Any = None, **headers: str) -> Any:
    """An event as an Application Load Balancer sends it, with one or with several values for each name."""
    fields = {
        "host": "a.example",
        "content-length": str(len(body.encode())),
        "x-forwarded-for": "203.0.113.9, 192.0.2.1",
        "x-forwarded-proto": "https",
        "cookie": "session=s3cret; theme=dark",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    event = {"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": method, "path": path, "body": body}
    if several:
        event["multiValueHeaders"] = {name: [value] for name, value in fields.items()}
        event["multiValueQueryStringParameters"] = query or {}
    else:
        event["headers"] = fields
        event["queryStringParameters"] = {name: values[-1] for name, values in (query or {}).items()}
    return {**event, "isBase64Encoded": False}


def data_of(answer: Any) -> bytes:
    assert answer["isBase64Encoded"] is True
    return base64.b64decode(answer["body"])


@BY_APP
def test_gateway(app: Application[Any]) -> None:
    """A form, cookies both ways, a stream, HEAD, 204, an error page, a stage, and the event in ``request.state``."""
    handler = aws_lambda.door(app)
    answer = handler(gateway_event("POST", "/form", body="name=Ada", content_type=FORM))
    assert (answer["statusCode"], data_of(answer)) == (200, b"Ada https://a.example/form 192.0.2.1 1.1")
    encoded = gateway_event("POST", "/form", content_type=FORM)
    encoded.update(body=base64.b64encode(b"name=%FC%BE").decode(), isBase64Encoded=True)
    encoded["headers"]["content-length"] = "11"
    assert data_of(handler(encoded)).startswith("\ufffd".encode())
    answer = handler(gateway_event("GET", "/cookies"))
    assert data_of(answer) == b"session=s3cret theme=dark"
    assert answer["cookies"] == ["a=1; Path=/", "b=2; Path=/"]
    assert answer["headers"]["Vary"] == "Cookie, Accept"
    assert data_of(handler(gateway_event("GET", "/rows"))) == b"0\n1\n2\n"
    answer = handler(gateway_event("HEAD", "/rows"))
    assert (answer["statusCode"], data_of(answer)) == (200, b"")
    assert handler(gateway_event("GET", "/empty"))["statusCode"] == 204
    answer = handler(gateway_event("GET", "/none", accept="text/plain"))
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (404, "text/plain; charset=utf-8")
    answer = handler(gateway_event("POST", "/dev/form", body="name=Ada", stage="dev", content_type=FORM))
    assert data_of(answer).startswith(b"Ada https://a.example/dev/form ")
    assert data_of(handler(gateway_event("GET", "/args", "a=1&a=%20x"))) == b"{'a': ['1', ' x']}"
    assert data_of(handler(gateway_event("GET", "/event"), "context")) == b"2.0 context"
    with pytest.raises(LookupError):
        handler(gateway_event("GET", "/error"))


def test_gateway_and_names_in_small_letters() -> None:
    """Names of header fields have no case (RFC 9110 section 5.1): cookies are found, and equal names are one field."""

    @Request.application
    def app(request: Request) -> Response:
        return Response("x", headers=[("set-cookie", "a=1"), ("Set-cookie", "b=2"), ("vary", "A"), ("Vary", "B")])

    http = {"method": "GET", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7"}
    event = {"rawPath": "/", "rawQueryString": "", "headers": {"host": "a.example"}, "requestContext": {"http": http}}
    answer = aws_lambda.door(app)(event)
    assert answer["cookies"] == ["a=1", "b=2"]
    assert answer["headers"]["Vary"] == "A, B"
    assert "Set-Cookie" not in answer["headers"]


@BY_APP
@pytest.mark.parametrize("several", [True, False], ids=["several values", "one value"])
def test_balancer(app: Application[Any], several: bool) -> None:
    """The fields of an answer have the form of those of the event: one value for each name, or a list of them."""
    handler = aws_lambda.door(app)
    answer = handler(balancer_event("POST", "/form", "name=Ada", several=several, content_type=FORM))
    assert (answer["statusCode"], data_of(answer)) == (200, b"Ada https://a.example/form 192.0.2.1 1.1")
    answer = handler(balancer_event("GET", "/cookies", several=several))
    assert data_of(answer) == b"session=s3cret theme=dark"
    if several:
        assert answer["multiValueHeaders"]["Set-Cookie"] == ["a=1; Path=/", "b=2; Path=/"]
        assert "headers" not in answer
    else:
        assert answer["headers"]["Content-Length"] == "25"
        cookies = {name: value for name, value in answer["headers"].items() if name.lower() == "set-cookie"}
        assert list(cookies.values()) == ["a=1; Path=/", "b=2; Path=/"], "each has a name that is written differently"
    answer = handler(balancer_event("GET", "/args", several=several, query={"a": ["1", "%20x"]}))
    assert data_of(answer) == (b"{'a': ['1', ' x']}" if several else b"{'a': [' x']}")


# --- RSGI ---


@pytest.fixture(scope="module", params=["rsgi_app", "async_rsgi_app"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of granian with the door."""
    kind = dataclasses.replace(KINDS["granian-asgi"], arguments=granian("rsgi"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, kind.name, kind)
        patch.setenv("PYTHONPATH", os.pathsep.join(["examples", *os.environ.get("PYTHONPATH", "").split(os.pathsep)]))
        server = start(
            kind.name, f"tests.doors_app:{request.param}", app_dir=ROOT, log_dir=tmp_path_factory.mktemp("r")
        )
    yield server.url
    server.stop()
    assert not server.killed, server.log()


@pytest.mark.real_server
def test_rsgi(url: str) -> None:
    """A form, an upload that is streamed, a stream, a file with a range, HEAD, 204, error pages, and what comes next on
    the same connection.
    """
    with httpx.Client(base_url=url, timeout=100) as client:
        text = client.post("/form", data={"name": "Ü"}).text
        assert text == f"Ü {url}/form 127.0.0.1 1.1"
        assert client.post("/upload", content=(b"x" * 65536 for _ in range(40))).text == str(40 * 65536)
        assert client.get("/rows").text == "0\n1\n2\n"
        assert client.get("/args?a=1&a=%20x&%C3%BC=%2F").text == "{'a': ['1', ' x'], 'ü': ['/']}"
        answer = client.get("/file", headers={"Range": "bytes=3-9"})
        assert (answer.status_code, answer.text) == (206, Path(APP_FILE).read_text("utf-8")[3:10])
        head = client.head("/file")
        assert (head.headers["content-length"], head.content) == (str(Path(APP_FILE).stat().st_size), b"")
        assert client.get("/empty").status_code == 204
        assert client.get("/none").status_code == 404
        assert client.get("/error").status_code == 500
        with client.stream("GET", "/broken", timeout=2) as answer:  # RSGI cannot cut it; it must not look whole
            pieces = answer.iter_bytes()
            assert len(next(pieces)) > 0
            httpx.get(f"{url}/collect")
            with pytest.raises(httpx.ReadTimeout):
                list(pieces)
        assert client.get("/cookies", headers={"Cookie": "a=1; b=2"}).text == "a=1 b=2"


# --- CGI ---


def run_cgi(method: str, path: str, query: str = "", body: bytes = b"", **variables: str) -> tuple[bytes, bytes, int]:
    """The head and the body that a process of its own writes, and its exit status."""
    environ = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "/cgi-bin/app",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "a.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "a.example",
        **({"CONTENT_LENGTH": str(len(body))} if body else {}),
        **variables,
    }
    environ.update(PYTHONPATH=os.pathsep.join(["examples", "."]), PATH=os.environ["PATH"])
    done = subprocess.run(
        [sys.executable, "-m", "tests.doors_app"],
        env=environ,
        cwd=ROOT,
        input=body + b"more",
        capture_output=True,
        check=False,
    )
    head, _, data = done.stdout.partition(b"\r\n\r\n")
    return head, data, done.returncode


def test_cgi() -> None:
    """A form whose end is its Content-Length, the query, a stream, HEAD, an error page and an error."""
    head, data, status = run_cgi("POST", "/form", body=b"name=Ada", CONTENT_TYPE=FORM)
    assert head.splitlines()[0] == b"Status: 200 OK"
    assert (data, status) == (b"Ada http://a.example/cgi-bin/app/form 192.0.2.1 1.1", 0)
    assert run_cgi("GET", "/args", "a=1&a=%20x")[1] == b"{'a': ['1', ' x']}"
    assert run_cgi("GET", "/rows")[1] == b"0\n1\n2\n"
    head, data, _ = run_cgi("HEAD", "/cookies", HTTP_COOKIE="a=1")
    assert (b"Content-Length: 3" in head, data) == (True, b"")
    head, data, _ = run_cgi("GET", "/none", HTTP_ACCEPT="text/plain")
    assert head.splitlines()[0] == b"Status: 404 Not Found"
    assert b"text/plain" in head
    head, data, status = run_cgi("GET", "/error")
    assert (head, data, status) == (b"", b"", 1)


def test_a_path_that_is_not_utf_8() -> None:
    """Bytes of a path, or of a root path, that are not UTF-8 become U+FFFD."""
    variables = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": os.fsdecode(b"/\xffa"),
        "SCRIPT_NAME": os.fsdecode(b"/\xfc/"),
        "SERVER_NAME": "a.example",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "192.0.2.1",
    }
    head = cgi.head_of(variables)
    assert (head.path, head.root_path) == ("/\ufffda", "/\ufffd")


def test_cgi_in_the_process() -> None:
    """``answer`` takes the variables and the two files: fields of every name, no body without a length."""
    for app in APPS:
        target = io.BytesIO()
        variables = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/cookies",
            "SERVER_NAME": "::1",
            "SERVER_PORT": "443",
            "HTTPS": "on",
            "REMOTE_ADDR": "::1",
            "CONTENT_LENGTH": "",
            "HTTP_COOKIE": "a=1",
        }
        cgi.answer(app, variables, io.BytesIO(b"more"), target)
        assert target.getvalue().endswith(b"\r\n\r\na=1")


@pytest.mark.parametrize("name", ["aws_lambda", "rsgi", "cgi"])
def test_a_door_is_short(name: str) -> None:
    """A door has at most a hundred lines."""
    assert len((EXAMPLES / "doors" / f"{name}.py").read_text("utf-8").splitlines()) <= 100
