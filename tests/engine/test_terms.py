"""Terms of a loss, as a table makes them."""

from types import SimpleNamespace

import torch
from torch import nn

from srcore.engine.roles import LOSS_PART
from srcore.engine.terms import build_term, scalar, trained_parts


class Judging(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Linear(2, 2)
        self.head = nn.Linear(2, 1)


def table(loss, parts=()):
    return SimpleNamespace(
        selected=SimpleNamespace(build=lambda: loss),
        label="own",
        weight=0.5,
        for_="generator",
        trained_parts=lambda: parts,
    )


def test_what_a_loss_holds_is_frozen():
    term = build_term(table(Judging()), torch.device("cpu"))
    assert (term.label, term.weight, term.role, term.parts) == ("own", 0.5, "generator", ())
    assert not any(it.requires_grad for it in term.loss.parameters())


def test_what_a_loss_trains_has_gradients_again_and_a_name():
    made = table(Judging(), ("head",))
    term = build_term(made, torch.device("cpu"))
    parts = trained_parts([made], [term])
    assert term.parts == tuple(parts) == ("own_head",)
    assert parts["own_head"].network is term.loss.head
    assert parts["own_head"].role is LOSS_PART
    assert all(it.requires_grad for it in term.loss.head.parameters())
    assert not any(it.requires_grad for it in term.loss.features.parameters())


def test_a_loss_may_be_a_function():
    def loss(context):
        return context

    assert build_term(table(loss), torch.device("cpu")).loss is loss


def test_one_value_loses_its_axes():
    value = torch.tensor(2.0)
    assert scalar(value) is value
    assert scalar(value.reshape(1, 1)).shape == ()
