"""The clients of the table. Each is a context manager that gives a function, which sends the requests of one row.

The function gets the URL of the server up to the last slash, the query, the requests, and a function that is to be
called when the first piece of a body has arrived. It gives what the client saw of each response.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from interop.rows import Seen, Sent, content

__all__ = ["CLIENTS", "Client", "Exchange"]

SECONDS = 5
"""how long a client waits for an answer, or for more of one"""
HERE = Path(__file__).parent

Exchange = Callable[[str, str, list[Sent], Callable[[], None]], list[Seen]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client: what it can, and how it is started."""

    name: str
    open: Callable[[Path], AbstractContextManager[Exchange]]
    """takes an empty folder"""
    cannot: frozenset[str] = frozenset()
    """what of the needs of rows this client cannot send"""
    needs: tuple[str, ...] = ()
    """modules and programs"""
    debian: str = ""
    """the Debian packages with the programs"""
    only_https: bool = False
    http2: bool = False
    """whether the client speaks HTTP/2 where the server offers it"""

    def missing(self) -> str:
        """Why the client cannot run; empty if it can."""
        gone = [name for name in self.needs if not shutil.which(name) and not has_module(name)]
        return (
            f"{', '.join(gone)} not installed" + (f" (apt-get install {self.debian})" if self.debian else "")
            if gone
            else ""
        )

    def version(self) -> str:
        """The version of the package or program."""
        for name in self.needs:
            with suppress(PackageNotFoundError):
                return version(name)
        if not self.needs:
            return ""
        done = subprocess.run([self.needs[0], "--version"], capture_output=True, text=True, check=False)
        return next((word.lstrip("v") for word in done.stdout.split() if word.lstrip("v")[:1].isdigit()), "")


def has_module(name: str) -> bool:
    """Whether a module of this name is installed."""
    return find_spec(name) is not None


# --- a socket ---


class Wire:
    """A connection of HTTP/1. It sends a whole request before it reads anything, as browsers do."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._socket: socket.socket | None = None
        self._rest = b""

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def exchange(self, sent: Sent, path: str, first: Callable[[], None]) -> Seen:
        """Send a request and read the answer."""
        body, fields = encoded(sent)
        seen = Seen()
        head = [f"{sent.method} {path} HTTP/{sent.version}", f"Host: {self._url.netloc}"]
        head += [f"{name}: {value}" for name, value in fields.items()]
        data = "\r\n".join([*head, "", ""]).encode()
        try:
            if self._socket is None:
                self._connect()
            self._send(data if sent.expect else data + body)
            self._read_head(seen)
            if seen.status == 100:
                seen.continued = True
                self._send(body)
            while seen.status // 100 == 1:
                self._read_head(seen)
            if sent.leave:
                self._until(b"\n\n")
                first()
                self.close()
            else:
                self._read_body(seen, sent, first)
        except (OSError, EOFError, ValueError) as error:
            seen.error, seen.whole, seen.late = repr(error), False, isinstance(error, TimeoutError)
            self.close()
        if (
            sent.version == "1.0"
            or "close" in seen.fields.get("connection", "")
            or (sent.expect and not seen.continued)
        ):
            self.close()
        return seen

    def _connect(self) -> None:
        self._socket = socket.create_connection((self._url.hostname or "", self._url.port or 0), SECONDS)
        if self._url.scheme == "https":
            self._socket = ssl._create_unverified_context().wrap_socket(self._socket)

    def _send(self, data: bytes) -> None:
        assert self._socket is not None
        with suppress(ConnectionError, ssl.SSLError):  # there may be an answer all the same
            self._socket.sendall(data)

    def _read_head(self, seen: Seen) -> None:
        lines = [self._line()]
        while line := self._line():
            lines.append(line)
        pairs = [line.partition(":") for line in lines[1:]]
        seen.fields = {name.lower(): value.strip() for name, _, value in pairs}
        if lines[0][:9] == "HTTP/1.0 ":
            seen.fields = {"connection": "close", **seen.fields}
        seen.status = int(lines[0].split()[1])

    def _read_body(self, seen: Seen, sent: Sent, first: Callable[[], None]) -> None:
        if sent.method == "HEAD" or seen.status in (204, 304):
            return
        if seen.fields.get("transfer-encoding") == "chunked":
            while size := int(self._until(b"\r\n"), 16):
                seen.body += self._exactly(size + 2)[:-2]
                first()
            self._until(b"\r\n")
        elif length := seen.fields.get("content-length"):
            seen.body = self._exactly(int(length))
            first()
        else:
            with suppress(EOFError):
                while True:
                    if self._rest:
                        seen.body, self._rest = seen.body + self._rest, b""
                        first()
                    self._receive()
            self.close()

    def _line(self) -> str:
        """A line of the head. A line feed without a carriage return ends it, too (RFC 9112 section 2.2)."""
        return self._until(b"\n").removesuffix(b"\r").decode("latin-1")

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._receive()
        found, _, self._rest = self._rest.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._receive()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _receive(self) -> None:
        assert self._socket is not None
        data = self._socket.recv(1 << 20)
        if not data:
            raise EOFError("the server closed the connection")
        self._rest += data


def encoded(sent: Sent) -> tuple[bytes, dict[str, str]]:
    """The body and the header fields of a request."""
    fields = dict(sent.fields)
    body = content(sent.size or 0)
    if sent.form:
        body, fields["Content-Type"] = urlencode(sent.form).encode(), "application/x-www-form-urlencoded"
    if sent.file:
        name, size = sent.file
        head = f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body, fields["Content-Type"] = (
            head.encode() + content(size) + b"\r\n--limit--\r\n",
            "multipart/form-data; boundary=limit",
        )
    if sent.method == "POST":
        fields["Content-Length"] = str(len(body))
    if sent.expect:
        fields["Expect"] = "100-continue"
    return body, fields


@contextmanager
def open_wire(folder: Path) -> Iterator[Exchange]:
    """A socket: it shows what is on the wire."""

    def exchange(url: str, query: str, all_sent: list[Sent], first: Callable[[], None]) -> list[Seen]:
        wire = Wire(url)
        try:
            return [wire.exchange(sent, f"{urlsplit(url).path}{sent.path}{query}", first) for sent in all_sent]
        finally:
            wire.close()

    yield exchange


# --- curl ---


@contextmanager
def open_curl(folder: Path) -> Iterator[Exchange]:
    """The program curl. It sends all requests of a row in one run."""

    def arguments(sent: Sent, url: str, number: int) -> list[str]:
        heads, body = folder / f"head{number}", folder / f"body{number}"
        heads.unlink(missing_ok=True)
        body.unlink(missing_ok=True)
        found = ["--silent", "--no-buffer", "--insecure", "--max-time", str(SECONDS), "--write-out", "%{json}\n"]
        found += ["--dump-header", str(heads), "--output", str(body), *(["--http1.0"] if sent.version == "1.0" else [])]
        for name, value in sent.fields.items():
            found += ["--header", f"{name}: {value}"]
        if sent.method == "HEAD":
            found.append("--head")
        for name, value in (sent.form or {}).items():
            found += ["--data-urlencode", f"{name}={value}"]
        if sent.file:
            (folder / sent.file[0]).write_bytes(content(sent.file[1]))
            found += ["--form", f"file=@{folder / sent.file[0]}"]
        if sent.size:
            (folder / "content").write_bytes(content(sent.size))
            found += ["--data-binary", f"@{folder / 'content'}", "--header", "Content-Type: application/octet-stream"]
            expect = "Expect: 100-continue" if sent.expect else "Expect:"
            found += ["--header", expect, "--expect100-timeout", "5"]
        return [*found, url]

    def exchange(url: str, query: str, all_sent: list[Sent], first: Callable[[], None]) -> list[Seen]:
        command = ["curl"]
        for number, sent in enumerate(all_sent):
            command += [*(["--next"] if number else []), *arguments(sent, f"{url}{sent.path}{query}", number)]
        bodies = [folder / f"body{number}" for number in range(len(all_sent))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        end = time.monotonic() + SECONDS * len(all_sent)
        while process.poll() is None and time.monotonic() < end:
            if any(body.exists() and body.stat().st_size for body in bodies):
                first()
                if all_sent[-1].leave:
                    break
            time.sleep(0.01)
        process.terminate()
        reports = [json.loads(line) for line in process.communicate()[0].splitlines()]
        return [seen_by_curl(folder, n, sent, reports[n : n + 1]) for n, sent in enumerate(all_sent)]

    yield exchange


def seen_by_curl(folder: Path, number: int, sent: Sent, reports: list[dict[str, Any]]) -> Seen:
    """What curl has written into its files; a run that was ended has no report."""
    heads, body = folder / f"head{number}", folder / f"body{number}"
    seen = Seen(body=body.read_bytes() if body.exists() and sent.method != "HEAD" else b"")
    for head in (heads.read_bytes().decode("latin-1") if heads.exists() else "").split("\r\n\r\n"):
        first, *lines = head.splitlines() or [""]
        if first:
            seen.status = int(first.split()[1])
            seen.continued = seen.continued or seen.status == 100
            seen.fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    for report in reports:
        if report["exitcode"]:
            seen.whole, seen.error, seen.late = False, str(report.get("errormsg")), report["exitcode"] == 28
    return seen


# --- Python ---


def own_arguments(sent: Sent) -> dict[str, Any]:
    """The arguments that requests and httpx have in common."""
    files = {"file": (sent.file[0], content(sent.file[1]))} if sent.file else None
    return {"data": sent.form, "files": files, "headers": dict(sent.fields)}


def collect(seen: Seen, sent: Sent, pieces: Iterable[bytes], first: Callable[[], None]) -> None:
    """Read the body; at the first piece only if the client is to leave then."""
    for piece in pieces:
        seen.body += piece
        first()
        if sent.leave:
            return


@contextmanager
def open_requests(folder: Path) -> Iterator[Exchange]:
    """requests, with a session for each row."""
    import requests
    import urllib3

    urllib3.disable_warnings()

    def one(session: requests.Session, url: str, sent: Sent, first: Callable[[], None]) -> Seen:
        seen = Seen()
        arguments = own_arguments(sent)
        if sent.size:
            arguments["data"] = content(sent.size)
        try:
            with session.request(sent.method, url, stream=True, verify=False, timeout=SECONDS, **arguments) as answer:
                seen.status, seen.fields = (
                    answer.status_code,
                    {key.lower(): answer.headers[key] for key in answer.headers},
                )
                collect(seen, sent, answer.iter_content(1), first)
        except requests.RequestException as error:
            seen.whole, seen.error, seen.late = False, repr(error), "timed out" in repr(error)
        return seen

    def exchange(url: str, query: str, all_sent: list[Sent], first: Callable[[], None]) -> list[Seen]:
        with requests.Session() as session:
            return [one(session, f"{url}{sent.path}{query}", sent, first) for sent in all_sent]

    yield exchange


@contextmanager
def open_httpx(folder: Path, *, http2: bool = False) -> Iterator[Exchange]:
    """httpx, with a client for each row."""
    import httpx

    context = ssl._create_unverified_context()

    def one(client: httpx.Client, url: str, sent: Sent, first: Callable[[], None]) -> Seen:
        seen = Seen()
        arguments = own_arguments(sent)
        if sent.size:
            arguments["content"] = content(sent.size)
        try:
            with client.stream(sent.method, url, **arguments) as answer:
                assert not http2 or answer.http_version == "HTTP/2", answer.http_version
                seen.status, seen.fields = answer.status_code, dict(answer.headers)
                collect(seen, sent, answer.iter_raw(), first)
        except httpx.HTTPError as error:
            seen.whole, seen.error, seen.late = False, repr(error), isinstance(error, httpx.TimeoutException)
        return seen

    def exchange(url: str, query: str, all_sent: list[Sent], first: Callable[[], None]) -> list[Seen]:
        with httpx.Client(http2=http2, verify=context, timeout=SECONDS) as client:
            return [one(client, f"{url}{sent.path}{query}", sent, first) for sent in all_sent]

    yield exchange


def open_httpx_2(folder: Path) -> AbstractContextManager[Exchange]:
    """httpx over HTTP/2."""
    return open_httpx(folder, http2=True)


@contextmanager
def open_aiohttp(folder: Path) -> Iterator[Exchange]:
    """aiohttp, with a session for each row."""
    import aiohttp

    async def one(session: aiohttp.ClientSession, url: str, sent: Sent, first: Callable[[], None]) -> Seen:
        seen = Seen()
        data: Any = sent.form or (content(sent.size) if sent.size else None)
        if sent.file:
            data = aiohttp.FormData()
            data.add_field("file", content(sent.file[1]), filename=sent.file[0])
        try:
            async with session.request(
                sent.method, url, data=data, headers=sent.fields, expect100=sent.expect, ssl=False
            ) as answer:
                seen.status, seen.fields = answer.status, {key.lower(): value for key, value in answer.headers.items()}
                async for piece in answer.content.iter_any():
                    seen.body += piece
                    first()
                    if sent.leave:
                        answer.close()
                        break
        except (aiohttp.ClientError, TimeoutError) as error:
            seen.whole, seen.error, seen.late = False, repr(error), isinstance(error, TimeoutError)
        return seen

    async def run(url: str, query: str, all_sent: list[Sent], first: Callable[[], None]) -> list[Seen]:
        old = any(sent.version == "1.0" for sent in all_sent)
        async with aiohttp.ClientSession(
            version=aiohttp.HttpVersion10 if old else aiohttp.HttpVersion11, timeout=aiohttp.ClientTimeout(SECONDS)
        ) as session:
            return [await one(session, f"{url}{sent.path}{query}", sent, first) for sent in all_sent]

    yield lambda *arguments: asyncio.run(run(*arguments))


# --- JavaScript ---


def as_json(url: str, query: str, all_sent: list[Sent]) -> list[dict[str, Any]]:
    """The requests as fetch.js takes them."""
    return [{**asdict(sent), "url": f"{url}{sent.path}{query}", "seconds": SECONDS} for sent in all_sent]


def from_json(found: list[dict[str, Any]]) -> list[Seen]:
    """What fetch.js gives. It shows bytes as characters."""
    return [Seen(**{**one, "body": one["body"].encode("latin-1")}) for one in found]


@contextmanager
def open_node(folder: Path) -> Iterator[Exchange]:
    """The fetch of Node, in one process for all rows."""
    command = ["node", "--no-warnings", str(HERE / "fetch.js")]
    environment = {**os.environ, "NODE_TLS_REJECT_UNAUTHORIZED": "0"}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, env=environment)
    assert process.stdin is not None
    assert process.stdout is not None
    reader, writer = process.stdout, process.stdin

    def exchange(url: str, query: str, all_sent: list[Sent], first: Callable[[], None]) -> list[Seen]:
        writer.write(json.dumps(as_json(url, query, all_sent)) + "\n")
        writer.flush()
        while (found := json.loads(reader.readline())) == "first":
            first()
        return from_json(found)

    try:
        yield exchange
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def open_chromium(folder: Path) -> Iterator[Exchange]:
    """The fetch of Chromium, in a page of the server that is asked."""
    from tests.test_browser import start_browser

    browser = start_browser(folder / "profile")
    script = (HERE / "fetch.js").read_text()
    start = """window.state = {first: false, seen: null};
        exchange(arguments[0], () => {window.state.first = true}).then(seen => {window.state.seen = seen});"""

    def exchange(url: str, query: str, all_sent: list[Sent], first: Callable[[], None]) -> list[Seen]:
        if not browser.current_url.startswith(url):
            browser.get(f"{url}hello")
        browser.execute_script(script + start, as_json(url, query, all_sent))
        end = time.monotonic() + (SECONDS + 2) * len(all_sent)
        while time.monotonic() < end:
            state: dict[str, Any] = browser.execute_script("return window.state")
            if state["first"]:
                first()
            if state["seen"] is not None:
                return from_json(state["seen"])
            time.sleep(0.02)
        return [Seen(error="the page did not come to an end") for _ in all_sent]

    try:
        yield exchange
    finally:
        browser.quit()


NO_OLD = frozenset({"HTTP/1.0"})
NEITHER = frozenset({"HTTP/1.0", "Expect"})

CLIENTS = {
    client.name: client
    for client in [
        Client(name="socket", open=open_wire),
        Client(name="curl", open=open_curl, needs=("curl",), debian="curl", http2=True),
        Client(name="requests", open=open_requests, needs=("requests",), cannot=NEITHER),
        Client(name="httpx", open=open_httpx, needs=("httpx",), cannot=NEITHER),
        Client(name="httpx h2", open=open_httpx_2, needs=("httpx", "h2"), cannot=NEITHER, only_https=True, http2=True),
        Client(name="aiohttp", open=open_aiohttp, needs=("aiohttp",)),
        Client(name="Node fetch", open=open_node, needs=("node",), debian="nodejs", cannot=NEITHER),
        Client(
            name="Chromium",
            open=open_chromium,
            needs=("chromium", "chromedriver"),
            debian="chromium chromium-driver",
            cannot=NEITHER,
            http2=True,
        ),
    ]
}
"""Every client by its name. The first one shows what is on the wire."""
