"""A real browser uses the page of the demo, from both servers:

Debian's Chromium without a window, through chromium-driver.

The tests are skipped if it is not installed: ``apt-get install chromium chromium-driver``. .ci/run installs it if it
can.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import invisibility_of_element, visibility_of
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
        """The running browser, on an empty page: the page of the last test keeps its answers if it is loaded again."""
        if self._browser is None:
            self._browser = start_browser(self._make_folder("profile"))
        self._browser.get("about:blank")
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


def first(browser: webdriver.Chrome, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, selector)


def texts(browser: webdriver.Chrome, selector: str) -> list[str]:
    """The texts of all elements, read at once: the page may replace them at any time."""
    script = "return [...document.querySelectorAll(arguments[0])].map(each => each.innerText.trim())"
    found: list[str] = browser.execute_script(script, selector)
    return found


def protocol_shown(browser: webdriver.Chrome) -> str | None:
    """The protocol over which the page came, None while it is loading."""
    protocol: str | None = browser.execute_script("return document.body?.dataset.protocol")
    return protocol


def until(browser: webdriver.Chrome, condition: Callable[[webdriver.Chrome], object]) -> None:
    WebDriverWait(browser, SECONDS, poll_frequency=0.02).until(condition)


def fill_in(browser: webdriver.Chrome, url: str, *paths: Path) -> None:
    """Open the page, type the texts and choose the files; do not click on a button."""
    browser.get(url)
    by_id(browser, "name").send_keys("Ada Lovelace")
    by_id(browser, "message").send_keys("first line\nsecond <b>line</b>")
    if paths:
        by_id(browser, "files").send_keys("\n".join(map(str, paths)))


def both_answered(place: str) -> Callable[[webdriver.Chrome], object]:
    """Whether both servers have answered, and the page shows it."""
    return lambda browser: texts(browser, f"#{place} .verdict") not in ([], [""])


def two_files(folder: Path) -> dict[Path, str]:
    """Two files and their checksums. The second file is so large that it is written to disk."""
    contents = {"photo é.png": bytes(range(256)) * 8, "data.bin": b"\r\n--cardan" * 120_000}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {folder / name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def assert_receipt(slip: str, hashes: dict[Path, str]) -> None:
    shown = slip.replace("\n", "")  # a checksum takes two lines
    for path, checksum in hashes.items():
        assert path.name in shown
        assert checksum in shown
    assert "Ada Lovelace" in shown
    assert "second <b>line</b>" in shown


def assert_both_receipts(browser: webdriver.Chrome, hashes: dict[Path, str]) -> None:
    """Both receipts are there and equal. Only the names of the servers are marked."""
    until(browser, both_answered("receipts"))
    assert texts(browser, "#receipts .verdict")[0].startswith("Equal byte by byte")
    assert texts(browser, "#receipts .sign") == ["="]
    slips = texts(browser, "#receipts .slip")
    assert [slip.partition("\n")[0] for slip in slips] == ["WSGI", "ASGI"]
    for slip in slips:
        assert_receipt(slip, hashes)
    assert [mark.partition("/")[0] for mark in texts(browser, "#receipts mark")] == ["gunicorn", "uvicorn"]


@with_browser
def test_the_same_form_over_both(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """The chosen files are listed. After a click, both receipts are side by side, with the time of each upload. What
    differs is marked: the servers. A form that goes to one server changes one receipt, and the difference is marked.
    """
    hashes = two_files(tmp_path)
    fill_in(browser, address[1], *hashes)
    assert "data.bin\n1.2 MB" in by_id(browser, "chosen").text
    first(browser, "#actions .main").click()
    assert_both_receipts(browser, hashes)
    for slip in texts(browser, "#receipts .slip"):
        assert re.search(
            r"Upload\n[0-9.]+ m?s, [0-9.]+ [kMG]?B/s\nHandler\n[0-9.]+ m?s\nAnswer after\n[0-9.]+ m?s", slip
        )
    by_id(browser, "name").send_keys(" and others")
    first(browser, "#actions button[value=WSGI]").click()
    until(browser, lambda _: texts(browser, "#receipts .sign") == ["≠"])
    assert [mark for mark in texts(browser, "#receipts mark") if "Ada" in mark] == [
        "Ada Lovelace and others",
        "Ada Lovelace",
    ]


@with_browser
def test_drop(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """Files that are dropped on the drop zone are chosen, and are sent like other files."""
    hashes = two_files(tmp_path)
    fill_in(browser, address[1])
    zone = first(browser, ".drop")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", zone)
    box = browser.execute_script("return arguments[0].getBoundingClientRect()", zone)
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in hashes], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "drop"):
        browser.execute_cdp_cmd("Input.dispatchDragEvent", {"type": step, **place, "data": data})
    until(browser, visibility_of(by_id(browser, "chosen")))
    first(browser, "#actions .main").click()
    assert_both_receipts(browser, hashes)


@with_browser
def test_progress_and_cancel(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """During a large upload over a slow line, the progress bar appears and moves. After the upload is cancelled, the
    form has its old values, and can be sent again.
    """
    content = bytes(6_000_000)
    (tmp_path / "large.bin").write_bytes(content)
    fill_in(browser, address[1], tmp_path / "large.bin")
    progress, bar = first(browser, "#receipts .progress"), first(browser, "#receipts progress")
    assert not progress.is_displayed()
    browser.set_network_conditions(latency=1, download_throughput=10_000_000, upload_throughput=1_000_000)
    try:
        first(browser, "#actions .main").click()
        until(browser, visibility_of(progress))
        until(browser, lambda _: 0 < float(bar.get_attribute("value") or 0) < 1)
        assert "Sending over WSGI" in progress.text
        assert "/ 6 MB" in progress.text
        first(browser, "#receipts .cancel").click()
        until(browser, invisibility_of_element(progress))
    finally:
        browser.delete_network_conditions()
    assert texts(browser, "#receipts .failed") == [""]
    assert by_id(browser, "name").get_property("value") == "Ada Lovelace"
    first(browser, "#actions .main").click()
    assert_both_receipts(browser, {tmp_path / "large.bin": hashlib.sha256(content).hexdigest()})


@with_browser
def test_a_server_that_does_not_answer_and_a_file_that_is_gone(
    browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path
) -> None:
    """If a server cannot be reached, the page says which one, and shows the receipt of the other one only. If a file
    cannot be read any more, the page says so.
    """
    path = tmp_path / "gone.bin"
    path.write_bytes(bytes(100))
    fill_in(browser, address[1], path)
    path.unlink()
    first(browser, "#actions .main").click()
    until(browser, lambda _: "A file cannot be read" in texts(browser, "#receipts .failed")[0])
    browser.get(address[1])
    first(browser, "#actions .main").click()
    until(browser, both_answered("receipts"))
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/receipt*"]})
    try:
        first(browser, "#actions button[value=ASGI]").click()
        until(browser, lambda _: texts(browser, "#receipts .failed") == ["The ASGI server does not answer."])
        wsgi, asgi = texts(browser, "#receipts .slip")
        assert "gunicorn" in wsgi
        assert "No answer yet." in asgi
        assert texts(browser, "#receipts .verdict") == [""]
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        browser.execute_cdp_cmd("Network.disable", {})
        browser.get_log("browser")  # Chromium notes the blocked request there


@with_browser
def test_too_much(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """What is larger than the limit is not sent: the script says so in the language of the page. If it is sent anyway,
    the 413 of each server reaches the page, in this language and equal byte by byte.
    """
    browser.get(address[1] + "?language=de")
    try:
        requests = (
            "return performance.getEntriesByType('resource').filter(each => each.name.includes('receipt')).length"
        )
        by_id(browser, "too-much").click()
        failed = first(browser, "#refusals .failed")
        until(browser, lambda _: "110 MB sind mehr als die 100 MB, die der Server annimmt" in failed.text)
        assert browser.execute_script(requests) == 0
        failed.find_element(By.TAG_NAME, "button").click()
        until(browser, both_answered("refusals"))
        for slip in texts(browser, "#refusals .slip"):
            assert "413\nDas ist zu viel\nDer Server nimmt höchstens 100 MB (max_content_length) an." in slip.replace(
                "\n(", " ("
            )
        assert texts(browser, "#refusals .sign") == ["="]
        assert [mark.partition("/")[0] for mark in texts(browser, "#refusals mark")] == ["gunicorn", "uvicorn"]
    finally:
        browser.get(address[1] + "?language=")
        browser.get_log("browser")  # Chromium notes each 413 there


@with_browser
def test_events(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """The two servers send twelve events each while the page listens, and the dials make one turn. Then the page has
    closed its connections.
    """
    browser.get(address[1])
    by_id(browser, "listen").click()
    until(browser, lambda _: len(texts(browser, "#streamed span")) == 2)
    assert sorted(texts(browser, "#streamed span")) == ["12 events over ASGI.", "12 events over WSGI."]
    for hand in browser.find_elements(By.CSS_SELECTOR, ".hand"):
        assert hand.get_attribute("transform") == "rotate(360 50 50)"
    assert browser.execute_script("return sources.map(each => each.readyState)") == [2, 2]


@with_browser
def test_nothing_is_lost_when_going_back(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """A user who looks at the page of the other server and goes back finds the form, the files and the receipts as they
    were, also if the page was listening to events. After a reload the receipts are still there.
    """
    protocol, url = address
    hashes = two_files(tmp_path)
    fill_in(browser, url, *hashes)
    first(browser, "#actions .main").click()
    assert_both_receipts(browser, hashes)
    by_id(browser, "listen").click()
    first(browser, ".served a").click()
    until(browser, lambda _: protocol_shown(browser) != protocol)
    browser.back()
    until(browser, lambda _: protocol_shown(browser) == protocol)
    assert by_id(browser, "name").get_property("value") == "Ada Lovelace"
    assert "data.bin" in by_id(browser, "chosen").text
    assert_both_receipts(browser, hashes)
    browser.refresh()
    assert_both_receipts(browser, hashes)


@with_browser
def test_with_the_keyboard_alone(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """The Tab key reaches everything that can be used, in the order of the page, and each has a visible ring. The Enter
    key in a field sends the form over both servers.
    """
    protocol, url = address
    browser.get(url)
    reached = []
    for _ in range(17):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        active = browser.switch_to.active_element
        ringed = browser.execute_script("return arguments[0].closest('.drop') ?? arguments[0]", active)
        assert ringed.value_of_css_property("outline-style") == "solid", active.get_attribute("outerHTML")
        assert ringed.value_of_css_property("outline-width") == "3px"
        reached.append(active.get_attribute("id") or active.get_attribute("aria-label") or active.text)
    other = "WSGI" if protocol == "ASGI" else "ASGI"
    assert reached == [
        "as my browser asks", "English", "Deutsch", "Français", f"See it over {other}",
        "name", "message", "files", "Send over both", "Send over WSGI", "Send over ASGI", "receipt", "From a terminal:",
        "too-much", "UploadRequest", "listen", "turn",
    ]  # fmt: skip
    name = by_id(browser, "name")
    name.send_keys("Ada Lovelace", Keys.ENTER)
    until(browser, both_answered("receipts"))
    assert [mark.partition("/")[0] for mark in texts(browser, "#receipts mark")] == ["gunicorn", "uvicorn"]


@with_browser
def test_in_narrow_windows_and_enlarged(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """At a width of 320 pixels, and at 200 % zoom, nothing but code has to be scrolled sideways, and all that can be
    used has at least 24 pixels in both directions (WCAG 2.2, 1.4.10 and 2.5.8). At 1280 pixels the code fits, too.
    """
    hashes = two_files(tmp_path)
    fill_in(browser, address[1], *hashes)
    first(browser, "#actions .main").click()
    until(browser, both_answered("receipts"))
    small = """return [...document.querySelectorAll("a, button, input, textarea")]
        .filter(each => each.checkVisibility()).map(each => [each.outerHTML, each.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
    try:
        for width, scale in [(320, 1), (640, 2), (1280, 1)]:
            metrics = {"width": width, "height": 800, "deviceScaleFactor": scale, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth"), width
            assert browser.execute_script(small) == [], width
        code = "return [...document.querySelectorAll('figure pre')].map(each => each.scrollWidth <= each.clientWidth)"
        assert browser.execute_script(code) == [True, True, True]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@with_browser
def test_without_scripts(with_scripts: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """Without JavaScript, the browser sends the form itself, to this server or to the other one, and shows the receipt
    as a page. Going back shows the form as it was. A file that is too large gives the 413 of this server as a page.
    Buttons that need a script are not shown.
    """
    mine, url = address
    browser = start_browser(Path(mkdtemp(dir=tmp_path)), javascript=False)
    try:
        hashes = two_files(tmp_path)
        fill_in(browser, url, *hashes)
        assert not by_id(browser, "too-much").is_displayed()
        assert not by_id(browser, "listen").is_displayed()
        for protocol, server in [("WSGI", "gunicorn"), ("ASGI", "uvicorn")]:
            first(browser, f"#actions button[value={protocol}]").click()
            until(browser, lambda _: texts(browser, ".slip"))
            (slip,) = texts(browser, ".slip")
            assert_receipt(slip, hashes)
            assert slip.startswith(f"{protocol}\nServer\n{server}/")
            browser.back()
            until(browser, lambda _: texts(browser, "#form"))
            assert by_id(browser, "name").get_attribute("value") == "Ada Lovelace"
        with (tmp_path / "large.bin").open("wb") as large:
            large.truncate(101_000_000)
        by_id(browser, "files").send_keys(str(tmp_path / "large.bin"))
        first(browser, f"#actions button[value={mine}]").click()
        until(browser, lambda _: texts(browser, ".error .code") == ["413"])
        assert "That is too much" in texts(browser, ".error")[0]
        assert protocol_shown(browser) == mine
    finally:
        browser.quit()


@with_browser
def test_nothing_is_wrong_in_the_console(browser: webdriver.Chrome, address: tuple[str, str], tmp_path: Path) -> None:
    """The browser console shows no script error, and nothing that the page's Content-Security-Policy has blocked."""
    browser.get_log("browser")
    browser.get(address[1])
    first(browser, "#actions .main").click()
    until(browser, both_answered("receipts"))
    assert browser.get_log("browser") == []
