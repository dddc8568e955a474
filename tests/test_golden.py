"""Golden cases of the parts that all methods share."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from srcore.testing.golden import run_case

GOLDEN_METHODS = ["common"]


def test_golden_case(golden_case):
    run_case(golden_case)


@pytest.mark.slow
def test_further_cases_may_lie_anywhere(tmp_path):
    root = Path(__file__).parents[1]
    shutil.copytree(root / "plugins/srplug-ldl/tests/golden/ldl", tmp_path / "ldl")
    command = [sys.executable, "-m", "pytest", "-q", "-m", "golden", "--collect-only"]
    done = subprocess.run(
        [*command, "--golden-root", tmp_path], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    cases = [line for line in done.stdout.splitlines() if "::test_golden_case[" in line]
    assert cases
    assert all("[ldl-" in case for case in cases)
