"""Finding plugins, calling their hooks, and saying plainly what is wrong with a broken one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any

import attrs
import pluggy

from srcore import builtin, hookspecs
from srcore.errors import PluginError, SrcoreError
from srcore.registry import Registry

GROUP = "srcore"
_REGISTRATION_HOOKS = (
    "srcore_register_components",
    "srcore_register_experiments",
    "srcore_register_weight_dialects",
)


@attrs.frozen
class Plugin:
    """A loaded plugin.

    Attributes:
        name: name of its entry point.
        distribution: the package that brought it.
        version: version of that package.
        module: the object with the hook implementations.
    """

    name: str
    distribution: str
    version: str
    module: Any

    @property
    def label(self) -> str:
        """Distribution and version, as error messages name it."""
        return f"{self.distribution} {self.version}".strip()


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
        self._register(Plugin("builtin", "srcore", _version("srcore"), builtin))
        if discover:
            for distribution, entry_point in _entry_points():
                if not {entry_point.name, distribution.name} & self.without:
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
                self._call_registration(hook, registry)
            self._registry = registry
        return self._registry

    def call(self, hook: str, **arguments: Any) -> list[Any]:
        """Call a hook of every plugin, core first; an unexpected error names the plugin."""
        results = []
        for plugin in self.plugins:
            for implementation in self._implementations(hook, plugin):
                names = implementation.argnames
                try:
                    results.append(implementation.function(*(arguments[name] for name in names)))
                except (SrcoreError, KeyboardInterrupt):
                    raise
                except Exception as error:
                    raise PluginError(
                        f"{plugin.label}: hook {hook} failed: {type(error).__name__}: {error}"
                    ) from error
        return [result for result in results if result is not None]

    def hooks_of(self, plugin: Plugin) -> list[str]:
        """Names of the hooks that a plugin implements."""
        callers = self._manager.get_hookcallers(plugin.module) or []
        return sorted(caller.name for caller in callers)

    def _call_registration(self, hook: str, registry: Registry) -> None:
        for plugin in self.plugins:
            registry.owner = plugin.distribution
            for implementation in self._implementations(hook, plugin):
                try:
                    implementation.function(registry)
                except PluginError as error:
                    raise PluginError(f"{plugin.label}: hook {hook}: {error}") from error
                except Exception as error:
                    raise PluginError(
                        f"{plugin.label}: hook {hook} failed: {type(error).__name__}: {error}"
                    ) from error

    def _implementations(self, hook: str, plugin: Plugin) -> list[pluggy.HookImpl]:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return [entry for entry in caller.get_hookimpls() if entry.plugin is plugin.module]

    def _load(self, distribution: Distribution, entry_point: EntryPoint) -> None:
        label = f"{distribution.name} {distribution.version}"
        try:
            module = entry_point.load()
        except Exception as error:
            raise PluginError(
                f"{label}: cannot import {entry_point.value}: {type(error).__name__}: {error}; "
                f"reinstall it, or run with --without {entry_point.name}"
            ) from error
        self._register(Plugin(entry_point.name, distribution.name, distribution.version, module))

    def _register(self, plugin: Plugin) -> None:
        for taken in self.plugins:
            if taken.name == plugin.name:
                raise PluginError(
                    f"plugin {plugin.name!r} is provided by {taken.label} and by {plugin.label}; "
                    "uninstall one of them"
                )
        self._refuse_misspelt_hooks(plugin)
        try:
            self._manager.register(plugin.module, plugin.name)
        except (pluggy.PluginValidationError, ValueError) as error:
            text = " ".join(str(error).split())
            raise PluginError(f"{plugin.label}: {text}") from error
        self.plugins.append(plugin)

    def _refuse_misspelt_hooks(self, plugin: Plugin) -> None:
        known = [name for name in vars(hookspecs) if name.startswith("srcore_")]
        for name in vars(plugin.module) if hasattr(plugin.module, "__dict__") else ():
            marked = hasattr(getattr(plugin.module, name), "srcore_impl")
            if name in known and not marked and callable(getattr(plugin.module, name)):
                raise PluginError(f"{plugin.label}: {name} lacks the @srcore.hookimpl decorator")
            if (marked or name.startswith("srcore_")) and name not in known:
                raise PluginError(
                    f"{plugin.label}: unknown hook {name}; hooks are {', '.join(known)}"
                )


def _entry_points() -> Iterator[tuple[Distribution, EntryPoint]]:
    """Entry points of the group, sorted by distribution so that the order never depends on disk."""
    found: dict[tuple[str, str, str], tuple[Distribution, EntryPoint]] = {}
    for distribution in distributions():
        for entry_point in distribution.entry_points:
            if entry_point.group == GROUP:
                found.setdefault(
                    (distribution.name, entry_point.name, entry_point.value),
                    (distribution, entry_point),
                )
    yield from (found[key] for key in sorted(found))


def _version(name: str) -> str:
    for distribution in distributions(name=name):
        return distribution.version
    return "(not installed)"


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
