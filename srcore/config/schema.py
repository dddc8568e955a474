"""The tables of an experiment file, one attrs class each; every key is declared here once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

import attrs

from srcore.capabilities import option_capability
from srcore.config.group_table import GroupTable
from srcore.contracts import DISCRIMINATOR, GENERATOR, Role
from srcore.data.wrapping import crop_size
from srcore.files.names import name_complaint
from srcore.machine.device_names import device_or_auto_complaint
from srcore.options import Selected, component, option
from srcore.options.shared_keys import frozen_patterns, initial_weights


def _run_name_complaint(name: str) -> str:
    complaint = name and name_complaint(name)
    if complaint and "/" in name:
        complaint += "; other places are named by --output"
    return complaint


#: Measured on Y where ``[[metrics]]`` is absent.
DEFAULT_METRICS = ({"type": "psnr"}, {"type": "ssim"})
#: Largest factor between the sides of images.
MAX_SCALE = 16


class Selecting:
    """A table whose ``type`` selects a component."""

    __slots__ = ()
    selected: Selected

    @property
    def choice(self) -> Selected:
        """The old name of ``selected``."""
        text = "choice of a table is now selected; the old name goes away in srcore 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.selected


@attrs.frozen(kw_only=True)
class GeneratorTable(Selecting):
    """``[generator]``: the network that is trained and, at the end, used."""

    selected: Selected = component("network", inline=True)
    weights: Path | None = initial_weights()
    weights_from: str = option("", "where that file is published, said where it is missing")
    partial_weights: bool = option(
        False, "load what fits and report the rest, e.g. x2 weights into an x4 network"
    )
    frozen: tuple[str, ...] = option(
        (), 'patterns of names of parameters that are not trained, such as "conv_first.*"'
    )
    checkpointing: bool = option(
        False,
        "blocks are computed again in the backward pass instead of kept: less memory, more time",
        may_change=True,
    )
    inputs: ClassVar[tuple[Selected, ...]] = ()


@attrs.frozen(kw_only=True)
class DiscriminatorTable(Selecting):
    """``[discriminator]``: judges images in adversarial training."""

    selected: Selected = component("discriminator", inline=True)
    weights: Path | None = option(None, "file to start from", path="file")
    frozen: tuple[str, ...] = frozen_patterns()
    partial_weights: ClassVar[bool] = False
    inputs: tuple[Selected, ...] = component("discriminator_input", default=())


@attrs.frozen(kw_only=True)
class NetworkTable(Selecting):
    """``[networks.NAME]``: a further network of the method, such as a teacher."""

    selected: Selected = component("network", inline=True, by_role=True)
    weights: Path | None = initial_weights()
    partial_weights: bool = option(False, "load what fits and report the rest")
    frozen: tuple[str, ...] = frozen_patterns()
    inputs: tuple[Selected, ...] = component("discriminator_input", default=())


@attrs.frozen(kw_only=True)
class LossTable(Selecting):
    """``[[losses]]``: a term of the training loss."""

    selected: Selected = component("loss", inline=True)
    weight: float = option(1.0, "factor of this term in the loss of its network")
    for_: str = option("generator", "the network that the term trains")
    name: str = option("", "name in logs; empty: the type")

    @property
    def label(self) -> str:
        """Name in logs."""
        return self.name or self.selected.type

    def trained_parts(self) -> dict[str, Role]:
        """Modules of the loss that are trained with its network, by attribute."""
        declared = option_capability(self.selected.options, "roles")
        return {} if declared is None else dict(declared())


@attrs.frozen(kw_only=True)
class MethodTable(Selecting):
    """``[method]``: what one training iteration does."""

    selected: Selected = component("method", inline=True, default_type="supervised")


@attrs.frozen(kw_only=True)
class OptimizerTable(Selecting):
    """``[optimizer.generator]``, ``[optimizer.discriminator]``, ...: one per trained network."""

    selected: Selected = component("optimizer", inline=True, default_type="adam")
    clip_gradient_norm: float | None = option(
        None, "largest global norm of the gradient; none: no clipping", gt=0
    )
    groups: tuple[GroupTable, ...] = option((), "parameters with settings of their own")


@attrs.frozen(kw_only=True)
class ScheduleTable(Selecting):
    """``[schedule.generator]``, ...: learning rate over the iterations."""

    selected: Selected = component("schedule", inline=True, default_type="constant")


@attrs.frozen(kw_only=True)
class MetricTable(Selecting):
    """``[[metrics]]``: measured on every validation image."""

    selected: Selected = component("metric", inline=True)
    name: str = option("", "name in tables; empty: the type")
    crop_border: int | None = option(None, "pixels removed on every side; none: the scale", ge=0)

    @property
    def label(self) -> str:
        """Name in tables."""
        return self.name or self.selected.type


@attrs.frozen(kw_only=True)
class HandlerTable(Selecting):
    """``[[handlers]]``: what happens beside the iterations, in the order of the file."""

    selected: Selected = component("handler", inline=True)
    enabled: bool = option(True, "false: it is not there, as if the table were missing")
    name: str = option("", "name of its state in checkpoints; empty: the type")

    @property
    def label(self) -> str:
        """Name of its state."""
        return self.name or self.selected.type


@attrs.frozen(kw_only=True)
class TrainDataTable(Selecting):
    """``[data.train]``: where training images come from."""

    selected: Selected = component("dataset", inline=True)
    sampler: Selected | None = component("sampler", default=None)
    transforms: tuple[Selected, ...] = component("transform", default=())
    workers: int = option(
        2,
        "processes that read images; 0: the training process reads",
        ge=0,
        le=1024,
        may_change=True,
    )
    batch_timeout: float = option(
        300.0,
        "seconds to wait for a batch of the reading processes before the run ends; 0: for ever",
        ge=0,
        may_change=True,
    )
    on_bad_image: Literal["error", "skip"] = option(
        "error",
        "what an image does that is unreadable, too small or without a fitting partner: stop, or "
        "be replaced by another and counted",
    )


@attrs.frozen(kw_only=True)
class ValidationDataTable(Selecting):
    """``[data.validation.NAME]``: images that the network is measured on."""

    selected: Selected = component("dataset", inline=True)
    transforms: tuple[Selected, ...] = component("transform", default=())


@attrs.frozen(kw_only=True)
class DataTable:
    """``[data]``: training and validation images."""

    train: TrainDataTable | None = option(None, "training images")
    validation: dict[str, ValidationDataTable] = option(
        factory=dict,
        help="named validation sets; the first chooses the best checkpoint",
        may_change=True,
    )


@attrs.frozen(kw_only=True)
class TrainTable:
    """``[train]``: length, precision, and how often to look."""

    iterations: int = option(1000, "optimizer steps", ge=1, may_change=True)
    batch_size: int | Literal["auto"] = option(
        16, 'images per optimizer step and process; "auto": the most that fit', ge=1, le=65536
    )
    accumulate: int = option(
        1, "pieces that a batch is computed in, to save memory; divides batch_size", ge=1
    )
    precision: Literal["float32", "bfloat16", "float16"] = option(
        "float32", "type that autocast computes in; float16 needs a GPU"
    )
    device: str = option(
        "auto",
        'where to train: "auto" (cuda, mps, cpu), "cpu", "cuda:1", ...',
        check=device_or_auto_complaint,
        may_change=True,
    )
    channels_last: bool = option(False, "memory format; quicker with convolutions")
    compile: bool = option(False, "torch.compile the generator", may_change=True)
    ema_decay: float = option(
        0.999, "decay of the running average of the generator; 0: none", ge=0, lt=1
    )
    ema_warmup: bool = option(
        True,
        "the decay of update t is at most t / (t + 19), so that a short training holds nothing of "
        "its random start; false: constant from the first update, as published",
    )
    validate_every: int = option(
        0, "iterations between validations; 0: only at the end", ge=0, may_change=True
    )
    validate_at_start: bool = option(
        False, "also validate before the first iteration", may_change=True
    )
    checkpoint_every: int = option(1000, "iterations between checkpoints", ge=1, may_change=True)
    keep_every: int = option(
        0, "keep a copy of every n-th iteration's checkpoint; 0: none", ge=0, may_change=True
    )
    log_every: int = option(100, "iterations between log lines", ge=1, may_change=True)
    images: int = option(4, "validation images of which pictures are drawn", ge=0, may_change=True)
    keep_images: int = option(
        0,
        "newest validations whose pictures are kept, beside those of the best one; 0: all of them",
        ge=0,
        may_change=True,
    )
    nan_skips: int = option(
        0,
        "iterations in a row whose loss may be NaN or infinite; they are put back and skipped, "
        "for which a second copy of weights and optimizers is kept",
        ge=0,
        may_change=True,
    )
    deterministic: bool = option(False, "ask PyTorch for deterministic algorithms")
    tensorboard: bool = option(
        True, "write TensorBoard files where tensorboard is installed", may_change=True
    )


@attrs.frozen(kw_only=True)
class Experiment:
    """A whole experiment, or one stage of it."""

    name: str = option(
        "",
        "name of the run and of its folder; empty: the file's name",
        check=_run_name_complaint,
        may_change=True,
    )
    scale: int = option(help="factor between low- and high-resolution sides", ge=1, le=MAX_SCALE)
    seed: int = option(0, "start of all random numbers", ge=0, lt=2**63)
    generator: GeneratorTable | None = option(None, "the network that is trained")
    discriminator: DiscriminatorTable | None = option(None, "judge of adversarial training")
    networks: dict[str, NetworkTable] = option(
        factory=dict, help="further networks of the method, one table each"
    )
    losses: tuple[LossTable, ...] = option((), "terms of the training loss")
    method: MethodTable | None = option(None, 'what an iteration does; absent: "supervised"')
    optimizer: dict[str, OptimizerTable] = option(
        factory=dict, help="one table per trained network; absent: adam"
    )
    schedule: dict[str, ScheduleTable] = option(
        factory=dict, help="one table per trained network; absent: constant"
    )
    data: DataTable = option(factory=DataTable, help="images")
    train: TrainTable = option(factory=TrainTable, help="length, precision, intervals")
    metrics: tuple[MetricTable, ...] = option((), "absent: psnr and ssim on Y", may_change=True)
    handlers: tuple[HandlerTable, ...] = option(
        (), "what happens beside the iterations", may_change=True
    )
    task: Selected | None = component("task", default=None)

    def completed(self, structure: Callable[[Any, Any], Any]) -> Experiment:
        """The same with the tables that a training has though they were left out.

        Args:
            structure: makes an object of a class from a table, see
                :class:`srcore.config.structure.Structurer`.
        """
        if self.task is not None:
            return self
        method = self.method or structure({}, MethodTable)
        metrics = self.metrics or structure(DEFAULT_METRICS, tuple[MetricTable, ...])
        trained = attrs.evolve(self, method=method).trained()
        return attrs.evolve(
            self,
            method=method,
            metrics=metrics,
            optimizer={name: structure({}, OptimizerTable) for name in trained} | self.optimizer,
        )

    @property
    def training_method(self) -> Selected:
        """The method of a training; stages with a task have none."""
        assert self.method is not None, "filled in when the experiment was read"
        return self.method.selected

    @property
    def hr_patch_size(self) -> int | None:
        """Side of the training crops of the high-resolution images, None if unknown.

        A transform may cut smaller crops on the device (``hr_crop`` among its options); the last
        one that does counts.
        """
        train = self.data.train
        if train is None:
            return None
        size = crop_size(train.selected.options)
        for transform in train.transforms:
            own = option_capability(transform.options, "hr_crop")
            own = own or option_capability(transform.options, "hr_patch_size")
            size = own if own is not None else size
        return size

    @property
    def uses_ema(self) -> bool:
        """Whether a running average of the generator is kept."""
        return self.train.ema_decay > 0

    def roles(self) -> dict[str, Role]:
        """The networks of the method by name, in the order in which they are built."""
        return roles_of(self.method.selected if self.method is not None else None)

    def trained_parts(self) -> dict[str, Role]:
        """What losses train beside the networks, by name: ``<name of the loss>_<part>``."""
        return {
            f"{loss.label}_{part}": role
            for loss in self.losses
            for part, role in loss.trained_parts().items()
        }

    def trained(self) -> tuple[str, ...]:
        """Names that ``[optimizer.NAME]`` and ``[schedule.NAME]`` may have."""
        networks = [name for name, role in self.roles().items() if role.trained]
        return (*networks, *self.trained_parts())

    def network_table(self, name: str) -> GeneratorTable | DiscriminatorTable | NetworkTable | None:
        """The table that configures a role; None if it is missing."""
        if name == "generator":
            return self.generator
        return self.discriminator if name == "discriminator" else self.networks.get(name)

    def needs(self) -> frozenset[str]:
        """What the losses need from the method: ``ema_sr``, ``discriminator``, ..."""
        return frozenset().union(*(loss.selected.component.needs for loss in self.losses))


def roles_of(method: Selected | None) -> dict[str, Role]:
    """What a method works with; a method that does not say so trains a generator.

    Args:
        method: the method that ``[method]`` selects; None: the default method.
    """
    if method is None:
        return {"generator": GENERATOR}
    declared = option_capability(method.options, "roles")
    if callable(declared):
        return dict(declared())
    judged = "discriminator" in method.component.provides
    return {"generator": GENERATOR} | ({"discriminator": DISCRIMINATOR} if judged else {})


#: Keys of an experiment file that are not part of a single stage.
STAGE_KEYS = ("name", "from")
