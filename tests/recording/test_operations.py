"""Every operation that is known gives by rows what it gives on the whole image; others are told."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from srcore.inference.streaming.stream import Stream
from srcore.recording.operations import NotByRowsError
from srcore.recording.recording import record


class Made(nn.Module):
    """A network of one expression."""

    def __init__(self, forward, *parts):
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self._forward = forward

    def forward(self, lr):
        return self._forward(lr, *self.parts)


def conv(*channels, **options):
    return nn.Conv2d(*channels, **options)


def in_bands(recording, image, band):
    stream = Stream(recording, image.shape[-2], band)
    rows = []
    while not stream.is_done:
        rows.append(stream.advance(lambda start, stop: image[..., start:stop, :]))
    assert stream.share == pytest.approx(1)
    return torch.cat([part for part in rows if part is not None], -2)


def _skip(x, first, second):
    return x + 0.2 * second(F.leaky_relu(first(x), 0.2, inplace=True))


def _dense(x, first, second):
    inner = F.relu_(first(x))
    return second(torch.cat((x, inner), 1)) + inner


def _written_over(x, first, second):
    inner = first(x)
    outer = second(inner)  # needs rows of inner that the next line writes over
    inner += 1
    return inner * outer


KNOWN = {
    "3x3": (lambda x, c: c(x), conv(3, 4, kernel_size=3, padding=1)),
    "5x1": (lambda x, c: c(x), conv(3, 4, kernel_size=(5, 1), padding=(2, 0), bias=False)),
    "1x7": (lambda x, c: c(x), conv(3, 4, kernel_size=(1, 7), padding=(0, 3))),
    "dilated": (lambda x, c: c(x), conv(3, 4, kernel_size=3, padding=2, dilation=2)),
    "depthwise": (lambda x, c: c(x), conv(3, 6, kernel_size=5, padding="same", groups=3)),
    "two": (lambda x, c, d: d(c(x)), conv(3, 4, kernel_size=3, padding=1),
            conv(4, 2, kernel_size=5, padding=2)),
    "skip": (_skip, conv(3, 4, kernel_size=3, padding=1), conv(4, 3, kernel_size=3, padding=1)),
    "dense": (_dense, conv(3, 4, kernel_size=3, padding=1), conv(7, 4, kernel_size=3, padding=1)),
    "written over": (_written_over, conv(3, 4, kernel_size=3, padding=1),
                     conv(4, 4, kernel_size=3, padding=1)),
    "prelu": (lambda x, a: a(x - 0.5), nn.PReLU(3, init=0.3)),
    "batch norm": (lambda x, n: n(x), nn.BatchNorm2d(3).eval()),
    "nearest": (lambda x, u: u(x), nn.Upsample(scale_factor=3)),
    "nearest, then 3x3": (lambda x, u, c: c(u(x)), nn.Upsample(scale_factor=2),
                          conv(3, 4, kernel_size=3, padding=1)),
    "bilinear": (lambda x, u: u(x), nn.Upsample(scale_factor=2, mode="bilinear")),
    "bicubic": (lambda x, u: u(x), nn.Upsample(scale_factor=4, mode="bicubic")),
    "shuffle": (lambda x, c, s: s(c(x)), conv(3, 12, kernel_size=3, padding=1), nn.PixelShuffle(2)),
    "unshuffle": (lambda x, s, c: c(s(x)), nn.PixelUnshuffle(2),
                  conv(12, 4, kernel_size=3, padding=1)),
    "channels": (lambda x, c: c(x)[:, 1:3] * x[:, :1], conv(3, 4, kernel_size=3, padding=1)),
    "turned channels": (lambda x, c: c(x[:, [2, 1, 0]])[:, [3, 0]],
                        conv(3, 4, kernel_size=3, padding=1)),
    "all of it": (lambda x, c: c(x)[..., : x.shape[-2], :], conv(3, 4, kernel_size=3, padding=1)),
    "a side branch": (lambda x, c: (c(c(x)), c(x))[1], conv(3, 3, kernel_size=3, padding=1)),
    "the image itself": (lambda x: x * 1,),
    "attention": (lambda x, c: (x + c(x)) * (torch.sigmoid(c(x)) - 0.5),
                  conv(3, 3, kernel_size=3, padding=1)),
    "a constant color": (lambda x: (x - torch.ones(1, 3, 1, 1).type_as(x)) / 255,),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize(("height", "band"), [(2, 4), (6, 2), (40, 4), (40, 14), (40, 40)])
@torch.inference_mode()
def test_rows_are_those_of_the_whole(name, height, band):
    torch.manual_seed(0)
    forward, *parts = KNOWN[name]
    network = Made(forward, *parts).eval()
    recording = record(network, torch.rand(1, 3, height, 12))
    image = torch.rand(2, 3, height, 10)
    torch.testing.assert_close(
        in_bands(recording, image, band), network(image), rtol=1e-5, atol=1e-6
    )


UNKNOWN = {
    "adaptive_avg_pool2d": lambda x: x * F.adaptive_avg_pool2d(x, 1),
    "mean": lambda x: x - x.mean((2, 3), keepdim=True),
    "instance_norm": F.instance_norm,
    "batch_norm with these arguments": lambda x: F.batch_norm(x, None, None, training=True),
    "conv2d with these arguments": lambda x: F.conv2d(x, torch.ones(3, 3, 3, 3)),
    "pad": lambda x: F.conv2d(F.pad(x, (1,) * 4, mode="reflect"), torch.ones(3, 3, 3, 3)),
    "interpolate with these arguments": lambda x: F.interpolate(x, size=(16, 24)),
    "flip": lambda x: x.flip(-1),
    "softmax": lambda x: x.softmax(-1),
    "permute": lambda x: x.permute(0, 1, 3, 2),
    "__bool__": lambda x: x if (x > 0).any() else -x,
    "__getitem__ with these arguments": lambda x: x[..., 1:, :],
    "add with an image of a fixed size": lambda x: x + torch.rand(8, 1),
    "rand_like": lambda x: x + torch.rand_like(x),
    "item": lambda x: x * x.max().item(),
    "no function of PyTorch": lambda x: torch.zeros(1, 3, 8, 8),
}


@pytest.mark.parametrize("name", UNKNOWN)
@torch.inference_mode()
def test_what_looks_further_or_is_unknown_is_told(name):
    shown = {"__bool__": "gt", "item": "max"}.get(name, name)
    with pytest.raises(NotByRowsError, match=shown):
        record(Made(UNKNOWN[name]), torch.rand(1, 3, 8, 8))
