"""What a training is fed with: the batches of the training images, in their order."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ignite import distributed as idist

from srcore.capabilities import capability
from srcore.config.batch_size import known_batch_size
from srcore.data.faults import image_faults
from srcore.engine.readers import Readers
from srcore.engine.sampling import StreamSampler, TrainingImages
from srcore.errors import DataError

if TYPE_CHECKING:
    from srcore.config.schema import TrainDataTable
    from srcore.engine.run import Run
    from srcore.engine.tally import Tally

logger = logging.getLogger("srcore")


class Feed:
    """Opens the training images, and looks at the batches that come.

    Attributes:
        images: number of training images, once they are open.
    """

    def __init__(self, run: Run, tally: Tally) -> None:
        self.run = run
        self.tally = tally
        self.images = 0
        self._told_of: set[str] = set()

    def open(self, start: int, stop: int) -> Any:
        """Readers of the batches after iteration ``start`` to iteration ``stop``."""
        experiment = self.run.experiment
        table = experiment.data.train
        assert table is not None
        dataset = table.selected.build(scale=experiment.scale)
        self.images = len(dataset)
        images = TrainingImages(
            dataset, seed=experiment.seed, skip_bad=table.on_bad_image == "skip"
        )
        sampler = StreamSampler(
            dataset,
            known_batch_size(experiment.train),
            seed=experiment.seed,
            start=start,
            stop=stop,
            ordering=ordering_of(table, dataset),
            rank=idist.get_rank(),
            world_size=idist.get_world_size(),
        )
        return Readers(
            images,
            sampler,
            workers=table.workers,
            timeout=table.batch_timeout,
            pin_memory=self.run.device.type == "cuda",
            stop=self.run.stop,
        )

    def tell_of_faults(self) -> None:
        """Images that are known to be unreadable, where others take their places."""
        table = self.run.experiment.data.train
        assert table is not None
        if table.on_bad_image == "skip" and self.run.is_main:
            for fault in image_faults(table.selected.options, self.run.experiment):
                logger.warning("data.train: %s; others take their place", fault)

    def take(self, raw: dict[str, Any]) -> dict[str, Any]:
        """A batch as it was read; images that others took the place of are told of once.

        Raises:
            DataError: an image cannot be read.
        """
        if "error" in raw:
            raise DataError(raw["error"])
        for text in raw.get("skipped", ()):
            if text not in self._told_of:
                self._told_of.add(text)
                logger.warning("%s; another image takes its place", text)
        return raw

    def count(self, raw: dict[str, Any]) -> None:
        """The iteration with this batch is whole: images that others took the place of count."""
        self.tally.bad_images += len(raw.get("skipped", ()))


def ordering_of(table: TrainDataTable, dataset: Any) -> Any:
    """The sampler of the experiment, else the data set's own order, else none."""
    if table.sampler is not None:
        return table.sampler.build(dataset=dataset)
    return dataset if capability("dataset", dataset, "order") is not None else None
