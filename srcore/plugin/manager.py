"""Finding plugins, calling their hooks, and saying plainly what is wrong with a broken one."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import pluggy

from srcore import hookspecs
from srcore.errors import DeprecatedHookWarning, PluginError, cause
from srcore.messages import shown
from srcore.plugin.blame import know
from srcore.plugin.discovery import (
    Installed,
    entry_points,
    normalized_name,
    version_misfit,
    version_of,
)
from srcore.plugin.implementations import HookError, Implementations, Plugin, leave_out
from srcore.plugin.named import load as load_named
from srcore.plugin.named import named_by_environment, whole
from srcore.plugin.patience import naming_what_hangs

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry

_Answer = TypeVar("_Answer")

_REGISTRATION_HOOKS = (
    "srcore_register_components",
    "srcore_register_experiments",
    "srcore_register_weight_dialects",
    "srcore_register_models",
)


@attrs.frozen
class Broken:
    """A plugin that cannot be used.

    Attributes:
        name: of its entry point; empty if it was named.
        distribution: package that brings it, or as it was named.
        version: of the package.
        message: one line on what is wrong with it.
    """

    name: str
    distribution: str
    version: str
    message: str


class PluginManager:
    """The plugins of this process and what they registered.

    Args:
        discover: load the installed plugins by entry point; False for isolated tests.
        without: entry-point or distribution names to leave out.
        extra: further plugins (modules or objects with hook implementations), loaded last.
        named: files or modules that are plugins without being installed.
        tolerant: leave broken plugins out and list them as ``broken``, for who only wants to look;
            what is computed without one would be something else.

    Attributes:
        plugins: those that work, in the order in which their hooks are called.
        without: see above.
        named: see above; files by their absolute paths.
        broken: those that do not work; only of a tolerant manager.
    """

    def __init__(
        self,
        *,
        discover: bool = True,
        without: Iterable[str] = (),
        extra: Iterable[Any] = (),
        named: Iterable[str] = (),
        tolerant: bool = False,
    ) -> None:
        self._manager = pluggy.PluginManager("srcore")
        self._manager.add_hookspecs(hookspecs)
        self.plugins: list[Plugin] = []
        self._registry: Registry | None = None
        self.without, self.named = frozenset(without), whole(named)
        self.broken: list[Broken] = []
        self._tolerant = tolerant
        # By name, as every plugin is loaded: the core's parts stand on the manager, not it on them
        builtin = importlib.import_module("srcore.builtin")
        self._discover, self._extra = discover, tuple(extra)
        self._add(Plugin("builtin", "srcore", version_of("srcore"), builtin))
        if discover:
            left_out = {normalized_name(name): name for name in self.without}
            installed: set[str] = set()
            for distribution, entry_point in entry_points():
                names = {normalized_name(it) for it in (entry_point.name, distribution.name)}
                installed |= names
                if not names & left_out.keys():
                    with self._noting(entry_point.name, distribution.name, distribution.version):
                        self._load(distribution, entry_point)
            _refuse_unknown(left_out, installed)
        for name in self.named:
            with self._noting("", name):
                self._load_named(name)
        for module in self._extra:
            name = getattr(module, "__name__", type(module).__name__)
            self._add(Plugin(name, name, "", module))
        # pluggy calls what was registered last first; the order of srcore is that of the list
        for plugin in reversed(list(self.plugins)):
            with self._noting(plugin.name, plugin.distribution, plugin.version, plugin):
                self._register(plugin)

    def extended(self, *extra: Any) -> PluginManager:
        """A manager of the same plugins and of further ones (modules or objects)."""
        return PluginManager(
            discover=self._discover,
            without=self.without,
            extra=[*self._extra, *extra],
            named=self.named,
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
            self._registry = self.surviving(self._registered)
        return self._registry

    def _registered(self) -> Registry:
        from srcore.plugin.registry import Registry

        registry = Registry()
        for hook in _REGISTRATION_HOOKS:
            getattr(self.hook, hook)(registry=registry)
        registry.complete()
        return registry

    def surviving(self, call: Callable[[], _Answer]) -> _Answer:
        """What a call of hooks gives; a tolerant manager leaves out who fails, and calls again.

        What plugins print goes to standard error: results of commands are not theirs.
        """
        while True:
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    return call()
            except PluginError as error:
                culprit = self._culprit(error)
                if culprit is None or not self._tolerant:
                    raise
                self._manager.unregister(name=culprit.name)
                self._leave_out(culprit, error)

    def _culprit(self, error: PluginError) -> Plugin | None:
        """The plugin to leave out; the core is none."""
        if isinstance(error, HookError):
            return error.plugin if error.plugin.distribution != "srcore" else None
        from srcore.plugin.registry import UnknownKindError

        owner = error.owner if isinstance(error, UnknownKindError) else ""
        return next((it for it in self.plugins if owner and it.distribution == owner), None)

    def _leave_out(self, plugin: Plugin, error: PluginError) -> None:
        self.plugins.remove(plugin)
        self.broken.append(Broken(plugin.name, plugin.distribution, plugin.version, str(error)))

    @contextlib.contextmanager
    def _noting(
        self, name: str, distribution: str, version: str = "", plugin: Plugin | None = None
    ) -> Iterator[None]:
        """Note who cannot be loaded, if that is tolerated."""
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        except PluginError as error:
            if not self._tolerant:
                raise
            if plugin is not None:
                self._leave_out(plugin, error)
            else:
                self.broken.append(Broken(name, distribution, version, str(error)))

    @property
    def discovered(self) -> list[str]:
        """Distribution and version of the plugins that were found by entry point, or named."""
        named_or_installed = (it for it in self.plugins if it.is_discovered or it.named)
        return sorted({plugin.label for plugin in named_or_installed})

    @property
    def named_states(self) -> dict[str, str]:
        """A hash of the files of every plugin that was named, by its name without folders."""
        return {it.distribution: it.version for it in self.plugins if it.named}

    def hooks_of(self, plugin: Plugin) -> list[str]:
        """Names of the hooks that a plugin implements."""
        registered = self._manager.get_plugin(plugin.name)
        return sorted(caller.name for caller in self._manager.get_hookcallers(registered) or ())

    def _load(self, distribution: Installed, entry_point: EntryPoint) -> None:
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

    def _load_named(self, name: str) -> None:
        plugin = load_named(name)
        if any(taken.module is plugin.module for taken in self.plugins):
            return  # it is installed as well
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
        if not marked and (plugin.is_discovered or plugin.named):
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
    from srcore.suggest import closest

    installed = sorted(installed)
    for normalized, name in left_out.items():
        if normalized not in installed:
            hint = closest(normalized, installed) or "srcore plugins lists those that are"
            raise PluginError(f"--without {name}: no plugin of this name is installed; {hint}")


def plugins() -> PluginManager:
    """The plugin manager of this process, made on first use.

    The environment variable ``SRCORE_WITHOUT`` (comma separated) leaves plugins out,
    ``SRCORE_PLUGINS`` names further ones that are not installed.
    """
    return _current.get() or load_plugins()


def load_plugins(
    without: Iterable[str] = (), named: Iterable[str] = (), *, tolerant: bool = False
) -> PluginManager:
    """Load the plugins and make them the current ones.

    Args:
        without: installed ones that are left out, with those of ``SRCORE_WITHOUT``.
        named: files or modules, with those of ``SRCORE_PLUGINS``.
        tolerant: see :class:`PluginManager`.
    """
    left_out = filter(None, os.environ.get("SRCORE_WITHOUT", "").split(","))
    manager = PluginManager(
        without=[*without, *left_out], named=[*named, *named_by_environment()], tolerant=tolerant
    )
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
