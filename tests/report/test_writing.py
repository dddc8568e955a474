"""Every run writes its page; a page that fails is never a failed run."""

import re
import signal

import pytest

import srcore
from srcore.errors import Interrupted
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using


def run(experiment, output, *overrides, **options):
    return run_experiment(srcore.load_experiment(experiment, overrides), output, **options)


def test_a_finished_run_has_its_page(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path)
    text = (tmp_path / "tiny/report.html").read_text("utf-8")
    assert "finished</span>" in text
    assert "not finished" not in text
    assert text.count('<figure class="shot') == 2
    assert "<dt>Iterations</dt><dd>6</dd>" in text


class StopAt:
    """A plugin that interrupts training as Ctrl-C would."""

    def __init__(self, iteration):
        self.iteration = iteration

    @srcore.hookimpl
    def srcore_engines_created(self, trainer):
        from ignite.engine import Events

        once = Events.ITERATION_STARTED(once=self.iteration)
        trainer.add_event_handler(once, lambda: signal.raise_signal(signal.SIGINT))


def test_an_interrupted_run_has_its_page_and_resuming_renews_it(tiny_experiment, tmp_path):
    with using(PluginManager(discover=False, extra=[StopAt(4)])), pytest.raises(Interrupted):
        run(tiny_experiment, tmp_path)
    page = tmp_path / "tiny/report.html"
    assert "not finished" in page.read_text("utf-8")
    run(tiny_experiment, tmp_path, resume=True)
    assert "not finished" not in page.read_text("utf-8")
    resumed = (tmp_path / "tiny/metrics.jsonl").read_bytes()
    run(tiny_experiment, tmp_path / "straight")
    straight = tmp_path / "straight/tiny"
    assert resumed == (straight / "metrics.jsonl").read_bytes()
    assert without_times(page) == without_times(straight / "report.html")


def without_times(page):
    measured = r"<div><dt>(Speed|Time|Peak memory)</dt>.*?</div>"
    text, count = re.subn(measured, "", page.read_text("utf-8"), flags=re.DOTALL)
    assert count == 3
    return text


def test_an_experiment_with_stages_has_a_page_of_all(tiny_experiment, tmp_path):
    with tiny_experiment.open("a") as stream:
        stream.write('\n[[stages]]\nname = "one"\n[[stages]]\nname = "two"\nfrom = "one"\n')
    run(tiny_experiment, tmp_path, "train.iterations=2")
    text = (tmp_path / "tiny/report.html").read_text("utf-8")
    for stage in ("one", "two"):
        assert f'href="{stage}/report.html"' in text
        assert (tmp_path / "tiny" / stage / "report.html").is_file()


def test_a_page_that_cannot_be_written_is_one_warning(
    tiny_experiment, tmp_path, monkeypatch, caplog
):
    def broken(*_, **__):
        raise ValueError("no\nluck")

    monkeypatch.setattr("srcore.report.page.render", broken)
    with caplog.at_level("WARNING", logger="srcore"):
        assert "psnr" in run(tiny_experiment, tmp_path, "train.iterations=2")
    assert [r.message for r in caplog.records if "report" in r.message] == [
        "no report was written: no luck; see srcore report"
    ]
    assert (tmp_path / "tiny/finished.json").is_file()
