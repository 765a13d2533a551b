"""Early answers, as real clients see them: which client gets a response that is sent before its request was read.

    python benchmarks/early_answers.py [--repeat 3] [--drain 0] [--only "chromium,fetch,3 MB,hypercorn HTTP/2"]

Chromium, Firefox, curl and httpx upload 0.2, 3 and 64 MB to handlers that read nothing and answer 200, 303, 401 or 413,
under uvicorn, gunicorn (gthread), and hypercorn over HTTP/1.1 and HTTP/2. Browsers upload in three ways: ``fetch``,
``XMLHttpRequest``, and a form that is submitted. ``--drain`` sets ``max_drain_size`` and ``--seconds`` sets
``drain_timeout``; ``--drain 0`` shows what happens without a drain. ``--only`` picks clients, ways, sizes and servers,
``granian`` and ``uvicorn h11`` among them. Clients that are not installed are left out: ``apt-get install chromium
chromium-driver firefox-esr curl`` brings them. ``EARLY_DEBUG=1`` prints what a client got in place of an answer.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cardan import Application, Request, Response, abort, redirect
from cardan.exceptions import NotFound

SIZES = {"0.2 MB": 200_000, "3 MB": 3_000_000, "64 MB": 64_000_000}
STATUSES = (200, 303, 401, 413)
HOST = "127.0.0.1"
#: seconds after which a client is taken not to have got an answer
PATIENCE = int(os.environ.get("EARLY_PATIENCE") or 40)

#: the browsers' own pages for a connection that broke
BROKEN = "/^(chrome-error|about:neterror)/"

PAGE = """<!doctype html><title>page</title><script>
const make = size => new Blob([new Uint8Array(size)]);
async function viaFetch(path, size) {
  const answer = await fetch(path, {method: "POST", body: make(size)});
  return answer.text();
}
function viaXHR(path, size) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.onload = () => resolve(request.responseText);
    request.onerror = () => reject(new Error("XHR failed"));
    request.open("POST", path);
    request.send(make(size));
  });
}
function viaForm(path) {
  const form = document.forms[0];
  form.action = path;
  form.submit();
}
</script><form method="post" enctype="multipart/form-data"><input type="file" name="file"></form>"""


# --- what is served ---


class EarlyRequest(Request):
    """A request with a small limit, and the bounds for draining of the command line."""

    max_content_length = 1000
    max_drain_size = int(os.environ.get("EARLY_DRAIN") or Request.max_drain_size)
    drain_timeout = float(os.environ.get("EARLY_SECONDS") or Request.drain_timeout)


class Early(Application[EarlyRequest]):
    """An application that answers without reading the body."""

    def on_error(self, request: EarlyRequest, error: Any) -> Response:
        """A page that shows the status."""
        return answer(error.code)


def answer(status: int) -> Response:
    return Response(f"<!doctype html><title>answer</title>answer {status}", status, mimetype="text/html")


def handler(request: EarlyRequest) -> Response:
    """``/200``, ``/303``, ``/401`` and ``/413`` answer early. ``/page`` has the scripts for the browsers."""
    match request.path:
        case "/page":
            return Response(PAGE, mimetype="text/html")
        case "/200":
            return answer(200)
        case "/303":
            return redirect("/target", 303)
        case "/target":
            return answer(303)
        case "/401":
            abort(401)
        case "/413":
            request.get_data()
    raise NotFound


async def async_handler(request: EarlyRequest) -> Response:
    """The same as ``async def``."""
    if request.path == "/413":
        await request.load()
    return handler(request)


wsgi = Early(handler, request_class=EarlyRequest)
asgi = Early(async_handler, request_class=EarlyRequest)


# --- servers ---

SERVERS: dict[str, tuple[str, list[str]]] = {
    "uvicorn": ("http", ["uvicorn", "--host", HOST, "--port", "{port}", "early_answers:asgi"]),
    "uvicorn h11": ("http", ["uvicorn", "--http", "h11", "--host", HOST, "--port", "{port}", "early_answers:asgi"]),
    "granian": ("http", ["granian", "--interface", "asgi", "--host", HOST, "--port", "{port}", "early_answers:asgi"]),
    "gunicorn gthread": (
        "http",
        ["gunicorn", "--no-control-socket", "-k", "gthread", "--threads", "8", "--bind", HOST + ":{port}",
         "early_answers:wsgi"],
    ),
    "hypercorn": ("http", ["hypercorn", "--bind", HOST + ":{port}", "early_answers:asgi"]),
    "hypercorn HTTP/2": (
        "https",
        ["hypercorn", "--certfile", "{cert}", "--keyfile", "{key}", "--bind", HOST + ":{port}", "early_answers:asgi"],
    ),
}  # fmt: skip


#: those that are asked for by name
FURTHER = ("uvicorn h11", "granian")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(name: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The URL of a running server."""
    scheme, command = SERVERS[name]
    port = free_port()
    cert, key = folder / "cert.pem", folder / "key.pem"
    if scheme == "https" and not cert.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-keyout", str(key), "-out", str(cert)],
            check=True, capture_output=True,
        )  # fmt: skip
    filled = [part.format(port=port, cert=cert, key=key) for part in command]
    with (folder / f"{name.replace('/', '')}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *filled],
            cwd=Path(__file__).parent, env={**os.environ, **environment}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection((HOST, port), 1).close()
                break
            time.sleep(0.05)
        yield f"{scheme}://{HOST}:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# --- clients: each sends ``size`` bytes to ``url`` and says what it got ---


def data_of(size: int, folder: Path) -> Path:
    """A file of ``size`` bytes."""
    file = folder / f"{size}.bin"
    if not file.exists():
        file.write_bytes(bytes(size))
    return file


def with_curl(url: str, size: int, folder: Path) -> str:
    # the status tells: over HTTP/2 curl may have the whole answer, and neither follow it nor end
    command = ["curl", "--silent", "--insecure", "--max-time", "8", "--write-out", "answer %{http_code}"]
    command += ["--data-binary", f"@{data_of(size, folder)}", url]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def with_httpx(url: str, size: int, folder: Path) -> str:
    import httpx

    http2 = url.startswith("https")
    try:
        with httpx.Client(http2=http2, verify=False, follow_redirects=True, timeout=PATIENCE) as client:
            # in pieces: over HTTP/2 httpx copies what is left of one with each frame
            pieces = (bytes(min(65536, size - sent)) for sent in range(0, size, 65536))
            return client.post(url, content=pieces, headers={"Content-Length": str(size)}).text
    except httpx.HTTPError as error:
        return repr(error)


class Chromium:
    """Debian's Chromium, through chromium-driver."""

    def __init__(self, folder: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        options.page_load_strategy = "none"
        options.accept_insecure_certs = True
        for flag in (
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
            f"--user-data-dir={folder / 'chromium'}",
        ):  # fmt: skip
            options.add_argument(flag)
        self._driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self._driver.set_script_timeout(PATIENCE)
        self.version = f"Chromium {self._driver.capabilities['browserVersion']}"

    def open(self, url: str) -> None:
        self._driver.get(url)

    def run(self, script: str) -> Any:
        return self._driver.execute_script(script)

    def run_async(self, script: str) -> Any:
        return self._driver.execute_async_script(script)

    def choose(self, file: Path) -> None:
        self._driver.find_element("css selector", "input").send_keys(str(file))

    def quit(self) -> None:
        self._driver.quit()


class Firefox:
    """Firefox, controlled by its own Marionette protocol, because there is no package with geckodriver."""

    def __init__(self, folder: Path) -> None:
        import json

        self._json = json
        profile = folder / "firefox"
        profile.mkdir()
        prefs = {
            "marionette.port": 0, "browser.shell.checkDefaultBrowser": False, "app.update.auto": False,
            "app.update.enabled": False, "datareporting.policy.dataSubmissionEnabled": False,
            "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
            "extensions.update.enabled": False, "browser.safebrowsing.downloads.enabled": False,
            "network.http.http3.enable": False, "dom.disable_open_during_load": False,
        }  # fmt: skip
        lines = (f'user_pref("{name}", {json.dumps(value)});' for name, value in prefs.items())
        (profile / "user.js").write_text("\n".join(lines))
        with (folder / "firefox.log").open("wb") as log:
            self._process = subprocess.Popen(
                [shutil.which("firefox-esr") or "firefox", "--headless", "--marionette", "--no-remote",
                 "--profile", str(profile)],
                stdout=log, stderr=log, env={**os.environ, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"},
            )  # fmt: skip
        port_file = profile / "MarionetteActivePort"
        for _ in range(600):
            if port_file.exists() and port_file.read_text().strip():
                break
            time.sleep(0.1)
        self._socket = socket.create_connection((HOST, int(port_file.read_text())), 60)
        self._file = self._socket.makefile("rb")
        self._number = 0
        self._read()
        capabilities = {"acceptInsecureCerts": True}
        session = self._call("WebDriver:NewSession", capabilities)
        self._call("WebDriver:SetTimeouts", {"script": PATIENCE * 1000})
        self.version = f"Firefox {session['capabilities']['browserVersion']}"

    def _read(self) -> Any:
        size = b""
        while (byte := self._file.read(1)) != b":":
            size += byte
        return self._json.loads(self._file.read(int(size)))

    def _call(self, command: str, values: dict[str, Any]) -> Any:
        self._number += 1
        message = self._json.dumps([0, self._number, command, values]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"{error['error']}: {error['message']}")
        return result

    def open(self, url: str) -> None:
        self._call("WebDriver:Navigate", {"url": url})

    def run(self, script: str) -> Any:
        return self._call("WebDriver:ExecuteScript", {"script": script, "args": [], "sandbox": None})["value"]

    def choose(self, file: Path) -> None:
        found = self._call("WebDriver:FindElement", {"using": "css selector", "value": "input"})["value"]
        self._call("WebDriver:ElementSendKeys", {"id": next(iter(found.values())), "text": str(file)})

    def run_async(self, script: str) -> Any:
        return self._call("WebDriver:ExecuteAsyncScript", {"script": script, "args": [], "sandbox": None})["value"]

    def quit(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(20)


def in_browser(browser: Chromium | Firefox, way: str) -> Callable[[str, int, Path], str]:
    """Upload from a page of the same server."""

    def wait_for(condition: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):  # between two pages there is no page that could answer
                if browser.run(f"return {condition}"):
                    return True
            time.sleep(0.02)
        return False

    def upload(url: str, size: int, folder: Path) -> str:
        page, _, path = url.rpartition("/")
        for _ in range(3):
            with contextlib.suppress(Exception):  # the result of the form before this one
                browser.open("about:blank")
                browser.open(f"{page}/page")
            if wait_for("document.title == 'page' && document.readyState == 'complete'", 10):
                break
        else:
            raise RuntimeError("the page did not open")
        try:
            if way == "form":
                browser.choose(data_of(size, folder))
                browser.run(f"viaForm('/{path}')")
                wait_for(f"document.title == 'answer' || {BROKEN}.test(document.documentURI)", PATIENCE)
                return str(browser.run("return document.documentURI + ' ' + document.body?.innerText"))
            name = {"fetch": "viaFetch", "XHR": "viaXHR"}[way]
            call = f"{name}('/{path}', {size}).then(done, error => done(String(error)))"
            return str(browser.run_async(f"const done = arguments[arguments.length - 1]; {call}"))
        except Exception as error:
            return repr(error)

    return upload


# --- the table ---


def clients(folder: Path, only: list[str]) -> Iterator[tuple[str, str, Callable[[str, int, Path], str]]]:
    """For each client: its name with the version, how it sends, and a function that uploads."""
    wanted = lambda name: not only or name in only  # noqa: E731
    if wanted("curl") and shutil.which("curl"):
        version = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
        yield f"curl {version}", "", with_curl
    if wanted("httpx"):
        import httpx

        yield f"httpx {httpx.__version__}", "", with_httpx
    for name, program, kind in (("chromium", "chromium", Chromium), ("firefox", "firefox-esr", Firefox)):
        if wanted(name) and shutil.which(program):
            browser: Chromium | Firefox = kind(folder)
            try:
                for way in ("fetch", "XHR", "form"):
                    if not {"fetch", "XHR", "form"} & set(only) or way in only:
                        yield browser.version, way, in_browser(browser, way)
            finally:
                browser.quit()


def cell(seen: dict[tuple[str, int], int], repeat: int) -> str:
    """``all``, or the statuses that were seen less often, such as ``3 MB: 200 0/3 303 1/3``."""
    lost: dict[str, list[str]] = {}
    for (size, status), number in seen.items():
        if number < repeat:
            lost.setdefault(size, []).append(f"{status} {number}/{repeat}")
    return "; ".join(f"{size}: {' '.join(statuses)}" for size, statuses in lost.items()) or "all"


def versions() -> str:
    names = ("uvicorn", "gunicorn", "hypercorn")
    return ", ".join(f"{name} {version(name)}" for name in names) + f", Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--drain", default="", help="max_drain_size in bytes")
    parser.add_argument("--seconds", default="", help="drain_timeout")
    parser.add_argument("--only", default="", help="clients, ways, servers and sizes, separated by commas")
    options = parser.parse_args()
    only = [part.strip() for part in options.only.split(",") if part.strip()]
    servers = [name for name in SERVERS if (name in only if set(SERVERS) & set(only) else name not in FURTHER)]
    sizes = {name: size for name, size in SIZES.items() if not set(SIZES) & set(only) or name in only}
    some = [part for part in only if part in ("curl", "httpx", "chromium", "firefox", "fetch", "XHR", "form")]
    environment = {"EARLY_DRAIN": options.drain, "EARLY_SECONDS": options.seconds}
    lost = 0
    print(f"{datetime.date.today()}, {versions()}; {', '.join(sizes)}; {options.repeat} uploads of each status")
    print(f"\n| client | way | {' | '.join(servers)} |\n| --- | --- |{' --- |' * len(servers)}", flush=True)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        urls = {server: stack.enter_context(serving(server, folder, environment)) for server in servers}
        if not some or {"fetch", "XHR", "form"} >= set(some):
            some += ["curl", "httpx", "chromium", "firefox"]
        for client, way, upload in clients(folder, some):
            cells = []
            for server, url in urls.items():
                seen = dict.fromkeys(((size, status) for size in sizes for status in STATUSES), 0)
                for size, status in seen:
                    for _ in range(options.repeat):
                        text = upload(f"{url}/{status}", sizes[size], folder)
                        seen[size, status] += f"answer {status}" in text
                        if f"answer {status}" not in text and os.environ.get("EARLY_DEBUG"):
                            print(client, way, server, size, status, text[:300], file=sys.stderr)
                lost += sum(options.repeat - number for number in seen.values())
                cells.append(cell(seen, options.repeat))
            print(f"| {client} | {way} | {' | '.join(cells)} |", flush=True)
    print(f"\n{lost} answers were lost")


if __name__ == "__main__":
    main()
