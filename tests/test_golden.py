"""Golden cases of the parts that all methods share."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from srcore.testing.golden import run_case

GOLDEN_METHODS = ["common"]
ROOT = Path(__file__).parents[1]


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


MANIFESTS = [
    *ROOT.glob("tests/golden/*/manifest.json"),
    *ROOT.glob("plugins/*/tests/golden/*/manifest.json"),
]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parent.name)
def test_every_case_says_who_made_it_and_every_section_has_a_source(manifest):
    content = json.loads(manifest.read_text("utf-8"))
    sources = (ROOT / "tests/golden/README.md").read_text("utf-8")
    for case in content["cases"]:
        assert len(case["produced_by"]) > 10, case["name"]
        assert len(case["shows"]) > 10, case["name"]
    for name, kind in content["kinds"].items():
        cited = re.findall(r"methods/(\w+)\.md(?: (\d+))?", kind["where_specified"])
        assert cited, name
        for document, number in cited:
            section = f"{document}.md` {number}" if document == "common" else f"{document}.md`"
            assert f"| `methods/{section} |" in sources, f"{name}: {section}"
