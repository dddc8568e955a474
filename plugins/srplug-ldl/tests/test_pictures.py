"""Pictures of artifact maps, in a run and of values."""

import json

import numpy as np
import torch
from srplug_ldl.losses import artifact_map, residual
from srplug_ldl.pictures import comparison, heat_picture, map_of_images

from srcore.images import read_image
from srcore.testing.tiny_images import tiny_image, write_tiny_images


def pictures():
    hr = tiny_image(0, 24, 32)
    random = np.random.default_rng(0)
    sr, ema = (
        (hr + random.normal(0, level, hr.shape)).clip(0, 255).astype(np.uint8) for level in (12, 8)
    )
    return sr, ema, hr


def test_map_of_files_is_the_map_of_training():
    sr, ema, hr = pictures()
    tensors = [torch.from_numpy(image).permute(2, 0, 1)[None] / 255 for image in (sr, ema, hr)]
    errors, others = (residual(image, tensors[2]) for image in tensors[:2])
    expected = artifact_map(errors, others)[0, 0].numpy()
    artifacts = map_of_images(sr, ema, hr)
    assert np.allclose(artifacts, expected, rtol=1e-5, atol=1e-9)
    assert (artifacts == 0).any()
    assert (map_of_images(sr, None, hr) > 0).all()


def test_colours_rise_with_the_root_of_the_value_up_to_the_maximum():
    values = np.linspace(0, 4, 101, dtype=np.float32)[None]
    own, fixed = heat_picture(values), heat_picture(values, 1.0)
    brightness = own.astype(int).sum(axis=2)[0]
    assert (np.diff(brightness) >= 0).all()
    assert np.array_equal(fixed[0, :26], heat_picture(values[:, :26])[0]), "1 is the brightest"
    assert (fixed[0, 25:] == fixed[0, 25]).all()
    assert own[0, 0].sum() < 20, "zero is black"
    red, _, blue = own[0, 40].astype(int)
    assert red > blue, "the picture is RGB"


def test_map_of_zeros_is_black():
    assert heat_picture(np.zeros((3, 4), np.float32)).max() < 20


def test_comparison_holds_all_four_in_a_row():
    sr, ema, hr = pictures()
    heat = heat_picture(map_of_images(sr, ema, hr))
    row = comparison(sr, ema, hr, map_of_images(sr, ema, hr), heat)
    for start, image in zip(range(0, 200, 40), (sr, ema, hr, heat), strict=False):
        assert np.array_equal(row[-24:, start : start + 32], image)


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
