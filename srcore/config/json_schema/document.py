"""The schema of an experiment file: its tables, and what stands beside them in the file."""

from __future__ import annotations

from typing import Any

from srcore.config.dropping import KEY as DROP
from srcore.config.file_keys import FIRST_STAGE, SWEEP
from srcore.config.json_schema.drafting import Drafter
from srcore.config.json_schema.fields import UNKNOWN, fields_by_key
from srcore.config.json_schema.values import Schema
from srcore.config.schema import Experiment
from srcore.config.sweep_table import SweepTable
from srcore.files.toml import MAX_STAGES
from srcore.plugin.registry import Registry

_PATHS = {"type": "array", "items": {"type": "string", "minLength": 1}}
_DROPPED = "keys that are not inherited, such as `discriminator` or `schedule.generator`"
#: Keys of a file, beside those of an experiment.
_OF_FILE: Schema = {
    "extends": {
        "type": "string",
        "description": "a file, or the name of a shipped experiment, that is read first",
    },
    DROP: {**_PATHS, "description": _DROPPED},
    FIRST_STAGE: {
        "type": "string",
        "description": "name of the stage that the run begins with; those before are left out",
    },
}
#: Keys of a stage, beside those of an experiment.
_OF_STAGE: Schema = {
    "name": {"type": "string", "minLength": 1, "description": "name of the stage and its folder"},
    "from": {
        "type": "string",
        "description": "name of the earlier stage whose generator this one starts from",
    },
    DROP: {**_PATHS, "description": _DROPPED},
}


def experiment_schema(registry: Registry) -> dict[str, Any]:
    """The JSON Schema (draft 7) of experiment files.

    Required keys are asked for in files that stand alone; one with ``extends`` or ``stages`` may
    have them from elsewhere.

    Args:
        registry: whose components tables may select.
    """
    drafter = Drafter(registry)
    tables = {key: drafter.key(field) for key, field in fields_by_key(Experiment).items()}
    drafter.definitions["stage"] = {
        "type": "object",
        "description": "a stage: any table of an experiment, laid over what all stages share",
        "properties": {**tables, **_OF_STAGE},
        "additionalProperties": UNKNOWN,
    }
    stage = {"$ref": "#/definitions/stage"}
    named = {"allOf": [stage, {"required": ["name"]}]}
    stages = {
        "type": ["array", "object"],
        "items": named,
        "maxItems": MAX_STAGES,
        "additionalProperties": stage,
        "description": "steps of the experiment, one after the other",
    }
    in_parts = {"anyOf": [{"required": ["extends"]}, {"required": ["stages"]}]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "srcore experiment",
        "type": "object",
        "properties": {**_OF_FILE, **tables, "stages": stages, SWEEP: drafter.part(SweepTable)},
        "additionalProperties": UNKNOWN,
        "if": in_parts,
        "else": _needed_alone(drafter),
        "definitions": drafter.definitions,
    }


def _needed_alone(drafter: Drafter) -> Schema:
    """What must be in a file that nothing completes, but the weights of its generator."""
    told = {"required": ["weights"], "not": {"required": ["type"]}}
    whole = drafter.required(fields_by_key(Experiment))
    required = {"required": whole.pop("required")}
    named_by_weights = {"required": ["generator"], "properties": {"generator": told}}
    return {"allOf": [whole, {"if": named_by_weights, "else": required}]}
