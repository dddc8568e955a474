"""One line on what to change, as it follows from where the time goes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import attrs

from srcore.profiling.part_names import (
    AVERAGE,
    BACKWARD,
    DATA,
    FORWARD,
    LOSS,
    METRIC,
    OPTIMIZER,
    OTHER,
    TRANSFORM,
    kind_of,
    seconds_of,
)

#: Shares of the time from which on a part is worth a word.
_WAITING, _VALIDATION, _TRANSFORMS, _DISCRIMINATOR = 0.1, 0.2, 0.25, 0.5
_LOSS, _OPTIMIZERS, _REST = 0.3, 0.2, 0.25
#: Of the whole training: what validations may take.
_FAIR_VALIDATION = 0.1


@attrs.frozen(kw_only=True)
class TimeSpent:
    """What an advice goes by; times in seconds.

    Attributes:
        parts: of a step, by name.
        reading: of one process, for a batch.
        workers: processes that read.
        cores: of the processor.
        is_on_processor: whether networks compute there, too.
        batch_size: images of a step.
        iterations: of the whole training.
        validate_every: iterations between validations; 0: only at the end.
        validations: how many there are.
        validation: one of them.
        validation_parts: of a validated image, by name.
        discriminators: names of the networks that judge.
    """

    parts: Mapping[str, float]
    reading: float = 0.0
    workers: int = 0
    cores: int = 1
    is_on_processor: bool = True
    batch_size: int = 1
    iterations: int = 1
    validate_every: int = 0
    validations: int = 0
    validation: float = 0.0
    validation_parts: Mapping[str, float] = attrs.field(factory=dict)
    discriminators: tuple[str, ...] = ()

    @property
    def busy(self) -> float:
        """A step without waiting for images."""
        return sum(self.parts.values()) - self.parts.get(DATA, 0.0)

    @property
    def waiting(self) -> float:
        """Waiting for a batch; those that were read ahead hide in a few steps that it is long."""
        seen = self.parts.get(DATA, 0.0)
        return max(seen, self.reading / self.workers - self.busy) if self.workers else seen

    @property
    def step(self) -> float:
        """A step, with waiting."""
        return max(self.busy + self.waiting, 1e-12)


def advise(spent: TimeSpent) -> str:
    """What to change first: the part that takes the most beyond what is usual."""
    worth = sorted(_worth_a_word(spent), key=lambda it: it[0], reverse=True)
    if worth:
        return worth[0][1]
    kinds = (FORWARD, BACKWARD)
    share = sum(seconds_of(spent.parts, kind) for kind in kinds) / spent.step
    return (
        f"nothing to gain beside the networks: their forward and backward passes take {share:.0%} "
        "of a step; --compare tries other memory formats, compiling and precisions"
    )


def _worth_a_word(it: TimeSpent) -> Iterator[tuple[float, str]]:
    """Shares of the time, and what can be done about them."""
    for share, least, text in (
        (it.waiting / it.step, _WAITING, _about_data(it)),
        (_share_of_validation(it), _VALIDATION, _about_validation(it)),
        (seconds_of(it.parts, TRANSFORM) / it.step, _TRANSFORMS, _about_transforms(it)),
        *_of_discriminators(it),
        *_of_loss_terms(it),
        (
            (seconds_of(it.parts, OPTIMIZER) + it.parts.get(AVERAGE, 0.0)) / it.step,
            _OPTIMIZERS,
            "optimizers and averages take {share} of a step, whatever the batch: with a larger "
            f"train.batch_size (now {it.batch_size}) an image costs less of them",
        ),
        (
            it.parts.get(OTHER, 0.0) / it.step,
            _REST,
            "{share} of a step is spent between its parts, whatever the batch: with a larger "
            f"train.batch_size (now {it.batch_size}) an image costs less of it",
        ),
    ):
        if share >= least:
            yield share, text.format(share=f"{share:.0%}")


def _about_data(it: TimeSpent) -> str:
    text = "{share} of a step is waiting for images: "
    needed = max(1, math.ceil(it.reading / max(it.busy, 1e-12)))
    several = min(needed, it.cores)
    if not it.workers:
        return text + f"data.train.workers = {several} (now 0) reads them during the steps"
    if it.workers < several:
        return text + f"data.train.workers = {several} (now {it.workers}) reads them in time"
    return text + (
        f"{needed} processes would read them in time, and there are {it.cores} processor cores; "
        "smaller files are read quicker (srcore prepare subimages, srcore prepare lmdb)"
    )


def _share_of_validation(it: TimeSpent) -> float:
    """Of the whole training; one validation, that of its end, is none too many."""
    if not it.validate_every or it.validations < 2:
        return 0.0
    validating = it.validations * it.validation
    return validating / (it.iterations * it.step + validating)


def _about_validation(it: TimeSpent) -> str:
    training = it.iterations * it.step
    fair = _FAIR_VALIDATION / (1 - _FAIR_VALIDATION) * training / max(it.validation, 1e-12)
    every = min(it.iterations, math.ceil(it.iterations / max(1.0, fair)))
    text = "{share} of the training is validation: "
    text += f"train.validate_every = {every} (now {it.validate_every}) does less of it"
    whole = sum(it.validation_parts.values())
    metrics = [
        (took, name) for name, took in it.validation_parts.items() if kind_of(name) == METRIC
    ]
    took, name = max(metrics, default=(0.0, ""))
    return text + (f"; {name} takes {took / whole:.0%} of it" if took > whole / 2 else "")


def _about_transforms(it: TimeSpent) -> str:
    took = [(took, name) for name, took in it.parts.items() if kind_of(name) == TRANSFORM]
    name = max(took, default=(0.0, ""))[1]
    text = f"transforms take {{share}} of a step, most of it {name}: "
    where = "the processor computes them; " if it.is_on_processor else ""
    return text + where + "srcore prepare degrade makes degraded images once, on the disk"


def _of_discriminators(it: TimeSpent) -> Iterator[tuple[float, float, str]]:
    for role in it.discriminators:
        own = [f"{kind} {role}" for kind in (FORWARD, BACKWARD, OPTIMIZER)]
        took = sum(it.parts.get(name, 0.0) for name in (*own, f"{TRANSFORM} before {role}"))
        text = f"the network {role} takes {{share}} of a step: one with fewer features costs less"
        yield took / it.step, _DISCRIMINATOR, text


def _of_loss_terms(it: TimeSpent) -> Iterator[tuple[float, float, str]]:
    for name, took in it.parts.items():
        if kind_of(name) == LOSS:
            text = (
                f"{name} takes {{share}} of a step, and more in the backward pass: a smaller "
                "network or earlier layers cost less"
            )
            yield took / it.step, _LOSS, text
