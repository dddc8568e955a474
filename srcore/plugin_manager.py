"""Finding plugins, calling their hooks, and saying plainly what is wrong with a broken one."""

from __future__ import annotations

import contextlib
import inspect
import os
import warnings
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from importlib.metadata import Distribution, EntryPoint
from typing import Any

import attrs
import pluggy

from srcore import builtin, hookspecs
from srcore.discovery import entry_points, misfit, normalised, version_of
from srcore.errors import DeprecatedHookWarning, PluginError, SrcoreError, cause
from srcore.registry import Registry

_REGISTRATION_HOOKS = (
    "srcore_register_components",
    "srcore_register_experiments",
    "srcore_register_weight_dialects",
)


@attrs.frozen
class Plugin:
    """A loaded plugin.

    Attributes:
        name: name of its entry point; empty if it was not found by one.
        distribution: the package that brought it.
        version: version of that package.
        module: the object with the hook implementations.
        is_discovered: whether it was found by entry point and can be left out.
    """

    name: str
    distribution: str
    version: str
    module: Any
    is_discovered: bool = False

    @property
    def label(self) -> str:
        """Distribution and version, as error messages name it."""
        return f"{self.distribution} {self.version}".strip()

    @property
    def advice(self) -> str:
        """What a message about this plugin ends with."""
        return _leave_out(self.name) if self.is_discovered else ""


def _leave_out(name: str) -> str:
    return f"; run with --without {name} to leave it out"


class PluginManager:
    """The plugins of this process and what they registered.

    Args:
        discover: load the installed plugins by entry point; False for isolated tests.
        without: entry-point or distribution names to leave out.
        extra: further plugins (modules or objects with hook implementations), loaded last.
    """

    def __init__(
        self, *, discover: bool = True, without: Iterable[str] = (), extra: Iterable[Any] = ()
    ) -> None:
        self._manager = pluggy.PluginManager("srcore")
        self._manager.add_hookspecs(hookspecs)
        self.plugins: list[Plugin] = []
        self._registry: Registry | None = None
        self.without = frozenset(without)
        self._register(Plugin("builtin", "srcore", version_of("srcore"), builtin))
        if discover:
            left_out = {normalised(name) for name in self.without}
            for distribution, entry_point in entry_points():
                if not {normalised(entry_point.name), normalised(distribution.name)} & left_out:
                    self._load(distribution, entry_point)
        for module in extra:
            name = getattr(module, "__name__", type(module).__name__)
            self._register(Plugin(name, name, "", module))

    @property
    def registry(self) -> Registry:
        """What the plugins registered; filled on first use, so that ``--help`` stays quick."""
        if self._registry is None:
            registry = Registry()
            for hook in _REGISTRATION_HOOKS:
                self.fill(hook, registry=registry)
            self._registry = registry
        return self._registry

    def fill(self, hook: str, **receiver: Any) -> None:
        """Call a registration hook; the receiver's ``owner`` names the plugin that is adding."""
        for plugin in self.plugins:
            for target in receiver.values():
                target.owner = plugin.distribution
            try:
                for _ in self._results(hook, plugin, receiver):
                    pass
            except _HookError:
                raise
            except SrcoreError as error:
                raise _HookError(f"{plugin.label}: hook {hook}: {error}{plugin.advice}") from error

    def call(self, hook: str, **arguments: Any) -> list[Any]:
        """Call a hook of every plugin, core first; an unexpected error names the plugin."""
        return [result for _, result in self.answers(hook, **arguments)]

    def answers(self, hook: str, **arguments: Any) -> Iterator[tuple[Plugin, Any]]:
        """As :meth:`call`, each result with the plugin that gave it; without those that are None.

        Raises:
            PluginError: an implementation raised what is no SrcoreError; names distribution,
                version, hook and cause.
        """
        for plugin in self.plugins:
            for result in self._results(hook, plugin, arguments):
                if result is not None:
                    yield plugin, result

    def hooks_of(self, plugin: Plugin) -> list[str]:
        """Names of the hooks that a plugin implements."""
        callers = self._manager.get_hookcallers(plugin.module) or []
        return sorted(caller.name for caller in callers)

    def _results(self, hook: str, plugin: Plugin, arguments: dict[str, Any]) -> Iterator[Any]:
        for implementation in self._implementations(hook, plugin):
            given = [arguments[name] for name in implementation.argnames]
            try:
                result = implementation.function(*given)
            except (SrcoreError, KeyboardInterrupt):
                raise
            except BaseException as error:  # a plugin's SystemExit must not end the program unnamed
                raise _HookError(
                    f"{plugin.label}: hook {hook} failed: {cause(error)}{plugin.advice}"
                ) from error
            yield result

    def _implementations(self, hook: str, plugin: Plugin) -> list[pluggy.HookImpl]:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return [entry for entry in caller.get_hookimpls() if entry.plugin is plugin.module]

    def _load(self, distribution: Distribution, entry_point: EntryPoint) -> None:
        label, advice = f"{distribution.name} {distribution.version}", _leave_out(entry_point.name)
        unfit = misfit(distribution)
        if unfit:
            raise PluginError(f"{label}: {unfit}, or{advice[1:]}")
        if not entry_point.pattern.match(entry_point.value):
            raise PluginError(
                f'{label}: entry point {entry_point.name} is "{entry_point.value}"; expected '
                f"package.module or package.module:name{advice}"
            )
        try:
            module = entry_point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() at import included
            raise PluginError(
                f"{label}: cannot import {entry_point.value}: {cause(error)}; "
                f"reinstall it, or{advice[1:]}"
            ) from error
        plugin = Plugin(
            entry_point.name, distribution.name, distribution.version, module, is_discovered=True
        )
        self._register(plugin)
        if not self.hooks_of(plugin):
            raise PluginError(f"{label}: {entry_point.value} implements no hook of srcore{advice}")

    def _register(self, plugin: Plugin) -> None:
        for taken in self.plugins:
            if taken.name == plugin.name:
                raise PluginError(
                    f"plugin {plugin.name!r} is provided by {taken.label} and by {plugin.label}; "
                    f"uninstall one of them, or run with --without {plugin.distribution}"
                )
            if taken.module is plugin.module:
                raise PluginError(
                    f"{plugin.label}: entry point {plugin.name!r} names the module that "
                    f"{taken.label} brings as {taken.name!r}{plugin.advice}"
                )
        self._refuse_misspelt_hooks(plugin)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self._manager.register(plugin.module, plugin.name)
            except (pluggy.PluginValidationError, ValueError) as error:
                text = " ".join(str(error).split())
                raise PluginError(f"{plugin.label}: {text}{plugin.advice}") from error
        # pluggy warns of deprecated hooks at the line of the plugin; users know distributions.
        for warning in caught:
            text = f"{plugin.label}: {warning.message}; look for a newer version of the plugin"
            warnings.warn(text, DeprecatedHookWarning, stacklevel=2)
        self._refuse_special_hooks(plugin)
        self.plugins.append(plugin)

    def _refuse_misspelt_hooks(self, plugin: Plugin) -> None:
        known = [name for name in vars(hookspecs) if name.startswith("srcore_")]
        for name in dir(plugin.module):
            value = inspect.getattr_static(plugin.module, name, None)
            marked = hasattr(value, "srcore_impl")
            if name in known and not marked and callable(value):
                raise PluginError(
                    f"{plugin.label}: {name} lacks the @srcore.hookimpl decorator{plugin.advice}"
                )
            looks_like_one = name.startswith("srcore_") and inspect.isfunction(value)
            if (marked or looks_like_one) and name not in known:
                raise PluginError(
                    f"{plugin.label}: srcore {version_of('srcore')} has no hook {name}; hooks are "
                    f"{', '.join(known)}{plugin.advice}"
                )

    def _refuse_special_hooks(self, plugin: Plugin) -> None:
        """Plugins run in the order of their names: what pluggy offers beside that is not heeded."""
        for hook in self.hooks_of(plugin):
            for found in self._implementations(hook, plugin):
                options = ("wrapper", "hookwrapper", "tryfirst", "trylast")
                asked = [name for name in options if getattr(found, name, False)]
                if inspect.iscoroutinefunction(found.function):
                    asked.append("async")
                if asked:
                    raise PluginError(
                        f"{plugin.label}: hook {hook} asks for {', '.join(asked)}; hooks of srcore "
                        f"are plain functions, called in the order of plugins{plugin.advice}"
                    )


class _HookError(PluginError):
    """A hook failed; the message names the plugin already."""


_current: ContextVar[PluginManager | None] = ContextVar("srcore_plugins", default=None)


def plugins() -> PluginManager:
    """The plugin manager of this process, made on first use.

    The environment variable ``SRCORE_WITHOUT`` (comma separated) leaves plugins out.
    """
    return _current.get() or load()


def load(without: Iterable[str] = ()) -> PluginManager:
    """Load the installed plugins, except those named, and make them the current ones."""
    listed = filter(None, os.environ.get("SRCORE_WITHOUT", "").split(","))
    manager = PluginManager(without=[*without, *listed])
    _current.set(manager)
    return manager


@contextlib.contextmanager
def using(manager: PluginManager) -> Iterator[PluginManager]:
    """Make ``manager`` the current one inside a ``with`` block."""
    token = _current.set(manager)
    try:
        yield manager
    finally:
        _current.reset(token)
