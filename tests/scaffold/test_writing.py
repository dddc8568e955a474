"""New plugins work at once, and the example plugin is what the command writes."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from srcore.errors import SrcoreError
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.scaffold.options import ScaffoldOptions
from srcore.scaffold.writing import SKELETONS, clashes, write_plugin

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "srplug-minimal"


def installed(kind, folder, name="my-own"):
    """A new plugin, installed as a stranger's: its files and an entry point on the path."""
    write_plugin(name, folder, kind)
    place = folder / f"srplug-{name}"
    package = name.replace("-", "_")
    info = place / f"srplug_{package}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: srplug-{name}\nVersion: 0.1.0\n"
        "Requires-Dist: srcore>=0.1,<0.2\n"
    )
    (info / "entry_points.txt").write_text(f"[srcore]\n{package} = srplug_{package}.plugin\n")
    return place


def test_the_example_plugin_is_what_the_command_writes(tmp_path):
    written = write_plugin("minimal", tmp_path)
    folder = tmp_path / "srplug-minimal"
    for path in written:
        kept = EXAMPLE / path.relative_to(folder)
        assert kept.read_bytes() == path.read_bytes(), kept


@pytest.mark.parametrize("kind", SKELETONS)
def test_a_new_plugin_registers_what_it_says(kind, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(installed(kind, tmp_path))
    importlib.invalidate_caches()
    try:
        with using(PluginManager()) as manager:
            entries = [
                entry for entry in manager.registry.components() if entry.owner == "srplug-my-own"
            ]
            assert {(entry.kind, entry.name) for entry in entries} == {
                (part, name.replace("NAME", "my_own")) for part, name in SKELETONS[kind].names
            }
            assert all(entry.options.__doc__ for entry in entries)
            assert "my_own/tiny" in manager.registry.experiments()
    finally:
        for name in [name for name in sys.modules if name.startswith("srplug_my_own")]:
            del sys.modules[name]


@pytest.mark.parametrize("kind", SKELETONS)
def test_a_new_plugin_is_clean_and_complete(kind, tmp_path):
    files = write_plugin("focal", tmp_path, kind)
    for rules in (("check",), ("format", "--check")):
        done = subprocess.run(
            [shutil.which("ruff"), *rules, "--no-cache", "--config", ROOT / "pyproject.toml",
             "--config", "lint.isort.known-first-party = ['srcore', 'srplug_focal']",
             tmp_path / "srplug-focal" / "srplug_focal"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
    for path in files:
        assert not re.search("NAME|CLASS|DASHED|ABOUT|KIND|USE|ROWS", path.read_text()), path
    readme = (tmp_path / "srplug-focal" / "README.md").read_text("utf-8")
    # those of the plugins of this repository, which tests/test_layout.py compares
    assert re.findall("^## (.+)$", readme, re.MULTILINE) == ["Use", "Parts", "Citation and license"]
    assert all(f"| {part} | `" in readme for part, _ in SKELETONS[kind].names)
    names = {path.name for path in files}
    assert {"pyproject.toml", "README.md", "test_contract.py", "tiny.toml", "py.typed"} <= names


@pytest.mark.slow
@pytest.mark.parametrize("kind", SKELETONS)
def test_a_new_plugin_passes_its_own_tests(kind, tmp_path, monkeypatch):
    """In a program of their own, as a stranger's: they start programs and threads themselves."""
    folder = installed(kind, tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    command += ["--rootdir", folder, "-c", folder / "pyproject.toml", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout


def test_every_kind_of_the_command_has_a_skeleton():
    kinds = get_args(get_args(get_type_hints(ScaffoldOptions)["kind"])[0])
    assert {*kinds, "both"} == SKELETONS.keys()


@pytest.mark.parametrize("name", ["Focal", "a b", "1st", "class", "x/y", ""])
def test_names_that_cannot_be_packages_are_refused(tmp_path, name):
    with pytest.raises(SrcoreError, match="expected a name of lower-case letters"):
        write_plugin(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_not_touched(tmp_path):
    write_plugin("focal", tmp_path)
    with pytest.raises(SrcoreError, match="srplug-focal: exists"):
        write_plugin("focal", tmp_path)


def test_names_that_are_taken_are_said():
    assert clashes("focal", registry=plugins().registry) == []
    assert clashes("l1", plugins().registry, "network") == []
    (component,) = clashes("l1", plugins().registry, "loss")
    assert re.fullmatch(r'loss "l1" is registered by srcore \S+', component)
    (entry_point,) = clashes("srplug-ldl", plugins().registry, "handler")
    assert re.fullmatch(r'plugin "ldl" is the entry point of srplug-ldl \S+', entry_point)
    assert len(clashes("ldl", plugins().registry, "loss")) == 2
