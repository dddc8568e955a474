"""List, search and fetch published models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import click

from srcore.files.text_tables import aligned
from srcore.plugin.manager import plugins

if TYPE_CHECKING:
    from srcore.models.catalog import Catalog
    from srcore.models.entry import PublishedModel

_HEAD = ("name", "scale", "architecture", "license", "size", "use", "here", "purposes")


@click.command()
@click.argument("words", nargs=-1, metavar="[WORD...]")
@click.option("--scale", type=click.IntRange(1), help="Only those of this scale.")
@click.option("--architecture", metavar="NAME", help="Only those of it, such as realplksr.")
@click.option("--license", metavar="NAME", help="Only licenses that begin so, such as CC-BY.")
@click.option("--purpose", metavar="WORD", help="Only those for it, such as anime or photo.")
@click.option("--commercial", is_flag=True, help="Not those whose license forbids commercial use.")
@click.option("--here", is_flag=True, help="Only those that are on this machine.")
@click.option(
    "--download",
    metavar="MODEL",
    multiple=True,
    help="Fetch a model into the cache: NAME, hf://owner/name, https://...#sha256=...; repeatable.",
)
@click.option("--yes", is_flag=True, help="Fetch without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(
    words: tuple[str, ...],
    scale: int | None,
    architecture: str | None,
    license: str | None,
    purpose: str | None,
    commercial: bool,
    here: bool,
    download: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> None:
    """List, search and fetch published models.

    Every WORD is to be part of the name, title, author, architecture, license or purposes; a whole
    name shows all that is known of the model. The column "use" says what can be done with what is
    installed: train (an experiment can go on from it, too), upscale, or nothing yet. Models are
    used by name, as in `srcore upscale photo.jpg --model NAME`, `srcore evaluate NAME`,
    `weights = "model:NAME"` in an experiment. They are fetched once into the user's cache
    (SRCORE_MODELS names another folder), after their author and license were shown.

    \b
    Examples:
      srcore models
      srcore models photo --scale 4 --commercial
      srcore models --architecture realplksr --purpose anime
      srcore models realesrgan-x4plus
      srcore models --download realesrgan-x4plus --yes
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.models.catalog import Catalog

    catalog = Catalog(plugins().registry)
    if download:
        _fetch_models(catalog, download, yes=yes)
        return
    if len(words) == 1 and words[0] in catalog.models:
        chosen = [catalog.models[words[0]]]
    else:
        chosen = _search(
            catalog,
            words,
            commercial=commercial,
            scale=scale,
            architecture=architecture,
            license=license,
            purpose=purpose,
        )
    rows = [_model_facts(catalog, model) for model in chosen]
    rows = [row for row in rows if row["here"] or not here]
    if not rows:
        click.echo("srcore: no model fits; without WORD and options all are listed", err=True)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif len(words) == 1 and len(rows) == 1 and rows[0]["name"] == words[0]:
        _print_one(rows[0])
    elif rows:
        _print_table(rows)


def _search(
    catalog: Catalog, words: tuple[str, ...], *, commercial: bool, **asked: Any
) -> list[PublishedModel]:
    from srcore.models.unknown_words import unknown_values, unknown_words

    unknown = [*unknown_values(catalog, asked), *unknown_words(catalog, words)]
    if unknown:
        raise click.UsageError("\n".join(unknown))
    return catalog.search(words, commercial=commercial, **asked)


def _fetch_models(catalog: Catalog, wanted: Sequence[str], *, yes: bool) -> None:
    from srcore.cli.fetching import located
    from srcore.models.resolving import as_address

    for name in wanted:
        click.echo(located(as_address(name, catalog.registry), yes=yes))


def _model_facts(catalog: Catalog, model: PublishedModel) -> dict[str, Any]:
    from srcore.models.licenses import is_noncommercial
    from srcore.models.resolving import source_of

    facts = attrs.asdict(model, filter=lambda field, _: field.name not in ("file", "owner"))
    use = catalog.use(model)
    path = source_of(f"model:{model.name}", catalog.registry).place()
    return facts | {
        "list": model.owner,
        "commercial": not is_noncommercial(model.license),
        "trains": use.trains,
        "upscales": use.upscales,
        "needs": use.needs,
        "here": str(path) if path.is_file() else "",
    }


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    from srcore.models.source import size_of

    cells = [
        (
            row["name"],
            f"x{row['scale']}",
            row["architecture"],
            row["license"],
            size_of(row["bytes"]) if row["bytes"] else "-",
            _use(row),
            "yes" if row["here"] else "-",
            ", ".join(row["purposes"]),
        )
        for row in rows
    ]
    for line in aligned([_HEAD, *cells]):
        click.echo(line)
    needs = sorted(
        {f"architecture {row['architecture']}: {row['needs']}" for row in rows if row["needs"]}
    )
    for need in needs:
        click.echo(f"srcore: {need}", err=True)


def _use(row: dict[str, Any]) -> str:
    return "train" if row["trains"] else "upscale" if row["upscales"] else "-"


def _print_one(row: dict[str, Any]) -> None:
    from srcore.models.licenses import described
    from srcore.models.source import size_of

    told = {
        "title": row["title"],
        "author": row["author"],
        "license": described(row["license"]),
        "scale": f"x{row['scale']}",
        "architecture": row["architecture"],
        "purposes": ", ".join(row["purposes"]),
        "published": row["date"],
        "size": size_of(row["bytes"]) if row["bytes"] else "",
        "use": {"train": "train and upscale", "-": "none yet"}.get(_use(row), "upscale"),
        "needs": row["needs"],
        "remark": row["remark"],
        "source": row["source"],
        "file": row["url"],
        "sha256": row["sha256"],
        "here": row["here"] or "no",
        "list of": row["list"],
    }
    click.echo(row["name"])
    for line in aligned([(f"  {key}:", value) for key, value in told.items() if value]):
        click.echo(line)
