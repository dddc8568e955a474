"""A key set in the text of a TOML file: comments, order and layout stay as they are.

Places where it could be written are tried one after the other, and the text is parsed each time:
what is returned says the same as before but for that key.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from srcore.errors import DataError
from srcore.files.toml import MalformedTomlError, parse_toml

_HEADER = re.compile(r"\s*\[{1,2}[^\[\]]+\]{1,2}\s*(#.*)?$")
_PLAIN = r"(?:true|false|\"[^\"\n]*\"|'[^'\n]*'|[+-]?[0-9][0-9_.eE+-]*)"


def with_key(text: str, place: Sequence[str | int], literal: str) -> str:
    """A text in which a key of a table has a value.

    Args:
        text: of a TOML file.
        place: names of tables, indices of stages, and the key, such as
            ``("stages", 0, "train", "compile")``.
        literal: the value as TOML writes it.

    Raises:
        DataError: no place for it is found; says what to write.
    """
    value = parse_toml(f"value = {literal}")["value"]
    wanted = _said_by(_with_value(parse_toml(text), place, value))
    for candidate in _edits(text, [str(it) for it in place if isinstance(it, str)], literal):
        try:
            if _said_by(parse_toml(candidate)) == wanted:
                return candidate
        except MalformedTomlError:
            continue
    where = ".".join(map(str, place))
    raise DataError(f"no place was found for {where} = {literal}; write it by hand")


def _said_by(table: Any) -> str:
    """All that a table says, in one order; true is not 1."""
    return json.dumps(table, sort_keys=True, default=str)


def _with_value(table: dict[str, Any], place: Sequence[str | int], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(table)
    below: Any = changed
    for name in place[:-1]:
        below = below.setdefault(name, {}) if isinstance(name, str) else below[name]
    below[place[-1]] = value
    return changed


def _edits(text: str, names: list[str], literal: str) -> Iterator[str]:
    """Texts with the value at every place that could be meant, the best first."""
    key, table = names[-1], names[-2]
    end = "\r\n" if "\r\n" in text else "\n"
    said, dotted = f"{key} = {literal}", f"{table}.{key} = {literal}"
    for it in re.finditer(rf"(?<![\w-])({re.escape(key)}\s*=\s*){_PLAIN}", text):
        yield text[: it.start()] + it[1] + literal + text[it.end() :]
    yield from _below_headers(text, rf"\[\s*(?:[\w-]+\s*\.\s*)*{re.escape(table)}\s*\]", said, end)
    for it in re.finditer(rf"(?<![\w-]){re.escape(table)}\s*=\s*{{", text):
        yield from _before_braces(text, it.end(), said)
    yield from _below_lines(text, rf"{re.escape(table)}\s*\.", dotted, end)
    if len(names) == 2:
        gap = end if not text or text.endswith("\n") else end * 2
        yield f"{text}{gap}[{table}]{end}{said}{end}"
    yield from _below_headers(text, rf"\[\[\s*{re.escape(names[0])}\s*\]\]", dotted, end)
    yield from _before_braces(text, 0, dotted)


def _below_headers(text: str, header: str, said: str, end: str) -> Iterator[str]:
    """At the end of tables, else at their beginning."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if re.match(rf"\s*{header}", line):
            indent = line[: len(line) - len(line.lstrip())]
            for after in (_end_of_table(lines, number), number):
                yield _inserted(lines, after, indent + said, end)


def _below_lines(text: str, beginning: str, said: str, end: str) -> Iterator[str]:
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if re.match(rf"\s*{beginning}", line):
            yield _inserted(lines, number, said, end)


def _before_braces(text: str, start: int, said: str) -> Iterator[str]:
    """At the end of tables of one line."""
    for closing in re.finditer(r"\s*}", text[start:]):
        before, after = text[: start + closing.start()], text[start + closing.end() :]
        comma = "" if before.endswith("{") else ","
        yield f"{before}{comma} {said}{closing[0]}{after}"


def _end_of_table(lines: list[str], header: int) -> int:
    """The last line of a table that says something."""
    last = header
    for number in range(header + 1, len(lines)):
        line = lines[number].strip()
        if _HEADER.match(line):
            break
        if line and not line.startswith("#"):
            last = number
    return last


def _inserted(lines: list[str], after: int, line: str, end: str) -> str:
    before = "".join(lines[: after + 1])
    gap = "" if before.endswith("\n") else end
    return f"{before}{gap}{line}{end}{''.join(lines[after + 1 :])}"
