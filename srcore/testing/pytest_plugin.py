"""Options, markers and fixtures that installing srcore gives to pytest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--golden-root``."""
    group = parser.getgroup("srcore")
    group.addoption(
        "--golden-root",
        type=Path,
        default=None,
        metavar="DIR",
        help="run the golden cases below DIR (<DIR>/<method>/manifest.json), not the committed ones",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give one ``golden_case`` per case to tests of modules that declare ``GOLDEN_METHODS``.

    ``GOLDEN_METHODS`` lists method names; the committed cases lie in ``golden/<method>`` beside
    the test module.
    """
    if "golden_case" not in metafunc.fixturenames:
        return
    from srcore.testing.golden import golden_parameters

    module: Any = metafunc.module
    root = metafunc.config.getoption("--golden-root")
    root = Path(root) if root else Path(module.__file__).parent / "golden"
    parameters = [
        parameter
        for method in module.GOLDEN_METHODS
        for parameter in golden_parameters(root, method)
    ]
    metafunc.parametrize("golden_case", parameters)
