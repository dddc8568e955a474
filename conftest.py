"""Test configuration of the whole repository: loads the golden handlers of all kinds."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

# Tests work on small tensors: threads cost more than they give, and the last bits of sums depend on
# their number. Tests about threads set their own.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent


def pytest_cmdline_main(config):
    """Start anew if pytest took the folder of ``--golden-root DIR`` for that of the tests.

    It looks for its settings before it knows the options of plugins, and so from there upwards.
    """
    settings = ROOT / "pyproject.toml"
    if config.getoption("--golden-root") and config.inipath != settings:
        command = [sys.executable, "-m", "pytest", "-c", settings, *config.invocation_params.args]
        return subprocess.call(command)
    return None


def pytest_configure(config):
    """Load the handlers before tests are collected."""
    for path in sorted((ROOT / "tests" / "golden_handlers").glob("*.py")):
        load(f"golden_handlers_{path.stem}", path)
    for path in sorted(ROOT.glob("plugins/*/tests/golden_handlers.py")):
        package = path.parents[1].name.replace("-", "_")
        if importlib.util.find_spec(package):  # each plugin can be tested without the others
            load(f"golden_handlers_{package}", path)


def load(name, path):
    """Import a file under a name of its own, once."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
