"""Pictures of artifact maps in a run."""

import json

import numpy as np
import torch
from srplug_ldl.artifact_pictures import heat_picture, map_of_images

from srcore.images import read_image
from srcore.testing.tiny_images import write_tiny_images


def test_every_validation_writes_a_picture_beside_the_usual_ones(train, tmp_path):
    train("train.validate_every=1", "train.images=1")
    folder = tmp_path / "run/small"
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*_artifacts.png"))
    names = [f"images/iteration_{i:08d}/tiny_00_artifacts.png" for i in (1, 2)]
    assert [path.as_posix() for path in paths] == names
    strip = read_image(folder / paths[1])
    usual = read_image(folder / "images/iteration_00000002/tiny_00.png")
    width = 48 + 8
    truth = usual[-48:, 2 * width : 2 * width + 48]
    assert np.array_equal(strip[-48:, 2 * width : 2 * width + 48], truth)
    average = usual[-48:, width : width + 48]
    assert np.array_equal(strip[-48:, width : width + 48], average)
    generator = strip[-48:, :48]
    assert not np.array_equal(generator, average)
    heat = heat_picture(map_of_images(generator, average, truth))
    assert np.array_equal(strip[-48:, 3 * width :], heat)


def test_pictures_reach_tensorboard(train, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train("train.tensorboard=true")
    board = EventAccumulator(str(tmp_path / "run/small/tensorboard"))
    board.Reload()
    assert any("artifacts" in tag for tag in board.Tags()["images"])


def test_other_losses_write_no_artifact_maps(train, tmp_path):
    train('losses=[{type="l1"},{type="adversarial"}]')
    assert not list(tmp_path.rglob("*_artifacts.png"))


def test_sets_without_ground_truth_have_pictures_and_no_reference_metrics_only(train, tmp_path):
    write_tiny_images(tmp_path / "real", 1, height=120, width=120)
    train(
        'generator={type="msrresnet",num_features=4,num_blocks=1}',
        f'data.validation.tiny={{type="lr_folder",lr="{tmp_path / "real"}"}}',
        'metrics=[{type="psnr"},{type="niqe"}]',
        "train.images=1",
    )
    folder = tmp_path / "run/small"
    assert [path.name for path in (folder / "images").rglob("*.png")] == ["tiny_00.png"]
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    (values,) = (row["values"] for row in rows if row["phase"] == "tiny")
    assert values.keys() == {"niqe"}
    best = torch.load(folder / "checkpoints/best.pt", weights_only=True)["best"]
    assert best["score"] == -values["niqe"], "less is better"
