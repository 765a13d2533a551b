"""Eight threads use one application at the same time, from the first request of the process on."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import threading
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from .conftest import ROOT
from .parity_app import Sent, app, generate

THREADS = 8
SEED = 8_08
COUNT = 60


def environ_of(sent: Sent, kind: str) -> dict[str, Any]:
    """The environ of a request, as PEP 3333 describes it."""
    path, _, query = sent.target.partition(b"?")
    body = b"".join(sent.chunks)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": sent.target.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "HTTP_X_KIND": kind,
    }
    for name, value in sent.headers:
        key = name.decode().upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    if sent.chunked:
        environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    elif body:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def ask_wsgi(sent: Sent, kind: str) -> list[Any]:
    """Status, header fields and body of the answer over WSGI."""
    heads: list[Any] = []
    body = app(environ_of(sent, kind), lambda status, headers, exc_info=None: heads.append((status, headers)))
    try:
        return [*heads[0], b"".join(body).decode("latin-1")]
    finally:
        getattr(body, "close", lambda: None)()


def ask_asgi(sent: Sent, kind: str) -> list[Any]:
    """The messages of the answer over ASGI, in an event loop of its own."""
    path, _, query = sent.target.partition(b"?")
    headers = [(name.lower(), value) for name, value in sent.headers] + [(b"x-kind", kind.encode())]
    if sent.chunked:
        headers.append((b"transfer-encoding", b"chunked"))
    elif any(sent.chunks):
        headers.append((b"content-length", str(sum(map(len, sent.chunks))).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": sent.method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    given = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in sent.chunks]
    given.append({"type": "http.request", "body": b"", "more_body": False})
    messages: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0)
        return given.pop(0) if given else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        messages.append(repr(message))

    asyncio.run(app(scope, receive, send))
    return messages


WAYS = {"wsgi": ask_wsgi, "asgi": ask_asgi}


def answers_of(way: str, backwards: bool) -> list[Any]:
    """The answers to all requests. They are asked for in one order or the other, and given in the first one."""
    asked = [(sent, kind) for sent in generate(SEED, COUNT) for kind in ("def", "async")]
    if way == "asgi":
        asked = asked[::4]  # each of them starts an event loop
    answers = [WAYS[way](*one) for one in (reversed(asked) if backwards else asked)]
    return answers[::-1] if backwards else answers


def main(way: str) -> None:
    """Print how many answers each thread had, and how many of them were not those of a single thread."""
    sys.setswitchinterval(1e-6)
    begin = threading.Barrier(THREADS)
    seen: list[Any] = [None] * THREADS

    def work(number: int) -> None:
        begin.wait()
        try:
            seen[number] = answers_of(way, bool(number % 2))
        except BaseException as error:
            seen[number] = [repr(error)]

    threads = [threading.Thread(target=work, args=[number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = answers_of(way, False)
    wrong = [answer for answers in seen for answer, expected in zip(answers, alone, strict=False) if answer != expected]
    print(json.dumps({
        "asked": len(alone),
        "answers": [len(answers) for answers in seen],
        "wrong": wrong[:3],
    }))  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_each_thread_gets_the_answers_that_it_would_get_alone(way: str) -> None:
    """Eight threads whose turns are as short as they can be get the same answers as one: modules that are imported at
    the first use, memos and the event loop of the process have no state in which another thread could find them. It is
    a new process, in which nothing has been used.
    """
    command = [sys.executable, "-W", "error::ResourceWarning", "-m", "tests.contract.test_eight_threads", way]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert told["answers"] == [told["asked"]] * THREADS
    assert told["asked"] >= COUNT / 2


if __name__ == "__main__":
    main(sys.argv[1])
