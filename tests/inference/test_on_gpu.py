"""Upscaling on a GPU: the CPU's picture, in every precision, in tiles, and when memory runs out."""

import numpy as np
import pytest
import torch

import srcore
from srcore.cli.main import main
from srcore.images import read_image
from srcore.inference.backends.backend import BackendError
from srcore.inference.memory import choose_tile, free_memory
from srcore.plugin.manager import plugins
from srcore.testing.tiny_images import tiny_image, write_tiny_images
from srcore.weights.saving import GeneratorMetadata, save_safetensors

pytestmark = pytest.mark.gpu

SIZES = {
    "edsr": {"num_features": 8, "num_blocks": 1},
    "rrdbnet": {"num_features": 8, "num_blocks": 1, "growth_channels": 4},
    "swinir": {"embed_dim": 12, "depths": (2,), "num_heads": (2,), "num_features": 8},
    "compact": {"num_features": 8, "num_convs": 2},
}


def make(kind, device, scale=2):
    torch.manual_seed(0)
    return srcore.build("network", kind, scale=scale, **SIZES[kind]).eval().to(device)


def apart(first, second):
    return int(np.abs(first.astype(int) - second.astype(int)).max())


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize(
    "options",
    [{}, {"tile": 32}, {"tile": 32, "batch": 3}, {"self_ensemble": True}, {"scale": 3}],
)
def test_the_picture_is_that_of_the_cpu(gpu, kind, options):
    image = tiny_image(0, 72, 85)
    expected = srcore.upscale(make(kind, "cpu"), image, **options)
    assert apart(srcore.upscale(make(kind, gpu), image, **options), expected) <= 1


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_is_near(gpu, kind, precision):
    image = tiny_image(0, 40, 45)
    network = make(kind, gpu)
    upscaled = srcore.upscale(network, image, precision=precision)
    difference = upscaled.astype(float) - srcore.upscale(network, image)
    assert np.sqrt((difference**2).mean()) < (4 if precision == "bfloat16" else 1)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("kind", SIZES)
def test_graphs_make_the_same_picture(gpu, kind, precision):
    network, image = make(kind, gpu), tiny_image(0, 90, 70)
    given = {"tile": 32, "overlap": 8, "precision": precision}
    if torch.device(gpu).type == "cpu":  # where the test itself is tried
        with pytest.raises(BackendError, match="cudagraphs: computes on cuda, not on cpu"):
            srcore.upscale(network, image, backend="cudagraphs", **given)
        return
    expected = srcore.upscale(network, image, **given)
    assert apart(srcore.upscale(network, image, backend="cudagraphs", **given), expected) <= 1


def test_sixteen_bit_gray_and_alpha(gpu):
    network, plain = make("edsr", gpu), make("edsr", "cpu")
    gray = tiny_image(1, 30, 33)[..., 0]
    assert apart(srcore.upscale(network, gray), srcore.upscale(plain, gray)) <= 1
    alpha = np.concatenate([tiny_image(1, 30, 33), tiny_image(2, 30, 33)[..., :1]], axis=2)
    deep = alpha.astype(np.uint16) * 257
    for image, bound in ((alpha, 1), (deep, 2)):
        assert apart(srcore.upscale(network, image), srcore.upscale(plain, image)) <= bound


def test_smaller_tiles_are_tried_when_memory_runs_out(gpu, monkeypatch):
    network = make("edsr", gpu)
    image = tiny_image(0, 96, 96)
    expected = srcore.upscale(network, image)
    forward, sides = type(network).forward, []

    def hungry(self, lr):
        sides.append(max(lr.shape[-2:]))
        if sides[-1] > 70:
            torch.empty(2**50, dtype=torch.uint8, device=lr.device)
        return forward(self, lr)

    monkeypatch.setattr(type(network), "forward", hungry)
    assert apart(srcore.upscale(network, image, tile=None), expected) <= 1
    assert sides[0] > 70 >= sides[-1]


def test_the_memory_of_the_device_chooses_the_tile(gpu):
    free = free_memory(gpu)
    assert free is not None
    assert free > 2**20
    assert choose_tile(make("edsr", gpu), (100, 100), lambda tile: 5) >= 32


def test_the_commands_take_the_device(gpu, tmp_path, capsys):
    torch.manual_seed(0)
    network = make("edsr", "cpu")
    weights = tmp_path / "x2.safetensors"
    save_safetensors(
        weights,
        network.state_dict(),
        GeneratorMetadata("edsr", SIZES["edsr"], 2),
        registry=plugins().registry,
    )
    pictures = write_tiny_images(tmp_path / "pictures", 2)
    arrays = []
    for number, device in enumerate((gpu.type, "cpu")):
        out = tmp_path / str(number)
        arguments = ["upscale", "--weights", str(weights), "--device", device]
        with pytest.raises(SystemExit) as caught:
            main([*arguments, str(pictures), "-o", str(out)])
        assert caught.value.code in (0, None), capsys.readouterr().err
        arrays.append([read_image(path) for path in sorted(out.rglob("*.png"))])
    assert len(arrays[0]) == 2
    for ours, theirs in zip(*arrays, strict=True):
        assert apart(ours, theirs) <= 1
