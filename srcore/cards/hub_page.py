"""A card as the page of a repository on the Hugging Face hub: Markdown under a head of YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from srcore.cards.card import Card
from srcore.files.text_tables import markdown
from srcore.models.licenses import described
from srcore.models.source import size_of

#: Licenses that the hub knows by name; others are told as it asks for.
_KNOWN = {
    "afl-3.0", "agpl-3.0", "apache-2.0", "artistic-2.0", "bsd", "bsd-2-clause", "bsd-3-clause",
    "cc", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0",
    "cc-by-nc-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc0-1.0", "gpl", "gpl-2.0", "gpl-3.0", "isc",
    "lgpl", "lgpl-2.1", "lgpl-3.0", "mit", "mpl-2.0", "unlicense", "wtfpl", "zlib",
}  # fmt: skip


def hub_head(card: Card) -> dict[str, Any]:
    """The head, as the hub's search and tables read it."""
    license = card.about.license.lower()
    told: dict[str, Any] = {}
    if license in _KNOWN:
        told["license"] = license
    elif license:
        told |= {"license": "other", "license_name": re.sub(r"[^a-z0-9.-]+", "-", license)}
    told |= {
        "library_name": "srcore",
        "pipeline_tag": "image-to-image",
        "tags": ["super-resolution", card.network, f"x{card.scale}", *card.about.tags],
    }
    results = [
        {
            "task": {"type": "image-to-image", "name": f"Super-resolution x{card.scale}"},
            "dataset": {"type": name, "name": name},
            "metrics": [{"type": metric, "name": metric, "value": value}],
        }
        for name, metric, _, value in card.results()
    ]
    if results:
        told["model-index"] = [{"name": card.title, "results": results}]
    return told


def hub_page(card: Card) -> str:
    """The whole file."""
    # JSON is YAML, too: no library is needed to write it.
    lines = [f"{key}: {json.dumps(value)}" for key, value in hub_head(card).items()]
    return "\n".join(["---", *lines, "---", "", *_paragraphs(card)]) + "\n"


def _paragraphs(card: Card) -> Iterator[str]:
    about, run = card.about, card.run
    yield f"# {_in_line(card.title)}"
    yield ""
    if about.description:
        yield from (about.description, "")
    yield f"A network for super-resolution x{card.scale}, trained with srcore."
    yield ""
    size = card.weights.stat().st_size
    rows = {
        "author": about.author,
        "license": described(about.license),
        "network": f"`{card.network}`, {run.parameters:,} parameters",
        "options": ", ".join(f"{key} = {value}" for key, value in card.options.items()),
        "file": f"`{card.weights.name}`, {size_of(size)}, SHA-256 `{card.sha256}`",
        "trained": f"{card.iteration:,} iterations, {' to '.join(run.dates)}",
        "experiment": f"SHA-256 `{card.experiment}`" if card.experiment else "",
        **{key.lower(): str(value) for key, value in run.head.items()},
        "speed of training": _speed(run.performance),
    }
    yield from markdown(("", ""), [(key, _in_line(text)) for key, text in rows.items() if text])
    yield from ("", "## Use", "", "```bash")
    yield f"srcore upscale photo.jpg --weights {card.weights.name}"
    yield "```"
    yield from _results(card)
    yield from _data_section(card)
    yield from ("", "## Made again", "")
    programs = ", ".join(f"{key} {value}" for key, value in card.programs.items())
    yield (
        "The experiment as it ran; folders of data lie beside it, under the names of the table "
        "above. On a processor, with the same versions and number of threads, it makes the same "
        f"file, bit for bit ({_in_line(programs)})."
    )
    yield from ("", "```toml", card.recipe.toml.rstrip(), "```")


def _results(card: Card) -> Iterator[str]:
    results = card.results()
    if results:
        yield from ("", "## Results", "", _in_line(card.protocol), "")
        cells = [
            (name, metric, "-" if bicubic is None else f"{bicubic:.4f}", f"{value:.4f}")
            for name, metric, bicubic, value in results
        ]
        yield from markdown(("set", "metric", "bicubic", "this model"), cells, left=2)
    if card.run.pictures:
        yield from ("", f"Pictures of the validation at iteration {card.run.pictures_at:,}:", "")
        yield from (f"![{it.stem}](images/{it.name})" for it in card.run.pictures)


def _data_section(card: Card) -> Iterator[str]:
    if not card.recipe.data:
        return
    yield from ("", "## Data", "")
    cells = [
        (
            f"`{it.key}`",
            f"`{it.name}`",
            str(it.files) if it.files else "not here",
            size_of(it.bytes) if it.files else "-",
            f"`{it.sha256}`" if it.sha256 else "-",
        )
        for it in card.recipe.data
    ]
    yield from markdown(("key", "name", "files", "size", "SHA-256"), cells)
    yield from ("", "The hash of a folder is that of the list that `sha256sum` prints of its files")
    yield "in the order of their names."


def _speed(performance: dict[str, Any]) -> str:
    speed = performance.get("iterations_per_second", 0)
    return f"{speed:.3g} iterations/s" if speed else ""


def _in_line(text: str) -> str:
    """A text inside a table or line of Markdown."""
    return " ".join(text.split()).replace("|", "\\|")
