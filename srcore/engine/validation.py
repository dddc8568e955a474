"""A validation: an Ignite engine over all images, pictures, the bicubic baseline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ignite import distributed as idist
from ignite.engine import Engine
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.engine.shared_buffers import share_buffers
from srcore.engine.validation_sets import (
    ValidationImage,
    ValidationSet,
    gather,
    shard,
    validate_image,
    validation_sets,
)
from srcore.errors import Interrupted, SrcoreError
from srcore.evaluation.measure import averages_of, measures
from srcore.runs.results import write_bicubic
from srcore.transforms.resize import resize
from srcore.weights.deploying import deployed

if TYPE_CHECKING:
    from srcore.engine.run import Run

logger = logging.getLogger("srcore")

#: Values by set and metric.
Averages = dict[str, dict[str, float]]


class Validation:
    """Measures a network on the validation sets of an experiment.

    Attributes:
        engine: Ignite engine whose batches are (:class:`ValidationSet`, index) and whose output is
            a :class:`ValidationImage`; ``engine.state.results`` holds all of a validation by set;
            handlers append the pictures that they write to ``engine.state.pictures``;
            ``engine.state.higher_is_better`` says it by metric, ``engine.state.bicubic`` is what
            bicubic enlargement reaches by ``"<set>/<metric>"``.
        sets: the validation sets.
        measures: the metrics.
        pooled: of the last validation, by ``"<set>/<metric>"``; see
            :class:`srcore.evaluation.measure.Summary`.
    """

    def __init__(self, run: Run, network: Callable[[], nn.Module]) -> None:
        self.run = run
        self.network = network
        self.sets = validation_sets(run.experiment)
        self.measures = measures(run.experiment)
        self.engine = Engine(lambda engine, work: self._validate(self._used, *work))
        setattr(  # noqa: B010 - Ignite's state is open
            self.engine.state,
            "higher_is_better",
            {
                entry.label: capability("metric", entry.metric, "higher_is_better")
                for entry in self.measures
            },
        )
        self._used = network()
        self.pooled: dict[str, float] = {}
        self._told: set[tuple[str, str]] = set()
        self._bicubic: Averages | None = None

    @property
    def shown(self) -> int:
        """How many images of each set are kept as pictures by this process."""
        return self.run.experiment.train.images if self.run.is_main else 0

    def measure(self, iteration: int) -> Averages:
        """Validate all sets; ``engine.state.pictures`` are those that were written.

        Raises:
            SrcoreError: a handler ended the validation.
            Interrupted: a signal came.
        """
        network = self.network()
        share_buffers(network)
        self._used = deployed(network)
        self.pooled.clear()
        averages: Averages = {}
        kept: dict[str, list[ValidationImage]] = {}
        written: list[Path] = []
        for name, value in (("results", kept), ("pictures", written)):
            setattr(self.engine.state, name, value)
        # One that was interrupted is not gone on with, and the next may have other lengths.
        self.engine.state.max_epochs = self.engine.state.epoch_length = None
        self.engine.run(self._work(averages, kept), max_epochs=1)
        if len(averages) < len(self.sets):
            raise SrcoreError(
                f"iteration {iteration}: a handler called terminate() of the evaluator, so that "
                "the validation has no result; run.request_stop(reason) ends a training"
            )
        return averages

    def _work(
        self, averages: Averages, kept: dict[str, list[ValidationImage]]
    ) -> Iterator[tuple[ValidationSet, int]]:
        """Images to validate; at the end of each set its results are taken in.

        Its length is unknown to the engine on purpose: the engine comes back for an image after the
        last one, so that everything is measured before it tells its handlers of the end.
        """
        for images in self.sets:
            own: list[ValidationImage] = []
            for index in shard(len(images.dataset)):
                yield images, index
                result: Any = self.engine.state.output
                own.append(result)
                if self.run.stop.signal_number is not None:
                    break
            self._stop_if_requested()
            results = gather(own)
            averages[images.name] = self._summarize(images.name, results)
            kept[images.name] = results
        self.engine.state.metrics = by_set_and_metric(averages)

    def bicubic(self) -> Averages:
        """What plain bicubic enlargement reaches: measured once, written down for reports.

        There is no entry for sets that it makes no sense for.
        """
        if self._bicubic is None:
            self._bicubic = self._measure_bicubic()
            if self.run.is_main:
                write_bicubic(self.run.folder, self._bicubic)
        setattr(self.engine.state, "bicubic", by_set_and_metric(self._bicubic))  # noqa: B010 - as above
        return self._bicubic

    def _measure_bicubic(self) -> Averages:
        scale = self.run.experiment.scale
        averages: Averages = {}
        for images in self.sets:
            sample = images.dataset.sample(0, None) if not images.transforms else {}
            if "hr" in sample and _is_upscaled(sample["lr"].shape, sample["hr"].shape, scale):
                bicubic = BicubicUpscaling(scale)
                own: list[ValidationImage] = []
                for number in shard(len(images.dataset)):
                    if self.run.stop.signal_number is not None:
                        break
                    own.append(self._validate(bicubic, images, number))
                self._stop_if_requested()
                averages[images.name] = averages_of(gather(own), self.measures).averages
        return averages

    def _summarize(self, name: str, results: list[ValidationImage]) -> dict[str, float]:
        """Averages of a set; what they leave out is said once."""
        summary = averages_of(results, self.measures)
        self.pooled.update({f"{name}/{key}": value for key, value in summary.pooled.items()})
        for note in summary.notes:
            if (name, note) not in self._told and self.run.is_main:
                self._told.add((name, note))
                logger.warning("validation %s: %s", name, note)
        return summary.averages

    def _stop_if_requested(self) -> None:
        """End a validation, in all processes at once; the state before it is saved."""
        number = self.run.stop.signal_number or 0
        if idist.get_world_size() > 1:
            number = int(idist.all_reduce(float(number), op="MAX"))
        if number:
            raise Interrupted(
                number,
                f"interrupted in a validation; state saved in {self.run.files.last}; "
                "continue with --resume",
            )

    def _validate(self, network: nn.Module, images: ValidationSet, index: int) -> ValidationImage:
        seed, device = self.run.experiment.seed, self.run.device
        keep = index < self.shown
        if isinstance(network, BicubicUpscaling):
            name = "bicubic enlargement"
        else:
            name = f"the {'averaged ' if self.run.experiment.uses_ema else ''}generator"
        return validate_image(
            network, images, index, seed, device, self.measures, keep=keep, network_name=name
        )


def by_set_and_metric(averages: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Averages as ``{"<set>/<metric>": value}``."""
    return {
        f"{name}/{label}": value
        for name, values in averages.items()
        for label, value in values.items()
    }


class BicubicUpscaling(nn.Module):
    """MATLAB's bicubic as a network; the row that every table of results is read against."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, 3, h, w)`` -> ``(N, 3, scale*h, scale*w)``."""
        return resize(lr, scale=self.scale)


def _is_upscaled(lr: tuple[int, ...], hr: tuple[int, ...], scale: int) -> bool:
    return hr[0] == scale * lr[0] and hr[1] == scale * lr[1]
