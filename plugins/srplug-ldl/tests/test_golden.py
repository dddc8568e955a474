"""Golden cases of LDL, those of the core's kinds included."""

from srcore.testing.golden import run_case

GOLDEN_METHODS = ["ldl"]


def test_golden_case(golden_case):
    run_case(golden_case)
