"""Measuring a network on validation images, on any number of processes with the same result."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import torch
from ignite import distributed as idist
from numpy.typing import NDArray
from torch import Tensor, nn

from srcore.data.batching import split_extras, stack_extras
from srcore.engine.sampling import extras_on
from srcore.errors import SrcoreError
from srcore.evaluation.measure import Measure, Measured, measure_image
from srcore.images import to_image, to_rgb, to_tensor
from srcore.inference.beside import beside
from srcore.inference.tiling import choose_overlap
from srcore.inference.windowed_network import WindowedNetwork
from srcore.machine.memory import is_out_of_memory
from srcore.plugin.calling import call, checked_result
from srcore.plugin.watching import watched
from srcore.seeding import seeded_generator

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.contracts import Dataset

logger = logging.getLogger("srcore")

_VALIDATION_STREAM = 20


@attrs.frozen(kw_only=True)
class ValidationImage(Measured):
    """One validated image.

    Attributes:
        index: position in its set.
        name: stem of its file.
        lr, sr, hr: arrays ``(H, W, 3)`` uint8; kept only for images that are to be shown.
    """

    index: int
    name: str
    lr: NDArray[np.uint8] | None = None
    sr: NDArray[np.uint8] | None = None
    hr: NDArray[np.uint8] | None = None


@attrs.define
class ValidationSet:
    """A named dataset with its transforms."""

    name: str
    dataset: Dataset
    transforms: Sequence[Any]


def validation_sets(experiment: Experiment) -> list[ValidationSet]:
    """Build the validation sets of an experiment."""
    return [
        ValidationSet(
            name,
            table.selected.build(scale=experiment.scale),
            [selected.build(scale=experiment.scale) for selected in table.transforms],
        )
        for name, table in experiment.data.validation.items()
    ]


@torch.no_grad()
def validate_image(
    network: nn.Module,
    images: ValidationSet,
    index: int,
    seed: int,
    device: torch.device,
    measured: Sequence[Measure],
    *,
    keep: bool,
    network_name: str = "the network",
) -> ValidationImage:
    """Super-resolve one image in float32 and measure it on 8-bit values.

    Raises:
        SrcoreError: the output is not finite; as an image it would be black, with a PSNR.
    """
    sample = call("dataset", images.dataset, index, None, method="sample")
    pictures, beside_them = split_extras(sample)
    batch = {name: to_tensor(image, device)[None] for name, image in pictures.items()}
    batch |= extras_on(device, stack_extras([{**beside_them, "index": index}]))
    random = seeded_generator(device, seed, _VALIDATION_STREAM, index)
    for transform in images.transforms:
        batch = call("transform", transform, batch, random)
    training = network.training
    network.eval()
    with watched("validated", network):
        output = _super_resolve(network, batch["lr"], seed, index)[0]
    network.train(training)
    if not torch.isfinite(output).all():
        raise SrcoreError(
            f"validation: what {network_name} makes of {images.name}/{images.dataset.name(index)} "
            "is not finite (NaN or infinite), so nothing can be measured; a smaller learning rate "
            "or gradient clipping usually helps"
        )
    # metrics and pictures know RGB: gray is repeated, which leaves its Y what it is
    sr = to_rgb(to_image(output))
    hr = to_rgb(to_image(batch["hr"][0])) if "hr" in batch else None
    lr = to_rgb(to_image(batch["lr"][0])) if keep else None
    name = images.dataset.name(index)
    values = measure_image(sr, hr, measured)
    result = ValidationImage(index=index, name=name, **attrs.asdict(values, recurse=False))
    return attrs.evolve(result, lr=lr, sr=sr, hr=hr) if keep else result


def _super_resolve(network: nn.Module, lr: Tensor, seed: int, index: int) -> Tensor:
    """The whole image at once; if memory runs out, in parts (:class:`WindowedNetwork`).

    By rows it is the same image; in tiles, of networks that need them, it may differ.
    """
    extra = beside(network, lr, seed, index)
    try:
        sr: Tensor = checked_result("network", network, network(lr, **extra.keywords))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        logger.info("out of memory for an image of %dx%d; in parts", *lr.shape[:-3:-1])
    else:
        return sr
    # Outside of the except block: the error holds what filled the memory.
    return WindowedNetwork(
        network, "float32", batch=1, overlap_for=lambda tile: choose_overlap("auto", tile, network)
    )(lr, extra)


def shard(length: int) -> range:
    """Indices that this process validates."""
    return range(idist.get_rank(), length, idist.get_world_size())


def gather(results: list[ValidationImage]) -> list[ValidationImage]:
    """Results of all processes in the order of the set, without pictures from other processes."""
    if idist.get_world_size() > 1:
        plain = [attrs.evolve(result, lr=None, sr=None, hr=None) for result in results]
        everyone: list[Any] = [None] * idist.get_world_size()
        torch.distributed.all_gather_object(everyone, plain)
        own = {result.index: result for result in results}
        results = [own.get(result.index, result) for share in everyone for result in share]
    return sorted(results, key=lambda result: result.index)
