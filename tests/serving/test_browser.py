"""The page in a browser: upload, choose, compare, download, cancel; on a phone and on a desk."""

import contextlib
import json
import os
import shutil
import subprocess
import time

import numpy as np
import pytest

from srcore.images import read_image, write_image
from srcore.plugin.manager import plugins
from srcore.serving.offered_models import Offered

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SETTINGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-proxy-server", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
PICTURES = os.environ.get("SRCORE_TEST_SCREENSHOTS")


class Browser:
    """Chromium, driven through the pipes of its debugging protocol: no further package is needed.

    Attributes:
        faults: what the page wrote to its console, and what it asked of other places.
    """

    def __init__(self, profile):
        from_us, self._to = os.pipe()
        self._from, to_us = os.pipe()

        def as_it_expects():
            ends = os.dup(from_us), os.dup(to_us)  # neither of them is 3 or 4 now
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [CHROMIUM, *SETTINGS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=as_it_expects,
            close_fds=False,
            stderr=subprocess.DEVNULL,
        )
        os.close(from_us)
        os.close(to_us)
        self._number, self._rest, self.faults, self._session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for part in ("Page", "Runtime", "DOM", "Log", "Network"):
            self.call(f"{part}.enable")

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]
            self._note(told)

    def _next(self):
        while b"\0" not in self._rest:
            piece = os.read(self._from, 1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def _note(self, told):
        kind, about = told.get("method"), told.get("params", {})
        if kind == "Runtime.exceptionThrown":
            self.faults.append(about["exceptionDetails"]["text"])
        elif kind == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.faults.append(about["entry"]["text"] + about["entry"].get("url", ""))
        elif kind == "Network.requestWillBeSent":
            url = about["request"]["url"]
            if not url.startswith(("http://127.0.0.1:", "blob:", "data:", "about:")):
                self.faults.append(url)

    def run(self, script):
        """The value of an expression; promises are awaited."""
        told = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, script, seconds=60):
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, (script, self.run("document.body.innerText"))
            time.sleep(0.05)

    def open(self, url, width):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        self.call("Page.navigate", url=url)
        self.until(
            "document.readyState === 'complete' && document.querySelectorAll('option').length"
        )

    def choose(self, file):
        """Put a file into the field for files."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def picture(self, name):
        """Take a screenshot, if somebody wants to look at the page."""
        if PICTURES:
            import base64

            taken = self.call("Page.captureScreenshot", captureBeyondViewport=True)
            with open(f"{PICTURES}/{name}.png", "wb") as file:
                file.write(base64.b64decode(taken["data"]))

    def close(self):
        with contextlib.suppress(OSError):
            os.close(self._to)
        self._process.kill()
        self._process.wait()
        os.close(self._from)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def page(serve, tmp_path_factory):
    """Address of a page with all that is installed, and two runs that have just begun."""
    runs = tmp_path_factory.mktemp("runs")
    for name in ("first & only", "second"):
        (runs / name).mkdir()
        (runs / name / "experiment.toml").write_text(f'name = "{name}"\nscale = 2\n', "utf-8")
    with serve(offered=Offered(plugins().registry, (), runs)) as address:
        yield address


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    pixels = np.kron(pixels, np.ones((8, 8, 1), np.uint8))
    write_image(tmp_path / "small photo.png", pixels, durable=False)
    return tmp_path / "small photo.png"


WIDE = """[...document.querySelectorAll("body *")].filter((e) => !e.closest(".actual") &&
  e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((e) => e.id)"""


@pytest.mark.parametrize("width", [390, 1280])
def test_a_picture_is_chosen_enlarged_compared_and_downloaded(
    browser, page, photo, tmp_path, width
):
    browser.open(page, width)
    assert browser.run("location.search") == "", "the token does not stay in the address"
    assert browser.run("document.getElementById('enlarge').disabled")
    browser.picture(f"{width}_empty")
    browser.choose(photo)
    browser.until("!document.getElementById('enlarge').disabled")
    browser.run("""$("model").value = "x2"; $("model").dispatchEvent(new Event("change"));
                   $("scale").value = "3"; $("enlarge").click()""")
    browser.until("!$('result').hidden")
    browser.picture(f"{width}_result")
    assert browser.run("$('fault').hidden")
    sizes = browser.run("$('made').textContent.match(/\\d+/g).map(Number)")
    assert sizes == [128, 96, 384, 288]
    assert browser.run("[$('before').naturalWidth, $('after').naturalWidth]") == [128, 384]
    assert browser.run("document.activeElement.id") == "made"

    for step, key in ((1, "ArrowRight"), (-1, "ArrowLeft")):
        before = float(browser.run("$('border').focus(), $('border').value"))
        for kind in ("rawKeyDown", "keyUp"):
            browser.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=38 + step,
            )
        assert float(browser.run("$('border').value")) == before + 0.5 * step
    browser.run("$('stack').scrollIntoView()")
    box = browser.run("(b => [b.left, b.top, b.width])($('stack').getBoundingClientRect())")
    for kind in ("mousePressed", "mouseReleased"):
        browser.call(
            "Input.dispatchMouseEvent",
            type=kind,
            button="left",
            clickCount=1,
            x=box[0] + box[2] / 4,
            y=box[1] + 5,
        )
    cut = browser.run("$('stack').style.getPropertyValue('--cut')")
    assert float(cut.removesuffix("%")) == pytest.approx(25, abs=1)

    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run(WIDE) == []
    browser.run("$('actual').click()")
    assert browser.run("$('stack').getBoundingClientRect().width") == 384
    assert browser.run("document.documentElement.scrollWidth") == width

    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.run("$('download').click()")
    made = tmp_path / "small photo_x3.png"
    end = time.monotonic() + 20
    while not made.is_file() and time.monotonic() < end:
        time.sleep(0.05)
    assert read_image(made).shape == (288, 384, 3)
    assert browser.faults == []


def test_a_kind_of_picture_that_only_srcore_reads_is_shown_all_the_same(browser, page, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 2**16, (20, 30, 3), np.uint16)
    write_image(tmp_path / "scan.tif", pixels, durable=False)
    browser.open(page, 1280)
    browser.choose(tmp_path / "scan.tif")
    browser.until("picture && !picture.isShown")
    browser.run("$('enlarge').click()")
    browser.until("!$('result').hidden")
    assert browser.run("[$('before').naturalWidth, $('after').naturalWidth]") == [30, 120]
    assert browser.faults == []


def test_faults_are_said_as_the_command_line_says_them(browser, page, tmp_path):
    (tmp_path / "notes.png").write_bytes(b"no picture")
    browser.open(page, 1280)
    browser.choose(tmp_path / "notes.png")
    browser.until("!$('enlarge').disabled")
    browser.run("$('enlarge').click()")
    browser.until("!$('fault').hidden")
    assert browser.run("$('fault').textContent").startswith("notes.png: not an image")
    assert browser.run("$('result').hidden && $('work').hidden && !$('enlarge').disabled")


def test_models_are_searched_and_fetched_only_after_a_tick(browser, page, photo):
    browser.open(page, 390)
    browser.choose(photo)
    browser.run("""$("words").value = "realesrgan-x4plus photo"
                   $("words").dispatchEvent(new Event("input"))""")
    names = browser.run("[...$('model').options].map((it) => it.value)")
    assert 0 < len(names) < 5
    browser.picture("390_fetch")
    assert browser.run("!$('consent').hidden && $('enlarge').disabled")
    assert "MB, from https://" in browser.run("$('offer').textContent")
    browser.run("$('fetch').click()")
    assert not browser.run("$('enlarge').disabled")
    assert browser.run(WIDE) == []


def test_a_job_is_canceled_and_the_next_one_is_done(browser, page, photo, tmp_path):
    write_image(tmp_path / "large.png", np.zeros((1500, 1500, 3), np.uint8), durable=False)
    browser.open(page, 1280)
    browser.choose(tmp_path / "large.png")
    browser.until("!$('enlarge').disabled")
    browser.run("$('enlarge').click()")
    browser.until("$('state').textContent.startsWith('Enlarging 1500')")
    browser.picture("1280_work")
    browser.run("$('cancel').click()")
    assert browser.run("$('work').hidden && $('fault').hidden && !$('enlarge').disabled")
    browser.choose(photo)
    browser.until("picture.file.name === 'small photo.png'")
    browser.run("$('enlarge').click()")
    browser.until("!$('result').hidden")
    assert browser.faults == []


def test_reports_of_runs_are_beside_it_alone_and_compared(browser, page):
    browser.open(page, 390)
    assert browser.run("$('compare').disabled")
    browser.run("document.querySelectorAll('#reports input').forEach((it) => it.click())")
    assert not browser.run("$('compare').disabled")
    form = browser.run("'/report?' + new URLSearchParams(new FormData($('compare').form))")
    links = browser.run("[...document.querySelectorAll('#reports a')].map((it) => it.href)")
    for link, title in zip([*links, form], ["first & only", "second", "Comparison"], strict=True):
        browser.run(f"location.href = {json.dumps(link)}, 0")
        browser.until(f"document.title.startsWith({json.dumps(title)})")
        assert browser.run("document.documentElement.scrollWidth") == 390
        browser.open(page, 390)
    assert browser.faults == []


def test_without_the_token_there_is_no_page(browser, page):
    browser.call("Network.clearBrowserCookies")
    browser.call("Page.navigate", url=page.partition("?")[0])
    browser.until("document.body.innerText.includes('the token is missing')")
    browser.faults.clear()  # of the status, which the console tells
