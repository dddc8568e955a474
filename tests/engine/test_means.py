import torch

from srcore.engine.means import Means


def test_means_are_those_since_the_last_line():
    means = Means()
    for value in (1.0, 2.0, 6.0):
        means.add({"l1": torch.tensor(value)})
    means.add({"rare": torch.tensor(5.0)})
    assert means.take() == {"l1": 3.0, "rare": 5.0}
    means.add({"l1": torch.tensor(7.0)})
    assert means.take() == {"l1": 7.0}
    assert means.take() == {}


def test_values_are_not_changed_and_carry_no_graph():
    value = torch.tensor(1.0, requires_grad=True)
    means = Means()
    means.add({"l1": value})
    means.add({"l1": value})
    assert value.item() == 1.0
    assert not means.state_dict()["sums"]["l1"].requires_grad


def test_a_saved_state_goes_on():
    whole, parts = Means(), Means()
    values = [torch.tensor(number / 3) for number in range(6)]
    for number, value in enumerate(values):
        whole.add({"l1": value})
        if number == 3:
            again = Means()
            again.load_state_dict(parts.state_dict())
            parts = again
        parts.add({"l1": value})
    assert whole.take() == parts.take()
