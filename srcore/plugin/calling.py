"""The seam where components are called: what is against a contract names who made it.

Every component is called through :func:`call`, or its result handed to :func:`checked_result`. A
result that its kind does not allow, or a call that its signature does not take, is one line: kind
and name of the component, its distribution, what was returned and what is expected. Where all is
well, this costs a comparison or two; nothing is looked at on the device.

Torch is not imported here: whoever returns a tensor has done so.
"""

from __future__ import annotations

import functools
import inspect
import math
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, Protocol

import attrs

from srcore.capabilities import ill_declared
from srcore.errors import PluginError
from srcore.messages import told
from srcore.plugin.discovery import label
from srcore.plugin.watching import watched


class Labeled(Protocol):
    """What is known of who made an object: a component, or what else a distribution brings."""

    @property
    def owner(self) -> str:
        """The distribution."""
        ...

    @property
    def label(self) -> str:
        """Kind and name."""
        ...


@attrs.frozen
class Made:
    """What a distribution brings that is no component."""

    owner: str
    label: str


#: Which component made an object, by the object's identity, as long as it lives.
_MADE: dict[int, tuple[weakref.ref[Any], Labeled]] = {}


def _forget(made: dict[int, Any], key: int, _: weakref.ref[Any]) -> None:
    """Bound to what it changes: when Python ends, names of modules go before the objects."""
    made.pop(key, None)


def remember(made: Any, component: Labeled) -> None:
    """Keep in mind which component made an object, for messages."""
    key = id(made)
    try:
        reference = weakref.ref(made, functools.partial(_forget, _MADE, key))
    except TypeError:  # numbers, slots: messages name the class then
        return
    _MADE[key] = (reference, component)


def remember_copy(copy: Any, original: Any) -> Any:
    """Keep in mind that a copy, or what was made of an object, is of the same component."""
    reference, component = _MADE.get(id(original), (None, None))
    if component is not None and reference is not None and reference() is original:
        remember(copy, component)
    return copy


def call(kind: str, part: Any, *given: Any, method: str = "", **named: Any) -> Any:
    """Call a component, or a method of it; refuse a result that its kind does not allow.

    Args:
        kind: kind of component.
        part: what the component's target made.
        given: positional arguments.
        method: name of the method; empty: the part itself is called.
        named: keyword arguments.

    Raises:
        PluginError: the part takes other arguments, or its result is against the contract.
    """
    try:
        function = getattr(part, method) if method else part
        with watched(kind, part):
            result = function(*given, **named)
    except (TypeError, AttributeError) as error:
        refused = _misfitting_call(part, method, given, named)
        if not refused:
            raise  # a mistake inside the part: its traceback says where
        raise PluginError(f"{who(kind, part)}: {refused}") from error
    return checked_result(kind, part, result)


def checked_result(kind: str, part: Any, result: Any) -> Any:
    """The result of a part, if its kind allows it.

    Raises:
        PluginError: names the component, its distribution, what was returned, what is expected.
    """
    wanted = _RESULTS[kind](result)
    if wanted:
        text = f"returned {told(result)}; expected {wanted}"
        raise PluginError(f"{who(kind, part)} {text}")
    return result


def check_seen(network: Any, names: Iterable[str]) -> None:
    """Refuse a network that makes for itself what its ``forward`` does not take.

    Args:
        network: whose ``draw`` and ``condition`` made something.
        names: keywords that ``forward`` is given beside the image.

    Raises:
        PluginError: names network, distribution and keyword.
    """
    taken = inspect.signature(network.forward).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken.values()):
        return
    for name in names:
        if name not in taken:
            made = "what condition(batch) returns" if name == "condition" else "a field of draw()"
            raise PluginError(
                f"{who('network', network)}: forward({', '.join(taken)}) takes no {name}; {made} "
                "is given under that name"
            )


def unfit(kind: str, made: Any) -> str:
    """What an object lacks to be a component of one of the core's kinds; empty if nothing."""
    if kind in _BASES:
        module, name = _BASES[kind]
        base = getattr(sys.modules.get(module), name, None)
        if base is None or not isinstance(made, base):
            return f"makes {told(made)}; expected a {module}.{name}"
    lacks = [name for name in _OFFERS.get(kind, ()) if not hasattr(made, name)]
    if kind == "loss" and callable(made):
        lacks = []
    if lacks:
        shown = ", ".join("a call" if name == "__call__" else name for name in lacks)
        article = "an" if kind[0] in "aeiou" else "a"
        text = f"makes {told(made)}; expected {article} {kind.replace('_', ' ')}"
        return f"{text}, which has {shown}"
    return ill_declared(kind, made)


def who(kind: str, part: Any) -> str:
    """Distribution, kind and name of whatever made a part."""
    reference, component = _MADE.get(id(part), (None, None))
    if component is None or reference is None or reference() is not part:
        made = type(part)
        return f"{kind.partition('.')[0].replace('_', ' ')} {made.__module__}.{made.__qualname__}"
    return f"{label(component.owner)}: {component.label}"


def _misfitting_call(part: Any, method: str, given: tuple[Any, ...], named: dict[str, Any]) -> str:
    """What about a call does not fit the part; empty if it fits."""
    function = getattr(part, method, None) if method else part
    shown = ", ".join(
        [told(value) if _is_number_or_none(value) else _class_name(value) for value in given]
    )
    shown = ", ".join(filter(None, (shown, *(f"{name}=..." for name in named))))
    called = f"{method}({shown})" if method else f"called with ({shown})"
    if not callable(function):
        return f"{called}: {told(part)} cannot be called so" if not method else f"has no {method}"
    target = getattr(function, "forward", function)  # a module's call takes anything
    try:
        inspect.signature(target).bind(*given, **named)
    except TypeError as error:
        return f"is {called}: {error}" if not method else f"{called}: {error}"
    except ValueError:  # no signature to be had
        pass
    return ""


def _is_number_or_none(value: Any) -> bool:
    return isinstance(value, (int, float)) or value is None


def _class_name(value: Any) -> str:
    return type(value).__name__


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _want_scalar(value: Any) -> str:
    return "" if _is_tensor(value) and value.numel() == 1 else "a tensor with one value"


def _want_term(value: Any) -> str:
    fits = isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)
    return "" if fits and not _want_scalar(value[1]) else "a name and a tensor with one value"


def _batch(value: Any) -> str:
    if not isinstance(value, dict):
        return "the batch: a dict of tensors"
    bad = [name for name in ("lr", "hr") if name in value and not _is_tensor(value[name])]
    return f"{bad[0]} as a tensor (N, C, H, W)" if bad else ""


def _sample(value: Any) -> str:
    if not isinstance(value, dict) or not {"lr", "hr"} & value.keys():
        return 'a dict with "lr" or "hr" or both'
    for name in ("lr", "hr"):
        image = value.get(name)
        if image is not None and _want_image(image):
            return f"{name} as {_want_image(image)}"
    return ""


def _want_measured(value: Any) -> str:
    # Metrics of whole sets give arrays of what they must know.
    return "" if hasattr(value, "shape") else _want_number(value)


def _want_number(value: Any) -> str:
    if isinstance(value, Real) or (_is_tensor(value) and value.numel() == 1):
        return ""
    return "a number"


def _want_rate(value: Any) -> str:
    if isinstance(value, Real) and math.isfinite(value):
        return ""
    return "a number, the learning rate"


def _want_pair(value: Any) -> str:
    fits = isinstance(value, (tuple, list)) and len(value) == 2
    return "" if fits else "two target values: of real and of generated images"


def _want_images(value: Any) -> str:
    return "" if _is_tensor(value) and value.ndim == 4 else "images as a tensor (N, C, H, W)"


def _want_tensor(value: Any) -> str:
    return "" if _is_tensor(value) else "a tensor"


def _want_values(value: Any) -> str:
    fits = isinstance(value, dict) and not any(map(_want_number, value.values()))
    return "" if fits else "a dict of the values to log, each a tensor with one value"


def _want_header(value: Any) -> str:
    fits = all(isinstance(getattr(value, name, None), int) for name in ("height", "width", "bits"))
    return "" if fits else "a srcore.images.ImageHeader"


def _want_image(value: Any) -> str:
    fits = getattr(value, "ndim", 0) == 3 and str(getattr(value, "dtype", "")) in _PIXELS
    return "" if fits else "an array (H, W, C) of uint8 or uint16"


def _want_text(value: Any) -> str:
    return "" if isinstance(value, str) and value else "a text that is not empty"


def _want_tensors(value: Any) -> str:
    return "" if isinstance(value, Mapping) and all(map(_is_tensor, value.values())) else _STATE


def _want_scaled(value: Any) -> str:
    fits = isinstance(value, Mapping) and isinstance(value.get("scale"), int)
    return "" if fits else 'a dict of options with "scale", a whole number'


_STATE = "a dict of tensors by name"
_PIXELS = ("uint8", "uint16")

_RESULTS: dict[str, Callable[[Any], str]] = {
    "loss": _want_scalar,
    "loss.discriminator": _want_term,
    "transform": _batch,
    "dataset": _sample,
    "schedule": _want_rate,
    "labels": _want_pair,
    "discriminator_input": _want_images,
    "discriminator": _want_tensor,
    "network": _want_images,
    "metric": _want_measured,
    "method": _want_values,
    "optimizer": lambda value: "",
    "source.name": _want_text,
    "source.header": _want_header,
    "source.image": _want_image,
    "weight_dialect.match": lambda value: "",
    "weight_dialect.options": _want_scaled,
    "weight_dialect.tensors": _want_tensors,
    "task": lambda value: "",
    "handler": lambda value: "",
    "sampler": lambda value: "",  # looked at where the number of images is known
}

#: Classes that components of a kind are instances of.
_BASES = {
    "network": ("torch.nn", "Module"),
    "discriminator": ("torch.nn", "Module"),
}

#: What components of a kind have, as far as nothing works without it.
_OFFERS = {
    "optimizer": ("param_groups", "step", "zero_grad"),
    "discriminator_input": ("__call__",),
    "loss": ("discriminator_terms",),  # or a call
    "labels": ("__call__",),
    "transform": ("__call__",),
    "dataset": ("__len__", "sample"),
    "source": ("__len__", "name", "where", "header", "read", "read_window"),
    "sampler": ("order",),
    "method": ("step",),
    "task": ("run",),
    "metric": ("__call__",),
    "schedule": ("__call__",),
    "handler": ("attach",),
}
