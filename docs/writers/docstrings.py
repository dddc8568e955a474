"""Google docstrings, as griffe reads them, in Markdown."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import griffe

_TITLES = {
    "parameters": "Args",
    "attributes": "Attributes",
    "raises": "Raises",
    "returns": "Returns",
    "yields": "Yields",
}
_ROLE = re.compile(r":\w+:`~?([^`]+)`")
_CODE_SPAN = re.compile(r"(`[^`]+`)")
_STAR = re.compile(r"(?<!\w)\*(\w[^*]*\w)\*(?!\w)|\*")
_BLANK = re.compile(r"\n(?: *\n)+")
_BEFORE_CODE = re.compile(r"(?<=:)\n(?= {4})")


def sections(docstring: str) -> list[griffe.DocstringSection]:
    """The sections of a docstring as ``__doc__`` has it."""
    cleaned = griffe.Docstring(inspect.cleandoc(docstring))
    return griffe.parse_google(
        cleaned,
        returns_multiple_items=False,
        returns_named_value=False,
        warn_unknown_params=False,
        warnings=False,
    )


def markdown(docstring: str, *, without: tuple[str, ...] = ()) -> str:
    """A docstring as Markdown.

    Args:
        docstring: as ``__doc__`` has it.
        without: titles of sections to leave out.
    """
    parts = []
    for section in sections(docstring):
        title = _TITLES.get(section.kind.value, "")
        if title in without and title:
            continue
        if not title:
            parts.append(text(section.value))
        elif title in ("Returns", "Yields"):
            (item,) = section.value
            kind = f"{item.annotation}: " if item.annotation else ""
            parts.append(f"**{title}:** " + text(kind + item.description))
        else:
            rows = [f"- `{name}`: {about}" for name, about in items(section)]
            parts.append(f"**{title}**\n\n" + "\n".join(rows))
    return "\n\n".join(part.strip() for part in parts if part.strip())


def items(section: griffe.DocstringSection) -> Iterator[tuple[str, str]]:
    """(name, text) of the items of a section such as ``Args``."""
    for item in section.value:
        name: Any = item.annotation if section.kind.value == "raises" else item.name
        yield str(name).strip("`"), inline(" ".join(item.description.split()))


def text(value: str) -> str:
    """Paragraphs, indented code, doctests and tables."""
    parts: list[str] = []
    for paragraph in _BLANK.split(value.strip("\n")):
        is_doctest = paragraph.startswith(">>>")
        for piece in [paragraph] if is_doctest else _BEFORE_CODE.split(paragraph):
            if piece.startswith("    ") and parts and parts[-1].startswith("    "):
                parts[-1] += f"\n\n{piece}"
            else:
                parts.append(piece)
    return "\n\n".join(map(_block, parts))


def inline(line: str) -> str:
    """Roles and double backquotes as code; characters that Markdown would take as markup escaped.

    >>> inline("see :func:`srcore.run` for ``a*b`` <c>")
    'see `srcore.run` for `a*b` &lt;c>'
    """
    line = _ROLE.sub(r"`\1`", line).replace("``", "`")
    pieces = _CODE_SPAN.split(line)
    pieces[::2] = [_escaped(piece) for piece in pieces[::2]]
    return "".join(pieces)


def code(value: str) -> str:
    """A cell of a table that is code; an empty one stays empty."""
    return f"`{value}`".replace("|", r"\|") if value else ""


def _escaped(piece: str) -> str:
    """Escape all but emphasized words."""
    piece = piece.replace("<", "&lt;").replace("$", r"\$").replace("|", r"\|")
    return _STAR.sub(lambda star: star[0] if star[1] else r"\*", piece)


def _block(block: str) -> str:
    if block.startswith("    "):
        code = textwrap.dedent(block)
        return f"```{_language(code)}\n{code}\n```"
    if block.startswith(">>>"):
        return f"```pycon\n{block}\n```"
    if block.startswith("|"):
        return "\n".join(map(_row, block.splitlines()))
    return inline(" ".join(block.split()).replace("::", ":"))


def _row(line: str) -> str:
    cells = [inline(cell.strip()) for cell in line.strip("|").split("|")]
    return "|---" * len(cells) + "|" if line.startswith("|--") else f"| {' | '.join(cells)} |"


def _language(code: str) -> str:
    if code.startswith(">>>"):
        return "pycon"
    return "toml" if code.startswith("[") else "py"
