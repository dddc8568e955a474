"""Code blocks of Markdown pages, for the tests that run them."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

_FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"# ([\w./-]+\.(?:py|toml))(, at the end)?$")


@attrs.frozen
class Block:
    """A fenced block.

    Attributes:
        page: file that holds it.
        line: where its code starts, from 1.
        language: word behind the fence, empty if there is none.
        code: the text inside.
    """

    page: Path
    line: int
    language: str
    code: str

    @property
    def place(self) -> tuple[Path | None, bool]:
        """File that a first line ``# folder/name.py`` names, and whether to append to it."""
        named = _PLACE.match(self.code.split("\n", 1)[0])
        return (Path(named[1]), bool(named[2])) if named else (None, False)

    def write(self, folder: Path) -> None:
        """Write or append the block where it says it belongs."""
        place, append = self.place
        assert place is not None, f"{self.page}:{self.line} names no file"
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text("utf-8") if append else ""
        path.write_text(before + (self.code.split("\n", 1)[1] if append else self.code), "utf-8")


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page in order, of all or of some languages."""
    text = page.read_text("utf-8")
    all_blocks = [
        Block(page, text[: match.start()].count("\n") + 2, match["language"], match["code"])
        for match in _FENCE.finditer(text)
    ]
    return [block for block in all_blocks if not languages or block.language in languages]
