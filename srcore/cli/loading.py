"""Which network a command uses, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import attrs
import click

from srcore.cli.console import say
from srcore.options import option

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from srcore.machine.device_names import UsePrecision


@attrs.frozen(kw_only=True)
class Loading:
    """How weights become a network on a device."""

    key: str | None = option(None, "entry of the checkpoints, such as params")
    network: Annotated[tuple[str, ...], "KEY=VALUE"] = option(
        (), "option of the network that can be chosen here, such as steps=4"
    )
    channel_order: Literal["rgb", "bgr"] | None = option(
        None, "order of the colors that the weights expect; without it rgb"
    )
    yes: bool = option(False, "fetch a model without asking")
    device: str = option(
        "auto", "device: cpu, cuda, cuda:N, mps, or auto: the first of cuda, mps, cpu that is there"
    )

    def load(self, file: str | Path) -> nn.Module:
        """The network of weights, on its device; says what is odd about its colors.

        Args:
            file: of weights, or a model: :func:`srcore.cli.fetching.located`.
        """
        from srcore.api import load_generator
        from srcore.cli.fetching import located
        from srcore.machine.devices import pick_device
        from srcore.plugin.manager import plugins
        from srcore.weights.channel_order import BgrNetwork, order_remark
        from srcore.weights.containers import read_checkpoint
        from srcore.weights.use import chosen

        checkpoint = read_checkpoint(located(file, yes=self.yes), key=self.key)
        network = load_generator(checkpoint, pick_device(self.device), options=chosen(self.network))
        remark = "" if self.channel_order else order_remark(checkpoint, plugins().registry)
        if remark:
            say(f"srcore: {remark}", err=True)
        return BgrNetwork(network).eval() if self.channel_order == "bgr" else network

    def warn_of_slow(self, precision: UsePrecision) -> None:
        """Say that a device computes slowly in a precision, if it does."""
        from srcore.machine.devices import pick_device, slow_precision
        from srcore.options.spelling import spelled

        slow = slow_precision(pick_device(self.device), precision)
        if slow:
            click.echo(f"srcore: warning: {spelled('precision')}: {slow}", err=True)
