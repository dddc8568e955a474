"""A card as an entry of OpenModelDB, the list of models that the community keeps."""

from __future__ import annotations

import re
from typing import Any

from srcore.cards.card import Card
from srcore.models.catalog import Catalog
from srcore.plugin.registry import Registry

_SIZES = {"num_features": "nf", "num_blocks": "nb", "num_convs": "nc", "growth_channels": "gc"}


def entry_name(card: Card) -> str:
    """The name of the entry and of its file: the scale and the title."""
    words = re.sub(r"[^a-zA-Z0-9]+", "-", card.title).strip("-") or "model"
    return f"{card.scale}x-{re.sub(rf'^{card.scale}x-?', '', words, flags=re.IGNORECASE) or words}"


def openmodeldb_entry(card: Card, registry: Registry) -> dict[str, Any]:
    """The entry; keys are those of the list."""
    train = card.recipe.table.get("train", {}) | card.run.experiment.get("train", {})
    table = card.run.experiment
    data = table.get("data", {}).get("train", {})
    sizes = [f"{card.options[key]}{unit}" for key, unit in _SIZES.items() if key in card.options]
    trained = [it for it in card.recipe.data if it.key.startswith("data.train")]
    told: dict[str, Any] = {
        "name": card.title,
        "author": _slug(card.about.author) or "unknown",
        "license": card.about.license or None,
        "tags": [_slug(tag) for tag in card.about.tags],
        "description": card.about.description or f"Trained with srcore ({card.network}).",
        "date": card.run.dates[-1] if card.run.dates else "",
        "architecture": _architecture(card.network, registry),
        "size": sizes or None,
        "scale": card.scale,
        "inputChannels": int(card.options.get("channels", 3)),
        "outputChannels": int(card.options.get("channels", 3)),
        "resources": [
            {
                "platform": "pytorch",
                "type": "safetensors",
                "size": card.weights.stat().st_size,
                "sha256": card.sha256,
                "urls": [card.about.url] if card.about.url else [],
            }
        ],
        "trainingIterations": card.iteration,
        "trainingBatchSize": train.get("batch_size"),
        "trainingHRSize": data.get("hr_patch_size"),
        "trainingOTF": bool(data.get("transforms")),
        "dataset": ", ".join(it.name for it in trained),
        "datasetSize": sum(it.files for it in trained) or None,
        "pretrainedModelG": _pretrained(table),
        "images": [],
    }
    return {key: value for key, value in told.items() if value is not None or key in _NULLABLE}


_NULLABLE = ("license", "size")


def _pretrained(table: dict[str, Any]) -> str | None:
    """The model of a list that the generator started from."""
    weights = str(table.get("generator", {}).get("weights", ""))
    return weights.removeprefix("model:") if weights.startswith("model:") else None


def _architecture(network: str, registry: Registry) -> str:
    """What the field calls the architecture of a network."""
    kinds = Catalog(registry).architectures.items()
    named = [name for name, it in kinds if it.network == network]
    return min(named, key=len) if named else network.replace("_", "-")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
