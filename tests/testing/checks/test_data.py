"""Transforms, data sets, sources, samplers: a faulty part for every check, and what is said."""

import attrs
import numpy as np
import pytest
import torch

import srcore
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing.checks import complaints
from srcore.testing.specimen import Specimen, options_for

#: Whatever counts itself is different every time.
COUNT = iter(range(1_000_000))


class Blur:
    """A transform without fault."""

    def __init__(self, scale):
        self.seen = 0.0

    def __call__(self, batch, generator):
        return batch | {"lr": batch["lr"] * torch.rand((), generator=generator)}


class Unseeded(Blur):
    def __call__(self, batch, generator):
        return batch | {"lr": batch["lr"] * next(COUNT)}


class Amnesiac(Blur):
    def __call__(self, batch, generator):
        self.seen += 1
        return batch | {"lr": batch["lr"] + self.seen}


class Exploding(Blur):
    def __call__(self, batch, generator):
        return batch | {"lr": batch["lr"] / 0}


class Images:
    """A dataset without fault."""

    def __init__(self, scale):
        self.scale = scale

    def __len__(self):
        return 4

    def name(self, index):
        return str(index)

    def sample(self, index, generator):
        return {"lr": np.zeros((8, 8, 3), np.uint8), "hr": np.zeros((16, 16, 3), np.uint8)}


class Nameless(Images):
    def name(self, index):
        return "image"


class Stray(Images):
    def sample(self, index, generator):
        return {"hr": np.full((16, 16, 3), next(COUNT) % 255, np.uint8)}


class Rooted(Images):
    def __init__(self, scale):
        super().__init__(scale)
        self.reader = lambda: None


@attrs.frozen
class Promising:
    """Says what it does not do."""

    hr_patch_size: int = srcore.option(8, "side of the crops")

    def entries(self):
        return ("lr", "hr", "depth")


class Careless(Images):
    def __init__(self, scale, hr_patch_size):
        super().__init__(scale)


class Source:
    """A source without fault."""

    image = np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3)

    def __len__(self):
        return 2

    def name(self, index):
        return str(index)

    def where(self, index):
        return f"memory:{index}"

    def header(self, index):
        return srcore.images.ImageHeader(12, 10, 8, 3)

    def read(self, index):
        return self.image

    def read_window(self, index, window):
        return window.cut(self.image)


class Lying(Source):
    def read(self, index):
        return self.image[1:]


class Mirrored(Source):
    def read_window(self, index, window):
        return window.cut(self.image)[::-1]


class Floating(Source):
    def read(self, index):
        return self.image / 255.0

    def read_window(self, index, window):
        return window.cut(self.image) / 255.0


class Placeless(Source):
    def where(self, index):
        return ""


class Restless(Source):
    def order(self, epoch, generator):
        return np.roll(np.arange(2), next(COUNT))


class Guessing(Source):
    def sizes(self):
        return np.array([[12, 10], [10, 12]])


class Order:
    """A sampler without fault."""

    def __init__(self, dataset):
        self.length = len(dataset)

    def order(self, epoch, generator):
        return generator.permutation(self.length)


class Fresh(Order):
    def order(self, epoch, generator):
        return np.roll(np.arange(self.length), next(COUNT))


class Growing(Order):
    def order(self, epoch, generator):
        return np.arange(1 + epoch)


class Beyond(Order):
    def order(self, epoch, generator):
        return np.arange(self.length) + 1


FAULTS = [
    ("transform", Unseeded, {}, "expected equal batches from equal generators"),
    ("transform", Amnesiac, {}, "expected the same batch after a resume, found another"),
    ("transform", Exploding, {}, "expected finite values, found others in lr"),
    ("transform", Blur, {"about": {"provides": ("mask",)}}, "promises the entry mask; found"),
    ("transform", Blur, {"about": {"needs": ("mask",)}}, 'needs "mask": expected a value'),
    ("dataset", Nameless, {}, "expected images with different names"),
    ("dataset", Stray, {}, "expected equal samples from equal generators"),
    ("dataset", Rooted, {}, "expected: Samples of pairs that fit the scale.*pickle"),
    ("dataset", Careless, {"options": Promising}, r"expected crops hr of 8x8 \(hr_patch_size = 8"),
    ("dataset", Careless, {"options": Promising}, "promises the entry depth; found lr, hr"),
    ("source", Lying, {}, "expected an image of 12x10 as its header says"),
    ("source", Mirrored, {}, r"expected read_window\(\) to give the part of the image"),
    ("source", Floating, {}, r"expected \(H, W, C\) of uint8 or uint16"),
    ("source", Restless, {}, r"expected order\(\) to be a pure function of its generator"),
    ("source", Guessing, {}, r"expected sizes\(\) to tell heights and widths as headers do"),
    ("source", Placeless, {}, r"expected where\(\) to name the image for messages"),
    ("sampler", Fresh, {}, "expected a pure function of epoch and generator"),
    ("sampler", Growing, {}, "expected epochs of one length, found 1 and 2"),
    ("sampler", Beyond, {}, "returned numbers from 1 to 6; expected those of the images, 0 to 5"),
]


@pytest.mark.parametrize(("kind", "target", "how", "message"), FAULTS)
def test_a_faulty_part_is_refused_in_one_line_that_names_it(kind, target, how, message, refused):
    refused(kind, target, how, message)


@pytest.mark.parametrize(
    ("kind", "target", "how"),
    [
        ("transform", Blur, {}),
        ("dataset", Images, {}),
        ("source", Source, {}),
        ("sampler", Order, {}),
    ],
)
def test_a_part_without_fault_is_not_complained_of(kind, target, how, tried):
    assert tried(kind, target, **how) == []


class Ranked:
    """A data set that knows more of its images than a number."""

    def __init__(self, scale):
        self.ranks = [2, 0, 1]

    def __len__(self):
        return 3

    def name(self, index):
        return str(index)

    def sample(self, index, generator):
        return {"hr": np.zeros((8, 8, 3), np.uint8), "lr": np.zeros((4, 4, 3), np.uint8)}


class ByRank:
    def __init__(self, dataset):
        self.ranks = dataset.ranks

    def order(self, epoch, generator):
        return np.argsort(self.ranks)


def test_a_sampler_is_tried_on_the_data_set_that_it_needs(folder):
    class Both:
        __name__ = "srplug-stranger"

        @srcore.hookimpl
        def srcore_register_components(self, registry):
            registry.add("dataset", "ranked", None, Ranked)
            registry.add("sampler", "by_rank", None, ByRank)

    with using(PluginManager(discover=False, extra=[Both()])):
        component = plugins().registry.get("sampler", "by_rank")
        specimen = Specimen(component, options_for(component, {}), {}, folder)
        (complaint,) = complaints(specimen)
        assert "'HrFolder' object has no attribute 'ranks'" in complaint
        assert complaints(attrs.evolve(specimen, sampled={"type": "ranked"})) == []
