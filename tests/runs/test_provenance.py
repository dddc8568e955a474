"""What feeds a training is recorded and compared when it is resumed."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

import srcore
from srcore.cli.main import main
from srcore.errors import ConfigError, SrcoreError
from srcore.launching.stages import run_experiment
from srcore.runs.provenance import compare_provenance, fingerprint
from srcore.scanning import policy, scan
from srcore.scanning.lists import image_lists, scan_of
from srcore.scanning.policy import ScanPolicy, scanning_by
from srcore.testing import assert_same_state, write_tiny_images
from srcore.testing.experiments import load_checked


def run(experiment, output, *overrides, **options):
    run_experiment(srcore.load_experiment(experiment, overrides), output, quiet=True, **options)
    return output / "tiny"


def test_it_is_recorded(tiny_experiment, tmp_path):
    folder = run(tiny_experiment, tmp_path, "train.iterations=1")
    recorded = json.loads((folder / "provenance.json").read_text())
    assert recorded["inputs"] == {"data.train.hr": fingerprint(tmp_path / "train")}
    assert recorded["versions"]["srcore"] == srcore.__version__
    assert recorded["processes"] == {"processes": 1}


def test_files_that_were_scanned_a_moment_ago_are_not_asked_for_their_sizes(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(scan, "_WORTH_KEEPING", 1)
    monkeypatch.setattr(policy, "_WORTH_REMEMBERING", 1)
    folder = write_tiny_images(tmp_path / "images", 3)
    (folder / "notes.txt").write_text("no image")
    expected = fingerprint(folder)
    with scanning_by(ScanPolicy()):
        scan_of(image_lists(folder, None))
        asked, stat = [], os.stat

        def noting(path, *given, **keywords):
            asked.append(os.path.basename(path))
            return stat(path, *given, **keywords)

        monkeypatch.setattr(os, "stat", noting)
        assert fingerprint(folder) == expected
    assert "notes.txt" in asked
    assert not [name for name in asked if name.endswith(".png")]


def test_a_fingerprint_is_that_of_names_and_sizes(tmp_path):
    one = write_tiny_images(tmp_path / "one", 2)
    first = fingerprint(one)
    shutil.copytree(one, tmp_path / "two")
    assert fingerprint(tmp_path / "two") == first
    assert first.startswith("2 files ")
    (tmp_path / "two/00.png").rename(tmp_path / "two/02.png")
    assert fingerprint(tmp_path / "two") != first
    (one / "00.png").write_bytes(b"x")
    assert fingerprint(one) != first
    assert fingerprint(one / "01.png") == fingerprint(tmp_path / "two/01.png")


def test_other_files_are_refused_or_accepted(tiny_experiment, tmp_path, caplog):
    run(tiny_experiment, tmp_path, "train.iterations=2")
    write_tiny_images(tmp_path / "train", 7)
    expected = (
        r"something else: data\.train\.hr was 6 files \w+, now 7 files \w+; undo that, or go on "
        "nevertheless with --accept-changes"
    )
    for _ in range(2):  # a refusal records nothing
        with pytest.raises(SrcoreError, match=expected):
            run(tiny_experiment, tmp_path, "train.iterations=4", resume=True)
    changed = {"resume": True, "accept_changes": True}
    run(tiny_experiment, tmp_path, "train.iterations=4", **changed)
    assert "7 files" in caplog.text
    run(tiny_experiment, tmp_path, resume=True)


def test_moved_files_are_named_with_set(tiny_experiment, tmp_path):
    whole = run(tiny_experiment, tmp_path / "whole")
    run(tiny_experiment, tmp_path / "out", "train.iterations=4")
    (tmp_path / "train").rename(tmp_path / "moved")
    moved = f"data.train.hr={tmp_path / 'moved'}"
    folder = run(tiny_experiment, tmp_path / "out", moved, resume=True)
    name = "generator.safetensors"
    assert (folder / name).read_bytes() == (whole / name).read_bytes()
    (tmp_path / "moved/00.png").unlink()
    with pytest.raises(SrcoreError, match=r"other settings: data\.train\.hr was"):
        run(
            tiny_experiment,
            tmp_path / "out",
            f"data.train.hr={tmp_path / 'validation'}",
            "train.iterations=8",
            resume=True,
        )


def test_processes_are_refused_and_versions_told(tmp_path, caplog):
    before = {"processes": {"processes": 2}, "versions": {"torch": "1"}, "threads": {"threads": 4}}
    now = {"processes": {"processes": 1}, "versions": {"torch": "2"}, "threads": {"threads": 4}}
    with pytest.raises(SrcoreError, match="processes was 2, now 1"):
        compare_provenance(tmp_path, before, now, accept=False)
    assert "torch was 1, now 2; the last bits of the result may differ" in caplog.text
    compare_provenance(tmp_path, before, now, accept=True)
    compare_provenance(tmp_path, {}, now, accept=False)
    assert "threads" not in caplog.text


def test_start_weights_are_not_read_where_a_checkpoint_follows(tiny_experiment, tmp_path):
    first = run(tiny_experiment, tmp_path / "first", "train.iterations=1")
    weights = tmp_path / "start.safetensors"
    shutil.copy(first / "generator.safetensors", weights)
    start = f"generator.weights={weights}"
    whole = run(tiny_experiment, tmp_path / "whole", start)
    run(tiny_experiment, tmp_path / "out", start, "train.iterations=4")
    weights.unlink()
    with pytest.raises(
        ConfigError, match=r"generator\.weights: expected a file; .* does not exist"
    ):
        load_checked(tiny_experiment, (start,), resumed=tmp_path / "elsewhere")
    loaded = load_checked(tiny_experiment, (start,), resumed=tmp_path / "out")
    run_experiment(loaded, tmp_path / "out", quiet=True, resume=True)
    states = (torch.load(it / "checkpoints/last.pt") for it in (tmp_path / "out/tiny", whole))
    assert_same_state(*states)
    for file in ("generator.safetensors", "provenance.json"):
        same = (tmp_path / "out/tiny" / file).read_bytes() == (whole / file).read_bytes()
        assert same, file


def test_deleted_start_weights_are_a_warning_where_a_run_goes_on(
    tiny_experiment, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    weights = tmp_path / "start.safetensors"
    first = run(tiny_experiment, tmp_path / "first", "train.iterations=1")
    shutil.copy(first / "generator.safetensors", weights)
    arguments = ["check", str(tiny_experiment), "--set", f"generator.weights={weights}"]
    run(tiny_experiment, tmp_path / "runs", arguments[-1], "train.iterations=2")
    weights.unlink()
    (tmp_path / "runs/tiny/checkpoints/last.pt").unlink()  # --recover goes on from the best
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    captured = capsys.readouterr()
    assert (caught.value.code, captured.out) == (0, f"{tiny_experiment}: ok\n")
    (line,) = captured.err.splitlines()
    assert line.startswith("srcore: warning: --set ")
    assert ": generator.weights: expected a file; " in line
    assert line.endswith("does not exist; runs/tiny has a checkpoint and goes on without it")
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--output", "elsewhere"])
    assert caught.value.code == 2
    loaded = load_checked(tiny_experiment, arguments[-1:], resumed=Path("runs"))
    run_experiment(loaded, Path("runs"), quiet=True, recover=True)


def test_moved_start_weights_are_named_with_set(tiny_experiment, tmp_path):
    first = run(tiny_experiment, tmp_path / "first", "train.iterations=1")
    start, moved = tmp_path / "start.safetensors", tmp_path / "moved.safetensors"
    shutil.copy(first / "generator.safetensors", start)
    run(tiny_experiment, tmp_path / "out", f"generator.weights={start}", "train.iterations=2")
    start.rename(moved)
    loaded = load_checked(
        tiny_experiment, (f"generator.weights={moved}",), resumed=tmp_path / "out"
    )
    run_experiment(loaded, tmp_path / "out", quiet=True, resume=True)


def test_an_extended_stage_under_an_older_one_is_told_of(tiny_experiment, tmp_path, caplog):
    stages = 'stages=[{name="one"},{name="two",from="one",train={iterations=2}}]'
    run(tiny_experiment, tmp_path, "train.iterations=2", stages)
    extended = 'stages=[{name="one",train={iterations=3}},{name="two",from="one"}]'
    for _ in range(2):
        caplog.clear()
        run(tiny_experiment, tmp_path, "train.iterations=2", extended, resume=True)
        assert caplog.text.count("tiny/two: generator.weights holds other weights now") == 1
