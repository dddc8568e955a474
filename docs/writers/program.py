"""Pages of the hooks and of the command line."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import srcore
from srcore import hookspecs
from writers.definitions import defined, definition
from writers.docstrings import markdown, text

if TYPE_CHECKING:
    from srcore.plugin.manager import PluginManager

_HELP_WIDTH = 88
_ANSWER = re.compile(r"^(When|Do|Parameters|Returns|Errors|Since): ", re.MULTILINE)


def hook_names() -> list[str]:
    """All hooks in the order in which they run."""
    return [name for name in vars(hookspecs) if name.startswith("srcore_")]


def hooks_page(manager: PluginManager) -> str:
    """Every hook with its real signature, its contract, and who implements it."""
    parts = [
        "# Hooks",
        markdown(inspect.getdoc(hookspecs) or ""),
        "What the parameters offer is in the [API reference](api.md#what-hooks-receive). "
        "[Writing hooks](../how-to/write-hooks.md) has examples.",
    ]
    for name in hook_names():
        hook = defined(f"srcore.hookspecs.{name}")
        parts += [f"## {name}", f"```py\n{definition(hook)}\n```"]
        parts += _contract(hook.docstring.value)
        users = [f"`{p.distribution}`" for p in manager.plugins if name in manager.hooks_of(p)]
        parts.append(f"**Called by:** {', '.join(f'`{file}`' for file in callers(name))}.")
        if users:
            parts.append(f"**Implemented by:** {', '.join(users)}.")
    return "\n\n".join(parts) + "\n"


def callers(hook: str) -> list[str]:
    """Files of the core that call a hook; those of registration stand in a tuple of names."""
    root = Path(srcore.__file__).parent
    call = re.compile(rf'^[^`\n]*hook\.{hook}\(|^    "{hook}",$', re.MULTILINE)
    files = sorted(file for file in root.rglob("*.py") if call.search(file.read_text("utf-8")))
    return [file.relative_to(root.parent).as_posix() for file in files]


def _contract(docstring: str) -> Iterator[str]:
    """What a hook is, then the answers to the questions of every hook."""
    head, *answers = re.split(
        r"^(When|Do|Parameters|Returns|Errors|Since): ", docstring, flags=re.MULTILINE
    )
    yield markdown(head)
    for title, answer in zip(answers[::2], answers[1::2], strict=True):
        yield f"**{title}:** {text(textwrap.dedent('    ' + answer))}"


def cli_page(group: click.Group) -> str:
    """The help of every command, those of plugins included."""
    parts = ["# Command line", "The `--help` of every command."]
    for path, command in _commands("srcore", group):
        context = click.Context(
            command,
            info_name=path,
            max_content_width=_HELP_WIDTH,
            terminal_width=_HELP_WIDTH,
            help_option_names=["-h", "--help"],  # as the program sets them for all commands
        )
        level = "##" if path.count(" ") <= 1 else "###"
        parts += [f"{level} {path}", f"```text\n{command.get_help(context).rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            below: Any = command.get_command(context, name)
            yield from _commands(f"{path} {name}", below)
