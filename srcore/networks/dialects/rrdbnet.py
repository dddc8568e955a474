"""Dialects of RRDBNet: BasicSR, old ESRGAN (2018), ESRGAN-new (BSRGAN, RealSR, KAIR), esrdgan.

All of them name the same layers; each :class:`LayerNames` says how. Scale and sizes follow from the
names and shapes: an input of 4 (16) times the channels of the output is unshuffled by 2 (4) before
the first convolution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from torch import Tensor

from srcore.weights.channels import CHANNELS, channels_option
from srcore.weights.dialects import (
    Dialect,
    Options,
    State,
    UnknownArchitectureError,
    rename,
    without,
)

_UNSHUFFLE = {1: 1, 4: 2, 16: 4}  # input channels for each of the output -> factor
_UNSHUFFLED_STAGES = 2  # behind an unshuffled input; at x4 both ways of building agree
_MAX_UP = 3
_GROWTH = 32  # of every RRDBNet that spandrel opens


@attrs.frozen
class LayerNames:
    """Names of the layers of one dialect.

    Attributes:
        first, trunk, hr, last: names of single convolutions; ``trunk`` depends on the number of
            blocks, ``hr`` and ``last`` on the number of up-sampling stages.
        dense: (block from 0, dense block from 1, convolution from 1) -> name.
        up: up-sampling stage from 1 -> name.
    """

    first: str
    dense: Callable[[int, int, int], str]
    trunk: Callable[[int], str]
    up: Callable[[int], str]
    hr: Callable[[int], str]
    last: Callable[[int], str]

    def layers(self, blocks: int, stages: int) -> list[str]:
        """Names of all layers, in an order that all layouts share."""
        dense = [
            self.dense(n, r, k) for n in range(blocks) for r in (1, 2, 3) for k in (1, 2, 3, 4, 5)
        ]
        ups = [self.up(stage) for stage in range(1, stages + 1)]
        return [
            self.first,
            *dense,
            self.trunk(blocks),
            *ups,
            self.hr(stages),
            self.last(stages),
        ]

    def sizes(self, state: Mapping[str, Tensor]) -> tuple[int, int]:
        """Numbers of blocks and of up-sampling stages."""
        blocks = stages = 0
        while f"{self.dense(blocks, 1, 1)}.weight" in state:
            blocks += 1
        while stages < _MAX_UP and f"{self.up(stages + 1)}.weight" in state:
            stages += 1
        return blocks, stages

    def matches(self, state: Mapping[str, Tensor]) -> bool:
        """Whether all the marks of this layout are there, with 3x3 kernels throughout."""
        blocks, stages = self.sizes(state)
        marks = [self.first, self.dense(0, 1, 1), self.dense(0, 1, 5), self.trunk(blocks)]
        marks += [self.hr(stages), self.last(stages)]
        kernels = [state.get(f"{mark}.weight") for mark in marks]
        return all(kernel is not None and kernel.shape[2:] == (3, 3) for kernel in kernels)

    def infer_options(self, state: Mapping[str, Tensor], scale: int | None) -> Options:
        """Options of ``rrdbnet`` from names and shapes.

        Raises:
            UnknownArchitectureError: channels or stages that no ``rrdbnet`` has.
        """
        blocks, stages = self.sizes(state)
        features, inputs = state[f"{self.first}.weight"].shape[:2]
        channels = state[f"{self.last(stages)}.weight"].shape[0]
        unshuffle = _UNSHUFFLE.get(inputs // channels) if inputs % channels == 0 else None
        if (
            unshuffle is None
            or channels not in CHANNELS
            or (unshuffle > 1 and stages != _UNSHUFFLED_STAGES)
        ):
            raise UnknownArchitectureError(
                f"an RRDBNet of {inputs} input and {channels} output channels with {stages} "
                "up-sampling stages; srcore's has 1, 3 or 4 channels in and out, unshuffled by 2 "
                "(4 times the channels) or 4 (16 times) in front of two stages"
            )
        inferred = 2**stages // unshuffle
        if scale == 3 and stages == 1 and unshuffle == 1:
            inferred = 3
        return {
            "scale": inferred,
            "num_features": features,
            "num_blocks": blocks,
            "growth_channels": state[f"{self.dense(0, 1, 1)}.weight"].shape[0],
            "unshuffle": stages == _UNSHUFFLED_STAGES,
            **channels_option(channels),
        }


NATIVE = LayerNames(
    first="conv_first",
    dense=lambda n, r, k: f"body.{n}.rdb{r}.conv{k}",
    trunk=lambda blocks: "conv_body",
    up=lambda stage: f"conv_up{stage}",
    hr=lambda stages: "conv_hr",
    last=lambda stages: "conv_last",
)


def _other_growth(options: Mapping[str, Any]) -> str:
    growth = options.get("growth_channels", _GROWTH)
    return "" if growth == _GROWTH else f"it expects growth_channels = {_GROWTH}; found {growth}"


def _dialect(
    layout: LayerNames,
    container: str = "",
    *,
    exported: bool = False,
    closed: Callable[[Mapping[str, Any]], str] = _other_growth,
    bgr: bool = False,
) -> Dialect:
    def to_native(state: Mapping[str, Tensor]) -> State:
        sizes = layout.sizes(state)
        names = dict(zip(layout.layers(*sizes), NATIVE.layers(*sizes), strict=True))
        _refuse_esrgan_plus(state)
        return rename(state, names)

    def from_native(state: Mapping[str, Tensor], options: Mapping[str, Any]) -> State:
        sizes = NATIVE.sizes(state)
        names = dict(zip(NATIVE.layers(*sizes), layout.layers(*sizes), strict=True))
        return rename(state, names)

    return Dialect(
        network="rrdbnet",
        matches=layout.matches,
        infer_options=layout.infer_options,
        to_native=to_native,
        from_native=from_native,
        container=container,
        exported=exported,
        closed=closed,
        bgr=bgr,
    )


def _refuse_esrgan_plus(state: Mapping[str, Tensor]) -> None:
    extra = next((name for name in state if ".conv1x1." in name), None)
    if extra is not None:
        raise UnknownArchitectureError(
            f"an ESRGAN+ network ({extra}), whose dense blocks have further skips that srcore's "
            "RRDBNet does not have"
        )


BASICSR = _dialect(NATIVE, container="params", exported=True)

OLD_ESRGAN = _dialect(
    LayerNames(
        first="model.0",
        dense=lambda n, r, k: f"model.1.sub.{n}.RDB{r}.conv{k}.0",
        trunk=lambda blocks: f"model.1.sub.{blocks}",
        up=lambda stage: f"model.{3 * stage}",
        hr=lambda stages: f"model.{3 * stages + 2}",
        last=lambda stages: f"model.{3 * stages + 4}",
    )
)

ESRGAN_NEW = _dialect(
    LayerNames(
        first="conv_first",
        dense=lambda n, r, k: f"RRDB_trunk.{n}.RDB{r}.conv{k}",
        trunk=lambda blocks: "trunk_conv",
        up=lambda stage: f"upconv{stage}",
        hr=lambda stages: "HRconv",
        last=lambda stages: "conv_last",
    )
)


def _esrdgan_dense(n: int, r: int, k: int) -> str:
    block = f"model.1.module.{n}.rdbs.{r - 1}"
    return f"{block}.LFF" if k == 5 else f"{block}.conv{k}.conv.0"


ESRDGAN = _dialect(
    LayerNames(
        first="model.0",
        dense=_esrdgan_dense,
        trunk=lambda blocks: f"model.1.module.{blocks}",
        up=lambda stage: f"model.{1 + stage}.upconv.1",
        hr=lambda stages: f"model.{stages + 2}",
        last=lambda stages: f"model.{stages + 4}",
    ),
    closed=without("network of these names"),
    bgr=True,
)
