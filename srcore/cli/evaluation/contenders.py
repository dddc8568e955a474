"""The networks and interpolations that `srcore evaluate` compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from srcore.cli.console import say
from srcore.cli.evaluation.benchmark import Benchmark, named_weights
from srcore.cli.fetching import label_of, located
from srcore.cli.loading import Loading
from srcore.files.hashing import sha256_of
from srcore.inference.options import UpscaleOptions

if TYPE_CHECKING:
    from srcore.evaluation.evaluating import Contender

#: What is measured of networks that do not make RGB, by their channels.
_MEASURED = {
    1: "makes gray images; what is not measured on Y counts the colors that they lack",
    4: "sees alpha and makes it; measured are the colors alone",
}


def find_contenders(
    models: Sequence[str], benchmark: Benchmark, loading: Loading, upscaling: UpscaleOptions
) -> dict[int, list[Contender]]:
    """By scale; interpolations first."""
    from srcore.evaluation.interpolation import interpolation

    beside = benchmark.interpolations
    named = [_contender(model, loading, upscaling) for model in models]
    names = [contender.name for contender in named]
    for name in names:
        if names.count(name) > 1 or name in beside:
            raise click.UsageError(f"two models are called {name}; use NAME=MODEL")
    scales = sorted({contender.scale for contender in named} | set(benchmark.scale))
    return {
        scale: [
            *(interpolation(name, scale) for name in beside),
            *(entry for entry in named if entry.scale == scale),
        ]
        for scale in scales
    }


def _contender(model: str, loading: Loading, upscaling: UpscaleOptions) -> Contender:
    from srcore.capabilities import RGB, capability
    from srcore.evaluation.evaluating import Contender
    from srcore.images import to_rgb
    from srcore.inference.upscaler import upscale_array
    from srcore.machine.devices import device_of
    from srcore.plugin.manager import plugins

    name, weights = named_weights(model)
    path = located(weights, yes=loading.yes)
    if not name:
        # Runs call all their files generator.safetensors; their folders tell them apart.
        own = path.resolve().parent.name if path.stem == "generator" else path.stem
        name = label_of(path) or own
    network = loading.load(path)
    scale = int(network.scale)  # type: ignore[arg-type]  # an int by the contract

    def run(lr: Any) -> Any:
        return to_rgb(upscale_array(network, lr, upscaling, registry=plugins().registry))

    seen = int(capability("network", network, "in_channels"))
    if seen != RGB:
        say(f"srcore: {name}: {_MEASURED[seen]}", err=True)
    identity = f"{sha256_of(path)} {device_of(network)} {loading} {upscaling}"
    return Contender(name, scale, run, channels=max(seen, RGB), identity=identity)
