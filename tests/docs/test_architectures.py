"""The page of what networks cost is that of the results file, and has every network."""

import importlib
import json
from pathlib import Path

from generate import ours
from generator.architectures import PROGRAMS, RESULTS, architectures_page


def test_every_network_has_a_row_with_its_counts():
    page, results = architectures_page(), json.loads(RESULTS.read_text("utf-8"))["results"]
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| [`")}
    owners = ("srcore", "srplug-spandrel")
    names = {it.name for it in ours().registry.components("network") if it.owner in owners}
    assert set(rows) == names == {entry["component"] for entry in results.values()}
    assert len({line.count("|") for line in rows.values()}) == 1


def test_counts_are_those_of_the_challenges():
    results = json.loads(RESULTS.read_text("utf-8"))["results"]
    baseline = results["msrresnet"]  # published: 1.517 M, 166.36 G, 292.55 M, 37
    assert (baseline["parameters"], baseline["convolutions"]) == (1517571, 37)
    assert round(baseline["activations"] / 1e6, 2) == 292.55
    assert abs(baseline["multiply_adds"] / 166.36e9 - 1) < 1e-3
    assert round(results["nafnet"]["multiply_adds"] / 1e9) == 16  # as its authors publish it


def test_every_network_has_a_patch_with_a_source(monkeypatch):
    monkeypatch.syspath_prepend(Path(RESULTS).parents[1])
    patches = importlib.import_module("published_patches").PATCHES
    results = json.loads(RESULTS.read_text("utf-8"))["results"]
    assert patches.keys() == results.keys()
    for name, entry in results.items():
        assert patches[name].source
        if "patch" in entry:
            patch = patches[name]
            measured = (entry["patch"], entry["published_patch"], entry["patch_source"])
            assert measured == (patch.measured or patch.side, patch.side, patch.source)


def test_every_network_was_tried_as_a_program_of_ncnn():
    figures = json.loads(PROGRAMS.read_text("utf-8"))["figures"]
    names = {
        it.name for it in ours().registry.components("network") if it.owner == "srplug-spandrel"
    }
    tried = [*figures["written"], *figures["refused"]]
    assert sorted(f"spandrel_{name}" for name in tried) == sorted(names)
