"""What of a part is saved, and how it continues."""

import pytest
import torch
from torch import nn

from srcore.engine.part_state import restore, state_to_save
from srcore.errors import SrcoreError


class Features(nn.Module):
    def __init__(self):
        super().__init__()
        self.frozen = nn.Linear(2, 2).requires_grad_(False)
        self.trained = nn.Linear(2, 2)
        self.register_buffer("count", torch.tensor(3))


class Counting:
    def __init__(self):
        self.count = 0

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


def test_frozen_parameters_are_left_out_and_buffers_kept():
    assert set(state_to_save(Features())) == {"trained.weight", "trained.bias", "count"}


def test_a_module_continues_with_what_was_saved_and_keeps_what_was_not():
    saved, part = state_to_save(Features()), Features()
    frozen = part.frozen.weight.clone()
    saved["count"] = torch.tensor(5)
    restore(part, saved)
    assert int(part.count) == 5
    assert torch.equal(part.trained.weight, saved["trained.weight"])
    assert torch.equal(part.frozen.weight, frozen)


def test_other_objects_say_themselves_what_they_are():
    part, other = Counting(), Counting()
    part.count = 4
    restore(other, state_to_save(part))
    assert other.count == 4


def test_who_has_no_state_saves_none_and_takes_none():
    assert state_to_save(object()) is None
    assert state_to_save(nn.ReLU()) is None
    restore(object(), None)


@pytest.mark.parametrize(
    ("part", "saved", "reason"),
    [
        (Counting(), {}, "Counting cannot continue from its saved state: 'count'"),
        (object(), {"count": 1}, "object cannot continue from its saved state: "),
        (Features(), {"other": torch.zeros(1)}, "from its saved state: it has no other$"),
        (Features(), {"trained.bias": torch.zeros(3)}, "Features cannot continue .*size mismatch"),
    ],
)
def test_a_state_that_does_not_fit_names_the_part(part, saved, reason):
    with pytest.raises(SrcoreError, match=reason):
        restore(part, saved)
