"""Names of parts: every kind has its place."""

from srcore.profiling import part_names
from srcore.profiling.part_names import in_order, kind_of, seconds_of


def test_every_kind_has_a_place_in_the_order():
    kinds = {value for name, value in vars(part_names).items() if name.isupper() and name[0] != "_"}
    kinds = {it for it in kinds if isinstance(it, str)}
    assert len(kinds) == 11
    assert {*in_order(dict.fromkeys(kinds, 0.0))} == kinds


def test_parts_of_a_kind_go_together():
    parts = {"loss b": 2.0, "other": 1.0, "loss a": 3.0, "data": 0.0}
    assert [*in_order(parts)] == ["data", "loss b", "loss a", "other"]
    assert seconds_of(parts, "loss") == 5.0
    assert kind_of("forward generator (average)") == "forward"
