"""Every stage of an experiment is looked at, and its trace kept."""

from pathlib import Path

import pytest

from srcore.files.occupied import OccupiedError
from srcore.profiling import profile
from srcore.profiling.compared_settings import ComparedSettings
from srcore.profiling.options import ProfileOptions
from srcore.profiling.profile import profiles, trace_file
from srcore.testing.experiments import load_checked

#: What a process answers that looks at a stage.
FIGURES = {
    "device": "cpu",
    "type": "cpu",
    "threads": 2,
    "cores": 2,
    "batch_size": 4,
    "steps": 3,
    "traced": 2,
    "step_seconds": 0.1,
    "parts": {"other": 0.02, "data": 0.03, "forward generator": 0.05},
    "reading_seconds": 0.03,
    "validated": 2,
    "validation_images": 2,
    "validation_parts": {"forward generator": 0.2},
    "validation_seconds": 0.4,
}


@pytest.fixture
def profiling_jobs(monkeypatch):
    """The jobs that processes were given, which answer at once."""
    given = []

    def try_experiment(table, plugins, job, folder, what, target):
        given.append((table, job, what, target))
        Path(job["trace"]).write_text('{"traceEvents": []}', "utf-8")
        return FIGURES

    monkeypatch.setattr(profile, "try_experiment", try_experiment)
    return given


def test_a_stage_is_told_with_its_trace(tiny_experiment, profiling_jobs, tmp_path):
    options = ProfileOptions(steps=3, out=tmp_path / "out", device="cpu")
    (told,) = profiles(load_checked(tiny_experiment), options)
    ((table, job, what, target),) = profiling_jobs
    assert (table["train"]["device"], job["steps"], what) == ("cpu", 3, "tiny")
    assert target == "srcore.profiling.steps:profile_stage"
    assert (told.iterations, told.validations, told.steps) == (6, 2, 3)
    assert [*told.parts] == ["data", "forward generator", "other"]
    assert told.advice.startswith("57% of the training is validation")
    assert (tmp_path / "out" / "tiny.trace.json").read_text("utf-8") == '{"traceEvents": []}'
    assert [it.name for it in (tmp_path / "out").iterdir()] == ["tiny.trace.json"]


def test_a_trace_that_is_there_is_kept(tiny_experiment, profiling_jobs, tmp_path):
    file = trace_file(tmp_path, "tiny", "")
    file.write_text("mine")
    loaded = load_checked(tiny_experiment)
    with pytest.raises(OccupiedError, match="exists; overwrite=True replaces it"):
        list(profiles(loaded, ProfileOptions(out=tmp_path)))
    assert (file.read_text(), profiling_jobs) == ("mine", [])
    list(profiles(loaded, ProfileOptions(out=tmp_path, overwrite=True)))
    assert file.read_text() != "mine"


def test_a_file_is_no_folder_for_traces(tiny_experiment, profiling_jobs, tmp_path):
    loaded = load_checked(tiny_experiment)
    for out in (tiny_experiment, tiny_experiment / "traces"):
        with pytest.raises(OccupiedError, match=r"^out: expected a folder; .*tiny\.toml is a file"):
            list(profiles(loaded, ProfileOptions(out=out)))
    assert profiling_jobs == []


def test_a_stage_that_does_not_train_is_left_out(
    tiny_experiment, profiling_jobs, tmp_path, monkeypatch
):
    def none(loaded, device, done):
        yield f"stage a: does not train, so it is not {done}"

    monkeypatch.setattr(profile, "stages_to_try", none)
    told = list(profiles(load_checked(tiny_experiment), ProfileOptions(out=tmp_path / "out")))
    assert told == ["stage a: does not train, so it is not profiled"]
    assert profiling_jobs == []


def test_a_stage_has_a_trace_of_its_own(tmp_path):
    assert trace_file(tmp_path, "tiny", "gan").name == "tiny_gan.trace.json"


def test_other_settings_are_compared_if_that_is_asked_for(
    tiny_experiment, profiling_jobs, tmp_path, monkeypatch
):
    given = []

    def compare(table, plugins, variants, left_out, steps, folder):
        given.append([it.label for it in variants])
        return ComparedSettings(())

    monkeypatch.setattr(profile, "compare", compare)
    loaded = load_checked(tiny_experiment)
    out = tmp_path / "out"
    (told,) = profiles(loaded, ProfileOptions(out=out))
    assert (told.comparison, given) == (None, [])
    for flag in ("compare", "write"):
        (told,) = profiles(loaded, ProfileOptions(out=out, overwrite=True, **{flag: True}))
        assert told.comparison == ComparedSettings(())
    assert len(given) == 2
    assert 'precision = "bfloat16"' in given[0]
