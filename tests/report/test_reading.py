"""A run's folder as typed records, whatever is missing in it."""

import json
import math

import pytest

from srcore.config.plain_tables import write_table
from srcore.errors import SrcoreError
from srcore.report.reading import has_stages, read_run


def test_a_finished_run(make_run, results):
    (run,) = read_run(make_run("a", results=results, images=("one", "two")))
    assert (run.label, run.finished, run.started, run.last_iteration) == ("a", True, True, 100)
    assert [(s.phase, s.name) for s in run.series] == [
        ("train", "l1"),
        ("train", "learning_rate/generator"),
        ("photos", "psnr"),
    ]
    assert run.series[2].iterations.tolist() == [50, 100]
    assert run.series[2].values.tolist() == [30.0, 31.0]
    assert [path.name for path in run.pictures] == ["photos_one.png", "photos_two.png"]
    assert run.pictures_at == 100


def test_an_unfinished_run_shows_its_last_validation_and_no_bicubic(make_run):
    (run,) = read_run(make_run("a"))
    assert not run.finished
    assert run.validation == {"photos": {"psnr": 31.0}}
    assert run.bicubic == {}


def test_values_that_are_not_finite_are_counted_and_left_out(make_run):
    values = [1.0, math.nan, 2.0, math.inf]
    rows = [
        {"iteration": i, "phase": "train", "values": {"l1": v, "bad": math.nan}}
        for i, v in enumerate(values)
    ]
    (run,) = read_run(make_run("a", rows=rows))
    (series,) = run.series
    assert series.iterations.tolist() == [0, 2]
    assert series.dropped == 2


def test_a_line_cut_by_a_crash_ends_the_records(make_run):
    folder = make_run("a")
    with (folder / "metrics.jsonl").open("a") as stream:
        stream.write('{"iteration": 150, "pha')
    assert read_run(folder)[0].last_iteration == 100


def test_days_come_from_the_log(make_run):
    folder = make_run("a")
    (folder / "run.log").write_text(
        "2026-01-02 10:00:00,000 INFO begin\n  continued 2026-01-01\n2026-01-04 10:00:00,000 end\n"
    )
    assert read_run(folder)[0].dates == ("2026-01-02", "2026-01-04")


def test_version_and_size_come_from_the_generator(make_run):
    folder = make_run("a")
    header = {
        "__metadata__": {"srcore_version": "0.1.0"},
        "weight": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]},
        "bias": {"dtype": "F32", "shape": [], "data_offsets": [48, 52]},
    }
    text = json.dumps(header).encode()
    (folder / "generator.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    run = read_run(folder)[0]
    assert (run.version, run.parameters) == ("0.1.0", 13)
    (folder / "generator.safetensors").write_bytes(b"\xff" * 40)
    assert read_run(folder)[0].version == ""


def test_stages_that_have_not_started_are_listed(make_run, tmp_path):
    folder = tmp_path / "both"
    make_run("both", folder=folder / "psnr")
    write_table(folder / "experiment.toml", {"name": "both", "stages": [
        {"name": "psnr", "scale": 2}, {"name": "gan", "scale": 2},
    ]})  # fmt: skip
    assert has_stages(folder)
    psnr, gan = read_run(folder)
    assert (psnr.label, psnr.started) == ("both / psnr", True)
    assert (gan.label, gan.started) == ("both / gan", False)
    (alone,) = read_run(folder / "psnr")
    assert alone.stage == "psnr"


def test_other_folders_are_refused_in_one_line(tmp_path):
    with pytest.raises(SrcoreError, match=r"is not a run of srcore; expected a folder with exp"):
        read_run(tmp_path)
    with pytest.raises(SrcoreError, match=r"absent: no such folder"):
        read_run(tmp_path / "absent")


def test_damaged_results_are_named(make_run):
    folder = make_run("a")
    (folder / "finished.json").write_text("{")
    with pytest.raises(SrcoreError, match=r"finished\.json: damaged"):
        read_run(folder)
