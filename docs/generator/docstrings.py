"""Google docstrings as Markdown: sections, items, code, tables, roles."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import attrs

_ITEMIZED = ("Args", "Attributes", "Raises")
_SECTION = re.compile(
    r"(Args|Attributes|Raises|Returns|Yields|When|Do|Parameters|Errors|Since):(?: (.*))?$"
)
_ITEM = re.compile(r"([*\w][\w*, .\"`]*?)(?: \(.*\))?: (.*)$")
_ROLE = re.compile(r":\w+:`~?([^`]+)`")
_CODE_SPAN = re.compile(r"(`[^`]+`)")
_STAR = re.compile(r"(?<!\w)\*(\w[^*]*\w)\*(?!\w)|\*")


@attrs.frozen
class Section:
    """A titled part of a docstring; the untitled one comes first."""

    title: str
    lines: list[str]


def sections(docstring: str) -> list[Section]:
    """Split a docstring at its section headings."""
    found = [Section("", [])]
    for line in inspect.cleandoc(docstring).splitlines():
        heading = _SECTION.match(line)
        if heading:
            found.append(Section(heading[1], [heading[2]] if heading[2] else []))
        elif found[-1].title and line[:1].strip() and found[-1].lines[-1:] == [""]:
            found.append(Section("", [line]))  # prose or a doctest below a section
        else:
            found[-1].lines.append(line)
    return [section for section in found if section.title or section.lines]


def markdown(docstring: str, *, without: tuple[str, ...] = ()) -> str:
    """A docstring as Markdown.

    Args:
        docstring: as ``__doc__`` has it.
        without: titles of sections to leave out.
    """
    parts = []
    for section in sections(docstring):
        if section.title in without:
            continue
        if not section.title:
            parts.append(text(section.lines))
        elif section.title in _ITEMIZED:
            rows = [f"- `{name}`: {about}" for name, about in items(section.lines)]
            listed = "\n".join(rows) or text(_dedented(section.lines))
            parts.append(f"**{section.title}**\n\n{listed}")
        else:
            parts.append(f"**{section.title}:** " + text(_dedented(section.lines)))
    return "\n\n".join(part.strip() for part in parts if part.strip())


def items(lines: list[str]) -> Iterator[tuple[str, str]]:
    """(name, text) of the items of a section such as ``Args``."""
    name, about = "", [""]
    for line in _dedented(lines):
        start = _ITEM.match(line)
        if start:
            if name:
                yield name, inline(" ".join(about))
            name, about = start[1].strip("`"), [start[2]]
        elif line.strip():
            about.append(line.strip())
    if name:
        yield name, inline(" ".join(about))


def text(lines: list[str]) -> str:
    """Paragraphs, indented code, doctests and simple tables."""
    return "\n\n".join(_block(block) for block in _blocks(lines))


def inline(line: str) -> str:
    """Roles and double backquotes as code; characters that Markdown would take as markup escaped.

    >>> inline("see :func:`srcore.run` for ``a*b`` <c>")
    'see `srcore.run` for `a*b` &lt;c>'
    """
    line = _ROLE.sub(r"`\1`", line).replace("``", "`")
    pieces = _CODE_SPAN.split(line)
    pieces[::2] = [_escaped(piece) for piece in pieces[::2]]
    return "".join(pieces)


def _escaped(piece: str) -> str:
    """Escape all but emphasised words."""
    piece = piece.replace("<", "&lt;").replace("$", r"\$").replace("|", r"\|")
    return _STAR.sub(lambda star: star[0] if star[1] else r"\*", piece)


def _dedented(lines: list[str]) -> list[str]:
    # The first line may stand beside the heading, without indentation.
    head = lines[:1] if lines and not lines[0].startswith(" ") else []
    rest = inspect.cleandoc("\n" + "\n".join(lines[len(head) :])).splitlines()
    return [*head, *rest]


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Runs of lines between blank ones; indented runs stay together."""
    block: list[str] = []
    for line in [*lines, ""]:
        indented = line.startswith("    ") and (not block or block[-1].startswith("    "))
        starts_code = (
            line.startswith("    ")
            and block
            and block[-1].rstrip().endswith(":")
            and not block[0].startswith(">>>")
        )
        if starts_code or (not line.strip() and block):
            yield block
            block = []
        if line.strip() and (indented or not starts_code):
            block.append(line)
        elif line.strip():
            block = [line]


def _block(block: list[str]) -> str:
    if block[0].startswith("    "):
        code = inspect.cleandoc("\n" + "\n".join(block))
        return f"```{_language(code)}\n{code}\n```"
    if block[0].startswith(">>>"):
        return "```pycon\n" + "\n".join(block) + "\n```"
    if block[0].startswith("==="):
        return _table(block)
    return inline(" ".join(line.strip() for line in block).replace("::", ":"))


def _language(code: str) -> str:
    if code.startswith(">>>"):
        return "pycon"
    return "toml" if code.startswith("[") else "py"


def _table(block: list[str]) -> str:
    """A reStructuredText simple table as a Markdown table."""
    spans = [match.span() for match in re.finditer(r"=+", block[0])]
    starts = [start for start, _ in spans]
    ends = [*starts[1:], None]
    rows = [
        [inline(line[start:end].strip()) for start, end in zip(starts, ends, strict=True)]
        for line in block
        if not line.startswith("===")
    ]
    rows.insert(1, ["---"] * len(spans))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
