"""Weights of programs that train on blue, green, red."""

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import srcore
from srcore.cli.evaluate import command as evaluate
from srcore.cli.upscale import command as upscale
from srcore.converting.conversion import convert
from srcore.errors import SrcoreError
from srcore.images import read_image, write_image
from srcore.plugin.manager import plugins
from srcore.testing.tiny_images import tiny_image
from srcore.weights.channel_order import BgrNetwork, swap_red_and_blue

OPTIONS = {"num_features": 4, "num_blocks": 1, "growth_channels": 2}


@pytest.fixture
def weights(tmp_path):
    """An RRDBNet in the layout of esrdgan, which tells nothing about its colors."""
    torch.manual_seed(0)
    network = srcore.build("network", "rrdbnet", scale=4, **OPTIONS)
    torch.save(network.state_dict(), tmp_path / "own.pth")
    convert(tmp_path / "own.pth", tmp_path / "G_1.pth", "esrdgan", plugins().registry)
    return tmp_path / "G_1.pth"


def test_red_and_blue_are_exchanged_in_and_out(weights):
    network = srcore.load_generator(weights)
    image = tiny_image(0, 12, 10)
    upscaled = srcore.upscale(BgrNetwork(network), image, border=0)
    expected = srcore.upscale(network, np.ascontiguousarray(image[..., ::-1]), border=0)[..., ::-1]
    np.testing.assert_array_equal(upscaled, expected)
    assert not np.array_equal(upscaled, srcore.upscale(network, image, border=0))


def test_alpha_stays_last_and_gray_as_it_is():
    image = torch.arange(4.0).view(1, 4, 1, 1)
    assert swap_red_and_blue(image).flatten().tolist() == [2, 1, 0, 3]
    assert swap_red_and_blue(image[:, :1]) is not None
    assert torch.equal(swap_red_and_blue(image[:, :1]), image[:, :1])


def test_what_the_network_declares_holds(weights):
    inner = srcore.load_generator(weights)
    network = BgrNetwork(inner)
    assert network.scale == 4
    assert getattr(network, "in_channels", 3) == getattr(inner, "in_channels", 3)
    inner.condition = lambda batch: None
    with pytest.raises(SrcoreError, match="not offered for networks with a condition"):
        BgrNetwork(inner)


def test_commands_say_it_until_they_are_told(weights, tmp_path):
    image = tiny_image(1, 12, 10)
    write_image(tmp_path / "a.png", image)
    said = "trains on blue, green, red; if it did, add --channel-order bgr, else"
    network = srcore.load_generator(weights)
    results = {}
    for given in ((), ("--channel-order", "rgb"), ("--channel-order", "bgr")):
        output = tmp_path / f"{len(results)}.png"
        arguments = [str(tmp_path / "a.png"), "-o", str(output), "--weights", str(weights)]
        arguments += ["--device", "cpu", "--border", "0", *given]
        done = CliRunner().invoke(upscale, arguments)
        assert done.exit_code == 0
        assert (said in done.output) == (not given)
        results[given] = read_image(output)
    np.testing.assert_array_equal(results[()], srcore.upscale(network, image, border=0))
    np.testing.assert_array_equal(results[()], results["--channel-order", "rgb"])
    expected = srcore.upscale(BgrNetwork(network), image, border=0)
    np.testing.assert_array_equal(results["--channel-order", "bgr"], expected)


def test_evaluate_takes_the_order(weights, tmp_path):
    write_image(tmp_path / "set" / "a.png", tiny_image(0, 48, 48))
    values = []
    for given in ((), ("--channel-order", "bgr")):
        arguments = [str(weights), "--data", str(tmp_path / "set"), "--device", "cpu", *given]
        done = CliRunner().invoke(evaluate, [*arguments, "--interpolation", "nearest,opencv"])
        assert done.exit_code == 0
        assert ("--channel-order bgr" in done.output) == (not given)
        lines = done.output.splitlines()
        assert [line.split()[0] for line in lines[-3:]] == ["nearest", "opencv", "G_1"]
        values.append(lines[-1])
    assert values[0] != values[1]


def test_own_files_say_nothing(weights):
    from srcore.weights.channel_order import order_remark
    from srcore.weights.containers import read_checkpoint

    own = read_checkpoint(weights.parent / "own.pth")
    assert order_remark(own, plugins().registry) == ""
