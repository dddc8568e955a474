"""The tutorial works when it is followed literally: its blocks, in order, in an empty folder."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from writers.blocks import blocks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/tutorial/first-plugin.md"
#: Training as long as the page does takes a minute; what it shows is there after two iterations.
SHORTER = {"srcore run edges/tiny": ("--set", "train.iterations=2")}


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Do all steps; return the folder and what every command printed, by command line."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "examples").symlink_to(ROOT / "examples")
    printed = {}
    for block in blocks(PAGE):
        if block.language in ("python", "toml") and block.place[0] is not None:
            block.write(folder)
        if block.language == "bash":
            for line in block.code.splitlines():
                printed[line] = follow(line, folder)
    return folder, printed


def follow(line, folder):
    words = shlex.split(line)
    if words[0] in ("python3", "pip"):
        if "-e" in words:
            install(folder / words[-1])
        return ""
    program = [sys.executable, "-m", words[0], *words[1:], *SHORTER.get(line, ())]
    if words[0] == "pytest":
        program += ["-p", "no:cacheprovider"]
    path = str(folder / "srplug-edges")
    done = subprocess.run(
        program,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    expected = 2 if "num_feature=" in line else 0
    assert done.returncode == expected, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout + done.stderr


def install(folder):
    """What ``pip install -e`` leaves behind, without pip."""
    info = folder / "srplug_edges-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: srplug-edges\nVersion: 0.1.0\n"
        "Requires-Dist: srcore>=0.1,<0.2\n"
    )
    (info / "entry_points.txt").write_text("[srcore]\nedges = srplug_edges.plugin\n")


def test_every_step_works_and_the_plugins_tests_pass(followed):
    _, printed = followed
    assert "edges_net" in printed["srcore plugins"]
    assert "passed" in printed["pytest -q srplug-edges"]


def test_outputs_are_those_that_the_page_shows(followed):
    _, printed = followed
    components, log, problems = (block.code for block in blocks(PAGE, "text"))
    assert components.rstrip() == printed["srcore components loss edge_l1"].rstrip()
    check = next(text for line, text in printed.items() if "num_feature=" in line)
    assert problems.rstrip() == check.rstrip()
    run = printed["srcore run edges_ldl_sed.toml"]
    shown = [word for word in log.split("...")[0].split() if not word[0].isdigit()]
    last = next(line for line in run.splitlines() if line.startswith("iteration 20/20"))
    assert shown == [word for word in last.split() if word in shown]


def test_the_trained_network_can_be_loaded(followed):
    import safetensors

    folder, _ = followed
    file = folder / "runs/edges_ldl_sed/generator.safetensors"
    with safetensors.safe_open(file, "pt") as opened:
        assert "edges_net" in str(opened.metadata())
    assert list((folder / "runs/edges_ldl_sed/images").rglob("*_artifacts.png"))


def test_the_entry_point_is_the_one_that_the_command_writes(followed):
    folder, _ = followed
    (shown,) = (block for block in blocks(PAGE, "toml") if block.place[0] is None)
    assert shown.code in (folder / "srplug-edges/pyproject.toml").read_text()
