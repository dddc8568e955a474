"""TOML keys of the methods; nothing here imports torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.capabilities import option_capability
from srcore.contracts import Role
from srcore.errors import SrcoreError
from srcore.messages import shown
from srcore.methods.options import GanOptions, SupervisedOptions
from srcore.options import Selected, component, option
from srcore.options.declaration import keywords
from srplug_distill.plugin import ENTRIES, TEACHER_ENTRY

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srplug_distill.losses import LayerLoss

TEACHER = Role(trained=False, needs_weights=True)
Precision = Literal["float32", "bfloat16", "float16"]
#: Of the teacher's images, in the folder of the stage.
FOLDER = "teacher"


@attrs.frozen(kw_only=True)
class CurriculumOptions:
    """``[method.curriculum]``: how the batch entry ``curriculum`` moves from teacher to truth."""

    end: float = option(
        1.0, "progress at which it is the truth where the teacher is not confident", gt=0, le=1
    )
    head_start: float = option(
        0.5, "part of that progress that is saved where the teacher equals the truth", ge=0, lt=1
    )
    tolerance: float = option(
        0.05, "mean difference from the truth, in [0, 1], at which confidence is 1/e", gt=0
    )


def online() -> Any:
    """Where the teacher's images come from."""
    return option(
        True, 'run the teacher in training; false: the data hold what it made ("taught_images")'
    )


def curriculum() -> Any:
    """The table of the curriculum."""
    return option(
        CurriculumOptions(), 'of losses with target = "curriculum", from teacher to truth'
    )


def _two_numbers(channels: tuple[int, ...]) -> str:
    if len(channels) in (0, 2):
        return ""
    return f"expected those of student and teacher, such as [16, 64], found {shown(channels)}"


@attrs.frozen(kw_only=True)
class LayerPair:
    """An element of ``pairs``: modules of both networks whose outputs are compared."""

    student: str = option(help='name of a module of the generator, such as "body.3"')
    teacher: str = option(help="name of a module of the teacher")
    channels: tuple[int, ...] = option(
        (),
        "of student and teacher, for a trained 1x1 convolution from the ones to the others; none: "
        "compared as they are",
        ge=1,
        check=_two_numbers,
    )


def _some_pairs(pairs: tuple[LayerPair, ...]) -> str:
    return "" if pairs else "expected at least one pair of modules, found none"


@attrs.frozen(kw_only=True)
class LayerOptions(ABC):
    """Losses that compare outputs of modules."""

    pairs: tuple[LayerPair, ...] = option(
        help="modules of student and teacher whose features are compared; the mean counts",
        check=_some_pairs,
    )

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Modules that the networks do not have, and shapes that do not fit."""
        from srplug_distill.layer_checks import layer_complaints  # torch

        if "teacher" in experiment.roles():
            yield from (("pairs", message) for message in layer_complaints(experiment, self))
        elif "features" in experiment.training_method.component.provides:
            yield "pairs", "features are those of a teacher that is run; set method.online = true"

    @abstractmethod
    def loss(self) -> LayerLoss:
        """What compares."""


@attrs.frozen(kw_only=True)
class FeatureDistillationOptions(LayerOptions):
    """The distance of features of student and teacher."""

    distance: Literal["l1", "mse"] = option("l1", "of features, mean over all elements")
    normalize: bool = option(
        False, "features of a position are divided by their length over the channels first"
    )

    def roles(self) -> dict[str, Role]:
        """The adapters, where there are any."""
        return {"adapters": Role(kind="module")} if any(it.channels for it in self.pairs) else {}

    def loss(self) -> LayerLoss:
        """What compares."""
        from srplug_distill.losses import FeatureDistillation  # torch

        return FeatureDistillation(**keywords(self))


@attrs.frozen(kw_only=True)
class RelationDistillationOptions(LayerOptions):
    """The difference of affinities within features of student and teacher (He et al., 2020)."""

    affinity: Literal["spatial", "channel", "instance"] = option(
        "spatial", "between what: positions of an image, channels, or images of the batch"
    )
    grid: int = option(
        32,
        "positions along a side of spatial affinities, whose memory grows with its fourth power; "
        "larger features are averaged over squares; 0: all positions",
        ge=0,
    )

    def loss(self) -> LayerLoss:
        """What compares."""
        from srplug_distill.losses import RelationDistillation  # torch

        return RelationDistillation(**keywords(self))


@attrs.frozen(kw_only=True)
class DistillationOptions(SupervisedOptions):
    """Train the generator on pairs of images and on what a frozen teacher makes of them."""

    online: bool = online()
    curriculum: CurriculumOptions = curriculum()

    def roles(self) -> dict[str, Role]:
        """The student is the generator; a teacher that is not run is no role."""
        return {**super().roles(), **({"teacher": TEACHER} if self.online else {})}

    def entries(self) -> tuple[str, ...]:
        """What losses may compare with, beside what the data hold."""
        return ENTRIES

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A teacher that nothing learns from, or that is not there."""
        yield from _unasked(experiment)
        yield from _untaught(self.online, experiment)


@attrs.frozen(kw_only=True)
class GanDistillationOptions(GanOptions):
    """Train a generator against a discriminator and on what a frozen teacher makes."""

    online: bool = online()
    curriculum: CurriculumOptions = curriculum()

    def roles(self) -> dict[str, Role]:
        """The student is the generator; a teacher that is not run is no role."""
        return {**super().roles(), **({"teacher": TEACHER} if self.online else {})}

    def entries(self) -> tuple[str, ...]:
        """What losses may compare with, beside what the data hold."""
        return ENTRIES

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A teacher that nothing learns from, and what method "gan" refuses."""
        yield from super().problems(experiment)
        yield from _unasked(experiment)
        yield from _untaught(self.online, experiment)


def _untaught(online: bool, experiment: Experiment) -> Iterator[tuple[str, str]]:
    """Data without what the teacher made, or with it where the teacher makes it again."""
    train = experiment.data.train
    entries = None if train is None else option_capability(train.selected.options, "entries")
    is_taught = entries is not None and TEACHER_ENTRY in entries()
    if not online and not is_taught:
        yield "online", 'the data hold no "teacher"; use data.train.type = "taught_images"'
    if online and is_taught:
        yield "online", 'the data hold "teacher" already; set online = false, without teacher'


def _unasked(experiment: Experiment) -> Iterator[tuple[str, str]]:
    if not any(_asks(loss.selected) for loss in experiment.losses):
        message = 'no loss asks the teacher; set target = "teacher" in a [[losses]] table'
        yield "type", f"{message}, or compare features"


def _asks(value: Any) -> bool:
    """Whether something of the teacher is named, also by a loss inside of another."""
    if isinstance(value, LayerPair):
        return True
    if isinstance(value, str):
        return value in ENTRIES
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(_asks(item) for item in value)
    if isinstance(value, dict):
        return any(_asks(item) for item in value.values())
    if attrs.has(type(value)):
        return any(_asks(getattr(value, it.name)) for it in attrs.fields(type(value)))
    return False


@attrs.frozen(kw_only=True)
class TeacherImagesOptions:
    """Write what a teacher makes of every low-resolution image, into the folder ``teacher``."""

    images: Selected = component("dataset")
    weights: Path = option(
        help='weights of the teacher: a file, or "stage:<name>/generator.safetensors"', path="file"
    )
    tile: int = option(
        0, "side of the tiles in low-resolution pixels; 0: chosen by the free memory", ge=0
    )
    precision: Precision = option("float32", "what the teacher computes in")
    self_ensemble: bool = option(False, "the teacher runs on 8 flipped and turned copies")

    def unfit_weights(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A file that holds no generator of the scale."""
        import srcore  # torch
        from srcore.weights.refusals import refused_weights

        def build() -> object:
            return srcore.load_generator(self.weights, scale=experiment.scale)

        for message in refused_weights(build):
            yield "weights", message

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Images of which the teacher makes nothing that a training could use."""
        yield from _unfit_images(self.images, experiment.scale)

    def outputs(self) -> tuple[str, ...]:
        """What the stage writes."""
        return ("weights.sha256", f"{FOLDER}/*.png")


@attrs.frozen(kw_only=True)
class TaughtImagesOptions:
    """Images of another data set, with what a teacher has made of them (task teacher_images)."""

    images: Selected = component("dataset")
    teacher: Path = option(
        help='folder of what the teacher has made: "stage:<name>/teacher"', path="folder"
    )

    def entries(self) -> tuple[str, ...]:
        """What a sample holds beside the images."""
        return (TEACHER_ENTRY,)

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Images that the teacher has not seen, or that are no pairs."""
        yield from _unfit_images(self.images, experiment.scale)


def _unfit_images(images: Selected, scale: int) -> Iterator[tuple[str, str]]:
    from srplug_distill.datasets import pairs_of  # it imports NumPy

    try:
        pairs_of(images, scale)
    except SrcoreError as error:
        yield "images", str(error)
