"""What is registered, with its keys, in a terminal and as JSON."""

import json

from srcore.testing.commands import run_command


def test_keys_are_listed_with_type_default_and_meaning(capsys):
    code, out, _ = run_command(capsys, "components", "network", "edsr")
    assert code == 0
    assert "num_features" in out
    code, out, _ = run_command(capsys, "components", "--json")
    edsr = next(entry for entry in json.loads(out) if entry["name"] == "edsr")
    key = next(key for key in edsr["keys"] if key["key"] == "num_features")
    assert (key["type"], key["default"], key["limits"]) == ("int", 64, {"ge": 1, "le": 4096})
    assert edsr["source"] == {
        "options": "srcore.networks.options:EDSROptions",
        "target": "srcore.networks.edsr:EDSR",
        "paper": "Lim et al. 2017, arXiv 1707.02921",
    }


def test_the_closest_kind_is_named(capsys):
    code, _, err = run_command(capsys, "components", "netwrok")
    assert code == 2
    assert 'did you mean "network"?' in err


def test_the_closest_name_is_named(capsys):
    code, _, err = run_command(capsys, "components", "loss", "l11")
    assert code == 2
    assert err == 'srcore: components: no loss "l11"; did you mean "l1"?\n'


def test_kinds_are_listed_with_the_names_of_their_components(capsys):
    code, out, _ = run_command(capsys, "components")
    assert code == 0
    (line,) = (line for line in out.splitlines() if line.startswith("sampler:"))
    assert line.split()[1:] == ["in_order,", "shuffled,", "weighted"]


def test_meanings_are_told_without_the_markup_of_docstrings(capsys):
    _, out, _ = run_command(capsys, "components", "sampler")
    assert "in_order  [srcore]  Every image once, in the order of the data set.\n" in out
    for kind in ("dataset", "handler", "transform"):
        _, out, _ = run_command(capsys, "components", kind)
        assert "``" not in out
        assert ":class:" not in out
