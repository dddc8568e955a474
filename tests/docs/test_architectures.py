"""The page of what networks cost is that of the results file, and has every network."""

import importlib
import json

import pytest
from generate import ours
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.licenses import LICENSES, UNKNOWN
from writers.architectures import PROGRAMS, RESULTS, architectures_page

from srcore.testing.experiments import load_unchecked


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


@pytest.fixture
def benchmark(monkeypatch):
    """Imports a module of ``benchmarks/``."""
    monkeypatch.syspath_prepend(RESULTS.parents[1])
    return importlib.import_module


def test_every_network_has_a_patch_with_a_source(benchmark):
    patches = benchmark("published_patches").PATCHES
    results = json.loads(RESULTS.read_text("utf-8"))["results"]
    assert patches.keys() == results.keys()
    for name, entry in results.items():
        patch = patches[name]
        assert patch.source
        assert patch.url.startswith("https://github.com/") == bool(patch.url)
        if "patch" in entry:
            assert entry["patch"] == (patch.measured or patch.side), name


def test_every_network_was_tried_as_a_program_of_ncnn():
    figures = json.loads(PROGRAMS.read_text("utf-8"))["figures"]
    names = {
        it.name for it in ours().registry.components("network") if it.owner == "srplug-spandrel"
    }
    tried = [*figures["written"], *figures["refused"]]
    assert sorted(f"spandrel_{name}" for name in tried) == sorted(names)


def test_shipped_experiments_train_on_the_published_patches(benchmark):
    patches = benchmark("published_patches").PATCHES
    compared = set()
    for name, experiment in benchmark("architectures").EXPERIMENTS.items():
        last = load_unchecked(experiment).stages[-1].table
        if patches[name].url:
            side, rest = divmod(last["data"]["train"]["hr_patch_size"], last["scale"])
            assert (side, rest) == (patches[name].side, 0), name
            compared.add(name)
    assert compared == {"atd", "dat", "drct", "omnisr", "plksr", "rcan"}


def test_every_network_of_spandrel_has_a_license_with_a_source():
    assert LICENSES.keys() == ARCHITECTURES.keys()
    known = {license.name for license in LICENSES.values()} - {UNKNOWN}
    assert known == {"Apache-2.0", "BSD-3-Clause", "CC0-1.0", "MIT", "MIT AND Apache-2.0"}
    for license in LICENSES.values():
        assert license.url.startswith("https://github.com/")
        assert bool(license.said_in) == (license.name != UNKNOWN)
    rows = architectures_page().splitlines()
    for name, license in LICENSES.items():
        row = next(line for line in rows if line.startswith(f"| [`spandrel_{name}`]"))
        assert license.name in row
        assert f"({license.url})" in row
