"""Memory and fairness: the memory of waiting requests and uploads, and how long uploads delay other tasks.

    python benchmarks/memory.py [--quick] [--json FILE]

- KiB for each request that waits in its handler, and for each upload with a slow client, measured by tracemalloc (on
  ASGI with its task, on WSGI without its thread).
- MiB by which the process grows during a large upload, after a smaller upload that warms it up (maximum resident size
  of a separate process), on both protocols. The handler counts every byte.
- How late other tasks of the event loop run while four large uploads go to async handlers, after a small upload that
  warms it up: the 99th percentile in ms.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from scenarios import SCENARIOS
from timing import arguments, machine, print_table, write_json

from cardan import Request, Response

BOUNDARY = b"x" * 40
HEAD = b'--%b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n' % BOUNDARY
TAIL = b"\r\n--%b--\r\n" % BOUNDARY
TYPE = f"multipart/form-data; boundary={BOUNDARY.decode()}"
CHUNK = bytes(65_536)
MIB = 1 << 20


class Upload(Request):
    """A request without limits on files."""

    max_content_length = max_file_size = max_spool_memory = None


@Upload.application
def upload(request: Upload) -> Response:
    return Response(str(request.files["file"].size))


@Upload.application(load=True)
async def upload_async(request: Upload) -> Response:
    return Response(str(request.files["file"].size))


class Body:
    """The ``wsgi.input`` and the ``receive`` of an upload of ``size`` bytes, which are made while they are read."""

    def __init__(self, size: int, pause: Callable[[], Awaitable[None]]) -> None:
        self._pieces = [TAIL, *[CHUNK] * (size // len(CHUNK)), HEAD]
        self.length = len(HEAD) + len(TAIL) + size
        self._rest = b""
        self._pause = pause

    def read(self, size: int = -1) -> bytes:
        piece = self._rest or (self._pieces.pop() if self._pieces else b"")
        self._rest = piece[size:] if size >= 0 else b""
        return piece[:size] if size >= 0 else piece

    async def receive(self) -> dict[str, Any]:
        await self._pause()
        data = self.read()
        return {"type": "http.request", "body": data, "more_body": bool(self._pieces)}


async def no_pause() -> None:
    await asyncio.sleep(0)


async def post(app: Any, body: Body) -> bytes:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {**SCENARIOS["hello"].scope(), "method": "POST"}
    scope["headers"] = [(b"content-type", TYPE.encode()), (b"content-length", b"%d" % body.length)]
    await app(scope, body.receive, send)
    answer: bytes = sent[1]["body"]
    return answer


def growth(protocol: str, size: int) -> float:
    """MiB by which a new process grows during an upload, after a smaller one."""

    def one(size: int) -> None:
        body = Body(size, no_pause)
        if protocol == "asgi":
            answer = asyncio.run(post(upload_async, body))
        else:
            environ = {**SCENARIOS["hello"].environ(), "REQUEST_METHOD": "POST", "wsgi.input": body}
            environ |= {"CONTENT_TYPE": TYPE, "CONTENT_LENGTH": str(body.length)}
            answer = b"".join(upload(environ, lambda *start: None))
        assert answer == b"%d" % size, f"got {answer!r}, expected {size}"

    one(min(size, 16 * MIB))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    one(size)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def measure_growth(protocol: str, size: int) -> float:
    command = [sys.executable, __file__, "--growth", protocol, str(size)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


async def waiting(count: int) -> float:
    """KiB for each of ``count`` requests whose handlers wait."""
    release = asyncio.Event()

    @Request.application
    async def app(request: Request) -> Response:
        await release.wait()
        return Response("done")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        pass

    async def one() -> None:
        await app(SCENARIOS["hello"].scope(), receive, send)

    return await _held(count, one, release)


async def slow_uploads(count: int) -> float:
    """KiB for each of ``count`` uploads whose clients have sent 64 KiB of a file and wait."""
    release = asyncio.Event()

    def one() -> Awaitable[bytes]:
        calls = 0

        async def pause() -> None:
            nonlocal calls
            calls += 1
            if calls == 3:
                await release.wait()

        return post(upload_async, Body(2 * len(CHUNK), pause))

    return await _held(count, one, release)


async def _held(count: int, one: Callable[[], Awaitable[Any]], release: asyncio.Event) -> float:
    async def task() -> None:
        await one()

    warm = asyncio.create_task(task())
    await asyncio.sleep(0.02)
    tracemalloc.start()
    tasks = [asyncio.create_task(task()) for _ in range(count)]
    await asyncio.sleep(0.05 + count / 2000)
    held = tracemalloc.get_traced_memory()[0] / count / 1024
    tracemalloc.stop()
    release.set()
    await asyncio.gather(warm, *tasks)
    return held


def held_on_wsgi(count: int) -> float:
    """KiB for each of ``count`` requests in a handler, without the thread and the environ."""
    seen: list[Request] = []

    @Request.application
    def app(request: Request) -> Response:
        seen.append(request)
        return Response("")

    environs = [SCENARIOS["hello"].environ() for _ in range(count)]
    seen = []
    tracemalloc.start()
    for environ in environs:
        app(environ, lambda *start: None)
    held = tracemalloc.get_traced_memory()[0] / count / 1024
    tracemalloc.stop()
    return held


async def loop_lag(size: int) -> float:
    """How late a task runs that wants to run every 5 ms, during four uploads: the 99th percentile in ms.

    A small upload before them imports all modules and starts the worker threads.
    """
    await post(upload_async, Body(MIB, no_pause))
    late: list[float] = []

    async def beat() -> None:
        while True:
            start = perf_counter()
            await asyncio.sleep(0.005)
            late.append((perf_counter() - start - 0.005) * 1e3)

    beating = asyncio.create_task(beat())
    answers = await asyncio.gather(*(post(upload_async, Body(size, no_pause)) for _ in range(4)))
    beating.cancel()
    assert answers == [b"%d" % size] * 4
    late.sort()
    return late[int(len(late) * 0.99)] if late else 0.0


def main() -> None:
    if sys.argv[1:2] == ["--growth"]:
        print(growth(sys.argv[2], int(sys.argv[3])))
        return
    options = arguments(__doc__)
    count = 5 if options.smoke else 200
    size = MIB if options.smoke else 128 * MIB if options.quick else 1024 * MIB
    result = {
        "KiB for a waiting request, ASGI": asyncio.run(waiting(count)),
        "KiB for a request in a handler, WSGI": held_on_wsgi(count),
        "KiB for a slow upload, ASGI": asyncio.run(slow_uploads(count)),
        f"MiB of growth, upload of {size // MIB} MiB, WSGI": measure_growth("wsgi", size),
        f"MiB of growth, upload of {size // MIB} MiB, ASGI": measure_growth("asgi", size),
        f"ms of loop lag (p99), four uploads of {size // MIB // 4 or 1} MiB": asyncio.run(
            loop_lag(max(size // 4, MIB))
        ),
    }
    print(", ".join(machine().values()))
    print_table(["memory", ""], [[name, f"{value:.2f}"] for name, value in result.items()])
    write_json(options.json, {"memory": result})


if __name__ == "__main__":
    main()
