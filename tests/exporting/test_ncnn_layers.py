"""Layers of ncnn against the functions of PyTorch that they stand for."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from srcore.errors import WeightsError
from srcore.exporting import ncnn
from srcore.exporting.export import export_program
from srcore.exporting.ncnn_layers import NoLayerError
from srcore.exporting.ncnn_program import description_and_weights
from srcore.networks.compact import Compact
from srcore.recording.operations import NotByRowsError
from srcore.recording.recording import record
from srcore.weights.saving import GeneratorMetadata

pytest.importorskip("ncnn")

WEIGHT = torch.randn(5, 3, 3, 3, generator=torch.Generator().manual_seed(0))
EACH = torch.tensor([0.5, -1.0, 2.0]).reshape(1, 3, 1, 1)

CALLS = {
    "convolution": lambda x: F.conv2d(x, WEIGHT, torch.arange(5.0), padding=1),
    "convolution without bias": lambda x: F.conv2d(x, WEIGHT, padding="same"),
    "wide convolution": lambda x: F.conv2d(x, WEIGHT, padding=2, dilation=2),
    "convolution in one direction": lambda x: F.conv2d(x, WEIGHT[..., :1], padding=(1, 0)),
    "convolution of each channel": lambda x: F.conv2d(x, WEIGHT[:3, :1], padding=1, groups=3),
    "relu": lambda x: F.relu(x - 0.5),
    "leaky relu": lambda x: F.leaky_relu(x - 0.5, 0.2),
    "leaky relu in place": lambda x: F.leaky_relu_(x * 2 - 1, 0.1),
    "prelu": lambda x: F.prelu(x - 0.5, torch.tensor([0.1, 0.2, 0.3])),
    "prelu of one slope": lambda x: F.prelu(x - 0.5, torch.tensor([0.25])),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "silu": F.silu,
    "clamp": lambda x: x.clamp(0.2, 0.7),
    "clamp from below": lambda x: torch.clamp(x - 0.5, min=0.1),
    "concatenation": lambda x: torch.cat((x, 2 * x, x), 1),
    "nearest": lambda x: F.interpolate(x, scale_factor=2, mode="nearest"),
    "bilinear": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    "pixel shuffle": lambda x: F.pixel_shuffle(torch.cat((x, x + 1, x + 2, x + 3), 1), 2),
    "sum": lambda x: x + torch.sigmoid(x),
    "sum with a factor": lambda x: torch.add(x, torch.sigmoid(x), alpha=0.2),
    "sum in place": lambda x: (x * 2).add_(x),
    "difference": lambda x: torch.sigmoid(x) - x,
    "product": lambda x: x * torch.sigmoid(x),
    "number added": lambda x: x + 0.25,
    "number taken off": lambda x: x - 0.25,
    "taken off a number": lambda x: 1 - x,
    "factor": lambda x: 255.0 * x,
    "added to each channel": lambda x: x + EACH,
    "taken off each channel": lambda x: x - EACH,
    "taken off a number of each channel": lambda x: EACH - x,
    "factor of each channel": lambda x: x * EACH,
    "quotient": lambda x: x / (1 + torch.sigmoid(x)),
    "part of a number": lambda x: x / 255.0,
    "part for each channel": lambda x: x / EACH,
    "some channels": lambda x: x[:, 1:3],
    "all of it": lambda x: x[..., :, :] * 2,
    "what only hands on": lambda x: (x.contiguous().clone() + 1).float(),
}


class Doing(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.call, self.scale = call, 1

    def forward(self, lr):
        return self.call(lr)


@pytest.mark.parametrize("name", CALLS)
@torch.no_grad()
def test_a_layer_does_what_the_function_does(name):
    network = Doing(CALLS[name]).eval()
    program = ncnn.load_program(
        description_and_weights(record(network, torch.rand(1, 3, 12, 9)), "data", "output")
    )
    for height, width in ((12, 9), (7, 23)):
        image = torch.rand(1, 3, height, width)
        expected, made = network(image), program(image)
        assert made.shape == expected.shape
        assert (made - expected).abs().max() <= 1e-5 * max(1, expected.abs().max())


WITHOUT = {
    "flip": lambda x: x.flip(1),
    "every other channel": lambda x: x[:, ::2],
    "gelu": F.gelu,
    "difference with a factor": lambda x: torch.sub(x, torch.sigmoid(x), alpha=2),
}


@pytest.mark.parametrize("name", WITHOUT)
@torch.no_grad()
def test_what_has_no_layer_here_is_left_to_pnnx(name):
    with pytest.raises((NoLayerError, NotByRowsError)):
        description_and_weights(
            record(Doing(WITHOUT[name]).eval(), torch.rand(1, 3, 8, 8)), "data", "output"
        )


def test_networks_of_convolutions_do_without_pnnx(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("asked")

    monkeypatch.setattr(ncnn, "_translated", refuse)
    network = Compact(4, num_features=4, num_convs=2).eval()
    export_program(network, tmp_path / "a.param", "ncnn", GeneratorMetadata("compact", {}, 4))
    lines = (tmp_path / "a.param").read_text().splitlines()
    assert lines[0] == "7767517"
    layers, blobs = map(int, lines[1].split())
    assert layers == len(lines) - 2
    assert blobs == sum(int(line.split()[3]) for line in lines[2:])


def test_what_neither_way_can_write_is_one_line(tmp_path):
    turned = Doing(lambda x: torch.fft.ifft2(torch.fft.fft2(x)).real).eval()
    turned.in_channels = 3
    with pytest.raises(WeightsError, match=r"a\.param: turned cannot be written as ncnn: "):
        export_program(turned, tmp_path / "a.param", "ncnn", GeneratorMetadata("turned", {}, 1))
