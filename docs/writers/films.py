"""The table of codecs in ``docs/how-to/films.md``, made of ``srcore/films/codecs.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from srcore.files import text_tables
from srcore.films.codecs import CODECS, FilmCodec, automatic_in_words
from writers.lists import ROOT, filled

_PAGE = "docs/how-to/films.md"
_START, _END = "<!-- codecs: written by docs/generate.py -->\n", "<!-- end -->"
_COLUMNS = ("`--codec`", "containers", "`--crf`", "`--preset`")


def films() -> dict[Path, str]:
    """The page with the codecs of today."""
    table = "\n".join(text_tables.markdown(_COLUMNS, list(_rows())))
    content = f"{table}\n\nWithout `--codec` it is {automatic_in_words('`')}.\n"
    return {ROOT / _PAGE: filled(_PAGE, content, _START, _END)}


def _rows() -> Iterator[tuple[str, ...]]:
    for name, codec in CODECS.items():
        containers = ", ".join(suffix.removeprefix(".") for suffix in codec.suffixes)
        yield name, containers, _crf(codec), _preset(codec)


def _crf(codec: FilmCodec) -> str:
    if codec.crf is None:
        return "none, it loses nothing"
    return f"{codec.crf:g}, to {codec.largest_crf:g}"


def _preset(codec: FilmCodec) -> str:
    if not codec.presets:
        return "none"
    quicker = ", larger is quicker" if codec.presets[-1].isdigit() else ""
    return f"{codec.preset}; {codec.presets[0]} to {codec.presets[-1]}{quicker}"
