"""Files behind real caches: ``python -m proof.caches``. nginx and Varnish in front of gunicorn and uvicorn.

Each row of ``proof/caches_rows.py`` sends its requests through the cache and to the application itself. Both answers
have to be the same, and as many requests have to reach the application as RFC 9111 and the manual of the cache say.
Then the same requests are sent to applications of cardan and of other libraries, and the requests that reach each
application are counted. A cache that is not installed is left out, and its name is printed. The exit status is 1 if an
answer or a number differs.
"""

from __future__ import annotations

import argparse
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cardan.testing import Client
from tests.servers import HOST, free_port, guard, start

from .caches_model import Answer, Cache
from .caches_rows import BIG, ROWS, SLICED, Line, Stage
from .caches_site import counted_asgi, counted_wsgi, site
from .record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from cardan.types import ProtocolName

__all__ = ["CACHES", "ORIGINS", "installed", "model_stage", "real_stage", "tried"]

PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
ORIGINS = {"gunicorn": ("gunicorn-gthread", "wsgi"), "uvicorn": ("uvicorn", "asgi")}
"""A kind of tests/servers.py, and its protocol, for each server."""

# proxy_cache_lock: nginx has answered a HEAD before it has stored the whole answer; a GET that follows waits for that
NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    proxy_cache_path cache keys_zone=all:4m;
    server {{
        listen {host}:{port};
        location / {{
            proxy_pass http://{host}:{origin};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_cache all;
            proxy_cache_key $request_uri{slice_key};
            proxy_cache_revalidate on;
            proxy_cache_background_update on;
            proxy_cache_lock on; proxy_cache_lock_age 100s; proxy_cache_lock_timeout 100s;
            proxy_force_ranges off;
            {slices}
        }}
    }}
}}
"""
SLICES = "slice 32k; proxy_set_header Range $slice_range;"
# default_ttl: a time is not guessed; default_grace: only the application says that a stale answer may be sent;
# default_keep: stale answers are validated, not dropped
VARNISH = """vcl 4.1;
backend default {{ .host = "{host}"; .port = "{origin}"; }}
"""
PARAMETERS = {"default_ttl": "0", "default_grace": "0", "default_keep": "600"}


def nginx(folder: Path, port: int, origin: int, *, slices: bool = False) -> list[str]:
    """The command of nginx with `proxy_cache`."""
    (folder / "nginx.conf").write_text(
        NGINX.format(
            host=HOST,
            port=port,
            origin=origin,
            slices=SLICES if slices else "",
            slice_key="$slice_range" if slices else "",
        )
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def nginx_with_slices(folder: Path, port: int, origin: int) -> list[str]:
    """The command of nginx that asks for slices."""
    return nginx(folder, port, origin, slices=True)


def varnish(folder: Path, port: int, origin: int) -> list[str]:
    """The command of Varnish with its own VCL."""
    (folder / "default.vcl").write_text(VARNISH.format(host=HOST, origin=origin))
    parameters = [word for pair in PARAMETERS.items() for word in ("-p", "=".join(pair))]
    at = ["-a", f"{HOST}:{port}", "-f", str(folder / "default.vcl"), "-s", "malloc,64m", "-n", str(folder / "varnish")]
    return ["varnishd", "-F", *at, "-j", "none", *parameters]


CACHES: dict[str, Callable[[Path, int, int], list[str]]] = {
    "nginx": nginx,
    "nginx slices": nginx_with_slices,
    "varnish": varnish,
}
"""The command of each cache, which listens at a port and asks another one."""
PROGRAMS = {"nginx": "nginx", "nginx slices": "nginx", "varnish": "varnishd"}


def installed() -> list[str]:
    """The names of the caches that this machine has."""
    return [name for name in CACHES if shutil.which(PROGRAMS[name], path=PATH)]


def version(name: str) -> str:
    """The version that the program says."""
    program = PROGRAMS[name]
    found = subprocess.run([program, "-v" if program == "nginx" else "-V"], capture_output=True, text=True,
                           check=False, env={**os.environ, "PATH": PATH})  # fmt: skip
    first = (found.stderr + found.stdout).splitlines()[0]
    return first.partition("nginx/")[2] or first.partition("varnish-")[2].partition(" ")[0]


class Running:
    """A server with a cache before it, in a folder of its own. Both end with the block."""

    def __init__(self, cache: str, server: str, *, peer: bool = False) -> None:
        self.cache, self.server, self.peer = cache, server, peer
        self._stack = ExitStack()

    def __enter__(self) -> Running:
        with ExitStack() as stack:
            self.home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cardan-cache-")))
            self.home.chmod(0o755)
            self.folder, self.log_file = self.home / "files", self.home / "requests.log"
            self.folder.mkdir()
            self.log_file.touch()
            kind, protocol = ORIGINS[self.server]
            target = f"proof.caches_site:{'peer' if self.peer else 'cardan'}_{protocol}"
            variables = {"CACHE_SITE": str(self.folder), "CACHE_LOG": str(self.log_file)}
            if self.peer:
                variables["CACHE_PEERS"] = "1"
            origin = start(kind, target, app_dir=Path(__file__).parents[1], log_dir=self.home, **variables)
            stack.callback(origin.stop)
            self.origin, self.port = origin.port, free_port()
            stack.enter_context(running(CACHES[self.cache](self.home, self.port, self.origin), self.port, self.home))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def log(self) -> list[Line]:
        """The requests that the cache has sent to the application."""
        lines = (line.split(" ") for line in self.log_file.read_text().splitlines())
        return [Line(method, target, int(status), int(sent)) for method, target, status, sent in lines]

    def ask(self, method: str, target: str, fields: dict[str, str], body: bytes = b"") -> Answer:
        """Ask the cache."""
        return asked(self.port, method, target, fields, body)

    def direct(self, method: str, target: str, fields: dict[str, str], body: bytes = b"") -> Answer:
        """Ask the application, which does not count it."""
        return asked(self.origin, method, target, {**fields, "X-Direct": "1"}, body)


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """A cache that listens; it and its children are killed at the end of the block."""
    log = folder / "cache.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            env={**os.environ, "PATH": PATH},
        )  # fmt: skip
    guard.terminate(process.pid)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                asked(port, "HEAD", "/", {"X-Direct": "1"}, b"")
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} did not start: {log.read_text()}") from None
                time.sleep(0.1)
        yield
    finally:
        process.terminate()  # Varnish ends its child itself
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        guard.forget(process.pid)


def asked(port: int, method: str, target: str, fields: dict[str, str], body: bytes) -> Answer:
    """The answer of a server; its content coding stays."""
    line = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        # no fields of http.client's own: without Accept-Encoding any coding is as good
        line.putrequest(method, target, skip_accept_encoding=True)
        for name, value in ({"Content-Length": str(len(body))} if body else {}).items() | fields.items():
            line.putheader(name, value)
        line.endheaders(body or None)
        answer = line.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        line.close()


def real_stage(there: Running) -> Stage:
    """A stage with running servers, in real time."""
    return Stage(there.cache, there.ask, there.direct, there.folder, there.log, time.sleep)


@contextmanager
def model_stage(
    folder: Path, protocol: ProtocolName, change: Callable[[str, dict[str, str]], None] | None = None
) -> Iterator[Stage]:
    """A stage in this process: the model of a cache calls the application. Its time passes only in ``wait()``.

    ``change`` may change the fields of a request before the application gets them. The tests use it to cause faults.
    """
    lines: list[Line] = []

    def count(method: str, target: str, status: int, sent: int) -> None:
        lines.append(Line(method, target, status, sent))

    app = site(folder)
    counted = counted_wsgi(app, count) if protocol == "wsgi" else counted_asgi(app, count)
    with Client(counted, protocol, raise_app_exceptions=False) as client:
        client.headers.clear()

        def origin(method: str, target: str, fields: dict[str, str], body: bytes) -> Answer:
            fields = dict(fields)
            if change is not None:
                change(target, fields)
            with client.stream(method, target, headers=fields, content=body or None) as response:
                got = b"".join(response.iter_raw())
                return Answer(response.status_code, dict(response.headers.items()), got)

        cache = Cache(origin)

        def wait(seconds: float) -> None:
            cache.now += seconds

        def direct(method: str, target: str, fields: dict[str, str], body: bytes) -> Answer:
            return origin(method, target, {**fields, "X-Direct": "1"}, body)

        yield Stage("model", cache.ask, direct, folder, lambda: lines, wait)


def tried(stage: Stage, rows: dict[str, Callable[[Stage], object]]) -> tuple[int, list[str]]:
    """How many requests were sent through the cache, and what was wrong."""
    for name, row in rows.items():
        stage.name = name
        row(stage)
    return stage.asked, stage.wrong


class Figures(NamedTuple):
    """How much work a cache has saved an application."""

    asked: int
    reached: int
    sent: int

    def __str__(self) -> str:
        return (
            f"{self.asked} requests, {self.asked - self.reached} answered by the cache alone; "
            f"{self.reached} reached the application, which sent {self.sent:,} bytes"
        )


def work(there: Running) -> Figures:
    """The same requests for every application: files of 100 kB that are asked for, get stale, and change."""
    stage = real_stage(there)
    for turn in range(2):
        for stage.name in ("a.txt", "b.png", "c.css"):
            stage.write(BIG[turn:])
        for path in ("/long/{}", "/short/{}", "/ask/{}"):
            for stage.name in ("a.txt", "b.png", "c.css"):
                there_now = stage.through(path)
                known = there_now.headers.get("etag", "")
                for fields in (
                    {}, {"Range": "bytes=100-199"}, {"If-None-Match": known}, {"Range": "bytes=0-9", "If-Range": known},
                    {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "gzip"},
                ):  # fmt: skip
                    stage.through(path, "GET", fields)
                stage.through(path, "HEAD")
        for _ in range(2):
            stage.wait(2.2)
            for stage.name in ("a.txt", "b.png", "c.css"):
                stage.through("/short/{}")
        stage.wait(2.2)
    lines = there.log()
    return Figures(stage.asked, len(lines), sum(line.sent for line in lines))


def main() -> int:
    """Try all rows, and compare the libraries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("rows", "peers"), help="only the rows, or only the comparison")
    part = parser.parse_args().part
    failed = part != "peers" and not rows_hold()
    if part != "rows":
        beside_peers()
    return int(failed)


def rows_hold() -> bool:
    """Try all rows on all caches, and write how many requests there were."""
    rows: list[dict[str, object]] = []
    failed = False

    def note(what: str, stage: Stage, table: dict[str, Callable[[Stage], object]]) -> None:
        nonlocal failed
        count, wrong = tried(stage, table)
        print(*wrong, f"{what}: {count} requests in {len(table)} rows, {len(wrong)} wrong", sep="\n", flush=True)
        rows.append({"what": what, "trials": count, "differences": len(wrong)})
        failed = failed or bool(wrong)

    for protocol in ("wsgi", "asgi"):
        with tempfile.TemporaryDirectory() as folder, model_stage(Path(folder), protocol) as stage:
            note(f"a model of RFC 9111 on {protocol}", stage, ROWS)
    found = installed()
    print("not installed:", ", ".join(sorted(set(CACHES) - set(found))) or "nothing", flush=True)
    for cache in found:
        table = SLICED if cache == "nginx slices" else ROWS
        for server in ORIGINS:
            with Running(cache, server) as there:
                note(f"{cache} {version(cache)} before {server}", real_stage(there), table)
    record("caches", "python -m proof.caches", rows, packages=("gunicorn", "uvicorn"))
    return not failed


def beside_peers() -> None:
    """Ask for the files of cardan and of its peers, and write what has reached each application."""
    figures: list[dict[str, object]] = []
    for cache in installed():
        if cache == "nginx slices":
            continue
        for server, peer in (("gunicorn", "Werkzeug"), ("uvicorn", "Starlette")):
            for name in ("cardan", peer):
                with Running(cache, server, peer=name == peer) as there:
                    figure = work(there)
                print(f"{name}, {cache} before {server}: {figure}", flush=True)
                figures.append({"what": f"{name}, {cache} before {server}", "figure": str(figure)})
    if figures:
        packages = ("gunicorn", "uvicorn", "werkzeug", "starlette")
        record("caches_peers", "python -m proof.caches", figures, packages=packages)
    else:
        print("nothing is compared: neither nginx nor varnishd is installed (apt-get install nginx-light varnish)")


if __name__ == "__main__":
    sys.exit(main())
