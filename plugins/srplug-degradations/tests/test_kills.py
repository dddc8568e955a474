"""Trainings whose images go through encoders are killed and resumed in another process."""

import signal

import attrs
import pytest

from srcore.testing import runs, write_tiny_images
from srcore.testing.killing import KilledAt, fork, wait

FILMS = [
    {"type": "video", "codecs": [codec], "frames": [2, 3], "probability": 0.9}
    for codec in ("h264", "h265", "vp9", "av1")
]
STILL = [{"type": "webp"}, {"type": "avif", "probability": 0.9}, {"type": "jpeg"}]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("transforms", [FILMS, STILL], ids=["video", "still"])
def test_resumed_trainings_see_the_same_bytes(transforms, workers, tmp_path, monkeypatch):
    if transforms is FILMS:
        pytest.importorskip("av")
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "images/hr", 4, height=56, width=60)
    train = {
        "type": "hr_folder",
        "hr": "images/hr",
        "hr_patch_size": 32,
        "workers": workers,
        "transforms": transforms,
    }
    loaded = runs.own_experiment(tmp_path, {"data": {"train": train}})
    killed = attrs.evolve(loaded, plugins=loaded.plugins.extended(KilledAt(3)))

    def run(name, experiment, **keys):
        child = fork(
            lambda: runs.train_run(experiment, tmp_path / name, **keys), tmp_path / f"{name}.log"
        )
        return wait(child), (tmp_path / f"{name}.log").read_text("utf-8")

    ended, log = run("whole", loaded)
    assert ended == 0, log
    ended, log = run("killed", killed)
    assert ended == -signal.SIGKILL, log
    ended, log = run("killed", loaded, resume=True)
    assert ended == 0, log
    for name in ("generator.safetensors", "metrics.jsonl"):
        whole, resumed = (
            (tmp_path / it / "contract" / name).read_bytes() for it in ("whole", "killed")
        )
        assert whole == resumed, name
