"""Whether patterns of parameters mean any: networks and optimizers are built without memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from srcore.config.schema import (
    DiscriminatorTable,
    GeneratorTable,
    NetworkTable,
    OptimizerTable,
)
from srcore.errors import Problem, SrcoreError
from srcore.optimization.building import build_optimizer
from srcore.optimization.matching import matching, unmatched
from srcore.weights.without_memory import built_without_memory

#: Networks of more tensors take too long to build even without memory: the run says what is wrong.
_MANY_TENSORS = 20_000


def pattern_problems(
    table: GeneratorTable | DiscriminatorTable | NetworkTable,
    optimizer: OptimizerTable | None,
    place: str,
    where: str,
    context: dict[str, Any],
) -> Iterator[Problem]:
    """Patterns of ``frozen`` and of groups that match nothing, or leave nothing.

    Args:
        table: of the network.
        optimizer: its optimizer.
        place: path of the optimizer's table.
        where: path of the network's table.
        context: what the network is built with beside its options.
    """
    network: nn.Module | None = built_without_memory(
        lambda: table.selected.build(**context), _MANY_TENSORS
    )
    if network is None:
        return
    named = dict(network.named_parameters())
    wrong = [pattern for pattern in table.frozen if not matching(pattern, named)]
    for pattern in wrong:
        yield Problem(f"{where}.frozen", unmatched(pattern, named))
    for pattern in table.frozen:
        for name in matching(pattern, named):
            named[name].requires_grad_(False)
    if not any(parameter.requires_grad for parameter in named.values()):
        yield Problem(f"{where}.frozen", "freezes all parameters; nothing is left to train")
    elif optimizer is not None and optimizer.groups and not wrong:
        try:
            build_optimizer(optimizer.selected, network, optimizer.groups, place)
        except SrcoreError as error:
            path, _, message = str(error).partition(": ")
            has_path = path.startswith(place)
            yield Problem(path if has_path else place, message if has_path else str(error))
