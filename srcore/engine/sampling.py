"""Which image comes when: an endless, seeded stream that can start anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import Sampler, get_worker_info

from srcore.data.batching import EXTRAS, split_extras, stack_extras, stack_samples
from srcore.errors import DataError, PluginError
from srcore.images import to_float
from srcore.machine import shared_memory
from srcore.plugin.blame import naming_exits
from srcore.plugin.calling import call, who
from srcore.samplers.ordering import Shuffled, checked_order
from srcore.seeding import sample_generator

if TYPE_CHECKING:
    from srcore.contracts import Dataset
    from srcore.contracts import Sampler as Ordering
    from srcore.samplers.ordering import Order

#: (epoch, index): identifies a draw of an image.
Key = tuple[int, int]

_SAMPLE_STREAM = 1
_ORDER_STREAM = 2
_MAX_REPLACEMENTS = 20


class StreamSampler(Sampler[list[Key]]):
    """Batches of keys: the images in a new order every epoch, without end of epoch.

    A batch may hold the end of one epoch and the start of the next, so no image is left out. With
    several processes each takes its share of every global batch.

    Args:
        dataset: the images.
        batch_size: images per batch and process.
        seed: seed of the experiment.
        start: iterations already done.
        stop: total number of iterations.
        ordering: see :class:`srcore.contracts.Sampler`; None: every image once, shuffled.
        rank: this process.
        world_size: number of processes.

    Attributes:
        length: images of an epoch.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        *,
        seed: int,
        start: int,
        stop: int,
        ordering: Ordering | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.images = len(dataset)
        self.batch_size = batch_size
        self.seed = seed
        self.start = start
        self.stop = stop
        self.ordering: Ordering = ordering or Shuffled(dataset=dataset)
        self.rank = rank
        self.world_size = world_size
        self._order = 0, self._epoch(0)
        self.length = len(self._order[1])

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[list[Key]]:
        return (self.keys(iteration) for iteration in range(self.start, self.stop))

    def keys(self, iteration: int) -> list[Key]:
        """The images of one iteration, counted from 0."""
        first = (iteration * self.world_size + self.rank) * self.batch_size
        keys = []
        for number in range(first, first + self.batch_size):
            epoch = number // self.length
            if self._order[0] != epoch:
                self._order = epoch, self._epoch(epoch)
            keys.append((epoch, int(self._order[1][number % self.length])))
        return keys

    def _epoch(self, epoch: int) -> Order:
        """The order of an epoch, a pure function of (seed, epoch).

        Raises:
            PluginError: the sampler's answer is no order, or not as long as that of epoch 0.
        """
        generator = sample_generator(self.seed, _ORDER_STREAM, epoch)
        order = call("sampler", self.ordering, epoch, generator, method="order")
        order = checked_order(order, self.images, self.ordering)
        if epoch and len(order) != self.length:
            raise PluginError(
                f"{who('sampler', self.ordering)} returned {len(order)} images for epoch {epoch}; "
                f"expected {self.length}, as for the first"
            )
        return order


class TrainingImages(TorchDataset[dict[str, Any]]):
    """Reads the samples that a :class:`StreamSampler` asks for.

    Args:
        dataset: where the images come from.
        seed: seed of the experiment.
        skip_bad: replace an unreadable image by another one instead of raising.
    """

    def __init__(self, dataset: Dataset, *, seed: int, skip_bad: bool) -> None:
        self.dataset = dataset
        self.seed = seed
        self.skip_bad = skip_bad

    def __getitem__(self, key: Key) -> dict[str, Any]:
        epoch, index = key
        generator = sample_generator(self.seed, _SAMPLE_STREAM, epoch, index)
        skipped: list[str] = []
        while True:
            try:
                with naming_exits():  # or a reading process would end without a word
                    sample: dict[str, Any] = dict(
                        call("dataset", self.dataset, index, generator, method="sample")
                    )
            except PluginError as error:
                return {"error": str(error)}
            except DataError as error:
                # Handed to the main process as text: a loader would wrap it into a traceback.
                if not self.skip_bad:
                    return {"error": str(error)}
                skipped.append(str(error))
                if len(skipped) >= _MAX_REPLACEMENTS:
                    return {"error": f"{len(skipped)} unreadable images in a row, last: {error}"}
                index = int(generator.integers(len(self.dataset)))
                continue
            extras = sample.pop(EXTRAS, {})
            return sample | {EXTRAS: {**extras, "index": index}, "skipped": skipped}


def collate(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Stack the images of the samples; join the lists of skipped ones; pass on an error.

    A reading process puts the batch into shared memory here, where it can still say that there is
    no room: what PyTorch's queue does not deliver is lost without a word.
    """
    errors = [sample["error"] for sample in samples if "error" in sample]
    if errors:
        return {"error": errors[0]}
    skipped = [text for sample in samples for text in sample.pop("skipped")]
    try:
        stacked = stack_samples([split_extras(sample)[0] for sample in samples])
        beside = stack_extras([split_extras(sample)[1] for sample in samples])
    except DataError as error:
        return {"error": str(error)}
    batch = {name: torch.from_numpy(images) for name, images in stacked.items()}
    if get_worker_info() is not None:
        try:
            for images in batch.values():
                images.untyped_storage().share_memory_()
        except RuntimeError as error:
            if not shared_memory.is_full(error):
                raise
            return {"error": shared_memory.full(error)}
    return {**batch, EXTRAS: beside, "skipped": skipped}


def to_device(batch: dict[str, Any], device: torch.device) -> dict[str, torch.Tensor]:
    """uint8 or uint16 ``(N, H, W, C)`` -> float ``(N, C, H, W)`` in [0, 1] on ``device``.

    Extras keep their values: numbers and arrays become tensors, texts stay lists.
    """
    images = {
        name: to_float(value.to(device, non_blocking=True))
        for name, value in batch.items()
        if isinstance(value, torch.Tensor)
    }
    return images | extras_on(device, batch.get(EXTRAS, {}))


def extras_on(device: torch.device, extras: dict[str, Any]) -> dict[str, Any]:
    """Stacked extras as entries of a batch: tensors on the device, lists of texts."""
    return {
        name: value if isinstance(value, list) else torch.as_tensor(value).to(device)
        for name, value in extras.items()
    }
