"""A run whose pictures would become images of its data is refused."""

import pytest

import srcore
from srcore.cli.main import main
from srcore.engine.runner import run_experiment
from srcore.errors import ConfigError


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
