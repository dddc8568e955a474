"""Strips of pictures of the first images of every validation set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignite.engine import Engine, Events

from srcore.engine.events import TrainingEvents
from srcore.evaluation.measure import measure_image
from srcore.plugin.watching import watched
from srcore.runs.strips import (
    bicubic_of,
    file_names,
    remove_earlier,
    remove_later,
    write_strip,
)

if TYPE_CHECKING:
    from srcore.engine.best import Best
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.engine.validation_sets import ValidationImage
    from srcore.evaluation.measure import Measure


class Pictures:
    """Writes bicubic enlargement, result and ground truth side by side; main process only."""

    def __init__(self) -> None:
        self._bicubic_values: dict[tuple[str, int], dict[str, float]] = {}

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Remove what a killed run drew after its checkpoint, and draw at every validation."""
        if not run.is_main:
            return
        training = run.in_training
        remove_later(run.files, training.state.saved_at)
        measures = training.validation.measures
        evaluator.add_event_handler(Events.EPOCH_COMPLETED, self._draw, run, parts, measures)
        trainer.add_event_handler(
            TrainingEvents.CHECKPOINT_SAVED, self._remove_earlier, run, training.best
        )

    def _draw(
        self, evaluator: Engine, run: Run, parts: Parts, measures: tuple[Measure, ...]
    ) -> None:
        with watched("pictures", self):
            self._draw_all(evaluator, run, parts, measures)

    def _draw_all(
        self, evaluator: Engine, run: Run, parts: Parts, measures: tuple[Measure, ...]
    ) -> None:
        folder = run.files.pictures_at(parts.iteration)
        results: dict[str, list[ValidationImage]] = evaluator.state.results  # type: ignore[attr-defined]  # Ignite's state is open
        for set_name, images in results.items():
            files = file_names([image.name for image in images])
            for image, file in zip(images, files, strict=True):
                if image.sr is not None:
                    path = write_strip(
                        folder / f"{set_name}_{file}.png",
                        image,
                        set_name=set_name,
                        bicubic_values=self._values_of_bicubic(set_name, image, measures),
                    )
                    evaluator.state.pictures.append(path)  # type: ignore[attr-defined]  # Ignite's state is open

    def _remove_earlier(self, trainer: Engine, run: Run, best: Best) -> None:
        """The checkpoint remembers which validation is the best; its pictures stay."""
        iteration = best.judged.get("iteration")
        kept = None if iteration is None else int(iteration)
        remove_earlier(run.files, run.experiment.train.keep_images, kept)

    def _values_of_bicubic(
        self, set_name: str, image: ValidationImage, measures: tuple[Measure, ...]
    ) -> dict[str, float]:
        """Values of the bicubic column of a strip; they stay the same, so once per run."""
        key = (set_name, image.index)
        if key not in self._bicubic_values:
            values = measure_image(bicubic_of(image), image.hr, measures).values
            self._bicubic_values[key] = values
        return self._bicubic_values[key]
