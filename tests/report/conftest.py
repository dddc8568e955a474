"""Folders of runs that were never trained."""

import json

import numpy as np
import pytest

from srcore.config.plain_tables import write_table
from srcore.engine.validation_sets import ValidationImage
from srcore.runs.strips import write_strip

EXPERIMENT = {
    "scale": 2,
    "seed": 0,
    "generator": {"type": "edsr"},
    "losses": [{"type": "l1", "weight": 1.0, "name": ""}],
    "data": {"validation": {"photos": {"type": "hr_folder"}}},
    "train": {"iterations": 100, "batch_size": 8},
}


@pytest.fixture
def make_run(tmp_path):
    """Write a run: ``make_run("a", rows=..., results=..., images=("one",), **tables)``."""

    def make(name, *, rows=None, results=None, images=(), side=48, folder=None, **tables):
        folder = folder or tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        write_table(folder / "experiment.toml", {"name": name, **EXPERIMENT, **tables})
        rows = ROWS if rows is None else rows
        (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if results is not None:
            content = {"iterations": 100, "results": results}
            (folder / "finished.json").write_text(json.dumps(content))
        for image in images:
            write_picture(folder / "images/iteration_00000100", image, side)
        return folder

    return make


def write_picture(folder, image, side, set_name="photos"):
    generator = np.random.default_rng(0)
    sr, hr = generator.integers(0, 256, (2, side, side, 3), np.uint8)
    lr = generator.integers(0, 256, (side // 2, side // 2, 3), np.uint8)
    result = ValidationImage(index=0, name=image, values={"psnr": 31.25}, lr=lr, sr=sr, hr=hr)
    path = folder / f"{set_name}_{image}.png"
    return write_strip(path, result, set_name=set_name, bicubic_values={"psnr": 30.5})


ROWS = [
    {"iteration": 50, "phase": "train", "values": {"l1": 0.2, "learning_rate/generator": 1e-3}},
    {"iteration": 50, "phase": "photos", "values": {"psnr": 30.0}},
    {"iteration": 100, "phase": "train", "values": {"l1": 0.1, "learning_rate/generator": 5e-4}},
    {"iteration": 100, "phase": "photos", "values": {"psnr": 31.0}},
]
RESULTS = {"validation": {"photos": {"psnr": 31.0}}, "bicubic": {"photos": {"psnr": 30.5}}}


@pytest.fixture
def results():
    """What the made runs reached."""
    return RESULTS
