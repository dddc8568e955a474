"""Published checkpoints of USR-DU: the DSN, and the SR network with the DSN beside it.

A DSN file holds ``gen`` and ``dis``; an SR file holds ``params`` whose keys begin with
``RRDBNet_U.`` (the SR network, an ESRGAN RRDBNet) and ``RRDBNet_var.`` (the frozen DSN).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

import srcore
from srcore.errors import WeightsError
from srcore.networks.dialects.rrdbnet import ESRGAN_NEW
from srcore.weights.containers import read_checkpoint
from srcore.weights.dialects import Dialect, Options, State, count, without

if TYPE_CHECKING:
    from srplug_usrdu.networks import Downsampler

_SR, _DSN = "RRDBNet_U.", "RRDBNet_var."
_MARKS = ("block_input.0.weight", "down_sample.0.weight", "block_output.weight")


def _is_dsn(state: Mapping[str, Tensor]) -> bool:
    return all(mark in state for mark in _MARKS)


def _dsn_options(state: Mapping[str, Tensor], scale: int | None) -> Options:
    options: Options = {
        "scale": 4 if "down_sample.2.weight" in state else 2,
        "num_features": state["block_input.0.weight"].shape[0],
        "num_blocks": count(state, "res_blocks.{}.conv1.weight"),
        "scale_head": "var.0.weight" in state,
        "feature_head": "per_var.0.weight" in state,
    }
    if options["feature_head"]:
        options["feature_channels"] = state["per_var.16.weight"].shape[0]
    return options


def _unchanged(state: Mapping[str, Tensor], *_: Any) -> State:
    return dict(state)


def _without_prefix(state: Mapping[str, Tensor], prefix: str) -> State:
    return {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}


def _has_sr(state: Mapping[str, Tensor]) -> bool:
    return ESRGAN_NEW.matches(_without_prefix(state, _SR))


def _sr_options(state: Mapping[str, Tensor], scale: int | None) -> Options:
    return ESRGAN_NEW.infer_options(_without_prefix(state, _SR), scale)


def _sr_to_native(state: Mapping[str, Tensor]) -> State:
    return ESRGAN_NEW.to_native(_without_prefix(state, _SR))


def _sr_from_native(state: Mapping[str, Tensor], options: Mapping[str, Any]) -> State:
    published = ESRGAN_NEW.from_native(state, options)
    return {_SR + name: value for name, value in published.items()}


#: The DSN; srcore's own names are the published ones.
DSN = Dialect(
    network="usrdu_dsn",
    matches=_is_dsn,
    infer_options=_dsn_options,
    to_native=_unchanged,
    from_native=_unchanged,
    container="gen",
    exported=True,
    closed=without("network that makes images smaller"),
)

#: The SR network of a published file; the DSN beside it is left out.
SRN = Dialect(
    network="rrdbnet",
    matches=_has_sr,
    infer_options=_sr_options,
    to_native=_sr_to_native,
    from_native=_sr_from_native,
    closed=without("file of two networks"),
    container="params",
)


def published_sr_state(rrdbnet: Mapping[str, Tensor], dsn: Mapping[str, Tensor]) -> State:
    """Both networks under the names of a published SR file.

    Args:
        rrdbnet: its state, native names.
        dsn: state of a ``usrdu_dsn``.
    """
    beside = {_DSN + name: value for name, value in dsn.items()}
    return beside | _sr_from_native(rrdbnet, {"scale": 4})


def load_dsn(path: Path, *, scale: int | None = None) -> Downsampler:
    """The frozen DSN of a file: srcore's, a published DSN, or the one in a published SR file.

    Raises:
        WeightsError: not a DSN, incomplete, or of another scale.
    """
    checkpoint = read_checkpoint(path)
    inner = _without_prefix(checkpoint.state, _DSN)
    if inner:
        checkpoint.state.clear()
        checkpoint.state.update(inner)
    elif not _is_dsn(checkpoint.state):
        raise WeightsError(
            f"{path}: holds no USR-DU down-sampling network (its keys begin with "
            f"{', '.join(list(checkpoint.state)[:3])}); train one with method usrdu_dsn"
        )
    ready: Any = srcore.load_generator(checkpoint, scale=scale)
    dsn: Downsampler = ready.requires_grad_(False)
    return dsn
