"""What modules inside of student and teacher compute, by the names of the modules."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs
from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.messages import shown, told
from srcore.suggest import closest
from srplug_distill.losses import LayerLoss

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srplug_distill.options import LayerPair


@attrs.frozen
class LayerFeatures:
    """Outputs of named modules in one forward pass of each network.

    Attributes:
        student: by the names of its modules, with graph.
        teacher: by the names of its modules, without graph.
    """

    student: dict[str, Any] = attrs.field(factory=dict)
    teacher: dict[str, Any] = attrs.field(factory=dict)

    def maps(self, pair: LayerPair) -> tuple[Tensor, Tensor]:
        """The outputs of a pair, ``(N, C, H, W)`` and ``(N, K, H, W)``.

        Raises:
            SrcoreError: one is missing or is no such tensor, or their sizes differ.
        """
        student = _map(self.student, "student", pair.student)
        teacher = _map(self.teacher, "teacher", pair.teacher)
        if student.shape[-2:] != teacher.shape[-2:]:
            raise SrcoreError(
                f"pairs: the student's {shown(pair.student)} gives {_size(student)} and the "
                f"teacher's {shown(pair.teacher)} {_size(teacher)}; expected equal heights and "
                "widths; name modules of one resolution"
            )
        return student, teacher


class Tap:
    """Keeps the outputs of modules while it is asked to; the network computes as without it.

    Hooks stay on the network from first to last, since compiled networks see only those that were
    there when they were traced. Copies of the network keep nothing.

    >>> network = nn.Sequential(nn.Identity(), nn.ReLU())
    >>> tap = Tap(network, ["0"], "student")
    >>> with tap.taking({}) as maps:
    ...     _ = network(torch.tensor([-1.0, 2.0]))
    >>> maps
    {'0': tensor([-1.,  2.])}
    >>> tap.close()

    Args:
        network: the plain one, whose modules are called also where it is compiled or distributed.
        names: of modules, as in ``named_modules()``.
        who: what the network is called in messages.

    Raises:
        SrcoreError: it has no such module.
    """

    def __init__(self, network: nn.Module, names: Iterable[str], who: str) -> None:
        modules = dict(network.named_modules())
        wanted = dict.fromkeys(names)
        if unknown := unknown_modules(network, wanted, who):
            raise SrcoreError(f"pairs: {'; '.join(unknown)}")
        self._kept = _Taken()
        self._handles = [
            modules[name].register_forward_hook(_Keep(self._kept, name)) for name in wanted
        ]

    @contextlib.contextmanager
    def taking(self, maps: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Outputs go into ``maps`` inside of the block: of each module those of its last call."""
        self._kept.maps = maps
        try:
            yield maps
        finally:
            self._kept.maps = None  # a backward pass that computes again is not meant

    def close(self) -> None:
        """Leave the network as it was."""
        for handle in self._handles:
            handle.remove()


class Taps:
    """Those on student and teacher that the losses of a stage ask for.

    Args:
        parts: of the stage; losses that look at modules have ``pairs`` and are found inside of
            others, too.

    Raises:
        SrcoreError: a network has no such module.
    """

    def __init__(self, parts: Parts) -> None:
        modules = [term.loss for term in parts.losses if isinstance(term.loss, nn.Module)]
        inner = [it for module in modules for it in module.modules() if isinstance(it, LayerLoss)]
        pairs = [pair for loss in inner for pair in loss.pairs]
        student = parts.roles["generator"].network
        # Without one that is run there are no pairs.
        teacher = parts.roles["teacher"].network if "teacher" in parts.roles else nn.Module()
        self._student = Tap(student, [pair.student for pair in pairs], "generator")
        self._teacher = Tap(teacher, [pair.teacher for pair in pairs], "teacher")

    @contextlib.contextmanager
    def taking(self) -> Iterator[LayerFeatures]:
        """What both networks compute inside of the block."""
        features = LayerFeatures()
        with self._student.taking(features.student), self._teacher.taking(features.teacher):
            yield features

    def close(self) -> None:
        """Leave both networks as they were."""
        self._student.close()
        self._teacher.close()


def unknown_modules(network: nn.Module, names: Iterable[str], who: str) -> list[str]:
    """What is to be said of names that no module has, each of them once."""
    known = [name for name, _ in network.named_modules() if name]
    top = ", ".join(name for name in known if "." not in name)
    return [
        f"no module {shown(name)} in the {who}; "
        + (closest(name, known) or f"it has {top} and what is in them")
        for name in dict.fromkeys(names)
        if name not in known
    ]


@attrs.define(eq=False)
class _Taken:
    maps: dict[str, Any] | None = None


@attrs.frozen(eq=False)
class _Keep:
    """A hook that can be pickled and copied with its network."""

    kept: _Taken
    name: str

    def __call__(self, module: nn.Module, given: Any, output: Any) -> None:
        if self.kept.maps is not None:
            # What comes next may change it in place.
            self.kept.maps[self.name] = output.clone() if isinstance(output, Tensor) else output


def _map(maps: dict[str, Any], who: str, name: str) -> Tensor:
    output = maps.get(name)
    if isinstance(output, Tensor) and output.ndim == 4:
        return output
    what = f"gives {told(output)}" if name in maps else "is not called in use"
    raise SrcoreError(
        f"pairs: the {who}'s module {shown(name)} {what}; expected features (N, C, H, W); "
        "name another module"
    )


def _size(maps: Tensor) -> str:
    height, width = maps.shape[-2:]
    return f"{width}x{height}"
