"""What losses and labels are tried for, and parts with a state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from srcore.capabilities import capability, option_capability
from srcore.contracts import DiscriminatorLoss, LossContext
from srcore.engine.part_state import restore, state_to_save
from srcore.plugin.calling import call, checked_result
from srcore.seeding import seed_everything
from srcore.testing.specimen import Specimen, is_same, lacking

#: Of what losses need, what the specimen itself has.
_THERE = {"discriminator", "condition", "ema_sr", "losses"}


def is_differentiable(specimen: Specimen) -> Iterator[str]:
    """The term is a finite scalar with a finite gradient to the image, and to what it trains."""
    context = specimen.context()
    there = _THERE | context.batch.keys() | context.extras.keys()
    missing = list(lacking(specimen.component.needs, there, "extras or entries"))
    yield from missing
    if missing:
        return
    loss = _frozen(specimen.build())
    parts = _trained(specimen, loss)
    if capability("loss", loss, "has_generator_term"):
        kept = {name: value.clone() for name, value in _tensors_seen(context)}
        value = call("loss", loss, context)
        yield from _complain_infinite(value, "the term")
        gradient = torch.autograd.grad(value, context.sr, retain_graph=True, allow_unused=True)[0]
        if gradient is None or not torch.isfinite(gradient).all():
            yield "expected a finite gradient to sr, found none"
        for name, part in parts.items():
            gradients = torch.autograd.grad(
                value, list(part.parameters()), retain_graph=True, allow_unused=True
            )
            if all(entry is None for entry in gradients):
                yield f"expected a gradient for {name}, which it trains; found none"
        for name, tensor in _tensors_seen(context):
            if name in kept and not torch.equal(tensor, kept[name]):
                yield f"expected {name} to stay as it was, found it changed in place"
    if isinstance(loss, DiscriminatorLoss):
        for named in loss.discriminator_terms(specimen.context()):
            name, term = checked_result("loss.discriminator", loss, named)
            yield from _complain_infinite(term, f"the discriminator's term {name}")
            term.backward()


def draws_by_the_seeds(specimen: Specimen) -> Iterator[str]:
    """Equal seeds give equal terms."""
    if list(lacking(specimen.component.needs, _entries_there(specimen), "")):
        return
    terms = [_terms(_frozen(specimen.build()), specimen.context()) for _ in range(2)]
    if not is_same(*terms):
        yield "expected equal terms from equal seeds, found others"


def gives_two_targets(specimen: Specimen) -> Iterator[str]:
    """Two target values, of real and of generated images: numbers, or tensors (N,)."""
    targets = []
    for _ in range(2):
        labels = specimen.build()
        targets.append(call("labels", labels, 4, progress=0.5, generator=specimen.random()))
    for target in targets[0]:
        if isinstance(target, Tensor) and target.shape not in ((), (4,)):
            yield f"expected numbers or tensors (4,), found {tuple(target.shape)}"
        elif not isinstance(target, (int, float, Tensor)):
            yield f"expected numbers or tensors (4,), found {type(target).__name__}"
    if not is_same(
        list(map(_tensor_or_float, targets[0])), list(map(_tensor_or_float, targets[1]))
    ):
        yield "expected equal targets from equal generators, found others"


def state_goes_on(specimen: Specimen) -> Iterator[str]:
    """What state_dict() gives is plain, and a new part that takes it back has the same."""
    if list(lacking(specimen.component.needs, _entries_there(specimen), "")):
        return
    first = _used(specimen, specimen.build())
    state = state_to_save(first)
    yield from plain_state(state)
    second = specimen.build()
    restore(second, state)
    if not is_same(state, state_to_save(second) if state is not None else None):
        yield "expected load_state_dict() to take back what state_dict() gave, found another state"


def plain_state(state: Any, path: str = "state") -> Iterator[str]:
    """Complaints about what a checkpoint cannot keep: other than tensors and plain values."""
    if isinstance(state, dict):
        for name, value in state.items():
            yield from plain_state(value, f"{path}/{name}")
    elif isinstance(state, (list, tuple)):
        for index, value in enumerate(state):
            yield from plain_state(value, f"{path}/{index}")
    elif not (state is None or isinstance(state, (bool, int, float, str, Tensor))):
        yield f"expected tensors and plain values in its state, found {path} of {type(state)}"


def _used(specimen: Specimen, part: Any) -> Any:
    """The part after it was called once, as its kind is called."""
    kind, random = specimen.component.kind, specimen.random()
    seed_everything(0)
    if kind == "labels":
        call(kind, part, 4, progress=0.5, generator=random)
    elif kind == "discriminator_input":
        call(kind, part, specimen.images(), progress=0.5, generator=random)
    else:
        _terms(_frozen(part), specimen.context())
    return part


def _terms(loss: Any, context: LossContext) -> list[Any]:
    seed_everything(1)
    terms: list[Any] = []
    if capability("loss", loss, "has_generator_term"):
        terms.append(call("loss", loss, context).detach())
    if isinstance(loss, DiscriminatorLoss):
        terms += [(name, term.detach()) for name, term in loss.discriminator_terms(context)]
    return terms


def _frozen(loss: Any) -> Any:
    return loss.requires_grad_(False) if isinstance(loss, nn.Module) else loss


def _trained(specimen: Specimen, loss: Any) -> dict[str, nn.Module]:
    roles = option_capability(specimen.options, "roles")
    names = roles() if roles is not None else {}
    return {name: getattr(loss, name).requires_grad_(True) for name in names}


def _entries_there(specimen: Specimen) -> set[str]:
    context = specimen.context()
    return _THERE | context.batch.keys() | context.extras.keys()


def _tensors_seen(context: LossContext) -> list[tuple[str, Tensor]]:
    entries = [(name, value) for name, value in context.batch.items() if isinstance(value, Tensor)]
    return [("sr", context.sr.detach()), *entries]


def _complain_infinite(value: Tensor, what: str) -> Iterator[str]:
    if not bool(torch.isfinite(value.detach()).all()):
        yield f"expected {what} to be finite, found {float(value.detach())}"


def _tensor_or_float(value: Any) -> Any:
    return value if isinstance(value, Tensor) else float(value)
