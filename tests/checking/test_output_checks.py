"""A run whose pictures would become images of its data is refused."""

from pathlib import Path

import pytest

import srcore
from srcore.cli.main import main
from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.testing import write_tiny_images


@pytest.fixture
def outcome(tiny_experiment, monkeypatch, capsys):
    """What ``srcore check`` says with settings and a folder of runs beside the images."""
    monkeypatch.chdir(tiny_experiment.parent)

    def of(output, *overrides):
        arguments = [part for override in overrides for part in ("--set", override)]
        with pytest.raises(SystemExit) as caught:
            main(["check", str(tiny_experiment), "--output", output, *arguments])
        return caught.value.code, capsys.readouterr().err

    return of


SOURCE = """data.train={type="images",hr_patch_size=32,workers=0,
hr={type="folder",path="train",recursive=true}}""".replace("\n", "")


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("data.train.recursive=true", "data.train.hr"),
        ("data.validation.tiny={hr='train',recursive=true}", "data.validation.tiny.hr"),
        (SOURCE, "data.train.hr.path"),
    ],
)
def test_a_run_below_its_images_is_refused(outcome, override, key):
    code, err = outcome("train/runs", override)
    assert code == 2
    (line,) = err.splitlines()
    assert f"{key}: " in line
    assert "and the run writes its pictures there (train/runs/tiny): they would become" in line
    assert outcome("runs", override)[0] == 0
    assert outcome("train/runs", override, "train.images=0")[0] == 0


def test_a_run_refuses_it_before_it_changes_anything(tiny_experiment):
    folder = tiny_experiment.parent / "train"
    before = sorted(folder.rglob("*"))
    loaded = srcore.load_experiment(tiny_experiment, ["data.train.recursive=true"])
    with pytest.raises(ConfigError, match="the run writes its pictures there"):
        run_experiment(loaded, folder, quiet=True)
    assert sorted(folder.rglob("*")) == before


def linked(folder, way):
    """Runs in ``folder / "runs"``, to which a way leads from the images."""
    runs = folder / "runs"
    pictures = runs / "tiny/images/iteration_00000003"
    if way == "a link to a folder above":
        (folder / "train/link").symlink_to(folder / "..", target_is_directory=True)
    elif way == "a link to the runs":
        runs.mkdir()
        (folder / "train/link").symlink_to(runs)
    elif way == "a link into the run":
        pictures.mkdir(parents=True)
        (folder / "train/link").symlink_to(pictures)
    elif way == "a link to a picture":
        write_tiny_images(pictures, 1)
        (folder / "train/9.png").symlink_to(next(pictures.iterdir()))
    elif way == "pictures moved by a link":
        runs.joinpath("tiny").mkdir(parents=True)
        (runs / "tiny/images").symlink_to(folder / "train/below")
        (folder / "train/below").mkdir()


@pytest.mark.parametrize(
    ("way", "recursive"),
    [
        ("a link to a folder above", True),
        ("a link to the runs", True),
        ("a link into the run", True),
        ("a link to a picture", True),
        ("a link to a picture", False),
        ("pictures moved by a link", True),
    ],
)
def test_links_that_lead_to_a_run_are_refused(outcome, tiny_experiment, way, recursive):
    linked(tiny_experiment.parent, way)
    searched = f"data.train.recursive={str(recursive).lower()}"
    code, err = outcome("runs", searched)
    assert code == 2, err
    line = next(line for line in err.splitlines() if "they would become images" in line)
    assert "data.train.hr: " in line
    named = Path(line.partition("data.train.hr: ")[2].split()[0])
    assert named.name in ("link", "9.png", "train")
    assert outcome("elsewhere", searched)[0] == (2 if way.endswith("above") else 0)


def test_pictures_of_the_run_named_themselves_are_refused(outcome, tiny_experiment):
    pictures = tiny_experiment.parent / "runs/tiny/images/iteration_00000003"
    write_tiny_images(pictures)
    code, err = outcome("runs", f"data.train.hr={pictures}")
    assert code == 2
    assert "leads into the folder of the run" in err
    assert outcome("elsewhere", f"data.train.hr={pictures}")[0] == 0


def test_a_list_says_which_links_are_taken(outcome, tiny_experiment):
    linked(tiny_experiment.parent, "a link to a picture")
    names = tiny_experiment.parent / "names.txt"
    names.write_text("00.png\n01.png\n")
    assert outcome("runs", f"data.train.meta_info={names}")[0] == 0
    names.write_text("00.png\n9.png\n")
    code, err = outcome("runs", f"data.train.meta_info={names}")
    assert code == 2
    assert "train/9.png leads into the folder of the run" in err


def test_a_hard_link_keeps_the_picture_that_it_was_made_of(tiny_experiment, tmp_path):
    """Files of a run are replaced, never written into: what has another name stays as it is."""
    loaded = srcore.load_experiment(tiny_experiment)
    run_experiment(loaded, tmp_path / "runs", quiet=True)
    kept = {}
    for file in sorted((tmp_path / "runs/tiny").rglob("*")):
        if file.is_file() and file.suffix not in (".log", ".jsonl", ".csv"):  # these grow
            name = f"{len(kept)}{file.suffix}"
            (tmp_path / name).hardlink_to(file)
            kept[tmp_path / name] = file.read_bytes()
    loaded = srcore.load_experiment(tiny_experiment, ["train.iterations=9"])
    run_experiment(loaded, tmp_path / "runs", resume=True, quiet=True)
    assert len(kept) > 8
    assert all(file.read_bytes() == content for file, content in kept.items())
