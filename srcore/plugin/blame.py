"""Whose code an error comes from: that of a plugin, if it leads into one."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from types import TracebackType

from srcore.errors import PluginError, cause
from srcore.plugin.implementations import Plugin

#: Plugins found by entry point, by the package that their code lies in.
_packages: dict[str, Plugin] = {}


def know(plugin: Plugin) -> None:
    """A plugin was loaded: what its package does is its own."""
    module = getattr(plugin.module, "__name__", None) or type(plugin.module).__module__
    _packages[str(module).partition(".")[0]] = plugin


def blamed(error: BaseException | None) -> tuple[Plugin, str] | None:
    """Whose code it happened in: that of the first error, which others may have followed.

    A StopIteration that leaves a handler becomes a RuntimeError of the engine, for one.
    """
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return next(filter(None, (_deepest(entry.__traceback__) for entry in reversed(seen))), None)


@contextlib.contextmanager
def naming_exits(*, of_plugins_only: bool = False) -> Iterator[None]:
    """Code of plugins must not end the program: whoever calls ``sys.exit`` here is named.

    A signal that the program takes for its end comes anywhere: that is nobody's fault.

    Args:
        of_plugins_only: let other code end the program: that of a caller, such as a progress bar.

    Raises:
        PluginError: in the place of SystemExit.
    """
    try:
        yield
    except SystemExit as error:
        culprit = blamed(error)
        if _is_of_signal(error.__traceback__) or (of_plugins_only and not culprit):
            raise
        who = f"{culprit[0].label} ({culprit[1]})" if culprit else "somebody's code"
        advice = culprit[0].advice if culprit else ""
        raise PluginError(
            f"{who} ended the program ({cause(error)}), which only commands may; report it "
            f"there{advice}"
        ) from error


def _deepest(trace: TracebackType | None) -> tuple[Plugin, str] | None:
    """The innermost call that lies in a plugin's package, and where."""
    deepest = None
    for frame, line in traceback.walk_tb(trace):
        module = str(frame.f_globals.get("__name__", ""))
        plugin = _packages.get(module.partition(".")[0])
        if plugin is not None:
            deepest = plugin, f"{module}, line {line}"
    return deepest


def _is_of_signal(trace: TracebackType | None) -> bool:
    """Whether it was raised where a signal is handled."""
    import signal

    handlers = (signal.getsignal(number) for number in signal.valid_signals())
    codes = {getattr(handler, "__code__", None) for handler in handlers} - {None}
    return any(frame.f_code in codes for frame, _ in traceback.walk_tb(trace))
