import torch

from srcore.engine.means import Means, mean_of


def counted(values, means=None):
    means = means or Means()
    for value in values:
        means = means.plus({"l1": torch.tensor(value)})
    return means


def test_values_are_not_changed_and_carry_no_graph():
    value = torch.tensor(1.0, requires_grad=True)
    means = Means().plus({"l1": value}).plus({"l1": value})
    assert value.item() == 1.0
    assert not means.state_dict()["sums"]["l1"].requires_grad


def test_an_iteration_is_counted_in_a_copy():
    before = counted([1.0])
    before.plus({"l1": torch.tensor(3.0)})
    assert mean_of([before.state_dict()]) == {"l1": 1.0}


def test_a_saved_state_goes_on():
    values = [number / 3 for number in range(6)]
    again = counted(values[3:], Means(counted(values[:3]).state_dict()))
    assert again.state_dict() == counted(values).state_dict()


def test_the_mean_is_over_the_iterations_of_all_processes():
    first, second = counted([1.0, 2.0]), counted([6.0]).plus({"rare": torch.tensor(4.0)})
    assert mean_of([first.state_dict(), second.state_dict()]) == {"l1": 3.0, "rare": 4.0}
