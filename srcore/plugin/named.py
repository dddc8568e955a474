"""Plugins that are named and not installed: a file, a folder that is a package, or a module.

A file is imported under its own name, so its folder is appended to ``sys.path``: processes that are
spawned are handed that and find it, too. It may not have the name of another module.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from srcore.errors import PluginError, cause
from srcore.plugin.implementations import VARIABLE, Plugin, leave_named_out
from srcore.plugin.patience import naming_what_hangs


def named_by_environment() -> list[str]:
    """Those of the environment."""
    texts = re.split(f"[,{re.escape(os.pathsep)}]", os.environ.get(VARIABLE, ""))
    return [text.strip() for text in texts if text.strip()]


def whole(names: Iterable[str]) -> tuple[str, ...]:
    """Each once, files by their absolute paths: what another process understands."""
    paths = (str(Path(it).expanduser().absolute()) if _is_path(it) else it for it in names)
    return tuple(dict.fromkeys(paths))


def load(name: str) -> Plugin:
    """Import a plugin.

    Args:
        name: path of a ``.py`` file or of a package's folder, or name of a module.

    Raises:
        PluginError: there is none, its name is taken by another module, or it cannot be imported.
    """
    given = f"--plugin {name}"
    module_name = _importable(name, given) if _is_path(name) else name
    advice = leave_named_out(name)
    try:
        with naming_what_hangs(given, advice):
            importlib.invalidate_caches()
            module = importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() at import included
        raise PluginError(f"{given}: cannot be imported: {cause(error)}{advice}") from error
    label = Path(name).name if _is_path(name) else name
    return Plugin(module_name, label, _hash_of_files(module), module, named=name)


def _is_path(name: str) -> bool:
    return name.endswith(".py") or "/" in name or os.sep in name


def _file(name: str) -> Path | None:
    """The file behind a path; None if there is none."""
    path = Path(name).expanduser().absolute()
    path = path / "__init__.py" if path.is_dir() else path
    return path if path.is_file() else None


def _importable(name: str, given: str) -> str:
    """The name under which a file can be imported from now on."""
    file = _file(name)
    if file is None:
        what = "expected a .py file, a folder with __init__.py, or the name of a module"
        raise PluginError(f"{given}: {what}; there is no such file")
    place = file.parent if file.name == "__init__.py" else file.with_suffix("")
    if not place.name.isidentifier():
        raise PluginError(f"{given}: expected a name of letters, digits and _; rename the file")
    if str(place.parent) not in sys.path:
        sys.path.append(str(place.parent))  # last: it shall hide nothing
    importlib.invalidate_caches()
    taken = _origin(place.name)
    if taken is None or not taken.is_file() or not taken.samefile(file):
        other = taken or f"the built-in module {place.name}"
        raise PluginError(f"{given}: Python finds {other} under this name; rename the file")
    return place.name


def _origin(name: str) -> Path | None:
    """Where the module of a name lies, loaded or not."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        file = vars(loaded).get("__file__")
        return Path(file) if file else None
    spec = importlib.util.find_spec(name)
    return Path(spec.origin) if spec is not None and spec.origin else None


def _hash_of_files(module: Any) -> str:
    """A hash of its files, in the place of a version: they change while somebody works on them."""
    import hashlib

    file = Path(vars(module).get("__file__") or "")
    files = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
    digest = hashlib.sha256()
    for path in filter(Path.is_file, files):
        digest.update(f"{path.relative_to(file.parent).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
