"""A loaded plugin and its hook implementations, each wrapped so that a failure names its owner."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import attrs
from pluggy import HookimplOpts

from srcore.errors import PluginError, Problem, SrcoreError, cause
from srcore.hookspecs import hookimpl
from srcore.messages import told

#: Environment variable with plugins that are not installed, between commas or what separates
#: folders in ``PATH``.
VARIABLE = "SRCORE_PLUGINS"


@attrs.frozen
class Plugin:
    """A loaded plugin.

    Attributes:
        name: name of its entry point; empty if it was not found by one.
        distribution: the package that brought it.
        version: version of that package.
        module: the object with the hook implementations.
        is_discovered: whether it was found by entry point and can be left out.
        named: as ``--plugin`` named it; empty if it did not.
    """

    name: str
    distribution: str
    version: str
    module: Any
    is_discovered: bool = False
    named: str = ""

    @property
    def label(self) -> str:
        """Distribution and version, as error messages name it."""
        return f"{self.distribution} {self.version}".strip()

    @property
    def advice(self) -> str:
        """What a message about this plugin ends with."""
        if self.named:
            return leave_named_out(self.named)
        return leave_out(self.name) if self.is_discovered else ""


def leave_out(name: str) -> str:
    """The end of a message about the plugin of an entry point."""
    return f"; run with --without {name} to leave it out"


def leave_named_out(name: str) -> str:
    """The end of a message about a plugin that ``--plugin`` named."""
    return f"; leave --plugin {name} out (or out of {VARIABLE}) to go on without it"


@runtime_checkable
class Owned(Protocol):
    """A hook's argument of which every plugin gets its own view, such as the registry."""

    def owned_by(self, owner: str) -> Any:
        """The view of the distribution ``owner``: what it adds is known to be its own."""
        ...


class HookError(PluginError):
    """A hook failed; the message names the plugin already.

    Attributes:
        plugin: whose hook.
    """

    def __init__(self, message: str, plugin: Plugin) -> None:
        super().__init__(message)
        self.plugin = plugin


class Implementations:
    """What pluggy registers in a plugin's place: its hook implementations under their names.

    Args:
        plugin: whose they are.
        marked: name of every function of its module that is marked with ``srcore.hookimpl`` ->
            what the mark says.
    """

    def __init__(self, plugin: Plugin, marked: Mapping[str, HookimplOpts]) -> None:
        for name, options in marked.items():
            function = getattr(plugin.module, name)
            guard = _Guard(plugin, options["specname"] or name)
            around = options["wrapper"] or options["hookwrapper"]
            if inspect.iscoroutinefunction(function):
                raise guard.failure("is async; expected a plain function")
            yields = inspect.isgeneratorfunction(function)
            if yields and not around:
                raise guard.failure("yields; return a value, or mark it with wrapper=True")
            if around and not yields:
                raise guard.failure("is marked as a wrapper and has no yield")
            guarded = guard.around(function, options) if around else guard.inside(function)
            setattr(self, name, hookimpl(**options)(guarded))


@attrs.frozen
class _Guard:
    """Stands between pluggy and an implementation."""

    plugin: Plugin
    hook: str

    def failure(self, text: str) -> HookError:
        """What is wrong with the implementation, as users read it."""
        message = f"{self.plugin.label}: hook {self.hook} {text}{self.plugin.advice}"
        return HookError(message, self.plugin)

    def inside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Guard a plain implementation."""

        @functools.wraps(function)
        def implementation(*given: Any) -> Any:
            with self._naming(given) as own:
                result = function(*own)
                self._check([] if result is None else [result])
                return result

        return implementation

    def around(self, function: Callable[..., Any], options: HookimplOpts) -> Callable[..., Any]:
        """Guard a wrapper; what comes from inside of it is not blamed on it."""

        @functools.wraps(function)
        def wrapper(*given: Any) -> Generator[None, Any, Any]:
            with self._naming(given) as own:
                steps = function(*own)
                if next(steps, steps) is steps:
                    raise self.failure("did not yield; a wrapper yields once")
            inner: BaseException | None = None
            try:
                outcome = yield
            except BaseException as error:  # a wrapper sees whatever happened inside
                inner, resume = error, functools.partial(steps.throw, error)
            else:
                resume = functools.partial(steps.send, outcome)
            with self._naming(given, inner):
                try:
                    resume()
                except StopIteration as end:
                    if options["wrapper"]:
                        self._check(end.value)
                    return end.value
                raise self.failure("yields again; a wrapper yields once")

        return wrapper

    @contextlib.contextmanager
    def _naming(
        self, given: tuple[Any, ...], inner: BaseException | None = None
    ) -> Iterator[list[Any]]:
        """Name the plugin in failures of its own; yields the arguments as it shall see them.

        What fails in the core's own is shown as it is, with whoever's code it leads into.
        """
        owner = self.plugin.distribution
        try:
            yield [value.owned_by(owner) if isinstance(value, Owned) else value for value in given]
        except (KeyboardInterrupt, HookError):
            raise
        except BaseException as error:  # a plugin's SystemExit must not end the program unnamed
            if error is inner or owner == "srcore":
                raise
            if not isinstance(error, SrcoreError):
                raise self.failure(f"failed: {cause(error)}") from error
            if self.hook.startswith("srcore_register_"):
                text = f"{self.plugin.label}: hook {self.hook}: {error}{self.plugin.advice}"
                raise HookError(text, self.plugin) from error
            raise

    def _check(self, results: Any) -> None:
        """Refuse results that nobody expects: those of one implementation or what a wrapper gave.

        What other hooks return is not used.
        """
        if self.hook != "srcore_experiment_loaded":
            return
        if not isinstance(results, list):
            raise self.failure(f"returned {told(results)}; a wrapper returns what its yield gave")
        for result in results:
            if not isinstance(result, list) or not all(isinstance(it, Problem) for it in result):
                wanted = "expected a list of srcore.errors.Problem"
                raise self.failure(f"returned {told(result)}; {wanted}")
