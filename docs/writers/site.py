"""MkDocs hook: equations as MathML, links out of ``docs`` to the repository, ``*`` in ``nav``.

Browsers draw MathML themselves, so that pages need no script and no network; GitHub draws the same
sources by itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert

_REPOSITORY = "https://github.com/srcore/srcore/blob/main"
_EQUATION = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(\.\./[^)#\s]+)")


def on_config(config: Any, **_: Any) -> Any:
    """Put pages in the place of patterns."""
    config["nav"] = expanded(config["nav"], Path(config["docs_dir"]))
    return config


def expanded(nav: list[Any], docs: Path) -> list[Any]:
    """A ``nav`` with pages by name where it has a pattern, without those that it names itself."""
    named = set(_pages(nav))

    def pages(entry: Any) -> list[Any]:
        if isinstance(entry, dict):
            return [{title: below(value) for title, value in entry.items()}]
        if "*" not in entry:
            return [entry]
        paths = (path.relative_to(docs).as_posix() for path in docs.glob(entry))
        return sorted(page for page in paths if page not in named)

    def below(value: Any) -> Any:
        if isinstance(value, str):
            return value
        return [page for entry in value for page in pages(entry)]

    expanded_nav: list[Any] = below(nav)
    return expanded_nav


def _pages(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    else:
        for item in entry.values() if isinstance(entry, dict) else entry:
            yield from _pages(item)


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Point links to files outside the documentation to the repository."""
    docs = Path(config["docs_dir"])
    folder = (docs / page.file.src_uri).parent

    def outside(link: re.Match[str]) -> str:
        target = (folder / link[1]).resolve()
        if target.is_relative_to(docs) or not target.exists():
            return link[1]  # MkDocs checks it
        return f"{_REPOSITORY}/{target.relative_to(docs.parent).as_posix()}"

    return _LINK.sub(outside, markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Turn what the arithmatex extension marked into MathML."""

    def drawn(equation: re.Match[str]) -> str:
        tag, kind, source = equation.groups()
        display = "block" if kind == "[" else "inline"
        mathml = convert(html.unescape(source).strip(), display=display)
        return f'<{tag} class="arithmatex">{mathml}</{tag}>'

    return _EQUATION.sub(drawn, content)
