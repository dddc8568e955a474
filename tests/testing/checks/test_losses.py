"""Losses and labels: one faulty part for every check, and what is said."""

import attrs
import numpy as np
import pytest
import torch
from torch import nn

from srcore.contracts import Role

#: Whatever counts itself is different every time.
COUNT = iter(range(1_000_000))


class L1(nn.Module):
    """A loss without fault."""

    def forward(self, context):
        return (context.sr - context.hr).abs().mean()


class NotANumber(L1):
    def forward(self, context):
        return super().forward(context) * float("nan")


class NoGradient(L1):
    def forward(self, context):
        return context.ema_sr.mean().requires_grad_()


class Vandal(L1):
    def forward(self, context):
        context.batch["hr"].mul_(0.5)
        return super().forward(context)


class Moody(L1):
    def forward(self, context):
        return super().forward(context) * next(COUNT)


class PerImage(L1):
    def forward(self, context):
        return (context.sr - context.hr).abs().mean((1, 2, 3))


class Critic(L1):
    def discriminator_terms(self, context):
        yield "real", context.discriminate(context.hr).mean() * float("inf")


class Needy(L1):
    def forward(self, context):
        return super().forward(context) * context.extras["log_scale"].mean()


class Counting(L1):
    """Its state is what it was built with, whatever it is given."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, context):
        self.calls += 1
        return super().forward(context)

    def load_state_dict(self, state, strict=True):
        return super().load_state_dict({**state, "calls": torch.zeros(())}, strict)


@attrs.frozen
class Adapting:
    """Trains what its loss never uses."""

    def roles(self):
        return {"adapter": Role(kind="module")}


class Adapted(L1):
    def __init__(self):
        super().__init__()
        self.adapter = nn.Linear(1, 1)


class Targets:
    """Labels without fault."""

    def __call__(self, batch_size, *, progress, generator):
        return torch.rand(batch_size, generator=generator), 0.0


class Sorted(Targets):
    def __call__(self, batch_size, *, progress, generator):
        return float(next(COUNT)), 0.0


class Wide(Targets):
    def __call__(self, batch_size, *, progress, generator):
        return torch.ones(2, 2), 0.0


class Words(Targets):
    def __call__(self, batch_size, *, progress, generator):
        return "real", "fake"


class Opaque(Targets):
    def state_dict(self):
        return {"random": np.random.default_rng(0)}

    def load_state_dict(self, state):
        pass


FAULTS = [
    ("loss", NotANumber, {}, "expected the term to be finite, found nan"),
    ("loss", NoGradient, {}, "expected a finite gradient to sr, found none"),
    ("loss", Vandal, {}, "expected hr to stay as it was, found it changed in place"),
    ("loss", Moody, {}, "expected equal terms from equal seeds"),
    ("loss", PerImage, {}, r"returned Tensor \(2,\) of float32; expected a tensor with one value"),
    ("loss", Critic, {}, "expected the discriminator's term real to be finite, found"),
    ("loss", Needy, {"about": {"needs": ("log_scale",)}}, 'needs "log_scale": expected a value'),
    ("loss", Needy, {}, "expected: The term is a finite scalar .*; found KeyError: 'log_scale'"),
    ("loss", Counting, {}, r"expected load_state_dict\(\) to take back what state_dict\(\) gave"),
    ("loss", Adapted, {"options": Adapting}, "expected a gradient for adapter, which it trains"),
    ("labels", Sorted, {}, "expected equal targets from equal generators"),
    ("labels", Wide, {}, r"expected numbers or tensors \(4,\), found \(2, 2\)"),
    ("labels", Words, {}, r"expected numbers or tensors \(4,\), found str"),
    ("labels", Opaque, {}, "expected tensors and plain values in its state, found state/random"),
]


@pytest.mark.parametrize(("kind", "target", "how", "message"), FAULTS)
def test_a_faulty_part_is_refused_in_one_line_that_names_it(kind, target, how, message, refused):
    refused(kind, target, how, message)


@pytest.mark.parametrize(
    ("kind", "target", "how"),
    [
        ("loss", L1, {}),
        ("loss", Needy, {"extras": {"log_scale": lambda context: context.sr * 0 + 1}}),
        ("labels", Targets, {}),
    ],
)
def test_a_part_without_fault_is_not_complained_of(kind, target, how, tried):
    assert tried(kind, target, **how) == []
