"""The small models that come with srcore, as a user meets them."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import srcore
from srcore.errors import WeightsError
from srcore.images import read_image, read_rgb, write_image
from srcore.options.declaration import keywords
from srcore.transforms.resize import resize_uint8
from srcore.upscaling.shipped import SCALES, shipped_model
from srcore.weights.saving import read_metadata

PHOTOGRAPHS = sorted((Path(__file__).parents[2] / "examples/images/validation").glob("*.png"))
BORDER = 8  # the default of `srcore upscale`
LEVELS = (0, 1, 64, 128, 200, 254, 255)

pytestmark = pytest.mark.parametrize("scale", SCALES)


@pytest.fixture
def network(scale):
    return srcore.load_generator(shipped_model(scale), "cpu")


def upscaled(network, image):
    return srcore.upscale(network, image, border=BORDER).astype(int)


def test_is_small_and_says_what_it_is(scale):
    path = shipped_model(scale)
    assert path.stat().st_size < 1_500_000
    metadata = read_metadata(path)
    assert (metadata.network, metadata.scale) == ("edsr", scale)


def test_is_what_the_shipped_experiment_trains(scale):
    images = PHOTOGRAPHS[0].parent
    loaded = srcore.load_experiment("small", [f"data.train.hr={images}"])
    experiment = loaded.experiment(next(s for s in loaded.stages if s.name == f"x{scale}"))
    table = read_metadata(shipped_model(scale))
    options = json.loads(json.dumps(keywords(experiment.generator.selected.options)))
    assert (experiment.scale, experiment.generator.selected.type) == (scale, table.network)
    assert options == {"channels": 3} | table.options  # written before there was the key


def test_serves_scales_up_to_its_own(scale, tmp_path):
    smaller = {2: 1.5, 4: 3}[scale]
    assert shipped_model(smaller) == shipped_model(scale)
    with pytest.raises(WeightsError, match=f"no model x{scale}.safetensors; name one with"):
        shipped_model(scale, tmp_path)


def test_enlarges_a_photograph_without_further_ado(scale, tmp_path):
    image = read_rgb(PHOTOGRAPHS[0])[:60, :70]
    write_image(tmp_path / "photo.png", image)
    done = subprocess.run(
        [sys.executable, "-m", "srcore", "upscale", "photo.png", "--scale", str(scale)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"photo_x{scale}.png"
    assert read_image(tmp_path / f"photo_x{scale}.png").shape == (60 * scale, 70 * scale, 3)


@pytest.mark.parametrize("color", [0, 255])
def test_black_and_white_stay(network, color):
    image = np.full((21, 34, 3), color, np.uint8)
    assert (upscaled(network, image) == color).all()


def test_flat_colors_stay_flat(network):
    for color in itertools.product(LEVELS[::2], LEVELS[::3], LEVELS[1::2]):
        image = np.full((16, 19, 3), color, np.uint8)
        difference = np.abs(upscaled(network, image) - np.array(color))
        assert difference.max() <= 1, color


def test_photographs_keep_their_mean_color(network, scale):
    assert PHOTOGRAPHS
    for path in PHOTOGRAPHS:
        lr = small(path, scale)
        shift = upscaled(network, lr).mean((0, 1)) - lr.mean((0, 1))
        assert np.abs(shift).max() < 0.5, path.name


def test_photographs_come_out_better_than_by_bicubic(network, scale):
    gains = []
    for path in PHOTOGRAPHS:
        hr, lr = read_rgb(path), small(path, scale)
        hr = hr[: lr.shape[0] * scale, : lr.shape[1] * scale]
        bicubic = resize_uint8(lr, size=hr.shape[:2])
        sr = upscaled(network, lr).astype(np.uint8)
        measured = [srcore.metrics.psnr(image, hr, crop_border=scale) for image in (sr, bicubic)]
        gains.append(measured[0] - measured[1])
    assert min(gains) > 0.3
    assert np.mean(gains) > 0.5


def test_tiles_do_not_show(network, scale):
    lr = small(PHOTOGRAPHS[0], scale)[:150, :170]
    whole = srcore.upscale(network, lr, border=BORDER, tile=None).astype(int)
    assert np.abs(srcore.upscale(network, lr, border=BORDER, tile=64) - whole).max() <= 1


def small(path, scale):
    hr = read_rgb(path)
    height, width = (side // scale for side in hr.shape[:2])
    cut = np.ascontiguousarray(hr[: height * scale, : width * scale])
    return resize_uint8(cut, size=(height, width), dialect="matlab_uint8")
