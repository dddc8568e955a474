"""What a training counts beside its parts, and how it goes on from a checkpoint."""

import pytest
import torch

from srcore.engine.tally import Tally

RESULTS = {"set5": {"psnr": 30.5}}


def test_means_are_those_since_the_last_line():
    tally = Tally()
    for value in (1.0, 2.0, 6.0):
        tally.count({"l1": torch.tensor(value)})
    tally.count({"rare": torch.tensor(5.0)})
    assert tally.take_means() == {"l1": 3.0, "rare": 5.0}
    tally.count({"l1": torch.tensor(7.0)})
    assert tally.take_means() == {"l1": 7.0}
    assert tally.take_means() == {}


def test_a_good_iteration_ends_a_row_of_skipped_ones():
    tally = Tally(skipped_in_row=3)
    tally.count({"l1": torch.tensor(1.0)})
    assert tally.skipped_in_row == 0


def test_it_goes_on_from_what_it_saved():
    tally = Tally(bad_images=2, skipped_in_row=1, results=RESULTS, validated_at=7)
    tally.means = tally.means.plus({"l1": torch.tensor(4.0)})
    again = Tally()
    again.load_state_dict(tally.state_dict() | tally.own_state_dict() | {"iteration": 9})
    assert (again.bad_images, again.skipped_in_row, again.validated_at) == (2, 1, 7)
    assert again.results == RESULTS
    again.count({"l1": torch.tensor(8.0)})
    assert again.take_means() == {"l1": 6.0}


def test_what_all_processes_have_alike_is_apart_from_what_is_their_own():
    assert Tally().state_dict().keys() == {"skipped_in_row", "results", "validated_at"}
    assert Tally().own_state_dict().keys() == {"bad_images", "means"}


@pytest.mark.parametrize("own", [{"bad_images": None, "means": None}, {"bad_images": 0}])
def test_a_checkpoint_that_lacks_what_came_later_is_read(own):
    tally = Tally(bad_images=5, validated_at=3)
    tally.load_state_dict({"skipped_in_row": 0, "results": RESULTS, "iteration": 4} | own)
    assert (tally.bad_images, tally.validated_at) == (0, 4)
    assert tally.take_means() == {}


def test_results_that_were_read_are_a_copy():
    state = {"bad_images": 0, "skipped_in_row": 0, "results": dict(RESULTS), "iteration": 4}
    tally = Tally()
    tally.load_state_dict(state)
    tally.results["set14"] = {"psnr": 28.0}
    assert state["results"] == RESULTS
