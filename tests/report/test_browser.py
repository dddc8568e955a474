"""The page in a browser: laid out on a phone, its controls at work, no error in its console."""

import html
import json
import re
import shutil
import subprocess

import pytest

from srcore.plugin.manager import plugins
from srcore.report.page import write_report

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SETTINGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--enable-logging=stderr", "--hide-scrollbars",
    "--virtual-time-budget=5000",
)  # fmt: skip

# Headless Chromium has no windows narrower than 500 pixels, but frames.
HARNESS = """<!DOCTYPE html><body>
<iframe style="width:{width}px;height:3000px;border:0" src="{page}"></iframe>
<script>
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {{
  const page = frame.contentDocument, view = frame.contentWindow, found = {{}};
  const $ = (selector) => page.querySelector(selector);
  found.width = page.documentElement.clientWidth;
  found.overflow = page.documentElement.scrollWidth;
  found.wide = [...page.querySelectorAll("body *")]
    .filter((e) => !e.closest(".scroll, pre") && e.getBoundingClientRect().right > found.width + 1)
    .map((e) => e.outerHTML.slice(0, 80));
  const stack = $(".stack"), range = $(".shot input");
  range.value = 25;
  range.dispatchEvent(new view.Event("input"));
  found.keyed = stack.style.getPropertyValue("--cut");
  const box = stack.getBoundingClientRect();
  stack.setPointerCapture = () => {{}};
  const clientX = box.left + 0.75 * box.width;
  stack.dispatchEvent(new view.PointerEvent("pointerdown", {{ clientX }}));
  found.dragged = range.value;
  const truth = $(".shot button");
  truth.click();
  found.truth = [truth.getAttribute("aria-pressed"), view.getComputedStyle($(".truth")).visibility];
  truth.click();
  found.back = view.getComputedStyle($(".truth")).visibility;
  const pick = $(".pick-left");
  if (pick) {{
    pick.value = "0";
    pick.dispatchEvent(new view.Event("change"));
    found.picked = [$(".left").alt, $(".tag-left").textContent];
  }}
  const plot = $(".plot"), area = plot.getBoundingClientRect();
  plot.dispatchEvent(new view.PointerEvent("pointermove", {{ clientX: area.right }}));
  found.reading = $(".reading").innerText;
  found.sizes = [...page.querySelectorAll(".stack .right")].map((e) => e.naturalWidth);
  document.body.textContent = "FOUND" + JSON.stringify(found) + "END";
}});
</script>"""


@pytest.fixture
def browse(tmp_path):
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")

    def run(page, width):
        harness = tmp_path / "harness.html"
        harness.write_text(HARNESS.format(page=page.as_uri(), width=width), "utf-8")
        profile = tmp_path / f"profile_{width}"
        done = subprocess.run(
            [CHROMIUM, *SETTINGS, f"--user-data-dir={profile}", "--dump-dom", harness.as_uri()],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        assert "CONSOLE" not in done.stderr, done.stderr
        text = re.search("FOUND(.*)END", done.stdout, re.DOTALL)
        assert text, done.stdout[-2000:]
        return json.loads(html.unescape(text.group(1)))

    return run


@pytest.mark.parametrize("width", [390, 1280])
def test_one_run(make_run, results, browse, width):
    page = write_report(
        [make_run("a" * 60, results=results, images=("one", "two"), side=300)],
        registry=plugins().registry,
    )
    seen = browse(page, width)
    assert seen["width"] == seen["overflow"] == width
    assert seen["wide"] == []
    assert seen["keyed"] == "25%"
    assert float(seen["dragged"]) == pytest.approx(75, abs=1)
    assert seen["truth"] == ["true", "visible"]
    assert seen["back"] == "hidden"
    assert seen["reading"].split() == ["iteration", "100", "31"]
    assert seen["sizes"] == [300, 300]


@pytest.mark.parametrize("width", [390, 1280])
def test_several_runs(make_run, results, browse, tmp_path, width):
    names = ["a_rather_long_name_of_a_run_" + letter for letter in "abcdefghi"]
    folders = [make_run(name, results=results, images=("one",)) for name in names]
    seen = browse(write_report(folders, plugins().registry, tmp_path / "all.html"), width)
    assert seen["width"] == seen["overflow"] == width
    assert seen["wide"] == []
    assert seen["picked"] == ["one, bicubic", "bicubic"]
