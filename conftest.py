"""Test configuration of the whole repository: loads the golden handlers of the core's kinds."""

import importlib.util
import sys
from pathlib import Path

HANDLERS = Path(__file__).parent / "tests" / "golden_handlers"


def pytest_configure(config):
    for path in sorted(HANDLERS.glob("*.py")):
        name = f"golden_handlers_{path.stem}"
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, path)
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
