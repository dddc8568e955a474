"""The folder that holds a card: what a repository of a model consists of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from srcore.cards.card import Card
from srcore.cards.hub_page import hub_page
from srcore.cards.openmodeldb import entry_name, openmodeldb_entry
from srcore.files.atomic import write_bytes, writing
from srcore.plugin.registry import Registry
from srcore.runs.folder import RunFolder

PAGE, WHOLE = "README.md", "card.json"


def write_card(card: Card, folder: Path, registry: Registry) -> list[Path]:
    """Write page, JSON, entry of OpenModelDB, weights and pictures.

    Returns:
        What was written.
    """
    texts = {
        PAGE: hub_page(card),
        WHOLE: _json_text(card.as_json()),
        f"{entry_name(card)}.json": _json_text(openmodeldb_entry(card, registry)),
        RunFolder.experiment: card.recipe.toml,
    }
    for name, text in texts.items():
        write_bytes(folder / name, text.encode())
    copies = {folder / card.weights.name: card.weights}
    copies |= {folder / "images" / it.name: it for it in card.run.pictures}
    for target, source in copies.items():
        with writing(target) as temporary:
            shutil.copyfile(source, temporary)
    return [*(folder / name for name in texts), *copies]


def _json_text(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
