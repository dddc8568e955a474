"""What a component of each kind receives and offers: the page a plugin author reads.

A component is registered with a *target* (class or function). The target is called with the
component's options as keyword arguments, plus the context of its kind:

| kind                | also receives            | must offer                                      |
|---------------------|--------------------------|-------------------------------------------------|
| network             | ``scale``                | ``nn.Module``: :class:`Network`                 |
| discriminator       | -                        | ``nn.Module``: :class:`Discriminator`           |
| discriminator_input | -                        | :class:`DiscriminatorInput`                     |
| loss                | -                        | :class:`Loss` and/or :class:`DiscriminatorLoss` |
| labels              | -                        | :class:`Labels`                                 |
| transform           | ``scale``                | :class:`Transform`                              |
| source              | -                        | :class:`srcore.sources.source.ImageSource`      |
| dataset             | ``scale``                | :class:`Dataset`                                |
| sampler             | ``dataset``              | :class:`Sampler`                                |
| method              | see ``srcore.methods``   | ``srcore.methods.base.Method``                  |
| task                | -                        | :class:`StageTask`                              |
| metric              | -                        | :class:`Metric`                                 |
| optimizer           | what it names, below     | ``torch.optim.Optimizer``                       |
| schedule            | ``iterations``, if named | :class:`Schedule`                               |
| handler             | -                        | :class:`Handler`                                |

The target of an optimizer names what it takes of ``parameters``, ``named_parameters`` (pairs) and
``network``; its groups may have rates of their own, which a schedule gets as ``base`` one by one.
That of a schedule gets the length of the stage where it names ``iterations``.

Images on the device are float tensors ``(N, C, H, W)``, RGB, in [0, 1]; image files and dataset
samples are arrays ``(H, W, C)``, RGB, uint8 or uint16.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import attrs

from srcore.moved import renamed

if TYPE_CHECKING:
    import numpy as np
    import torch
    from ignite.engine import Engine
    from numpy.typing import NDArray
    from torch import Tensor

    from srcore.engine.parts import Parts
    from srcore.engine.run import Run

    #: Named tensors of one (micro-)batch: ``lr``, ``hr`` and what transforms add.
    Batch = dict[str, Tensor]
    #: One dataset item: ``lr`` and/or ``hr`` arrays ``(H, W, C)``.
    Sample = dict[str, NDArray[np.generic]]


@attrs.frozen(kw_only=True)
class Role:
    """A network that a method works with, declared by ``roles()`` of the method's options.

    >>> class DistillationOptions:
    ...     def roles(self):
    ...         teacher = Role(trained=False, needs_weights=True)
    ...         return {"generator": GENERATOR, "teacher": teacher}

    ``[generator]`` and ``[discriminator]`` configure the roles of these names,
    ``[networks.NAME]`` all others. Seeds, device, processes, memory format, optimizer, schedule,
    clipping, average, checkpoint, resume, logs and export follow from the declaration.

    Attributes:
        kind: kind of component: ``"network"`` or ``"discriminator"``.
        trained: it has an optimizer; otherwise it is frozen, in evaluation mode.
        needs: what the component must provide, beside its kind.
        needs_weights: it makes no sense without ``weights``.
        ema: a running average is kept where the experiment asks for one (``train.ema_decay``).
        exported: written as ``NAME.safetensors``.
        takes_losses: the method computes the terms that say ``for = "NAME"``.
        judges: of a discriminator: the network whose images it sees; losses for that network have
            its terms.
        compiled: ``train.compile`` concerns it. Not for discriminators: penalties differentiate
            twice, which compiled networks cannot.
    """

    kind: str = "network"
    trained: bool = True
    needs: tuple[str, ...] = ()
    needs_weights: bool = False
    ema: bool = False
    exported: bool = False
    takes_losses: bool = False
    judges: str = "generator"
    compiled: bool = True


#: The network that is validated, exported and, at the end, used.
GENERATOR = Role(ema=True, exported=True, takes_losses=True)
#: The judge of adversarial training.
DISCRIMINATOR = Role(kind="discriminator", compiled=False)


class Network(Protocol):
    """A generator: ``(N, 3, h, w)`` in [0, 1] -> ``(N, 3, scale*h, scale*w)``, not clamped.

    A network of the other direction, ``(N, 3, scale*h, scale*w)`` -> ``(N, 3, h, w)``, is
    registered with ``provides=["shrinks"]`` and fits roles with ``needs=("shrinks",)``. Sides that
    are no multiple of the scale are rounded up.

    One of gray images or of images with alpha says so: ``in_channels`` (1 or 4; default 3) is the
    number of channels in and out, and ``channels`` a key of its options.

    Any size must work, odd ones too: pad and cut inside. Optional attributes help tiling:
    ``receptive_radius`` (low-resolution pixels around an output pixel that it depends on; absent
    or None: unknown) and ``tile_multiple`` (tile sides should be a multiple of it; default 1).
    It may see more than the image, as keywords of ``forward``: what ``draw(size, generator) ->
    {name: (C, k*h, k*w)}`` makes for an image of size (h, w), drawn once per image by the core and
    cut per tile; and under the name ``condition`` what ``condition(batch)`` makes of the whole
    image, once and without graph: ``forward(lr, *, noise, condition)``.
    ``deploy() -> nn.Module`` returns a new network that computes the same with fewer branches,
    what is left of them under the same names: it is what is validated, exported and used.

    ``checkpointed() -> Iterable[nn.Module]``, registered with ``provides=["checkpointed"]``, names
    the blocks that are computed again in the backward pass with ``[generator] checkpointing =
    true``, so that only their inputs are kept.

    A module inside that no exporter can record says so in ``export_obstacle``: why, and what works
    instead, as the end of a sentence.
    """

    scale: int

    def __call__(self, lr: Tensor) -> Tensor: ...


class Discriminator(Protocol):
    """Images ``(N, 3, H, W)`` -> logits (any shape, no sigmoid).

    It may define ``condition(batch) -> Any``: computed once per iteration without graph and handed
    to ``forward(image, condition)`` for real and fake images alike. Without it ``forward(image)``
    is called.
    """

    def __call__(self, image: Tensor, condition: Any = None) -> Tensor: ...


@runtime_checkable
class DiscriminatorInput(Protocol):
    """Differentiable transform of what a discriminator sees (``[[discriminator.inputs]]``).

    Called for every image right before the discriminator: noise, high-pass, gradient map, ...
    ``progress`` runs from 0 at the start of training to 1 at the last iteration.
    """

    def __call__(self, image: Tensor, *, progress: float, generator: torch.Generator) -> Tensor: ...


@attrs.define
class LossContext:
    """What a loss may look at.

    Attributes:
        batch: all tensors of the batch: ``lr``, ``hr``, and what transforms added.
        sr: output of the generator, with graph, ``(N, 3, H, W)``. Detached while the
            discriminator is trained.
        iteration: 1-based number of the iteration.
        progress: iteration / iterations of the stage, in (0, 1].
        ema_sr: output of the EMA generator, no graph; present if some loss needs ``"ema_sr"``.
        discriminate: images -> logits, with inputs, condition and frozen state taken care of;
            present if the method has a discriminator.
        labels: (real, fake) target values drawn for this iteration.
        extras: whatever a method adds, by name.
        logged: what losses logged with :meth:`log`, by name.
    """

    batch: Batch
    sr: Tensor
    iteration: int
    progress: float = 0.0
    ema_sr: Tensor | None = None
    discriminate: Any = None
    labels: tuple[Any, Any] = (1.0, 0.0)
    extras: dict[str, Any] = attrs.field(factory=dict)
    logged: dict[str, Tensor] = attrs.field(factory=dict)

    def log(self, name: str, value: Tensor) -> None:
        """Write a value of one element beside the loss terms in logs; no graph is kept."""
        self.logged[name] = value.detach()

    @property
    def hr(self) -> Tensor:
        """Ground truth ``(N, 3, H, W)``."""
        return self.batch["hr"]

    @property
    def lr(self) -> Tensor:
        """Input of the generator ``(N, 3, h, w)``."""
        return self.batch["lr"]


class Loss(Protocol):
    """A term of the generator's loss: context -> scalar, not yet multiplied by its weight.

    Losses are ``nn.Module``s whose ``forward`` takes the context; parameters they hold are frozen,
    but those of modules that ``roles()`` of their options names by attribute: these are trained
    with the network that the loss is for, and configured as ``[optimizer.LOSS_ATTRIBUTE]``.
    """

    def __call__(self, context: LossContext) -> Tensor: ...


@runtime_checkable
class DiscriminatorLoss(Protocol):
    """A loss with terms for the discriminator (also, or only).

    Each yielded scalar is back-propagated before the next one is computed, so that forward passes
    happen in a defined order and only one graph is alive at a time.

    The experiment's ``weight`` multiplies the generator's term, and these terms only if the loss
    sets ``has_generator_term = False``: then it is a penalty and is not called for the generator.
    """

    def discriminator_terms(self, context: LossContext) -> Iterator[tuple[str, Tensor]]:
        """Yield (name, scalar)."""
        ...


class Labels(Protocol):
    """Target values of adversarial losses, drawn once per iteration and shared by both networks.

    Returns (real, fake): numbers, or tensors ``(N,)`` with one value per image.
    """

    def __call__(
        self, batch_size: int, *, progress: float, generator: torch.Generator
    ) -> tuple[Any, Any]: ...


class Transform(Protocol):
    """Works on a batch on its device; may add, change or crop tensors.

    All randomness comes from ``generator``, which lives on the batch's device and is seeded for
    every iteration. State that must survive a resume is offered through ``state_dict`` and
    ``load_state_dict`` (tensors and plain values only); both are optional.
    """

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch: ...


class Dataset(Protocol):
    """Images by index.

    ``generator`` is given in training (crop, augment, draw) and None otherwise (whole images,
    nothing random). ``name`` identifies an item in tables and file names.

    A sample may hold ``"extras"`` beside its images: numbers, arrays of one size (kernels) and
    texts by name, which travel with the images. Numbers and arrays become tensors ``(N, ...)`` of
    the batch, texts lists; ``index``, the number of the image, always travels.
    """

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """What tells the item from the others: the stem of its file, with folders if needed."""
        ...

    def sample(self, index: int, generator: np.random.Generator | None) -> Sample:
        """Read one item.

        Raises:
            DataError: a file cannot be read; names it.
        """
        ...


class Sampler(Protocol):
    """Which images an epoch has, in which order (``[data.train.sampler]``).

    A pure function of its arguments, so that a resumed run goes on with the same images: the
    generator is seeded from (seed, epoch). Every epoch has the same length, which may differ from
    that of the data set; numbers may repeat. A data set that has the method itself is its own
    sampler where the experiment names none.
    """

    def order(self, epoch: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """Numbers of images ``(M,)``, each in ``[0, N)``, in the order of the epoch."""
        ...


class Metric(Protocol):
    """SR and HR images ``(H, W, 3)`` uint8 -> number. ``hr`` is None for no-reference metrics.

    ``higher_is_better`` says how to choose the best checkpoint. ``default_crop_border`` (optional)
    is the border where the experiment names none; without it that is the scale. The value of a
    set is the mean over its images, unless the metric is a :class:`SetMetric`. An image that cannot
    be measured raises SrcoreError and is left out. A metric whose value may be infinite can offer
    ``pool(values) -> float``: a finite value of a set, by which validations are then compared.
    """

    higher_is_better: bool

    def __call__(
        self, sr: NDArray[np.uint8], hr: NDArray[np.uint8] | None, *, crop_border: int
    ) -> float: ...


@runtime_checkable
class SetMetric(Protocol):
    """A metric of whole sets of images, such as FID.

    Calling it with a pair of images gives what it must know of them (an array), and ``combine``
    the value of the set from the results of all its images, in their order.
    """

    def combine(self, values: Sequence[Any]) -> float:
        """The value of a set.

        Raises:
            SrcoreError: there are too few images.
        """
        ...


class Schedule(Protocol):
    """Learning rate in force during iteration ``iteration`` (1-based): a pure function."""

    def __call__(self, base: float, iteration: int) -> float: ...


class Handler(Protocol):
    """What happens beside the iterations of a training (``[[handlers]]``).

    ``attach`` is called once on every process, before the first iteration, after a resumed state
    was loaded; handlers are attached in the order of the file, after those of
    ``srcore_engines_created``. Ignite's events and
    :class:`srcore.engine.events.TrainingEvents` say when something is done;
    ``run.request_stop(reason)`` ends the training. A handler looks on: what changes weights does
    so at ``ITERATION_STARTED``, since the state of an iteration is saved before handlers see its
    end.

    State that must survive a resume is offered through ``state_dict`` and ``load_state_dict``
    (tensors and plain values only); both are optional, as is ``close()``, called when the training
    has ended, however it did.
    """

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Attach functions to events of the engines."""
        ...


class StageTask(Protocol):
    """What a stage does that does not train, such as writing degraded images."""

    def run(self, run: Run) -> None:
        """Do the work; ``run.folder`` is the stage's own folder. Must be safe to repeat.

        The options say what it writes there: ``outputs(self) -> tuple[str, ...]``, patterns such as
        ``"lr/*.png"``. Later stages may name these, and ``--overwrite`` deletes no other files.
        """
        ...


__getattr__ = renamed(__name__, {"Stage": "StageTask"})
