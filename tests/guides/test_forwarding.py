"""The guides on forwarding requests and on sending files: what they say of real servers and of nginx."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.house import ROOT
from tests.servers import free_port, start
from tests.test_deployed import NGINX, accepts, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import Server, ServerPool

MODULE = "tests.guides.forwarding_app"
TELL = ("gunicorn", "waitress", "uvicorn", "hypercorn", "daphne", "granian-asgi")
DO_NOT_TELL = ("wsgiref", "granian-wsgi")
TARGETS = (b"/a%2Fb/../c;x=1//d%20e?q=%2F&&", b"/a?b?c", b"//x/%ff", b"/")

pytestmark = pytest.mark.real_server


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=100, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("kind", TELL)
def test_servers_that_tell_the_target(server_pool: ServerPool, client: httpx.Client, kind: str) -> None:
    """The function of the page gives the bytes that the client has sent; of a target with a host, the rest."""
    url = server_pool.get(kind, f"{MODULE}:targets", app_dir=ROOT).url
    for target in TARGETS:
        assert client.get(url, extensions={"target": target}).content == target
    assert client.get(url, extensions={"target": b"http://other.example/a%2Fb?x"}).content == b"/a%2Fb?x"


@pytest.mark.parametrize("kind", DO_NOT_TELL)
def test_servers_that_do_not_tell_it(server_pool: ServerPool, client: httpx.Client, kind: str) -> None:
    """The target is made of the decoded path, in which an escaped slash is a slash."""
    url = server_pool.get(kind, f"{MODULE}:targets", app_dir=ROOT).url
    assert client.get(url, extensions={"target": b"/a%2Fb%20c?q=%2F"}).content == b"/a/b%20c?q=%2F"


@pytest.mark.parametrize("kind", ["gunicorn-gthread", "uvicorn"])
def test_the_reverse_proxy(server_pool: ServerPool, client: httpx.Client, kind: str, tmp_path: Path) -> None:
    """Between real servers of both protocols: targets, bodies with and without a length, HEAD, and 502."""
    behind = server_pool.get("uvicorn", f"{MODULE}:upstream", app_dir=ROOT)
    nobody = f"http://127.0.0.1:{free_port()}"
    # uvicorn would take the address of the client from X-Forwarded-For
    fronts: list[Server] = [
        start(kind, f"{MODULE}:proxy", app_dir=ROOT, log_dir=tmp_path, FORWARDED_ALLOW_IPS="", UPSTREAM=url)
        for url in (behind.url.rstrip("/"), nobody)
    ]
    url = fronts[0].url
    try:
        forged = {"X-Forwarded-For": "203.0.113.9"}
        answer = client.get(url, extensions={"target": TARGETS[0]}, headers=forged)
        assert (answer.status_code, answer.json()) == (201, [TARGETS[0].decode(), "127.0.0.1", 0, None])
        assert client.post(url, content=bytes(3_000_000)).json() == ["/", "127.0.0.1", 3_000_000, "3000000"]
        assert client.post(url, content=iter([b"abc"] * 9)).json() == ["/", "127.0.0.1", 27, "chunked"]
        head = client.head(url)
        assert (head.status_code, head.content) == (201, b"")
        assert len(head.headers.get_list("Date")) == 1
        assert client.get(fronts[1].url).status_code == 502
    finally:
        for front in fronts:
            front.stop()


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn"])
def test_nginx_sends_the_file(server_pool: ServerPool, client: httpx.Client, kind: str, tmp_path: Path) -> None:
    """With ``X-Accel-Redirect`` nginx sends the file, and answers ranges and conditions. Nobody else gets it."""
    if NGINX is None:
        pytest.skip("server nginx is not installed")
    server = server_pool.get(kind, f"{MODULE}:sending", app_dir=ROOT)
    port, log = free_port(), tmp_path / "nginx.log"
    (tmp_path / "files/ada").mkdir(parents=True)
    (tmp_path / "files/ada/report 1.pdf").write_bytes(b"0123456789")
    page = (ROOT / "docs/guides/sending-files.md").read_text("utf-8")
    shown = page.partition("```nginx\n")[2].partition("```")[0]
    shown = shown.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}").replace("/srv/files/", f"{tmp_path}/files/")
    temporary = "".join(f"{name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy"))
    user = "user root;\n" if os.getuid() == 0 else ""
    main = tmp_path / "main.conf"
    main.write_text(
        f"daemon off;\n{user}pid {tmp_path}/nginx.pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}server {{\nlisten 127.0.0.1:{port};\n{shown}\n}}\n}}\n"
    )
    url = f"http://127.0.0.1:{port}"
    with running([NGINX, "-c", str(main), "-e", str(tmp_path / "error.log")], log) as nginx:
        wait_until(lambda: accepts(socket.AF_INET, ("127.0.0.1", port)), nginx, log)
        assert client.get(url).status_code == 403
        assert client.get(f"{url}/private/ada/report%201.pdf").status_code == 404
        client.headers["Cookie"] = "user=ada"
        answer = client.get(url)
        assert (answer.content, answer.headers["Content-Type"]) == (b"0123456789", "application/pdf")
        part = client.get(url, headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content) == (206, b"234")
        assert client.get(url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
