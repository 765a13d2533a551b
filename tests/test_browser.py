"""A real browser fills in the form of the demo, on both servers:

Debian's Chromium without a window, through chromium-driver.

The tests are skipped if it is not installed: ``apt-get install chromium chromium-driver``. .ci/run installs it if it
can.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import (
    invisibility_of_element,
    presence_of_element_located,
    visibility_of,
)
from selenium.webdriver.support.wait import WebDriverWait
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium.webdriver.remote.webelement import WebElement

    from tests.servers import Demo

pytestmark = [pytest.mark.real_server, pytest.mark.browser]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1100,900",
    "--lang=en-GB",
]
SECONDS = 30
ANSWER_SECONDS = 8
RESULT = (By.CSS_SELECTOR, "article.result")


def start_browser(profile: Path, *, javascript: bool = True) -> webdriver.Chrome:
    """Start a browser with a new profile. It waits ``ANSWER_SECONDS`` for each answer. Skips if there is none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no browser: chromium and chromium-driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.accept_insecure_certs = True
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    executor = browser.command_executor
    assert not isinstance(executor, str)
    executor.client_config.timeout = ANSWER_SECONDS  # selenium's default is longer than that of the hang guard
    return browser


class Browsers:
    """One browser for all tests of the module. It is replaced by a new one if it hangs."""

    def __init__(self, make_folder: Callable[[str], Path]) -> None:
        self._make_folder = make_folder
        self._browser: webdriver.Chrome | None = None

    def get(self) -> webdriver.Chrome:
        """The running browser."""
        if self._browser is None:
            self._browser = start_browser(self._make_folder("profile"))
        return self._browser

    def end(self, *, answers: bool = True) -> None:
        """End the browser, by force if it does not answer."""
        browser, self._browser = self._browser, None
        if browser is not None and answers:
            browser.quit()
        elif browser is not None:
            browser.service.process.kill()


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsers]:
    browsers = Browsers(tmp_path_factory.mktemp)
    yield browsers
    browsers.end()


def with_browser(test: Callable[[webdriver.Chrome, tuple[str, str], Path], None]) -> Callable[..., None]:
    """Run ``test``, and run it once more if the browser hangs: this is a fault of the machine and not of the page."""

    def run(browsers: Browsers, address: tuple[str, str], tmp_path: Path) -> None:
        try:
            test(browsers.get(), address, tmp_path)
        except HTTPError:
            browsers.end(answers=False)
            test(browsers.get(), address, tmp_path)

    run.__doc__ = test.__doc__
    return run


@pytest.fixture(params=["ASGI", "WSGI"])
def address(request: pytest.FixtureRequest, demo: Demo) -> tuple[str, str]:
    """The protocol, and the URL at which the demo answers over it."""
    return request.param, demo.asgi_url if request.param == "ASGI" else demo.wsgi_url


def by_id(browser: webdriver.Chrome, name: str) -> WebElement:
    return browser.find_element(By.ID, name)


def fill_in(browser: webdriver.Chrome, url: str, *paths: Path) -> None:
    """Open the page, type the texts and choose the files; do not click on the button."""
    browser.get(url)
    by_id(browser, "name").send_keys("Ada Lovelace")
    by_id(browser, "message").send_keys("first line\nsecond <b>line</b>")
    if paths:
        by_id(browser, "files").send_keys("\n".join(map(str, paths)))


def result(browser: webdriver.Chrome) -> WebElement:
    return WebDriverWait(browser, SECONDS).until(presence_of_element_located(RESULT))


def two_files(folder: Path) -> dict[Path, str]:
    """Two files and their checksums. The second file is so large that it is written to disk."""
    contents = {"photo é.png": bytes(range(256)) * 8, "data.bin": b"\r\n--cardan" * 120_000}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {folder / name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def assert_shown(browser: webdriver.Chrome, protocol: str, hashes: dict[Path, str]) -> None:
    shown = result(browser).text
    for path, checksum in hashes.items():
        assert path.name in shown
        assert checksum in shown
    assert "Ada Lovelace" in shown
    assert "second <b>line</b>" in shown
    assert by_id(browser, "served").get_attribute("data-protocol") == protocol


@with_browser
def test_two_files(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """The chosen files are listed; after the click, the page shows the right checksums, fields and cookie."""
    protocol, url = address
    hashes = two_files(tmp_path)
    browser.get(url)
    browser.delete_all_cookies()
    for visit in ("None came with this request", "visits\n1"):
        fill_in(browser, url, *hashes)
        assert "data.bin\n1.2 MB" in by_id(browser, "chosen").text
        by_id(browser, "send").click()
        assert_shown(browser, protocol, hashes)
        assert visit in result(browser).text


@with_browser
def test_drop(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """Files that are dropped on the drop zone are chosen, and are sent like other files."""
    protocol, url = address
    hashes = two_files(tmp_path)
    fill_in(browser, url)
    zone = browser.find_element(By.CSS_SELECTOR, ".drop")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", zone)
    box = browser.execute_script("return arguments[0].getBoundingClientRect()", zone)
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in hashes], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "drop"):
        browser.execute_cdp_cmd("Input.dispatchDragEvent", {"type": step, **place, "data": data})
    WebDriverWait(browser, SECONDS).until(visibility_of(by_id(browser, "chosen")))
    by_id(browser, "send").click()
    assert_shown(browser, protocol, hashes)


@with_browser
def test_progress(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """During a large upload over a slow line, the progress bar appears, moves, and is replaced by the result."""
    _, url = address
    content = bytes(6_000_000)
    (tmp_path / "large.bin").write_bytes(content)
    fill_in(browser, url, tmp_path / "large.bin")
    bar, figures = by_id(browser, "bar"), by_id(browser, "progress-figures")
    assert not bar.is_displayed()
    browser.set_network_conditions(latency=1, download_throughput=10_000_000, upload_throughput=3_000_000)
    try:
        by_id(browser, "send").click()
        wait = WebDriverWait(browser, SECONDS, poll_frequency=0.02)
        wait.until(visibility_of(bar))
        wait.until(lambda _: 0 < float(bar.get_attribute("value") or 0) < 1)
        assert "/ 6.0 MB" in figures.text
        assert hashlib.sha256(content).hexdigest() in result(browser).text
    finally:
        browser.delete_network_conditions()


@with_browser
def test_cancel(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """After an upload is cancelled, the form has its old values and can be sent again."""
    _, url = address
    (tmp_path / "large.bin").write_bytes(bytes(6_000_000))
    fill_in(browser, url, tmp_path / "large.bin")
    browser.set_network_conditions(latency=1, download_throughput=10_000_000, upload_throughput=500_000)
    try:
        by_id(browser, "send").click()
        wait = WebDriverWait(browser, SECONDS, poll_frequency=0.02)
        wait.until(visibility_of(by_id(browser, "cancel"))).click()
        wait.until(invisibility_of_element(by_id(browser, "progress")))
    finally:
        browser.delete_network_conditions()
    assert by_id(browser, "send").is_enabled()
    assert by_id(browser, "name").get_attribute("value") == "Ada Lovelace"
    assert not by_id(browser, "failed").is_displayed()


@with_browser
def test_without_scripts(with_scripts: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """Without JavaScript, the browser sends the form itself, and the result is the same."""
    protocol, url = address
    browser = start_browser(Path(mkdtemp(dir=tmp_path)), javascript=False)
    try:
        hashes = two_files(tmp_path)
        fill_in(browser, url, *hashes)
        by_id(browser, "send").click()
        assert_shown(browser, protocol, hashes)
    finally:
        browser.quit()


@with_browser
def test_nothing_is_wrong_in_the_console(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """The browser console shows no script error, and nothing that the page's Content-Security-Policy has blocked."""
    browser.get_log("browser")
    browser.get(address[1])
    assert browser.get_log("browser") == []
