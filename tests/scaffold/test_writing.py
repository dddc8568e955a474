"""A new plugin works at once, and the example plugin is what the command writes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from srcore.errors import SrcoreError
from srcore.scaffold.writing import write_plugin

EXAMPLE = Path(__file__).parents[2] / "examples" / "srplug-minimal"


def test_the_example_plugin_is_what_the_command_writes(tmp_path):
    written = write_plugin("minimal", tmp_path)
    folder = tmp_path / "srplug-minimal"
    for path in written:
        kept = EXAMPLE / path.relative_to(folder)
        assert kept.read_bytes() == path.read_bytes(), kept


def test_a_new_plugin_is_discovered_and_passes_its_own_tests(tmp_path):
    """Installed like a stranger's: its files and an entry point on the path, nothing more."""
    write_plugin("my-method", tmp_path)
    folder = tmp_path / "srplug-my-method"
    info = folder / "srplug_my_method-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: srplug-my-method\nVersion: 0.1.0\n"
        "Requires-Dist: srcore>=0.1,<0.2\n"
    )
    (info / "entry_points.txt").write_text("[srcore]\nmy_method = srplug_my_method.plugin\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        env=os.environ | {"PYTHONPATH": str(folder)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout


@pytest.mark.parametrize("name", ["Focal", "a b", "1st", "class", "x/y", ""])
def test_names_that_cannot_be_packages_are_refused(tmp_path, name):
    with pytest.raises(SrcoreError, match="expected a name of lower-case letters"):
        write_plugin(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_not_touched(tmp_path):
    write_plugin("focal", tmp_path)
    with pytest.raises(SrcoreError, match="srplug-focal: exists"):
        write_plugin("focal", tmp_path)
