"""What parts are tried for, kind by kind.

A check is a function that gets a :class:`srcore.testing.specimen.Specimen` and yields complaints:
what was expected and what was found. The first line of its docstring says what is expected; it
begins the complaint about a part that raises something instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from srcore.errors import SrcoreError, cause
from srcore.messages import shown
from srcore.plugin.discovery import label
from srcore.testing.checks import data, dialects, everything, losses, metrics, networks, training
from srcore.testing.checks.channels import on_other_channels
from srcore.testing.specimen import Specimen
from srcore.weights.dialects import Dialect

Check = Callable[[Specimen], Iterator[str]]

#: Checks of the core's kinds, in order.
CHECKS: dict[str, tuple[Check, ...]] = {
    "network": (
        networks.upscales_any_size,
        on_other_channels(networks.upscales_any_size),
        networks.state_makes_it_the_same,
        networks.every_parameter_learns,
        networks.draws_by_the_generator,
        networks.deployed_computes_the_same,
        networks.computes_blocks_again,
    ),
    "discriminator": (
        networks.judges_images,
        on_other_channels(networks.judges_images),
        networks.state_fits_a_second_one,
    ),
    "discriminator_input": (
        networks.alters_what_is_judged,
        on_other_channels(networks.alters_what_is_judged),
        losses.state_goes_on,
    ),
    "loss": (
        losses.is_differentiable,
        on_other_channels(losses.is_differentiable),
        losses.draws_by_the_seeds,
        losses.state_goes_on,
    ),
    "labels": (losses.gives_two_targets, losses.state_goes_on),
    "transform": (
        data.transforms_a_batch,
        on_other_channels(data.transforms_a_batch),
        data.transform_state_goes_on,
    ),
    "source": (data.reads_images,),
    "dataset": (data.gives_samples, on_other_channels(data.gives_samples)),
    "sampler": (data.orders_an_epoch,),
    "method": (training.takes_part,),
    "task": (training.takes_part,),
    "metric": (metrics.measures_images,),
    "optimizer": (training.minimizes, training.optimizer_state_goes_on),
    "schedule": (training.gives_rates,),
    "handler": (training.goes_on_after_a_kill,),
}


def complaints(specimen: Specimen) -> list[str]:
    """Everything that a component does against the contract of its kind; each names it."""
    component = specimen.component
    who = f"{label(component.owner)}: {component.label}"
    checks = (*everything.CHECKS, *CHECKS.get(component.kind, (everything.is_built,)))
    lines = []
    for check in checks:
        lines += _heard(who, check, specimen)
    return list(dict.fromkeys(lines))


def dialect_complaints(name: str, owner: str, dialect: Dialect, specimen: Specimen) -> list[str]:
    """Everything that is wrong with a weight dialect; each names it."""
    who = f"{label(owner)}: weight dialect {shown(name)}"

    def reads_back(tried: Specimen) -> Iterator[str]:
        return dialects.reads_back_what_it_writes(name, dialect, tried)

    reads_back.__doc__ = dialects.reads_back_what_it_writes.__doc__
    return [
        *_heard(who, reads_back, specimen),
        *_heard(who, on_other_channels(reads_back), specimen),
    ]


def _heard(who: str, check: Callable[..., Iterator[str]], *given: Any) -> list[str]:
    """The complaints of a check, what was raised among them."""
    lines: list[str] = []
    try:
        lines += (f"{who} {complaint}" for complaint in check(*given))
    except SrcoreError as error:
        lines.append(str(error) if who in str(error) else f"{who}: {error}")
    except Exception as error:  # whatever a stranger's code raises is a finding
        wanted = (check.__doc__ or "").partition("\n")[0].rstrip(".")
        lines.append(f"{who}: expected: {wanted}; found {cause(error)}")
    return lines
