"""Public kit for plugin authors: tiny images and films, comparison, contract, golden data.

Installing srcore gives pytest the option ``--golden-root`` and the fixtures of
:mod:`srcore.testing.pytest_plugin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.lazy import importer

if TYPE_CHECKING:
    from srcore.testing.comparison import assert_close, assert_same_state
    from srcore.testing.contract import PluginContract
    from srcore.testing.golden import golden_kind, run_case
    from srcore.testing.tiny_films import write_tiny_film
    from srcore.testing.tiny_images import tiny_image, write_tiny_images

_HOMES = {
    "PluginContract": "contract",
    "assert_close": "comparison",
    "assert_same_state": "comparison",
    "golden_kind": "golden",
    "run_case": "golden",
    "tiny_image": "tiny_images",
    "write_tiny_film": "tiny_films",
    "write_tiny_images": "tiny_images",
}

__all__ = [
    "PluginContract",
    "assert_close",
    "assert_same_state",
    "golden_kind",
    "run_case",
    "tiny_image",
    "write_tiny_film",
    "write_tiny_images",
]

__getattr__ = importer(__name__, _HOMES)
