"""Parts of a whole: each moment belongs to one of them."""

import contextlib

import pytest
import torch

from srcore.profiling.timeline import CudaClock, ProcessorClock, Timeline, clock_of


class Steady(ProcessorClock):
    """A clock that goes on by one second at every look."""

    def __init__(self):
        self.now = 0.0

    def moment(self):
        self.now += 1
        return self.now


def test_a_part_has_not_the_time_of_the_parts_inside_it():
    timeline = Timeline(Steady())
    with timeline.whole():
        with timeline.part("loss"), timeline.part("forward"):
            pass
        with timeline.part("loss"):
            pass
    assert timeline.seconds() == {"other": 3.0, "loss": 3.0, "forward": 1.0}
    assert timeline.whole_seconds() == [7.0]


def test_all_parts_are_the_whole_whatever_happens_in_it():
    timeline = Timeline(ProcessorClock())
    for _ in range(3):
        with contextlib.suppress(KeyError), timeline.whole(), timeline.part("a"):
            with timeline.part("b"):
                sum(range(1000))
            raise KeyError
    assert sum(timeline.seconds().values()) == pytest.approx(sum(timeline.whole_seconds()))
    assert len(timeline.whole_seconds()) == 3


def test_what_happens_between_is_not_counted():
    timeline = Timeline(Steady())
    with timeline.part("data"):
        pass
    timeline.leave()
    with timeline.whole():
        timeline.leave()
    assert timeline.seconds() == {"other": 1.0}


def test_the_clock_is_that_of_the_device():
    assert type(clock_of(torch.device("cpu"))) is ProcessorClock
    assert type(clock_of(torch.device("cuda", 0))) is CudaClock


@pytest.mark.gpu
def test_time_of_a_gpu_is_that_of_the_part_that_told_it_to_compute(gpu):
    timeline = Timeline(clock_of(gpu))
    image = torch.rand(2048, 2048, device=gpu)
    with timeline.whole():
        with timeline.part("much"):
            for _ in range(50):
                image = (image @ image).softmax(0)
        with timeline.part("little"):
            image += 1
    seconds = timeline.seconds()
    assert seconds["much"] > seconds["little"]
    assert sum(seconds.values()) == pytest.approx(sum(timeline.whole_seconds()), rel=1e-3)
