"""Comparing numbers with tolerances that fit their type."""

from __future__ import annotations

import torch
from torch import Tensor

from srcore.messages import shown

#: Relative and absolute tolerance by type: room for another order of float operations.
TOLERANCES = {
    torch.float64: (1e-9, 1e-11),
    torch.float32: (1e-4, 1e-5),
    torch.bfloat16: (2e-2, 2e-2),
    torch.float16: (4e-3, 4e-3),
}


def assert_close(
    actual: Tensor, expected: Tensor, *, rtol: float | None = None, atol: float | None = None
) -> None:
    """``torch.testing.assert_close`` with the tolerance of the less precise of both types.

    Tensors have any shape, both the same.

    >>> one = torch.ones(3, dtype=torch.float64)
    >>> assert_close(one.half() + 1e-3, one)
    >>> assert_close(one + 1e-3, one)
    Traceback (most recent call last):
        ...
    AssertionError: Tensor-likes are not close!...
    """
    types = {actual.dtype, expected.dtype} & TOLERANCES.keys()
    default = max((TOLERANCES[kind] for kind in types), default=(0.0, 0.0))
    torch.testing.assert_close(
        actual,
        expected,
        rtol=default[0] if rtol is None else rtol,
        atol=default[1] if atol is None else atol,
        check_dtype=False,
        check_device=False,
    )


def assert_same_state(first: object, second: object, path: str = "state") -> None:
    """Assert that two nested states (checkpoints) are bit-identical; name the first difference.

    >>> assert_same_state({"step": 1, "w": torch.ones(2)}, {"step": 1, "w": torch.ones(2)})
    >>> assert_same_state({"w": [torch.ones(2)]}, {"w": [torch.zeros(2)]})
    Traceback (most recent call last):
        ...
    AssertionError: state/w/0: tensors differ...
    """
    _say_unless(type(first) is type(second), f"{path}: {type(first)} and {type(second)}")
    if isinstance(first, dict) and isinstance(second, dict):
        _say_unless(first.keys() == second.keys(), f"{path}: {first.keys() ^ second.keys()}")
        for key in first:
            assert_same_state(first[key], second[key], f"{path}/{key}")
    elif isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        _say_unless(len(first) == len(second), f"{path}: {len(first)} and {len(second)} entries")
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            assert_same_state(one, other, f"{path}/{index}")
    elif isinstance(first, Tensor) and isinstance(second, Tensor):
        _say_unless(torch.equal(first, second), f"{path}: tensors differ")
    else:
        _say_unless(first == second, f"{path}: {shown(first)} and {shown(second)}")


def _say_unless(is_same: bool, message: str) -> None:
    # No assert statement: pytest would add both values to the line.
    if not is_same:
        raise AssertionError(message)
