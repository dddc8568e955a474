"""Whoever watches is told of every piece of work; nobody else notices."""

import contextlib

from srcore.plugin.calling import call
from srcore.plugin.watching import watched, watching


def test_whoever_watches_is_told_of_calls_before_and_after():
    told = []

    @contextlib.contextmanager
    def watch(kind, part):
        told.append(("begins", kind, part))
        yield
        told.append(("ends", kind, part))

    def rate(base, iteration):
        told.append("is called")
        return base

    with watching(watch):
        assert call("schedule", rate, 0.5, 1) == 0.5
    assert told == [("begins", "schedule", rate), "is called", ("ends", "schedule", rate)]
    assert call("schedule", rate, 0.5, 1) == 0.5
    assert told[3:] == ["is called"]


def test_one_who_watches_inside_is_the_only_one():
    told = []

    def watch(name):
        return lambda kind, part: contextlib.nullcontext(told.append(name))

    with watching(watch("outer")):
        with contextlib.suppress(KeyError), watching(watch("inner")), watched("update", None):
            raise KeyError
        with watched("update", None):
            pass
    with watched("update", None):
        pass
    assert told == ["inner", "outer"]
