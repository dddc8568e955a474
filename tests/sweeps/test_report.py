"""The page about a sweep: its table, its curves, its links."""

import re
import xml.etree.ElementTree as ET

import pytest

from srcore.report.curves import COLORS
from srcore.sweeps import report
from srcore.sweeps.report import sweep_page, write_sweep_report
from srcore.sweeps.state import SweepState, SweepTrial
from srcore.sweeps.sweep_folder import SweepFolder
from srcore.trials.metric import SweepMetric

METRIC = SweepMetric("tiny", "psnr", "", higher_is_better=True)


@pytest.fixture
def page(tmp_path, write_run):
    """The page of trials as text; ``count`` of them are complete."""

    def make(count=2, further=()):
        folder = SweepFolder(tmp_path / "x_sweep")
        trials = []
        for number in range(count):
            write_run(folder.trial(number), [20.0, 21.0 + number])
            values = {"rate": 10.0**-number, "seed": 3, "kind": "<b>"}
            trials.append(SweepTrial(number, values, "complete", 21.0 + number, 4))
        trials += further
        (folder.trial(0) / "report.html").write_text("x")
        state = SweepState({"search": "random"}, {}, tuple(trials))
        return sweep_page(folder, "mine", state, METRIC).decode()

    return make


def cells(text):
    rows = re.findall(r"<tr.*?</tr>", text[text.index('<section id="trials">') :], re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", "", it) for it in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def test_trials_are_listed_from_the_best_with_the_keys_that_differ(page):
    open_one = SweepTrial(2, {"rate": 5.0, "seed": 3, "kind": "<b>"})
    failed = SweepTrial(3, {"rate": 6.0, "seed": 3, "kind": "<b>"}, "failed", cause="NaN <i>")
    text = page(2, [open_one, failed])
    assert cells(text) == [
        ["trial", "tiny/psnr", "iteration", "rate", "state"],
        ["trial_0001", "22", "4", "0.1", "complete"],
        ["trial_0000", "21", "4", "1", "complete"],
        ["trial_0002", "-", "-", "5", "open"],
        ["trial_0003", "-", "-", "6", "failed NaN &lt;i&gt;"],
    ]
    assert "The same in all trials: seed = 3, kind = &lt;b&gt;." in text
    assert "<b>" not in text.partition("</header>")[2].replace("<b>psnr</b>", "")


def test_it_leads_to_the_reports_that_are_there_and_to_the_best_experiment(page):
    text = page()
    assert re.findall(r'href="([^"]+)"', text) == ["data:,", "best.toml", "trial_0000/report.html"]
    assert "<dt>Best</dt><dd>trial_0001: 22</dd>" in text
    assert "2 complete" in text


def test_it_needs_nothing_from_elsewhere(page):
    text = page()
    assert "default-src 'none'" in text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)
    assert "@import" not in text


def test_the_curves_are_paths_of_a_valid_picture(page):
    (svg,) = re.findall(r"<svg.*?</svg>", page(3), re.DOTALL)
    lines = [it for it in ET.fromstring(svg) if "line" in it.get("class").split()]
    assert len(lines) == 3
    assert [it.get("class") for it in lines] == ["line c0", "line c1", "line c2"]
    best = lines[0].get("d")
    assert re.fullmatch(r"M[\d.]+ [\d.]+L[\d.]+ [\d.]+", best)
    assert float(best.rpartition(" ")[2]) < float(lines[2].get("d").rpartition(" ")[2])


def test_of_many_trials_the_best_have_names_and_colors(page):
    text = page(COLORS + 4)
    (svg,) = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert svg.count('class="line faint other"') == 4
    assert len(re.findall(r'class="line c\d', svg)) == COLORS
    legend = re.findall(r"<li>.*?</i>(.*?)</li>", text)
    assert legend == [f"trial_{number:04d}" for number in range(COLORS + 3, 3, -1)]
    assert "the best 8 in color, the others faint" in text


def test_before_the_first_validation_there_are_no_curves(tmp_path):
    state = SweepState({}, {}, (SweepTrial(0, {"a": 1}),))
    text = sweep_page(SweepFolder(tmp_path), "mine", state, METRIC).decode()
    assert "<svg" not in text
    assert cells(text)[1] == ["trial_0000", "-", "-", "open"]
    assert (
        "No trial has begun."
        in sweep_page(SweepFolder(tmp_path), "mine", SweepState({}, {}), METRIC).decode()
    )


def test_tags_are_closed(page):
    from html.parser import HTMLParser

    class Nesting(HTMLParser):
        alone = ("meta", "link", "path", "i")

        def __init__(self):
            super().__init__()
            self.open = []

        def handle_starttag(self, tag, attributes):
            if tag not in ("meta", "link"):
                self.open.append(tag)

        def handle_startendtag(self, tag, attributes):
            pass

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    reader = Nesting()
    reader.feed(page(3))
    assert reader.open == []


def test_a_page_that_cannot_be_written_ends_nothing(tmp_path, monkeypatch, caplog):
    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(report, "sweep_page", broken)
    write_sweep_report(SweepFolder(tmp_path), "mine", SweepState({}, {}), METRIC)
    assert "no report was written: disk full" in caplog.text
