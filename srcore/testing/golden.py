"""Running golden cases: numbers of reference programs, described by a manifest.

A *golden root* holds ``<method>/manifest.json`` beside its arrays. Every case names a *kind*; a
handler registered for that kind computes the case's outputs from its inputs. Handlers know nothing
of particular cases, so further cases of the same form need no new code.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.messages import shown

Outputs = Mapping[str, Any]
CaseHandler = Callable[["Case"], Outputs]

HANDLERS: dict[str, CaseHandler] = {}


def golden_kind(*names: str, double: bool = False) -> Callable[[CaseHandler], CaseHandler]:
    """Register a function ``(case) -> {expected name: array or number}`` for kinds of cases.

    With ``double`` it makes its networks in float64 and gets its tensors in it. Whole training
    steps need that: in float32, rounding decides on which side of a kink (of a rectifier, of an
    absolute value) an activation falls, and differs between processors.

    >>> @golden_kind("tripling", double=True)
    ... def triple(case):
    ...     x = case.tensor("x")
    ...     return {"y": 3 * x, "has_double": x.dtype.itemsize == 8}
    >>> exactly = {"atol": 0, "rtol": 0}
    >>> entry = {"name": "one", "kind": "tripling", "expected": {"y": exactly}}
    >>> entry["expected"]["has_double"] = exactly
    >>> arrays = {"x": np.ones(2, "f"), "y": np.full(2, 3.0), "has_double": np.array(True)}
    >>> run_case(Case(Path(), entry, arrays))

    >>> @golden_kind("doubling")
    ... def double(case):
    ...     return {"y": 2 * case["x"]}
    >>> entry = {"name": "two", "kind": "doubling", "expected": {"y": {"atol": 0, "rtol": 0}}}
    >>> run_case(Case(Path(), entry, {"x": np.ones(2), "y": np.full(2, 2.0)}))
    """

    def register(handler: CaseHandler) -> CaseHandler:
        if double:
            handler = _in_float64(handler)
        for name in names:
            if name in HANDLERS and HANDLERS[name].__qualname__ != handler.__qualname__:
                raise ValueError(f"golden kind {shown(name)} has two handlers")
            HANDLERS[name] = handler
        return handler

    return register


def _in_float64(handler: CaseHandler) -> CaseHandler:
    @functools.wraps(handler)
    def run(case: Case) -> Outputs:
        import torch

        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            return handler(case)
        finally:
            torch.set_default_dtype(before)

    return run


@attrs.frozen
class Case:
    """One case of a manifest.

    Attributes:
        folder: where its files are.
        entry: its entry in the manifest.
        arrays: everything in its ``.npz``.
    """

    folder: Path
    entry: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    @property
    def name(self) -> str:
        """Name of the case."""
        return str(self.entry["name"])

    @property
    def hyper(self) -> dict[str, Any]:
        """Settings of the case."""
        return dict(self.entry["hyper"])

    @property
    def expected(self) -> dict[str, dict[str, Any]]:
        """Expected arrays: name -> shape, dtype and tolerance."""
        return dict(self.entry["expected"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def tensor(self, name: str, *, requires_grad: bool = False) -> Any:
        """An array as a new tensor; float32 becomes torch's default type if that is wider."""
        import torch

        tensor = torch.from_numpy(self.arrays[name].copy())
        if tensor.dtype == torch.float32:
            tensor = tensor.to(torch.get_default_dtype())
        return tensor.requires_grad_(requires_grad)

    def weights(self, file: str | None = None) -> dict[str, Any]:
        """Tensors of the case's weights file, or of another safetensors file of the case."""
        from safetensors.torch import load_file

        return dict(load_file(self.folder / (file or self.entry["weights"])))

    @property
    def weight_files(self) -> list[str]:
        """The weights file and all extra safetensors files."""
        files = [self.entry["weights"], *self.entry["extra_files"]]
        return [file for file in files if file and file.endswith(".safetensors")]

    def wants(self, pattern: str) -> list[str]:
        """Expected names that start with ``pattern``."""
        return [name for name in self.expected if name.startswith(pattern)]


def read_cases(root: Path, method: str) -> list[Case]:
    """All cases of a method below a golden root; none if the root does not hold the method."""
    manifest = root / method / "manifest.json"
    if not manifest.is_file():
        return []
    content = json.loads(manifest.read_text("utf-8"))
    if content.get("schema") != 1:
        raise ValueError(f"{manifest}: schema {shown(content.get('schema'))}; expected 1")
    return [_read_case(manifest.parent, entry) for entry in content["cases"]]


def _read_case(folder: Path, entry: dict[str, Any]) -> Case:
    with np.load(folder / entry["data"], allow_pickle=False) as data:
        return Case(folder, entry, {name: data[name] for name in data.files})


def run_case(case: Case) -> None:
    """Compute a case and compare everything that it expects.

    >>> @golden_kind("halving")
    ... def halve(case):
    ...     return {"y": case["x"] / 2}
    >>> entry = {"name": "two", "kind": "halving", "expected": {"y": {"atol": 0, "rtol": 0}}}
    >>> run_case(Case(Path(), entry, {"x": np.ones(2), "y": np.ones(2)}))
    Traceback (most recent call last):
        ...
    AssertionError: ...y: 2 of 2 beyond tolerance, largest difference 0.5...

    Raises:
        AssertionError: an unknown kind, a missing output, or outputs beyond their tolerance.
    """
    kind = case.entry["kind"]
    assert kind in HANDLERS, (
        f"no handler for golden kind {shown(kind)}; known: {shown(sorted(HANDLERS))}"
    )
    outputs = dict(HANDLERS[kind](case))
    problems = []
    for name, bound in case.expected.items():
        if name not in outputs:
            if bound.get("compare") != "reference_only":
                problems.append(f"{name}: not computed by the handler of kind {shown(kind)}")
            continue
        problems += compare_with_golden(name, outputs[name], case[name], bound)
    for name, bound in case.entry.get("expected_values", {}).items():
        if name not in outputs:
            if bound.get("compare") != "reference_only":
                problems.append(f"{name}: not computed by the handler of kind {shown(kind)}")
            continue
        problems += compare_with_golden(name, outputs[name], np.asarray(bound["value"]), bound)
    assert not problems, f"{case.name}:\n  " + "\n  ".join(problems)


def compare_with_golden(
    name: str, got: Any, expected: NDArray[Any], bound: Mapping[str, Any]
) -> list[str]:
    """Problems of ``|got - expected| <= atol + rtol * |expected|`` with the bound's settings.

    They have any shape, both the same; a single value may be of another.
    """
    if hasattr(got, "detach"):
        got = got.detach().cpu().numpy()
    got = np.asarray(got)
    if got.shape != expected.shape:
        if got.size != expected.size or expected.size != 1:
            return [f"{name}: shape {got.shape}, expected {expected.shape}"]
        got = got.reshape(expected.shape)
    if not np.isfinite(got).all():
        return [f"{name}: not finite"]
    difference = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    excess = difference - (bound["atol"] + bound["rtol"] * np.abs(expected.astype(np.float64)))
    misses = excess > 0
    how, _, fraction = str(bound.get("compare", "allclose")).partition(":")
    if how == "allclose_except_fraction":
        worst = float(difference[misses].max()) if misses.any() else 0.0
        if misses.mean() <= float(fraction) and worst <= bound["max_error"]:
            return []
    if not misses.any():
        return []
    where = np.unravel_index(int(excess.argmax()), excess.shape)
    return [
        f"{name}: {int(misses.sum())} of {misses.size} beyond tolerance, largest difference "
        f"{difference.max():.3g} (allowed {bound['atol']:.3g} + {bound['rtol']:.3g}*|x|) "
        f"at {tuple(int(axis) for axis in where)}"
    ]


def golden_parameters(root: Path, method: str) -> Iterator[Any]:
    """Pytest parameters, one per case, marked ``golden``."""
    import pytest

    for case in read_cases(root, method):
        yield pytest.param(case, id=f"{method}-{case.name}", marks=pytest.mark.golden)
