"""--overwrite deletes an earlier run and nothing else, and only when the new one can start."""

import shutil

import pytest

import srcore
from srcore.errors import ConfigError, SrcoreError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.runs.overwriting import delete_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of two stages, to be copied."""
    from srcore.testing import write_tiny_images
    from srcore.testing.pytest_plugin import TINY_EXPERIMENT

    folder = tmp_path_factory.mktemp("finished")
    write_tiny_images(folder / "train", 2)
    write_tiny_images(folder / "validation", 1, seed=100)
    (folder / "tiny.toml").write_text(TINY_EXPERIMENT.replace("= 6", "= 1"))
    file = folder / "both.toml"
    file.write_text(
        'extends = "tiny.toml"\nname = "both"\ntrain.tensorboard = true\ntrain.keep_every = 1\n'
        '[[stages]]\nname = "a"\n[[stages]]\nname = "b [x]"\nfrom = "a"\n'
    )
    run_experiment(srcore.load_experiment(file), folder, quiet=True)
    return folder


@pytest.fixture
def runs(finished, tmp_path):
    """A folder with the finished run ``both`` and its experiment."""
    shutil.copytree(finished, tmp_path / "work")
    return tmp_path / "work"


def content(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_run_is_deleted_whole(runs):
    (runs / "both/a/checkpoints/.srcore-0123456789ab.pt").write_bytes(b"half")
    (runs / "both/a/plugins").mkdir()
    (runs / "both/a/plugins/notes.json").write_text("{}")
    delete_run(runs / "both", registry=plugins().registry)
    assert not (runs / "both").exists()


@pytest.mark.parametrize(
    "place",
    [
        "notes.txt", "a/notes.txt", "a/checkpoints/notes.txt", "a/images/mine.png", "c/b.txt",
        "nested/experiment.toml", "a/nested/experiment.toml", "a/.hidden",
    ],
)  # fmt: skip
def test_what_the_run_did_not_write_is_named_and_stops_it(runs, place):
    foreign = runs / "both" / place
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("years of work")
    before = content(runs)
    with pytest.raises(SrcoreError, match=f"both: nothing was deleted, .* not write: {place}; "):
        delete_run(runs / "both", registry=plugins().registry)
    assert content(runs) == before


def test_links_are_not_followed(runs, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.move(runs / "both", elsewhere)
    (runs / "both").symlink_to(elsewhere)
    before = content(elsewhere)
    with pytest.raises(SrcoreError, match="both: is a link, and no link's target is del"):
        delete_run(runs / "both", registry=plugins().registry)
    (runs / "both").unlink()
    shutil.move(elsewhere / "a", tmp_path / "a")
    (elsewhere / "a").symlink_to(tmp_path / "a")
    with pytest.raises(SrcoreError, match="did not write: a; move"):
        delete_run(elsewhere, registry=plugins().registry)
    assert {path.name for path in before} == {
        path.name for folder in (elsewhere, tmp_path / "a") for path in folder.rglob("*")
    } | {"a"} - set()


def test_a_run_beside_the_stages_of_another_keeps_both(runs):
    loaded = srcore.load_experiment(runs / "tiny.toml", ['name="a"'])
    for overwrite in (False, True):
        with pytest.raises(
            SrcoreError, match=r"a: is the place of a stage of the run .*both; choose"
        ):
            run_experiment(loaded, runs / "both", overwrite=overwrite)
    assert (runs / "both/a/generator.safetensors").is_file()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["generator.weights=both/a/generator.safetensors"], "reads .*generator.safetensors of it"),
        (
            ["data.validation.tiny.hr=both/a/images/iteration_00000001"],
            r"\A.*iteration_00000001 leads into the folder of the run.*\Z",  # once, of two stages
        ),
        (["train.device=cuda:99"], "train.device"),
    ],
)
def test_nothing_is_deleted_before_the_new_run_can_start(runs, monkeypatch, overrides, message):
    monkeypatch.chdir(runs)
    before = content(runs / "both")
    loaded = srcore.load_experiment("both.toml", overrides)
    with pytest.raises(SrcoreError, match=message):
        run_experiment(loaded, runs, overwrite=True)
    assert content(runs / "both") == before


def test_a_run_is_not_deleted_by_its_own_experiment_file(runs):
    child = runs / "child.toml"
    child.write_text('extends = "both/a/experiment.toml"\nname = "both"\n')
    for file in (runs / "both/experiment.toml", child):
        loaded = srcore.load_experiment(file)
        with pytest.raises(
            SrcoreError, match=r"nothing was deleted, the new run reads .*experiment"
        ):
            run_experiment(loaded, runs, overwrite=True)
    assert (runs / "both/b [x]/generator.safetensors").is_file()


def test_an_experiment_that_was_not_checked_deletes_nothing(runs):
    from srcore.testing.experiments import load_unchecked

    with pytest.raises(ConfigError, match="expected a number >= 1, found 0"):
        run_experiment(
            load_unchecked(runs / "both.toml", ["train.iterations=0"]), runs, overwrite=True
        )
    assert (runs / "both/a/generator.safetensors").is_file()
