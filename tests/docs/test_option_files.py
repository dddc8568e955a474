"""What the page for those who move over says of srcore is there."""

import pytest
from generate import ours
from writers.option_files import SECTIONS, exists, option_files_page, shown

ROWS = [row for rows in SECTIONS.values() for row in rows]


@pytest.fixture(scope="module")
def registry():
    return ours().registry


def test_every_place_exists(registry):
    places = {place for row in ROWS for place in row.ours}
    assert len(places) > 80
    assert [place for place in sorted(places) if not exists(place, registry)] == []


@pytest.mark.parametrize(
    "place", ["/nam", "trian", "train/iteration", "loss:l2", "loss:l1/weigth", "network:hat"]
)
def test_what_is_misspelt_does_not_exist(place, registry):
    assert not exists(place, registry)


def test_a_key_without_a_place_has_a_reason():
    assert [row.theirs for row in ROWS if not row.ours and not row.note] == []
    assert len({row.theirs for row in ROWS}) == len(ROWS)


def test_places_are_shown_as_files_have_them():
    assert shown("/scale") == "at the top `scale`"
    assert shown("losses/weight") == "`[[losses]]` `weight`"
    assert shown("loss:l1/target") == '`[[losses]]` `type = "l1"`, `target`'
    assert "| `scale` | at the top `scale` |  |" in option_files_page()
