"""Golden cases of the parts that all methods share."""

from srcore.testing.golden import run_case

GOLDEN_METHODS = ["common"]


def test_golden_case(golden_case):
    run_case(golden_case)
