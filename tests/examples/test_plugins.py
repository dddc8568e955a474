"""The plugins in ``examples/`` pass their own tests, installed as a stranger's would be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("srplug-*"))


@pytest.mark.slow
@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_passes_its_own_tests(folder, tmp_path):
    """Its files and an entry point on the path, nothing more."""
    package = folder.name.replace("-", "_")
    info = tmp_path / f"{package}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {folder.name}\nVersion: 0.1.0\n"
        "Requires-Dist: srcore>=0.1,<0.2\n"
    )
    project = (folder / "pyproject.toml").read_text()
    points = re.search(r"\[project.entry-points.srcore\]\n(.+)", project)
    assert points
    (info / "entry_points.txt").write_text("[srcore]\n" + points[1].replace('"', "") + "\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            "error",
            str(folder),
        ],
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{tmp_path}", "OMP_NUM_THREADS": "1"},
        cwd=folder.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_is_short(folder):
    files = [path for path in folder.rglob("*.py") if "tests" not in path.parts]
    assert sum(len(path.read_text().splitlines()) for path in files) < 120
