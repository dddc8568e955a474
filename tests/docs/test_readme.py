"""The README's table of what combines is the matrix that is tested."""

import importlib.util
import math
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def composition():
    spec = importlib.util.spec_from_file_location("matrix", ROOT / "tests/test_composition.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_combinations_is_the_matrix_of_the_tests():
    text = (ROOT / "README.md").read_text("utf-8")
    section = text[text.index("## What combines") : text.index("## Links")]
    rows = re.findall(r"^\| ([^|]+) \| (`[^|]+`) \|$", section, re.MULTILINE)
    listed = [re.findall(r"`(\w+)`", parts) for _, parts in rows]
    matrix = composition()
    assert listed == [list(axis) for axis in matrix.AXES]
    assert f"all {math.prod(map(len, listed))}." in section
