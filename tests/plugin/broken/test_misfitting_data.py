"""Datasets, sources, samplers and transforms that do not keep the contract of their kind."""

import numpy as np
import pytest

from srcore.images import ImageHeader


class Images:
    """A dataset of one image, which a broken one changes."""

    def __init__(self, scale):
        self.scale = scale

    def __len__(self):
        return 4

    def name(self, index):
        return str(index)

    def sample(self, index, generator):
        return {"lr": np.zeros((16, 16, 3), np.uint8), "hr": np.zeros((32, 32, 3), np.uint8)}


class Floats(Images):
    def sample(self, index, generator):
        return {name: value / 255 for name, value in super().sample(index, generator).items()}


class Nothing(Images):
    def sample(self, index, generator):
        return None


class Hasty(Images):
    def sample(self, index):
        return super().sample(index, None)


class Ordered:
    """A sampler with the given answer for every epoch."""

    def __init__(self, *answers):
        self.answers = answers

    def order(self, epoch, generator):
        return self.answers[min(epoch, len(self.answers) - 1)]


class Unready:
    def order(self, epoch):
        return [0]


class Shelf:
    """A source of four images, of which one method answers otherwise."""

    def __init__(self, **answers):
        self.answers = answers

    def __len__(self):
        return 4

    def name(self, index):
        return self.answers.get("name", str(index))

    def where(self, index):
        return str(index)

    def header(self, index):
        return self.answers.get("header", ImageHeader(48, 64, 8))

    def read(self, index):
        return self.answers.get("read", np.zeros((48, 64, 3), np.uint8))

    def read_window(self, index, window):
        if "read_window" in self.answers:
            return self.answers["read_window"]
        return window.cut(self.read(index))


class Blind(Shelf):
    def read_window(self, window):
        """Takes too little."""


SAMPLED = ('data.train.sampler={ type = "x" }',)


SHELVED = (
    'data.train={ type = "images", hr = { type = "x" }, workers = 0, hr_patch_size = 32 }',
    "train.batch_size=1",
)

BROKEN = {
    "transform without return": (
        "transform",
        lambda scale: lambda batch, generator: batch.update(lr=batch["lr"]),
        ('data.train.transforms=[{ type = "x" }]',),
        'transform "x" returned None; expected the batch: a dict of tensors',
    ),
    "transform of another signature": (
        "transform",
        lambda scale: lambda batch: batch,
        ('data.train.transforms=[{ type = "x" }]',),
        'transform "x": is called with (dict, Generator): too many positional arguments',
    ),
    "dataset of floats": (
        "dataset",
        Floats,
        ('data.train={ type = "x", workers = 0 }',),
        'dataset "x" returned {"lr": ndarray (16, 16, 3) of float64, "hr": ndarray (32, 32, 3) of '
        "float64}; expected lr as an array (H, W, C) of uint8 or uint16",
    ),
    "dataset without samples": (
        "dataset",
        Nothing,
        ('data.train={ type = "x", workers = 0 }',),
        'dataset "x" returned None; expected a dict with "lr" or "hr" or both',
    ),
    "dataset of another signature": (
        "dataset",
        Hasty,
        ('data.train={ type = "x", workers = 0 }',),
        'dataset "x": sample(2, Generator): too many positional arguments',
    ),
    "dataset that is none": (
        "dataset",
        lambda scale: [],
        ('data.train={ type = "x", workers = 0 }',),
        "makes (); expected a dataset, which has sample",
    ),
    "transform of arrays": (
        "transform",
        lambda scale: lambda batch, generator: {"lr": batch["lr"].numpy(), "hr": batch["hr"]},
        ('data.train.transforms=[{ type = "x" }]',),
        'transform "x" returned {"lr": ndarray (4, 3, 16, 16) of float32, "hr": Tensor (4, 3, 32, '
        "32) of float32}; expected lr as a tensor (N, C, H, W)",
    ),
    "sampler of fractions": (
        "sampler",
        lambda dataset: Ordered(np.zeros(4)),
        SAMPLED,
        'sampler "x" returned ndarray (4,) of float64; expected the numbers of an epoch\'s images',
    ),
    "sampler without return": (
        "sampler",
        lambda dataset: Ordered(None),
        SAMPLED,
        'sampler "x" returned None; expected the numbers of an epoch\'s images',
    ),
    "sampler of images that are not there": (
        "sampler",
        lambda dataset: Ordered([0, 99]),
        SAMPLED,
        'sampler "x" returned numbers from 0 to 99; expected those of the images, 0 to ',
    ),
    "sampler of growing epochs": (
        "sampler",
        lambda dataset: Ordered([0] * 4, [0] * 5),
        (*SAMPLED, "train.iterations=3"),
        'sampler "x" returned 5 images for epoch 1; expected 4, as for the first',
    ),
    "sampler of another signature": (
        "sampler",
        lambda dataset: Unready(),
        SAMPLED,
        'sampler "x": order(0, Generator): too many positional arguments',
    ),
    "sampler that is none": (
        "sampler",
        lambda dataset: [],
        SAMPLED,
        "makes (); expected a sampler, which has order",
    ),
    "source that is none": (
        "source",
        list,
        ('data.train={ type = "images", hr = { type = "x" }, workers = 0 }',),
        "makes (); expected a source, which has name, where, header, read, read_window",
    ),
    "source of floats": (
        "source",
        lambda: Shelf(read_window=np.zeros((32, 32, 3))),
        SHELVED,
        'source "x" returned ndarray (32, 32, 3) of float64; expected an array (H, W, C) of uint8 '
        "or uint16",
    ),
    "source of gray images": (
        "source",
        lambda: Shelf(read_window=np.zeros((32, 32, 1), np.uint8)),
        SHELVED,
        'source "x" returned ndarray (32, 32, 1) of uint8; expected the shape (40, 40, 3)',
    ),
    "source of other windows": (
        "source",
        lambda: Shelf(read_window=np.zeros((48, 64, 3), np.uint8)),
        SHELVED,
        'source "x" returned ndarray (48, 64, 3) of uint8; expected the shape (40, 40, 3)',
    ),
    "source that keeps pixels for itself": (
        "source",
        lambda: Shelf(read=None),
        ('data.train={ type = "images", hr = { type = "x" }, workers = 0, cache = "memory" }',),
        'source "x" returned None; expected an array (H, W, C) of uint8 or uint16',
    ),
    "source without headers": (
        "source",
        lambda: Shelf(header=(48, 64)),
        SHELVED,
        'source "x" returned (48, 64); expected a srcore.images.ImageHeader',
    ),
    "source without names": (
        "source",
        lambda: Shelf(name=None),
        ('data.train={ type = "images", hr = { type = "x" }, lr = { type = "x" }, workers = 0 }',),
        'source "x" returned None; expected a text that is not empty',
    ),
    "source of another signature": (
        "source",
        Blind,
        SHELVED,
        'source "x": read_window(2, Window): too many positional arguments',
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_line_names_kind_component_owner_and_both_sides(name, misfit):
    misfit(*BROKEN[name])
