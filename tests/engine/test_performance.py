"""Times by part, speed and time left; a resumed stage adds to what was."""

import json
import re

import pytest
import torch

import srcore
from srcore.engine import performance
from srcore.engine.performance import Performance
from srcore.engine.run import Run
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.runs import RunFolder


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(performance.time, "perf_counter", made)
    return made


@pytest.fixture
def stage(tiny_experiment, tmp_path):
    loaded = srcore.load_experiment(tiny_experiment, ["train.iterations=100"])

    def make(**options):
        experiment = loaded.experiment(loaded.stages[0])
        return Run(tmp_path, experiment, "", {}, torch.device("cpu"), **options, plugins=plugins())

    return make


class Readers:
    waited = 0.0


def test_line_counts_since_the_line_before_without_validation(clock, stage):
    measured, readers = Performance(stage()), Readers()
    measured.begin(readers)
    for _ in range(10):
        measured.count()
    clock.now += 8
    readers.waited = 2.0
    with measured.part("validation"):
        clock.now += 12
    # 40 images in 8 s; 20 s for 10 iterations leave 180 s for 90
    assert measured.line(10) == "5 images/s, 25% waiting for images, 0:03:00 left"
    measured.count()
    clock.now += 1
    assert measured.line(11).startswith("4 images/s, 0% waiting")


def test_parts_inside_of_parts_count_once(clock, stage):
    measured = Performance(stage())
    measured.begin(Readers())
    with measured.part("validation"):
        clock.now += 2
        with measured.part("saving"):
            clock.now += 3
    clock.now += 4
    measured.count()
    measured.write()
    content = json.loads(measured.run.files.performance.read_text())
    assert content["seconds"] == {
        "training": 4.0,
        "waiting for images": 0.0,
        "saving": 3.0,
        "validation": 2.0,
    }
    assert content["iterations_per_second"] == 0.25


def test_a_resumed_stage_adds_to_what_was(clock, stage):
    for resume in (False, True):
        measured = Performance(stage(resume=resume))
        measured.begin(Readers())
        measured.count()
        clock.now += 5
        measured.write()
        measured.write()  # as at every checkpoint
    content = json.loads(measured.run.files.performance.read_text())
    assert content["iterations"] == 2
    assert content["seconds"]["training"] == 10.0
    assert content["sessions"] == 2


@pytest.mark.parametrize("damaged", ["", "[]", '{"seconds": 3}', "{"])
def test_a_damaged_file_is_no_reason_to_stop(stage, damaged):
    run = stage(resume=True)
    run.files.performance.write_text(damaged)
    Performance(run).write()
    assert json.loads(run.files.performance.read_text())["sessions"] == 1


def test_run_says_what_it_runs_on_and_how_fast(tiny_experiment, tmp_path, caplog):
    with caplog.at_level("INFO", logger="srcore"):
        run_experiment(srcore.load_experiment(tiny_experiment, ["train.device=auto"]), tmp_path)
    log = (tmp_path / "tiny/run.log").read_text()
    for expected in (
        r'device: cpu \("auto": (PyTorch finds no CUDA GPU|this PyTorch is built without CUDA)\)',
        r"processes: 1 with \d+ threads?\n",
        r"precision: float32",
        r"versions: srcore \S+, torch \S+, .*Python \S+",
        r"networks: generator EDSR with [\d,]+ parameters",
        r"training images: 6; an epoch is 1\.5 iterations of 4",
        r"validation images: tiny 2",
        r"iteration 2/6: l1 \S+  .*  \([\d.e+]+ images/s, \d+% waiting for images, 0:00:\d+ left\)",
        r"validation at iteration 3: tiny/psnr \S+ \(bicubic \d\d\.\d+\), tiny/ssim",
    ):
        assert re.search(expected, log), expected
    content = json.loads(RunFolder(tmp_path / "tiny").performance.read_text())
    assert content["iterations"] == 6
    assert content["seconds"].keys() == {"training", "waiting for images", "validation", "saving"}
    assert content["peak_memory_mib"]["host"] > 10
    page = (tmp_path / "tiny/report.html").read_text()
    for word in ("Device", "Peak memory", "iterations/s"):
        assert word in page


def test_losses_of_a_line_are_means_and_resume_keeps_them(tiny_experiment, tmp_path):
    def losses(output, *overrides, **options):
        run_experiment(srcore.load_experiment(tiny_experiment, overrides), output, **options)
        rows = (output / "tiny/metrics.jsonl").read_text().splitlines()
        return {
            row["iteration"]: row["values"]
            for row in map(json.loads, rows)
            if row["phase"] == "train"
        }

    every = losses(tmp_path / "every", "train.log_every=1")
    third = losses(tmp_path / "third", "train.log_every=3")
    for last in (3, 6):
        mean = sum(every[number]["l1"] for number in range(last - 2, last + 1)) / 3
        assert third[last]["l1"] == pytest.approx(mean, rel=1e-6)
        norms = (every[last], third[last])
        assert len({values["gradient_norm/generator"] for values in norms}) == 1
    # saved at 4, in the middle of a line
    losses(tmp_path / "parts", "train.log_every=3", "train.iterations=4")
    parts = losses(tmp_path / "parts", "train.log_every=3", resume=True)
    assert parts[3] == third[3]


def test_the_last_line_has_the_last_norm(tiny_experiment, tmp_path):
    settings = ["train.log_every=4", "train.iterations=6"]
    run_experiment(srcore.load_experiment(tiny_experiment, settings), tmp_path / "a")
    settings[0] = "train.log_every=1"
    run_experiment(srcore.load_experiment(tiny_experiment, settings), tmp_path / "b")
    last = [
        json.loads(line)["values"]["gradient_norm/generator"]
        for name in "ab"
        for line in (tmp_path / name / "tiny/metrics.jsonl").read_text().splitlines()
        if '"iteration": 6, "phase": "train"' in line
    ]
    assert last[0] == last[1]
