import threading

import pytest

from srcore.upscaling.background import FETCHED_AT_A_TIME, in_background


def test_answers_come_in_order_and_many_are_worked_on_at_a_time():
    together = threading.Barrier(FETCHED_AT_A_TIME, timeout=20)

    def work(number):
        if number < FETCHED_AT_A_TIME:
            together.wait()
        return number * number

    answers = [answer.result() for answer in in_background(work, iter(range(40)))]
    assert answers == [number * number for number in range(40)]


def test_items_are_asked_for_as_their_work_begins():
    asked = []

    def numbers():
        for number in range(1000):
            asked.append(number)
            yield number

    items = in_background(str, numbers())
    next(items)
    assert len(asked) == FETCHED_AT_A_TIME
    items.close()


def test_what_nobody_took_is_discarded():
    discarded = []
    items = in_background(str, range(FETCHED_AT_A_TIME + 5), discard=discarded.append)
    assert next(items).result() == "0"
    for future in list(items.gi_frame.f_locals["waiting"]):
        future.result()
    items.close()
    assert sorted(discarded, key=int) == [str(it) for it in range(1, FETCHED_AT_A_TIME)]


def test_what_one_raises_is_that_ones():
    answers = list(in_background(lambda item: 1 // item, [1, 0, 1]))
    with pytest.raises(ZeroDivisionError):
        answers[1].result()
    assert answers[2].result() == 1
