"""An optimizer of a network, with groups of parameters that have settings of their own.

A group's settings are what the same optimizer, built with other options for these parameters alone,
has in its ``param_groups``: whatever a library calls its keys, and however many groups it makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from srcore.errors import SrcoreError
from srcore.optimization.matching import matching, unmatched
from srcore.optimization.overriding import of_group, overridden
from srcore.options import Selected

if TYPE_CHECKING:
    from srcore.config.group_table import GroupTable

NamedParameters = list[tuple[str, nn.Parameter]]


def build_optimizer(
    selected: Selected,
    network: nn.Module,
    groups: Sequence[GroupTable] = (),
    where: str = "optimizer",
) -> Any:
    """An optimizer; its target takes what it names of parameters, their names and the network.

    Args:
        selected: the component and its options.
        network: what is trained; parameters that need no gradient, or hold no number (layers that a
            small width leaves nothing of), are left out: CAME takes the mean of each.
        groups: parameters with settings of their own; the first that matches counts.
        where: path of the table, for messages.

    Raises:
        SrcoreError: a group that no parameter is left for, or a setting that the optimizer has but
            once for all parameters.
    """
    named = [(n, p) for n, p in network.named_parameters() if p.requires_grad and p.numel()]
    if not groups:
        return _build_bare(selected, named, network)
    if selected.component.accepts("network"):
        text = f'"{selected.type}" makes groups of the network itself; remove them'
        raise SrcoreError(f"{where}.groups: {text}")
    shares = shared_out(named, groups, where)
    _require_effect(selected, shares, groups, network, where)
    others = [entry for entry in named if all(entry[0] not in dict(it) for it in shares)]
    made = [
        *([_build_bare(selected, others, network)] if others else []),
        *(
            _build_bare(of_group(selected, group), share, network)
            for group, share in zip(groups, shares, strict=True)
        ),
    ]
    whole = _build_bare(selected, named, network)
    whole.param_groups = [entry for part in made for entry in part.param_groups]
    return whole


def shared_out(
    named: NamedParameters, groups: Sequence[GroupTable], where: str
) -> list[NamedParameters]:
    """The parameters of every group: those that no earlier one has.

    Raises:
        SrcoreError: a pattern that matches nothing, or a group for which nothing is left.
    """
    left, names = dict(named), dict(named)
    shares = []
    for index, group in enumerate(groups):
        share: NamedParameters = []
        for pattern in group.patterns:
            if not matching(pattern, names):
                raise SrcoreError(f"{where}.groups[{index}].match: {unmatched(pattern, names)}")
            share += [(name, left.pop(name)) for name in matching(pattern, left)]
        if not share:
            text = "all parameters that it matches are in earlier groups; put it before them"
            raise SrcoreError(f"{where}.groups[{index}].match: {text}")
        shares.append(share)
    return shares


def _require_effect(
    selected: Selected,
    shares: Sequence[NamedParameters],
    groups: Sequence[GroupTable],
    network: nn.Module,
    where: str,
) -> None:
    for index, (group, share) in enumerate(zip(groups, shares, strict=True)):
        plain = _group_settings(_build_bare(selected, share, network))
        for key, value in group.overrides.items():
            own = overridden(selected, {key: value})
            if own != selected and _group_settings(_build_bare(own, share, network)) == plain:
                text = f'"{selected.type}" has one value of it for these parameters and all others'
                raise SrcoreError(f"{where}.groups[{index}].{key}: {text}")


def _group_settings(optimizer: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in it.items() if k != "params"} for it in optimizer.param_groups]


def _build_bare(selected: Selected, named: NamedParameters, network: nn.Module) -> Any:
    offered = {
        "parameters": [parameter for _, parameter in named],
        "named_parameters": named,
        "network": network,
    }
    taken = {key: value for key, value in offered.items() if selected.component.accepts(key)}
    return selected.build(**(taken or {"parameters": offered["parameters"]}))
