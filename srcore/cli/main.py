"""The ``srcore`` program: finds commands, prints expected failures as one line."""

from __future__ import annotations

import copy
import sys
import warnings
from typing import Any

import click

from srcore import __version__
from srcore.cli.command_line import Beginning
from srcore.cli.console import accept_any_text
from srcore.cli.failing import told_exit_code
from srcore.cli.listing import ListingGroup
from srcore.cli.streams import lasting_streams
from srcore.errors import DeprecatedHookWarning, PluginError
from srcore.messages import shown
from srcore.plugin.blame import naming_exits
from srcore.plugin.discovery import label
from srcore.plugin.targets import resolve


class SrcoreGroup(click.Group):
    """The commands that plugins add, the core among them; see ``srcore_register_commands``.

    Attributes:
        owner: distribution that adds commands through this object.
        owners: who brought each command, in the order in which they were added.
        targets: ``"package.module:name"`` of commands that are imported when they are used.
        said: what such a command does, in a sentence, for the list of ``--help``.
    """

    owner = "srcore"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owners: dict[str, str] = {}
        self.targets: dict[str, str] = {}
        self.said: dict[str, str] = {}

    def owned_by(self, owner: str) -> SrcoreGroup:
        """The same group for a plugin: what it adds belongs to ``owner``."""
        view = copy.copy(self)
        view.owner = owner
        return view

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command.

        Raises:
            PluginError: it has no name, or the name is taken.
        """
        name = name or getattr(cmd, "name", None)
        if not isinstance(cmd, click.Command) or not name:
            raise PluginError(f"add_command takes a named click command, not {shown(cmd)}")
        self._take(name)
        super().add_command(cmd, name)

    def add_target(self, name: str, target: str, short_help: str = "") -> None:
        """Add a command whose module is imported when it is used.

        Args:
            name: of the command.
            target: ``"package.module:name"`` of a click command.
            short_help: first sentence of the command's help, so that ``srcore --help`` need not
                import it to list it; empty: it is imported for that, too.

        Raises:
            PluginError: the name is taken.
        """
        self._take(name)
        self.targets[name] = target
        if short_help:
            self.said[name] = short_help

    def _take(self, name: str) -> None:
        if name in self.owners:
            raise PluginError(
                f"command {shown(name)} is brought by {label(self.owners[name])} already"
            )
        self.owners[name] = self.owner

    def _ask(self) -> None:
        """The commands of the current plugins, if nobody has been asked for theirs."""
        if not self.owners:
            from srcore.plugin.manager import plugins

            plugins().hook.srcore_register_commands(cli=self)

    def forget_added(self) -> None:
        """Drop all commands, before a new set of plugins adds its own."""
        self.owners.clear()
        self.targets.clear()
        self.said.clear()
        self.commands.clear()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Those of the core in their order, then those of plugins by name."""
        self._ask()
        core = [name for name, owner in self.owners.items() if owner == "srcore"]
        return [*core, *sorted(set(self.owners) - set(core))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None.

        Raises:
            PluginError: it cannot be imported, or is no click command.
        """
        self._ask()
        if cmd_name in self.targets:
            owner = self.owners[cmd_name]
            command = resolve(self.targets[cmd_name], f"command {shown(cmd_name)}", owner)
            if not isinstance(command, click.Command):
                raise PluginError(
                    f"{label(owner)}: {self.targets[cmd_name]} is {shown(command)}; expected a "
                    "click command"
                )
            return command
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Like click's; what a command said when it was added is not asked of its module."""
        listing = ListingGroup()
        for name in self.list_commands(ctx):
            said = self.said.get(name)
            command = click.Command(name, help=said) if said else self._listed(ctx, name)
            if command is not None:
                listing.add_command(command, name)
        listing.format_commands(ctx, formatter)

    def _listed(self, ctx: click.Context, name: str) -> click.Command | None:
        """A command to be listed, though it cannot be used."""
        try:
            return self.get_command(ctx, name)
        except PluginError as error:
            return click.Command(name, help=f"Broken: {error}", short_help=f"broken: {error}")

    def invoke(self, ctx: click.Context) -> Any:
        """Like click's; only commands that plugins added may end the program by ``sys.exit``."""
        try:
            return super().invoke(ctx)
        except SystemExit:
            if self.owners.get(ctx.invoked_subcommand or "", "srcore") != "srcore":
                raise
            with naming_exits():
                raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's, with the nearest name for a misspelt command."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from srcore.plugin.known import comes_with, known_components
            from srcore.suggest import closest

            names = self.list_commands(ctx)
            elsewhere = known_components().get("command", {}).get(args[0])
            hint = (
                comes_with(elsewhere)
                if elsewhere
                else closest(args[0], names) or f"commands: {', '.join(names)}"
            )
            ctx.fail(f'no command "{args[0]}"; {hint}')
        return super().resolve_command(ctx, args)


@click.group(cls=SrcoreGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="srcore")
@click.option(
    "--without",
    multiple=True,
    metavar="NAME",
    expose_value=False,
    help="Leave out an installed plugin (entry-point or package name); repeatable.",
)
@click.option(
    "--plugin",
    multiple=True,
    metavar="FILE|MODULE",
    expose_value=False,
    help="Use a plugin that is not installed: a .py file, a package's folder or a module; "
    "repeatable.",
)
def cli() -> None:
    """Image super-resolution: a method is a plugin, an experiment is one TOML file.

    \b
    Examples:
      srcore new                                list the shipped experiments
      srcore new psnr_rrdb_x4 > experiment.toml
      srcore check experiment.toml
      srcore run experiment.toml
      srcore upscale photo.jpg -o big.png
    """  # noqa: D301 - \b is click's mark for "do not wrap"


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script; exits with 0, 1, 2, 129, 130 or 143."""
    arguments = sys.argv[1:] if arguments is None else arguments
    with lasting_streams():
        accept_any_text()
        _main(arguments)


def _main(arguments: list[str]) -> None:
    try:
        _load_before_parsing(arguments)
        code = cli.main(args=arguments, prog_name="srcore", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except SystemExit:
        raise
    except BaseException as error:  # GeneratorExit of a handler, too
        sys.exit(told_exit_code(error))


def _load_before_parsing(arguments: list[str]) -> None:
    """Load plugins before parsing, since they add commands; honors ``--without``, ``--plugin``.

    Who only asks what there is gets an answer though a plugin is broken.
    """
    from srcore.plugin.manager import load_plugins

    asked = Beginning.of(arguments)
    if asked.is_about_version:
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DeprecatedHookWarning)
        manager = load_plugins(asked.without, asked.plugins, tolerant=asked.only_looks)
    for warning in caught:
        if issubclass(warning.category, DeprecatedHookWarning):
            click.echo(f"srcore: warning: {warning.message}", err=True)
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )

    def ask() -> None:
        cli.forget_added()
        manager.hook.srcore_register_commands(cli=cli)

    manager.surviving(ask)
    if asked.command != "plugins":  # which lists them
        for broken in manager.broken:
            click.echo(f"srcore: warning: {broken.message}", err=True)
