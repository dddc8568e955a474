"""Which parameters a pattern means; torch is not imported here."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable

from srcore.messages import shown
from srcore.suggest import closest

#: Names that a message lists.
_SHOWN = 4


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that a pattern matches: ``*`` stands for anything, dots too.

    >>> matching("*.bias", ["conv_first.weight", "conv_first.bias", "bias"])
    ['conv_first.bias']
    """
    return [name for name in names if fnmatch.fnmatchcase(name, pattern)]


def unmatched(pattern: str, names: Collection[str]) -> str:
    """One line on a pattern that matches no parameter: near names, or the first ones."""
    plain = pattern.replace("*", "").strip(".")
    modules = {name.rpartition(".")[0] for name in names} - {""}
    hint = closest(plain, [*names, *modules]) or closest(pattern, names)
    if not hint:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        hint = f"parameters: {', '.join(list(names)[:_SHOWN])}{more}"
    return f"{shown(pattern)} matches no parameter; {hint}"
