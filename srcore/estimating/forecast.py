"""From what a few steps took to what the whole stage will take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from srcore.estimating.devices import CONTEXT, DEVICES, step_seconds

if TYPE_CHECKING:
    from srcore.config.schema import Experiment, TrainTable
    from srcore.estimating.options import DeviceName


@attrs.frozen(kw_only=True)
class Forecast:
    """What a stage takes; seconds and bytes.

    Attributes:
        stage: its name.
        device: on which it was measured, or for which it was reckoned.
        how: ``"measured"`` or ``"reckoned"``.
        steps: true steps that were taken.
        networks: what each network costs.
        step_multiply_adds: of a whole step, backward passes included; 0: not counted.
        memory_training: largest memory of a step, beyond Python and PyTorch.
        memory_saving: the same while a checkpoint is written.
        memory_validation: the same in a validation.
        memory_process: the largest size of the whole process; 0 where it is reckoned.
        memory_free: how much the device at hand has free, all of a named one; 0: nobody tells.
        images_per_second: of training, waiting for images included: at least and at most.
        waiting: share of the training time that is waited for images.
        epochs: how often every training image is seen; None: nobody knows how many there are.
        training_seconds: all iterations: at least and at most.
        validation_seconds: all validations; None where it is reckoned.
        saving_seconds: all checkpoints; None where it is reckoned.
        processor_seconds: of the training process in an iteration; None where it is reckoned.
        checkpoints_bytes: all files in ``checkpoints``.
        weights_bytes: exported networks.
        pictures_bytes: pictures of validations.
        remarks: what was another thing than in the experiment.
    """

    stage: str
    device: str
    how: str
    steps: int
    networks: tuple[dict[str, Any], ...]
    step_multiply_adds: int
    memory_training: int
    memory_saving: int
    memory_validation: int
    memory_process: int
    memory_free: int
    images_per_second: tuple[float, float]
    waiting: float
    epochs: float | None
    training_seconds: tuple[float, float]
    validation_seconds: float | None
    saving_seconds: float | None
    processor_seconds: float | None
    checkpoints_bytes: int
    weights_bytes: int
    pictures_bytes: int
    remarks: tuple[str, ...] = ()

    @property
    def memory(self) -> int:
        """The largest of all."""
        return max(self.memory_training, self.memory_saving, self.memory_validation)

    @property
    def fits(self) -> bool:
        """Whether a tenth of the memory is left over, as far as anyone tells."""
        return not self.memory_free or self.memory < 0.9 * self.memory_free

    @property
    def seconds(self) -> tuple[float, float]:
        """Everything, at least and at most."""
        beside = (self.validation_seconds or 0.0) + (self.saving_seconds or 0.0)
        low, high = self.training_seconds
        return low + beside, high + beside

    @property
    def bytes(self) -> int:
        """Everything on the disk."""
        return self.checkpoints_bytes + self.weights_bytes + self.pictures_bytes


def forecast(
    stage: str,
    experiment: Experiment,
    figures: dict[str, Any],
    *,
    device_like: DeviceName | None = None,
    knows_images: bool = True,
    remarks: tuple[str, ...] = (),
) -> Forecast:
    """What a stage will take.

    Args:
        stage: its name.
        experiment: of it.
        figures: what :func:`srcore.estimating.measuring.measure` returned.
        device_like: a device for which time and memory are reckoned.
        knows_images: whether the training images are those of the experiment.
        remarks: of what was tried.
    """
    train, memory = experiment.train, figures["memory"]
    batch, iterations = figures["batch_size"], experiment.train.iterations
    data = experiment.data.train
    workers = data.workers if data is not None else 0
    if device_like is None:
        steps = (figures["step_seconds"],) * 2
    else:
        steps = step_seconds(DEVICES[device_like], figures["multiply_adds"], train.precision)
    waits = [_waiting(it, workers, figures, measured=device_like is None) for it in steps]
    each = [step + wait for step, wait in zip(steps, waits, strict=True)]
    context = CONTEXT if device_like is not None else 0
    validations, savings = validations_of(train), _savings(train)
    is_here = device_like is None
    return Forecast(
        stage=stage,
        device=device_like or figures["device"],
        how="measured" if is_here else "reckoned",
        steps=figures["steps"],
        networks=tuple(figures["networks"]),
        step_multiply_adds=figures["multiply_adds"],
        memory_training=memory["training"] + context,
        memory_saving=memory["saving"] + context,
        memory_validation=memory["validation"] + context,
        memory_process=memory["process"] if is_here else 0,
        memory_free=memory["free"] if device_like is None else DEVICES[device_like].memory,
        images_per_second=(batch / max(each), batch / min(each)),
        waiting=waits[-1] / each[-1],
        epochs=iterations * batch / figures["images"] if knows_images else None,
        training_seconds=(iterations * min(each), iterations * max(each)),
        validation_seconds=(
            figures["bicubic_seconds"] + validations * figures["validation_seconds"]
            if is_here
            else None
        ),
        saving_seconds=savings * figures["saving_seconds"] if is_here else None,
        processor_seconds=figures["processor_seconds"] if is_here else None,
        checkpoints_bytes=figures["checkpoint_bytes"] * _checkpoints(train),
        weights_bytes=figures["weights_bytes"],
        pictures_bytes=figures["pictures_bytes"] * _kept_validations(train, validations),
        remarks=remarks,
    )


def _waiting(step: float, workers: int, figures: dict[str, Any], *, measured: bool) -> float:
    """Seconds of an iteration that are waited for images.

    Batches that were read ahead hide in a few steps that reading is slower than training; so a
    batch takes at least as long as its readers take for it.
    """
    seen = figures["waiting_seconds"] if measured else 0.0
    if not workers:
        return float(max(seen, 0.0 if measured else figures["reading_seconds"]))
    return float(max(seen, figures["reading_seconds"] / workers - step))


def validations_of(train: TrainTable) -> int:
    """How many validations there are in a whole training."""
    every = train.validate_every
    whole = train.iterations // every if every else 0
    is_last_extra = not every or train.iterations % every > 0
    return whole + is_last_extra + train.validate_at_start


def _savings(train: TrainTable) -> int:
    """Checkpoints: those that are due, and two around every validation, of which one is due."""
    last = train.iterations
    due = {last, *range(train.checkpoint_every, last + 1, train.checkpoint_every)}
    if train.validate_every:
        due |= set(range(train.validate_every, last + 1, train.validate_every))
    if train.keep_every:
        due |= set(range(train.keep_every, last + 1, train.keep_every))
    return len(due) + validations_of(train)


def _checkpoints(train: TrainTable) -> int:
    """Files of a finished run at most: the last, the one before, the best, those that are kept."""
    return 3 + (train.iterations // train.keep_every if train.keep_every else 0)


def _kept_validations(train: TrainTable, validations: int) -> int:
    return min(validations, train.keep_images + 1) if train.keep_images else validations
