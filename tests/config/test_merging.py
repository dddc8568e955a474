"""One table over another: what is kept, what is replaced, and whose a key is."""

from srcore.config.merging import merge, merge_into


def test_tables_merge_and_all_else_is_replaced():
    base = {"train": {"iterations": 5, "seed": 1}, "losses": [{"type": "l1"}], "scale": 4}
    overlay = {"train": {"seed": 2}, "losses": [], "scale": {"x": 1}}
    assert merge(base, overlay) == {
        "train": {"iterations": 5, "seed": 2},
        "losses": [],
        "scale": {"x": 1},
    }
    assert base["train"] == {"iterations": 5, "seed": 1}


def test_keys_of_another_type_are_gone_and_those_of_the_same_stay():
    base = {"generator": {"type": "edsr", "num_blocks": 3}}
    assert merge(base, {"generator": {"type": "swinir"}}) == {"generator": {"type": "swinir"}}
    assert merge(base, {"generator": {"type": "edsr", "num_features": 8}}) == {
        "generator": {"type": "edsr", "num_blocks": 3, "num_features": 8}
    }


def test_stages_merge_by_name_and_new_ones_come_last():
    base = {"stages": [{"name": "a", "scale": 2}, {"name": "b"}]}
    in_file = {"stages": [{"name": "c"}, {"name": "a", "seed": 3}]}
    by_name = {"stages": {"c": {}, "a": {"seed": 3}}}
    expected = {"stages": [{"name": "a", "scale": 2, "seed": 3}, {"name": "b"}, {"name": "c"}]}
    assert merge(base, in_file) == merge(base, by_name) == expected


def test_two_stages_of_one_name_stay_two_and_are_refused_later():
    twice = {"stages": [{"name": "a", "seed": 1}, {"name": "a", "seed": 2}]}
    assert merge({}, twice) == twice


def test_what_is_no_list_of_tables_is_left_to_be_refused():
    assert merge({"stages": [{"name": "a"}]}, {"stages": [1]}) == {"stages": [1]}
    assert merge({"stages": 3}, {"stages": [{"name": "a"}]}) == {"stages": [{"name": "a"}]}


def test_every_key_knows_who_wrote_it():
    table, origins = {}, {}
    merge_into(table, {"train": {"seed": 1, "iterations": 2}}, origins, "a.toml")
    merge_into(table, {"train": {"seed": 3}}, origins, "--set")
    assert table == {"train": {"seed": 3, "iterations": 2}}
    assert origins["train.iterations"] == "a.toml"
    assert origins["train.seed"] == "--set"


def test_dropped_keys_are_taken_out_before():
    base = {"train": {"seed": 1, "iterations": 2}, "scale": 4}
    assert merge(base, {"drop": ["train.seed", "scale"], "scale": 2}) == {
        "train": {"iterations": 2},
        "scale": 2,
    }
