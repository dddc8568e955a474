"""The nearest known name, or nothing."""

import pytest

from srcore.suggest import closest, nearest


def test_a_misspelt_name_is_answered_by_the_nearest():
    assert nearest("artifact_kernal", ["artifact_kernel", "kernel", "scale"]) == "artifact_kernel"
    assert closest("upscle", ["upscale", "run"]) == 'did you mean "upscale"?'


@pytest.mark.parametrize("name", ["zzzz", "", "upscale" * 100])
def test_what_resembles_nothing_has_no_answer(name):
    assert closest(name, ["upscale", "run"]) == nearest(name, ["upscale", "run"]) == ""


def test_names_of_any_length_and_number_are_not_compared_with_all():
    assert nearest("upscale", ["x" * 1000] * 5 + ["upscales"]) == "upscales"
    assert nearest("upscale", (name for name in ["no"] * 1000 + ["upscales"])) == ""
