"""Golden values are made anew by formulas that know neither srcore nor its plugins."""

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

import remake
from formulas.derivative import SLOPES, gradients
from formulas.registry import FORMULAS, ONLY_PROGRAMS, all_cases

GOLDEN = Path(remake.__file__).parent
CASES = list(all_cases())


def takes_long(case):
    return case.kind.startswith("train_step_") or case.kind.endswith("_full_width")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=f"{case.folder.name}-{case.name}",
            marks=[pytest.mark.slow] if takes_long(case) else [],
        )
        for case in CASES
        if case.kind in FORMULAS
    ],
)
def test_case_is_made_anew_within_its_own_tolerance(case):
    rows = list(remake.distances(case))
    assert not [row for row in rows if not row[-1]]
    assert "-" not in [distance for _, distance, *_ in rows], "the formula leaves out an array"


def test_every_kind_has_a_formula_or_a_reason_why_not():
    assert not FORMULAS.keys() & ONLY_PROGRAMS.keys()
    assert {case.kind for case in CASES} == FORMULAS.keys() | ONLY_PROGRAMS.keys()


def test_readme_says_how_many_cases_formulas_make():
    made = [case for case in CASES if case.kind in FORMULAS]
    arrays = sum(len(case.expected) for case in made)
    readme = (GOLDEN / "README.md").read_text("utf-8")
    assert f"**{len(made)} of {len(CASES)} cases**, that is all **{arrays:,} arrays**" in readme


def test_formulas_import_nothing_that_they_judge():
    known = {*sys.stdlib_module_names, "numpy", "scipy", "safetensors", "formulas"}
    for file in [GOLDEN / "remake.py", *(GOLDEN / "formulas").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= known, file


def test_written_arrays_are_new_files_of_the_stored_types(tmp_path, capsys):
    assert remake.main(["ema", "--write", str(tmp_path)]) == 0
    with np.load(tmp_path / "common/ema.npz") as new, np.load(GOLDEN / "common/ema.npz") as old:
        assert new["ema"].dtype == old["ema"].dtype
        np.testing.assert_allclose(new["ema"], old["ema"], rtol=1e-6)
    with pytest.raises(SystemExit):
        remake.main(["augment", "ema", "--write", str(tmp_path)])
    assert "ema.npz: is there already" in capsys.readouterr().err
    assert not (tmp_path / "common/augment.npz").exists()


def test_a_case_that_is_far_is_said(monkeypatch, capsys):
    monkeypatch.setitem(FORMULAS, "ema_sequence", lambda case: {"ema": case["w"] + 1})
    assert remake.main(["ema"]) == 1
    assert "TOO FAR" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        remake.main(["no_such_case"])


def by_differences(formula, array):
    """Central differences, element by element."""
    result, step = np.zeros(array.shape), 1e-6
    for place in np.ndindex(array.shape):
        change = np.zeros(array.shape)
        change[place] = step
        result[place] = (formula(array + change) - formula(array - change)) / (2 * step)
    return result


RANDOM = np.random.default_rng(0)
A, B = RANDOM.uniform(0.5, 2, (2, 3)), RANDOM.uniform(0.5, 2, (3,))
WEIGHTS = RANDOM.normal(size=(4, 5))


@pytest.mark.parametrize("function", SLOPES, ids=lambda it: it.__name__)
def test_slopes_are_those_of_differences(function):
    others = [B] * (len(SLOPES[function]) - 1)
    formulas = [lambda x: (function(x, *others) * A).sum()]
    if others and function is not np.power:
        formulas.append(lambda x: (function(B, x) * A).sum())
    for formula in formulas:
        _, (gradient,) = gradients(formula, A)
        np.testing.assert_allclose(gradient, by_differences(formula, A), rtol=1e-7)


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: (np.pad(x, 1, mode="reflect") * WEIGHTS).sum(),
        lambda x: (np.pad(x, 1) * WEIGHTS).sum(),
        lambda x: (np.concatenate([x, np.ones((2, 3)), x * x]) * np.ones((6, 3))).sum(),
        lambda x: (np.roll(x, 1, 1)[:, ::2] * x[:, :2]).mean(),
        lambda x: (x[[0, 1, 1, 0]] * WEIGHTS[:, :3]).sum(),
        lambda x: (np.einsum("ij,kj->ik", x, x) * WEIGHTS[:2, :2]).sum(),
        lambda x: (x * x.mean(1, keepdims=True) + x.sum(0)).sum(),
        lambda x: (np.stack([x.transpose(1, 0), x.reshape(3, 2)]) ** 2 * B[:, None]).sum(),
    ],
)
def test_gradients_are_those_of_differences(formula):
    value, (gradient,) = gradients(formula, A)
    assert value == pytest.approx(formula(A))
    np.testing.assert_allclose(gradient, by_differences(formula, A), rtol=1e-7)


def test_functions_without_a_rule_are_refused():
    with pytest.raises(TypeError, match="no rule for gradients of cumsum"):
        gradients(lambda x: np.cumsum(x), A)
