"""Print what makes a shell complete commands, options, experiments, components and keys."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

_VARIABLE = "_SRCORE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion of SHELL: commands, options, experiments, components, keys of --set.

    The shell asks srcore itself while you type, so that new plugins are completed at once. Bash
    needs version 4.4 or newer.

    \b
    Examples:
      eval "$(srcore completion bash)"    in ~/.bashrc
      eval "$(srcore completion zsh)"     in ~/.zshrc
      srcore completion fish > ~/.config/fish/completions/srcore.fish
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    completion = get_completion_class(shell)
    assert completion is not None, "one of click's own"
    # Not as Bash's own class does it, which starts bash to learn its version.
    made = completion(ctx.find_root().command, {}, "srcore", _VARIABLE)
    click.echo(ShellComplete.source(made))
