"""One hash for what a run was told to do, wherever it does it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from srcore.config.paths import paths_of
from srcore.config.plain_tables import as_table
from srcore.config.schema import Experiment
from srcore.models.addressed_path import written

#: What does not change the result.
_FREE = ("name",)


def experiment_hash(experiment: Experiment) -> str:
    """SHA-256 of a resolved experiment without its name and the paths of its files.

    Equal experiments have equal hashes wherever their data lies: a run whose data was moved makes
    the same file. Addresses of models count.
    """
    paths = {written(path): str(path) for _, path in paths_of(experiment)}
    names = dict.fromkeys((text for text, path in paths.items() if text == path), "")
    table = {key: value for key, value in as_table(experiment).items() if key not in _FREE}
    text = json.dumps(renamed_texts(table, names), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def renamed_texts(value: Any, names: dict[str, str]) -> Any:
    """Nested plain values in which some texts are replaced."""
    if isinstance(value, dict):
        return {key: renamed_texts(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed_texts(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value
