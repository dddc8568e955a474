"""Optimizers, schedules, handlers, methods: one faulty part for every check, and what is said."""

import pytest
import torch

#: Whatever counts itself is different every time.
COUNT = iter(range(1_000_000))


class Unused:
    """A part that no training of the contract uses."""


class Ascent(torch.optim.SGD):
    def __init__(self, parameters):
        super().__init__(parameters, lr=0.1, maximize=True)


class Decaying(torch.optim.SGD):
    def __init__(self, parameters):
        super().__init__(parameters, lr=0.1)

    def step(self, closure=None):
        super().step(closure)
        for parameter in self.param_groups[0]["params"]:
            with torch.no_grad():
                parameter.mul_(0.99)


class Stateless(torch.optim.SGD):
    def __init__(self, parameters):
        super().__init__(parameters, lr=0.1)
        self.count = 0

    def step(self, closure=None):
        self.count += 1
        self.param_groups[0]["lr"] = 0.1 / self.count
        super().step(closure)

    def load_state_dict(self, state):
        pass


class Rates:
    """A schedule with a memory."""

    def __init__(self):
        self.calls = 0

    def __call__(self, base, iteration):
        self.calls += 1
        return base / self.calls


class Diary:
    """A handler that changes what is trained, after it was saved."""

    def attach(self, run, parts, trainer, evaluator):
        from ignite.engine import Events

        @trainer.on(Events.ITERATION_STARTED)
        def disturb(engine):
            bias = next(parts.generator_module.parameters())
            with torch.no_grad():
                bias.add_(1e-3 * next(COUNT))


class Losing:
    """A handler that forgets."""

    steps = 0

    def attach(self, run, parts, trainer, evaluator):
        self.steps += 1

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        pass


FAULTS = [
    ("optimizer", Ascent, {}, "expected a smaller loss after 20 steps"),
    ("optimizer", Decaying, {}, "expected a parameter without gradient to stay"),
    ("optimizer", Stateless, {}, "to go on as before a resume, found it elsewhere"),
    ("schedule", Rates, {}, "expected a pure function of the iteration"),
    ("schedule", lambda: lambda base, iteration: -base, {}, "expected a rate >= 0, found -0.001"),
    ("handler", Diary, {}, "expected the same end after a kill and resume"),
    ("handler", Losing, {}, r"to take back what state_dict\(\) gave, found others"),
    ("method", Unused, {}, "expected experiment and overrides of the contract to use it"),
    ("task", Unused, {}, "expected experiment and overrides of the contract to use it"),
]


@pytest.mark.parametrize(("kind", "target", "how", "message"), FAULTS)
def test_a_faulty_part_is_refused_in_one_line_that_names_it(kind, target, how, message, refused):
    refused(kind, target, how, message)


@pytest.mark.parametrize(
    ("kind", "target", "how"),
    [
        ("method", Unused, {"used": frozenset([("method", "x")])}),
    ],
)
def test_a_part_without_fault_is_not_complained_of(kind, target, how, tried):
    assert tried(kind, target, **how) == []
