"""Which formula belongs to which kind of cases; cases as formulas see them."""

import functools
import json
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[3]
#: Kind -> function ``(case) -> {name of an expected array: its value}``.
FORMULAS = {}
#: Kind -> why a program alone makes its numbers. There is none so far.
ONLY_PROGRAMS = {}


def formula(*kinds):
    """Register a function for kinds of cases."""

    def register(function):
        assert not FORMULAS.keys() & set(kinds)
        FORMULAS.update(dict.fromkeys(kinds, function))
        return function

    return register


class Case:
    """A case of a manifest; its arrays of floats are read in float64."""

    def __init__(self, folder, entry):
        self.folder, self.entry = folder, entry
        self.name, self.kind, self.hyper = entry["name"], entry["kind"], entry["hyper"]

    @functools.cached_property
    def stored(self):
        with np.load(self.folder / self.entry["data"], allow_pickle=False) as data:
            return {name: data[name] for name in data.files}

    def __getitem__(self, name):
        return _double(self.stored[name])

    def __contains__(self, name):
        return name in self.stored

    def weights(self, file=None):
        from safetensors.numpy import load_file

        tensors = load_file(self.folder / (file or self.entry["weights"]))
        return {name: _double(value) for name, value in tensors.items()}

    @property
    def expected(self):
        """Name -> expected value, and its entry in the manifest."""
        arrays = {name: (self.stored[name], it) for name, it in self.entry["expected"].items()}
        values = self.entry.get("expected_values", {})
        return arrays | {name: (np.array(it["value"]), it) for name, it in values.items()}


def _double(array):
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def all_cases():
    manifests = [*ROOT.glob("tests/golden/*/manifest.json")]
    for manifest in sorted([*manifests, *ROOT.glob("plugins/*/tests/golden/*/manifest.json")]):
        for entry in json.loads(manifest.read_text("utf-8"))["cases"]:
            yield Case(manifest.parent, entry)
