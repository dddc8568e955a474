"""Parts of any kind: keys, capabilities, kinds of plugins, and what raises something else."""

import attrs
import pytest
from torch import nn

import srcore


class Term(nn.Module):
    """A loss without fault."""

    def forward(self, context):
        return (context.sr - context.hr).abs().mean()


class Filter:
    """What a plugin's own kind offers."""

    def taps(self):
        return [1]


@attrs.frozen
class Undescribed:
    """A key without a word."""

    weight: float = srcore.option(1.0)


class Weighted(Term):
    def __init__(self, weight):
        super().__init__()


@attrs.frozen
class Misspelt:
    """A rule that nobody asks."""

    def problem(self, experiment):
        yield "", "never"


class Dies(Term):
    def forward(self, context):
        raise KeyError("weight")


FAULTS = [
    ("loss", Weighted, {"options": Undescribed}, "expected a description of key weight"),
    ("loss", Term, {"options": Misspelt}, r"problem has no effect; did you mean problems\?"),
    (
        "stranger.filter",
        Term,
        {"about": {"contract": Filter}},
        r"makes a Term; expected a Filter \(it lacks taps\)",
    ),
    ("loss", Dies, {}, r"found KeyError: 'weight' \(.*test_everything.py, line \d+\)"),
]


@pytest.mark.parametrize(("kind", "target", "how", "message"), FAULTS)
def test_a_faulty_part_is_refused_in_one_line_that_names_it(kind, target, how, message, refused):
    refused(kind, target, how, message)


@pytest.mark.parametrize(
    ("kind", "target", "how"),
    [
        ("stranger.filter", Filter, {"about": {"contract": Filter}}),
    ],
)
def test_a_part_without_fault_is_not_complained_of(kind, target, how, tried):
    assert tried(kind, target, **how) == []
