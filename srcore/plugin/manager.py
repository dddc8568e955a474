"""Finding plugins, calling their hooks, and saying plainly what is wrong with a broken one."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from importlib.metadata import Distribution, EntryPoint
from typing import Any

import pluggy

from srcore import hookspecs
from srcore.errors import DeprecatedHookWarning, PluginError, cause
from srcore.messages import shown
from srcore.plugin.blame import know
from srcore.plugin.discovery import entry_points, normalized_name, version_misfit, version_of
from srcore.plugin.implementations import Implementations, Plugin, leave_out
from srcore.plugin.patience import naming_what_hangs
from srcore.plugin.registry import Registry

_REGISTRATION_HOOKS = (
    "srcore_register_components",
    "srcore_register_experiments",
    "srcore_register_weight_dialects",
    "srcore_register_models",
)


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
        # By name, as every plugin is loaded: the core's parts stand on the manager, not it on them
        builtin = importlib.import_module("srcore.plugin.builtin")
        self._discover, self._extra = discover, tuple(extra)
        self._add(Plugin("builtin", "srcore", version_of("srcore"), builtin))
        if discover:
            left_out = {normalized_name(name): name for name in self.without}
            installed: set[str] = set()
            for distribution, entry_point in entry_points():
                names = {normalized_name(it) for it in (entry_point.name, distribution.name)}
                installed |= names
                if not names & left_out.keys():
                    self._load(distribution, entry_point)
            _refuse_unknown(left_out, installed)
        for module in self._extra:
            name = getattr(module, "__name__", type(module).__name__)
            self._add(Plugin(name, name, "", module))
        # pluggy calls what was registered last first; the order of srcore is that of the list
        for plugin in reversed(self.plugins):
            self._register(plugin)

    def extended(self, *extra: Any) -> PluginManager:
        """A manager of the same plugins and of further ones (modules or objects)."""
        return PluginManager(
            discover=self._discover, without=self.without, extra=[*self._extra, *extra]
        )

    @property
    def hook(self) -> pluggy.HookRelay:
        """The hook callers of pluggy: ``run.plugins.hook.srcore_run_started(run=run)``.

        Raises:
            PluginError: an implementation raised what is no SrcoreError; names distribution,
                version, hook and cause.
        """
        return self._manager.hook

    @property
    def registry(self) -> Registry:
        """What the plugins registered; filled on first use, so that ``--help`` stays quick."""
        if self._registry is None:
            registry = Registry()
            for hook in _REGISTRATION_HOOKS:
                getattr(self.hook, hook)(registry=registry)
            registry.complete()
            self._registry = registry
        return self._registry

    @property
    def discovered(self) -> list[str]:
        """Distribution and version of the plugins that were found by entry point."""
        return sorted({plugin.label for plugin in self.plugins if plugin.is_discovered})

    def hooks_of(self, plugin: Plugin) -> list[str]:
        """Names of the hooks that a plugin implements."""
        registered = self._manager.get_plugin(plugin.name)
        return sorted(caller.name for caller in self._manager.get_hookcallers(registered) or ())

    def _load(self, distribution: Distribution, entry_point: EntryPoint) -> None:
        label, advice = f"{distribution.name} {distribution.version}", leave_out(entry_point.name)
        unfit = version_misfit(distribution)
        if unfit:
            raise PluginError(f"{label}: {unfit}, or{advice[1:]}")
        if not entry_point.pattern.match(entry_point.value):
            raise PluginError(
                f'{label}: entry point {entry_point.name} is "{entry_point.value}"; expected '
                f"package.module or package.module:name{advice}"
            )
        try:
            with naming_what_hangs(f"{label} ({entry_point.value})", advice):
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
        self._add(plugin)
        know(plugin)

    def _add(self, plugin: Plugin) -> None:
        for taken in self.plugins:
            if taken.name == plugin.name:
                raise PluginError(
                    f"plugin {shown(plugin.name)} is provided by {taken.label} and by "
                    f"{plugin.label}; "
                    f"uninstall one of them, or run with --without {plugin.distribution}"
                )
            if taken.module is plugin.module:
                raise PluginError(
                    f"{plugin.label}: entry point {shown(plugin.name)} names the module that "
                    f"{taken.label} brings as {shown(taken.name)}{plugin.advice}"
                )
        self.plugins.append(plugin)

    def _register(self, plugin: Plugin) -> None:
        marked = self._marked(plugin)
        if not marked and plugin.is_discovered:
            module = plugin.module.__name__
            raise PluginError(
                f"{plugin.label}: {module} implements no hook of srcore{plugin.advice}"
            )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self._manager.register(Implementations(plugin, marked), plugin.name)
            except (pluggy.PluginValidationError, ValueError) as error:
                text = " ".join(str(error).split())
                raise PluginError(f"{plugin.label}: {text}{plugin.advice}") from error
        # pluggy warns of deprecated hooks at the line of the plugin; users know distributions.
        for warning in caught:
            text = f"{plugin.label}: {warning.message}; look for a newer version of the plugin"
            warnings.warn(text, DeprecatedHookWarning, stacklevel=2)

    def _marked(self, plugin: Plugin) -> dict[str, pluggy.HookimplOpts]:
        """The functions of a plugin that are marked as hooks; misspelt ones are refused."""
        known = [name for name in vars(hookspecs) if name.startswith("srcore_")]
        marked = {}
        for name in dir(plugin.module):
            options = self._manager.parse_hookimpl_opts(plugin.module, name)
            value = inspect.getattr_static(plugin.module, name, None)
            if options is None and name in known and callable(value):
                raise PluginError(
                    f"{plugin.label}: {name} lacks the @srcore.hookimpl decorator{plugin.advice}"
                )
            hook = (options and options["specname"]) or name
            if options is not None:
                marked[name] = options
                wanted = not options["optionalhook"]
            else:
                wanted = name.startswith("srcore_") and inspect.isfunction(value)
            if wanted and hook not in known:
                raise PluginError(
                    f"{plugin.label}: srcore {version_of('srcore')} has no hook {hook}; hooks are "
                    f"{', '.join(known)}{plugin.advice}"
                )
        return marked


_current: ContextVar[PluginManager | None] = ContextVar("srcore_plugins", default=None)


def _refuse_unknown(left_out: Mapping[str, str], installed: Iterable[str]) -> None:
    """A name to leave out that nothing has would leave a plugin in that was meant to go."""
    from srcore.config.suggest import closest

    installed = sorted(installed)
    for normalized, name in left_out.items():
        if normalized not in installed:
            hint = closest(normalized, installed) or "srcore plugins lists those that are"
            raise PluginError(f"--without {name}: no plugin of this name is installed; {hint}")


def plugins() -> PluginManager:
    """The plugin manager of this process, made on first use.

    The environment variable ``SRCORE_WITHOUT`` (comma separated) leaves plugins out.
    """
    return _current.get() or load_plugins()


def load_plugins(without: Iterable[str] = ()) -> PluginManager:
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
