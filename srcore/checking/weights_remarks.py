"""Settings that the shapes of a file do not tell, and that were others when it was trained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs

from srcore.checking.weights_problems import StartTable, starting
from srcore.config.plain_tables import as_table
from srcore.config.schema import Experiment
from srcore.config.start_weights import weights_key
from srcore.errors import Problem, WeightsError
from srcore.messages import shown
from srcore.options.declaration import declaration_of, key_of
from srcore.weights.saving import GeneratorMetadata, read_metadata


def weights_remarks(experiment: Experiment) -> Iterator[Problem]:
    """Files of srcore, which name all options of their network, against the experiment's.

    Those of another type are refused, and options that may be chosen anew whenever the network is
    used are free.
    """
    for name, _, table in starting(experiment):
        about = _metadata(table)
        if about is None or about.network != table.selected.type or table.partial_weights:
            continue
        here = _deciding(table.selected.options)
        other = [
            f"{key} = {shown(value)} (here {shown(here[key])})"
            for key, value in about.options.items()
            if key in here and here[key] != value
        ]
        if other:
            message = f"{table.weights} was trained with {', '.join(other)}; set the same"
            yield Problem(weights_key(name), message)


def _deciding(options: Any) -> dict[str, Any]:
    """Options that decide what weights mean, as metadata has them."""
    free = {key_of(it) for it in attrs.fields(type(options)) if declaration_of(it).inference}
    table: dict[str, Any] = json.loads(json.dumps(as_table(options), default=str))
    return {key: value for key, value in table.items() if key not in free}


def _metadata(table: StartTable) -> GeneratorMetadata | None:
    assert table.weights is not None
    try:
        return read_metadata(table.weights)
    except WeightsError:  # a PyTorch file, or a damaged one, which is told as a problem
        return None
