"""What parts may declare beside what they must offer: one list, with defaults.

A part that does not declare a capability has its default. Whoever asks, asks :func:`capability`, so
that no default stands twice. A value of another type is refused when the part is built, and
:class:`srcore.testing.PluginContract` refuses names that are nearly those listed here: a misspelt
one would be silently without effect.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterator
from numbers import Real
from pathlib import Path
from typing import Any

import attrs

from srcore.messages import told

#: Channels of images that have a name.
RGB, RGBA = 3, 4


@attrs.frozen
class Capability:
    """Something that a part may declare.

    Attributes:
        help: what it says.
        default: what holds where it is not declared; for methods what is not there, None.
        fits: whether a declared value can be meant.
        wanted: what fits, for messages.
        is_method: whether it is called.
    """

    help: str
    default: Any
    fits: Callable[[Any], bool]
    wanted: str
    is_method: bool = False


def _method_or_none(help: str) -> Capability:
    return Capability(
        help, None, lambda value: value is None or callable(value), "a method", is_method=True
    )


def _number_or_none(help: str, default: int | None, *, least: int) -> Capability:
    def fits(value: Any) -> bool:
        return value is None or (isinstance(value, Real) and float(value) >= least)

    return Capability(help, default, fits, f"a number >= {least}, or none")


def _true_or_false(help: str, *, default: bool) -> Capability:
    return Capability(help, default, lambda value: isinstance(value, bool), "true or false")


def _where_images_lie(which: str) -> Capability:
    return Capability(
        f"of data sets: where {which}-resolution images lie; `check` reads folders and sources",
        None,
        lambda value: True,
        "anything",
    )


_STATE = {
    "state_dict": _method_or_none("what the part continues from after a resume"),
    "load_state_dict": _method_or_none("takes that back"),
}

#: Capabilities of what targets make, by kind.
PARTS: dict[str, dict[str, Capability]] = {
    "network": {
        "receptive_radius": _number_or_none(
            "low-resolution pixels around an output pixel that it depends on; none: unknown",
            None,
            least=0,
        ),
        "tile_multiple": _number_or_none("tile sides should be a multiple of it", 1, least=1),
        "scale": _number_or_none("factor between the sides of output and input", None, least=1),
        "in_channels": _number_or_none("channels of the input", 3, least=1),
        "memory_per_pixel": _number_or_none(
            "bytes in use for each low-resolution pixel of an image; none: it is measured",
            None,
            least=1,
        ),
        "export_obstacle": Capability(
            "why no exporter can record it, as the end of a sentence",
            "",
            lambda value: isinstance(value, str),
            "text",
        ),
        "draw": _method_or_none(
            "(size, generator) -> fields drawn once per image, passed as keywords"
        ),
        "condition": _method_or_none("batch -> what it sees beside lr, once per image"),
        "deploy": _method_or_none("the merged network that is validated, exported and used"),
        "checkpointed": _method_or_none(
            "blocks that are computed again in the backward pass with `checkpointing = true`"
        ),
    },
    "discriminator": {
        "condition": _method_or_none(
            "batch -> what forward gets beside the image, once per iteration"
        ),
    },
    "discriminator_input": _STATE,
    "loss": {
        **_STATE,
        "has_generator_term": _true_or_false(
            "whether it is called for the generator; false: a penalty, which carries its weight "
            "in the discriminator's terms",
            default=True,
        ),
        "discriminator_terms": _method_or_none("context -> (name, term), one by one"),
    },
    "source": {
        "channels": _number_or_none("channels of what it reads", 3, least=1),
        "order": _method_or_none(
            "(epoch, generator) -> order of an epoch, where no sampler is named"
        ),
        "sizes": _method_or_none(
            "heights and widths (N, 2) of all images at once, zeros where an image cannot be read"
        ),
    },
    "dataset": {
        "order": _method_or_none(
            "(epoch, generator) -> order of an epoch, where no sampler is named"
        ),
    },
    "labels": _STATE,
    "transform": _STATE,
    "optimizer": {
        "train": _method_or_none(
            "of schedule-free optimizers: puts what is trained into the network"
        ),
        "eval": _method_or_none("of schedule-free optimizers: puts the average into the network"),
    },
    "method": {
        **_STATE,
        "close": _method_or_none("called when the training has ended, however it did"),
        "labels": Capability(
            "what draws its target values: a run is told of `progress` that it reads",
            None,
            lambda value: True,
            "anything",
        ),
    },
    "handler": {
        **_STATE,
        "close": _method_or_none("called when the training has ended, however it did"),
    },
    "metric": {
        "higher_is_better": _true_or_false("how the best checkpoint is chosen", default=True),
        "default_crop_border": _number_or_none(
            "border where the experiment names none; none: the scale", None, least=0
        ),
        "pool": _method_or_none("values of a set, infinite ones too -> a finite one to compare by"),
        "portable": _true_or_false(
            "whether other processes may compute it: it can be pickled, and gives the same bits "
            "with one thread",
            default=False,
        ),
        "combine": _method_or_none("results of all images of a set -> the value of the set"),
    },
}

#: Capabilities of options classes, all methods or properties of the class.
OPTIONS: dict[str, Capability] = {
    "problems": _method_or_none("experiment -> (key, message) for choices that cannot work"),
    "remarks": _method_or_none("experiment -> (key, message) for what works but may not be meant"),
    "roles": _method_or_none("of methods: the networks by name"),
    "unfit_weights": _method_or_none(
        "experiment -> (key, message) for files of weights that building the part would refuse; "
        "see `srcore.weights.refusals`"
    ),
    "entries": _method_or_none("of datasets, transforms and methods: what they put into a batch"),
    "outputs": _method_or_none("of stages: patterns of the files that they write"),
    "unmeasurable": _method_or_none("of metrics: size -> why it cannot be measured"),
    "channels": _number_or_none(
        "of networks and data sets: channels of their images, 1, 3 or 4, RGB where it is not "
        "declared; of losses, transforms and inputs of discriminators: the only ones that they "
        "work on",
        None,
        least=1,
    ),
    "in_channels": _number_or_none("of discriminators: channels of what they judge", 3, least=1),
    "sees_batch": Capability(
        "of discriminators and losses: by what the images of a batch, or the number of passes, act "
        "on one another, such as spectral norm; empty: by nothing",
        "",
        lambda value: isinstance(value, str),
        "a text",
    ),
    "hr": _where_images_lie("high"),
    "lr": _where_images_lie("low"),
    "recursive": _true_or_false(
        "of data sets and sources: folders below their own are searched too", default=False
    ),
    "meta_info": Capability(
        "of data sets and sources: a list of the names that are taken",
        None,
        lambda value: value is None or isinstance(value, Path),
        "a path, or none",
    ),
    "min_size": Capability(
        'of data sets: "pad" continues images that are smaller than the crop',
        "error",
        lambda value: isinstance(value, str),
        "text",
    ),
    "pretrained": _method_or_none("files that are downloaded, where they are not there"),
    "hr_patch_size": _number_or_none(
        "of datasets and transforms: side of the crops", None, least=1
    ),
    "hr_crop": _number_or_none("of transforms: side of smaller crops on the device", None, least=0),
}

_NEAR = 0.86


def capability(kind: str, part: Any, name: str) -> Any:
    """What a part declares, or the default.

    >>> capability("network", object(), "tile_multiple")
    1
    """
    return _declared(part, name, PARTS[kind])


def saved_state(part: Any) -> Callable[[], Any] | None:
    """The ``state_dict`` of a part of any kind; None where it has no state."""
    state_dict: Callable[[], Any] | None = _declared(part, "state_dict", _STATE)
    return state_dict


def option_capability(options: Any, name: str) -> Any:
    """What an instance of an options class declares, or the default."""
    return _declared(options, name, OPTIONS)


def _declared(part: Any, name: str, known: dict[str, Capability]) -> Any:
    value = getattr(part, name, None)
    return known[name].default if value is None else value


def ill_declared(kind: str, part: Any) -> str:
    """A capability of a part whose value cannot be meant; empty if there is none."""
    for name, known in PARTS.get(kind, {}).items():
        value = getattr(part, name, known.default)
        if value is not None and not known.fits(value):
            return f"declares {name} = {told(value)}; expected {known.wanted}"
    return ""


def near_misses(kind: str, part: Any, options: type) -> Iterator[str]:
    """Names that are nearly those of capabilities: of a part (or its class) and of its options."""
    where = kind.replace("_", " ")
    yield from _misspelt(part, _own_names(part), PARTS.get(kind, {}), where)
    keys = {field.name for field in attrs.fields(options)}
    yield from _misspelt(options, _own_names(options) - keys, OPTIONS, "options")


def _own_names(part: Any) -> set[str]:
    """Public names that the part's author gave, without those of frameworks."""
    cls = part if isinstance(part, type) else type(part)
    names = set() if cls is part else set(getattr(part, "__dict__", {}))
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] not in ("torch", *sys.stdlib_module_names):
            names |= set(vars(base))
    return {name for name in names if not name.startswith("_")}


def _misspelt(
    part: Any, names: set[str], known: dict[str, Capability], where: str
) -> Iterator[str]:
    for name in sorted(names - known.keys()):
        for close in difflib.get_close_matches(name, known, n=1, cutoff=_NEAR):
            if callable(getattr(part, name, None)) or not known[close].is_method:
                yield f"{where}: {name} has no effect; did you mean {close}?"
