"""A test that a missing package leaves out is skipped, and fails in continuous integration."""

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[1]

MODULE = """
import pytest

pytest.importorskip("no_such_package")
"""
TESTS = """
import pytest


def test_one():
    pytest.importorskip("no_such_package")


@pytest.fixture
def package():
    pytest.importorskip("no_such_package")


def test_two(package):
    pass


@pytest.mark.skip(reason="no chromium on this machine")
def test_three():
    pass
"""


@pytest.mark.parametrize(
    ("setting", "reason", "outcome"),
    [
        ("1", "Skipped: could not import 'lmdb': No module named 'lmdb'", "failed"),
        ("1", "Skipped: no chromium on this machine", "skipped"),
        ("", "Skipped: could not import 'lmdb': No module named 'lmdb'", "skipped"),
    ],
)
def test_what_becomes_of_a_skip(setting, reason, outcome, request, monkeypatch):
    monkeypatch.setenv("SRCORE_TEST_ALL_PACKAGES", setting)
    ours = request.config.pluginmanager.get_plugin(str(ROOT / "conftest.py"))
    place = ("test_some.py", 3, reason)
    report = pytest.TestReport("test_some.py::test", place, {}, "skipped", place, "call")
    assert ours.refuse_missing_package(report).outcome == outcome


@pytest.mark.slow  # two interpreters
@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
def test_a_missing_package_fails_only_where_all_must_be_there(strict, tmp_path, monkeypatch):
    (tmp_path / "test_module.py").write_text(MODULE)
    (tmp_path / "test_tests.py").write_text(TESTS)
    monkeypatch.delenv("SRCORE_TEST_ALL_PACKAGES", raising=False)
    if strict:
        monkeypatch.setenv("SRCORE_TEST_ALL_PACKAGES", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # where conftest.py is
    command = ["-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-ra", "--tb=short"]
    done = subprocess.run(
        [sys.executable, *command, "--continue-on-collection-errors", tmp_path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    if strict:
        assert done.returncode == 1, done.stdout + done.stderr
        assert "1 skipped" in done.stdout
        assert done.stdout.count("a package is missing: ") >= 3, done.stdout
    else:
        assert done.returncode == 0, done.stdout + done.stderr
        assert "4 skipped" in done.stdout


def needed(project, *extras):
    """Requirements of extras, those of extras that they name included."""
    table = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    for text in (text for extra in extras for text in table["optional-dependencies"][extra]):
        requirement = Requirement(text)
        if requirement.name == table["name"]:
            yield from needed(project, *requirement.extras)
        else:
            yield requirement


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.13"])
def test_all_that_tests_and_pages_need_is_pinned_to_what_the_extras_allow(python):
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = {}
    for pin in (Requirement(line) for line in lines if line and not line.startswith("#")):
        if pin.marker is None or pin.marker.evaluate({"python_version": python}):
            name = canonicalize_name(pin.name)
            assert name not in pins, f"{name} is pinned twice for Python {python}"
            (pinned,) = pin.specifier
            assert pinned.operator == "=="
            pins[name] = pinned.version
    requirements = [*needed(ROOT, "test", "docs", "dev")]
    for plugin in sorted((ROOT / "plugins").iterdir()):
        requirements += needed(plugin, "test")
    assert len(requirements) > 25
    for requirement in requirements:
        version = pins.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not pinned in constraints.txt"
        assert requirement.specifier.contains(version), f"{requirement} and {version}"


def test_continuous_integration_wants_all_packages():
    assert "export SRCORE_TEST_ALL_PACKAGES=1" in (ROOT / ".ci" / "run").read_text("utf-8")
