"""What sources, data sets, samplers and transforms are tried for."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from srcore.capabilities import capability, option_capability
from srcore.checking.channel_checks import channels_of
from srcore.data.batching import split_extras, stack_extras
from srcore.data.cropping import Window
from srcore.engine.part_state import restore, state_to_save
from srcore.plugin.calling import call
from srcore.plugin.manager import plugins
from srcore.samplers.ordering import checked_order
from srcore.seeding import sample_generator, seed_everything
from srcore.testing.checks.losses import plain_state
from srcore.testing.specimen import Specimen, is_same, lacking, options_for


def reads_images(specimen: Specimen) -> Iterator[str]:
    """Named images whose header, whole and parts agree; processes can take it along."""
    source = pickle.loads(pickle.dumps(specimen.build()))
    names = [source.name(index) for index in range(len(source))]
    if not names or len(set(names)) < len(names):
        yield f"expected images with different names, found {names[:4]}"
    for index in range(min(2, len(names))):
        header, whole = source.header(index), source.read(index)
        if (header.height, header.width) != whole.shape[:2]:
            sides = f"{header.height}x{header.width}"
            yield f"expected an image of {sides} as its header says, found {whole.shape[:2]}"
            continue
        if whole.ndim != 3 or whole.dtype not in (np.uint8, np.uint16):
            yield f"expected (H, W, C) of uint8 or uint16, found {whole.shape} of {whole.dtype}"
        part = source.read_window(index, Window(1, 2, 5, 4))
        if not np.array_equal(part, whole[1:6, 2:6]):
            yield "expected read_window() to give the part of the image, found another"
        if not (isinstance(source.where(index), str) and source.where(index)):
            yield "expected where() to name the image for messages, found nothing"
    yield from _complain_declared(source, len(names))


def _complain_declared(source: Any, length: int) -> Iterator[str]:
    """What a source may declare beside what it must offer."""
    order, sizes = (capability("source", source, name) for name in ("order", "sizes"))
    if order is not None:
        first, again = (checked_order(order(0, sample_generator(0)), length, source) for _ in "ab")
        if not np.array_equal(first, again):
            yield "expected order() to be a pure function of its generator, found another"
    if sizes is not None:
        headers = [source.header(index) for index in range(length)]
        if np.asarray(sizes()).tolist() != [[it.height, it.width] for it in headers]:
            yield "expected sizes() to tell heights and widths as headers do, found others"


def gives_samples(specimen: Specimen) -> Iterator[str]:
    """Samples of pairs that fit the scale, drawn from the generator alone; whole without one."""
    dataset = pickle.loads(pickle.dumps(specimen.build(scale=specimen.scale)))
    names = [dataset.name(index) for index in range(len(dataset))]
    if not names or len(set(names)) < len(names):
        yield f"expected images with different names, found {names[:4]}"
    for generator in (None, sample_generator(0)):
        sample = call("dataset", dataset, 0, generator, method="sample")
        again = None if generator is None else sample_generator(0)
        if not _equal_entries(sample, call("dataset", dataset, 0, again, method="sample")):
            when = "whole images" if generator is None else "equal generators"
            yield f"expected equal samples from {when}, found others"
        images, extras = split_extras(sample)
        stack_extras([extras])
        yield from _complain_sizes(specimen, images, is_crop=generator is not None)
    entries = option_capability(specimen.options, "entries")
    promised = set(entries()) if entries is not None else set()
    yield from (
        f"promises the entry {name}; found {', '.join((*images, *extras))}"
        for name in sorted(promised - images.keys() - extras.keys())
    )


def _complain_sizes(specimen: Specimen, images: dict[str, Any], *, is_crop: bool) -> Iterator[str]:
    channels = channels_of(specimen.options)
    for name in {"lr", "hr"} & images.keys():
        if images[name].shape[2] != channels:
            yield f"expected {name} of {channels} channels, found {images[name].shape[2]}"
    size = option_capability(specimen.options, "hr_patch_size")
    for name, side in (("hr", size), ("lr", size and size // specimen.scale)):
        if is_crop and side and name in images and images[name].shape[:2] != (side, side):
            sides = images[name].shape[:2]
            yield f"expected crops {name} of {side}x{side} (hr_patch_size = {size}), found {sides}"
    if {"lr", "hr"} <= images.keys() and (is_crop or "index" not in images):
        wanted = tuple(specimen.scale * side for side in images["lr"].shape[:2])
        if images["hr"].shape[:2] != wanted and size is not None:
            yield f"expected hr of {wanted} for its lr, found {images['hr'].shape[:2]}"


def orders_an_epoch(specimen: Specimen) -> Iterator[str]:
    """Numbers of images, equal for equal generators, equally many in every epoch."""
    keys = dict(specimen.sampled)
    component = plugins().registry.get("dataset", keys.pop("type", "hr_folder"))
    dataset = component.build(options_for(component, keys), scale=specimen.scale)
    sampler = specimen.build(dataset=dataset)
    orders = [
        checked_order(sampler.order(epoch, sample_generator(epoch)), len(dataset), sampler)
        for epoch in (0, 1, 0)
    ]
    if not np.array_equal(orders[0], orders[2]):
        yield "expected a pure function of epoch and generator, found another when asked again"
    if len(orders[0]) != len(orders[1]):
        yield f"expected epochs of one length, found {len(orders[0])} and {len(orders[1])}"


def transforms_a_batch(specimen: Specimen) -> Iterator[str]:
    """The batch with finite images, the entries it promises, drawn from the generator alone."""
    missing = list(lacking(specimen.component.needs, specimen.batch(), "entries"))
    yield from missing
    if missing:
        return
    results = [
        _transform_specimen(specimen, specimen.build(scale=specimen.scale)) for _ in range(2)
    ]
    if not is_same(*results):
        yield "expected equal batches from equal generators, found others"
    for name, value in results[0].items():
        if isinstance(value, Tensor) and not torch.isfinite(value.float()).all():
            yield f"expected finite values, found others in {name}"
    entries = option_capability(specimen.options, "entries")
    promised = set(entries()) if entries is not None else set(specimen.component.provides)
    for name in sorted(promised - results[0].keys()):
        yield f"promises the entry {name}; found {', '.join(results[0])}"


def transform_state_goes_on(specimen: Specimen) -> Iterator[str]:
    """A new one that takes the state of another goes on as that does."""
    if list(lacking(specimen.component.needs, specimen.batch(), "")):
        return
    first = specimen.build(scale=specimen.scale)
    for seed in range(3):
        _transform_specimen(specimen, first, seed)
    state = state_to_save(first)
    yield from plain_state(state)
    second = specimen.build(scale=specimen.scale)
    restore(second, state)
    if not is_same(
        _transform_specimen(specimen, first, 4), _transform_specimen(specimen, second, 4)
    ):
        yield (
            "expected the same batch after a resume, found another: what it remembers belongs "
            "into state_dict()"
        )


@torch.no_grad()
def _transform_specimen(specimen: Specimen, transform: Any, seed: int = 0) -> dict[str, Any]:
    seed_everything(seed)
    batch: dict[str, Any] = call(
        "transform", transform, specimen.batch(seed), specimen.random(seed)
    )
    return batch


def _equal_entries(first: Any, second: Any) -> bool:
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            _equal_entries(first[n], second[n]) for n in first
        )
    return bool(np.array_equal(first, second))
