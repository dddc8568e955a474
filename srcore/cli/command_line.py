"""What a command line says before its command: it decides which plugins add commands."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

#: Commands that say what there is, so that a broken plugin must not keep them from it.
_LOOKING = ("plugins", "completion")
_HELP = ("-h", "--help")
_WITH_VALUE = {"--without": "without", "--plugin": "plugins"}


@attrs.frozen
class Beginning:
    """The part of a command line that is read before plugins are loaded.

    Attributes:
        without: values of ``--without``.
        plugins: values of ``--plugin``.
        command: empty if there is none.
        flags: options without a value before the command.
        rest: what follows the command.
    """

    without: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    command: str = ""
    flags: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Beginning:
        """Read it.

        >>> Beginning.of(["--plugin", "mine.py", "run", "x.toml"]).plugins
        ('mine.py',)
        """
        values: dict[str, list[str]] = {"without": [], "plugins": []}
        flags: list[str] = []
        left = list(arguments)
        while left and left[0].startswith("-"):
            name, sign, value = left.pop(0).partition("=")
            if name not in _WITH_VALUE:
                flags.append(name)
            elif sign or left:
                values[_WITH_VALUE[name]].append(value if sign else left.pop(0))
        command = left.pop(0) if left else ""
        given, named = tuple(values["without"]), tuple(values["plugins"])
        return cls(given, named, command, tuple(flags), tuple(left))

    @property
    def is_about_version(self) -> bool:
        """Whether only the version is asked for."""
        return "--version" in self.flags and not set(_HELP) & set(self.flags)

    @property
    def only_looks(self) -> bool:
        """Whether it computes nothing: help, or a list of what there is."""
        asks_for_help = set(_HELP) & {*self.flags, *self.rest}
        return not self.command or self.command in _LOOKING or bool(asks_for_help)
