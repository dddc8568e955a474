"""Watches that tests change no file outside temporary, output and cache folders.

``conftest.py`` loads this into the process of the tests, and a Python that a test starts imports it
by its name, since ``PYTHONPATH`` leads here; forked processes inherit it. Everything that Python
itself opens for writing, makes, renames or removes goes through an audit hook, which appends one
line per offence to the file that the environment names. What C and C++ write by names of their own
is not seen; srcore writes through temporary files that Python opens (``srcore.files.atomic``).
"""

import os
import sys
import tempfile
import threading

REPORT = "SRCORE_TEST_GUARD"
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))

#: Folders that tools of the tests keep for themselves, wherever they lie.
_TOOLS = {"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".git"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Events whose arguments name entries of folders: positions of the paths, and of their folders.
_ENTRIES = {
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
}
#: Events whose arguments name files, through links.
_FILES = {"os.truncate", "os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr"}

_busy = threading.local()


def allowed_places():
    """Folders below which tests may change what they like."""
    home = os.path.expanduser("~")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    places = [tempfile.gettempdir(), cache, "/dev", "/proc", os.environ.get("TORCH_HOME")]
    # what Triton compiles for a GPU
    places += [os.path.join(home, ".triton"), os.environ.get("TRITON_CACHE_DIR")]
    return tuple(os.path.realpath(place) for place in places if place)


def is_allowed(path, places):
    """Whether tests may change this file; the repository is out of bounds wherever it lies."""
    if not _TOOLS.isdisjoint(path.split(os.sep)):
        return True
    if _is_below(path, ROOT):
        return os.path.basename(path).startswith(".coverage")
    return any(_is_below(path, place) for place in places)


def offences(event, arguments):
    """Paths that an event is about to change."""
    if event == "open":
        path, mode, flags = arguments
        writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else False
        writes = writes or bool(isinstance(flags, int) and flags & _WRITING)
        return [_followed(path)] if writes else []
    if event in _FILES:
        return [_followed(arguments[0])]
    offenders = []
    for path, folder in _ENTRIES.get(event, ()):
        at = arguments[folder] if len(arguments) > folder else -1
        entry = _entry(arguments[path], at)
        # Torch makes sure of folders that are there; nothing comes of it.
        if event != "os.mkdir" or entry is None or not os.path.isdir(entry):
            offenders.append(entry)
    return offenders


def _followed(path):
    if isinstance(path, int):  # opened before, and looked at then
        return None
    return os.path.realpath(os.fsdecode(path))


def _entry(path, folder):
    """A name in a folder, the folder's links followed and those of the name not."""
    path = os.fsdecode(path)
    if not os.path.isabs(path) and isinstance(folder, int) and folder >= 0:
        path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)
    head, tail = os.path.split(path.rstrip("/"))
    return os.path.join(os.path.realpath(head or "."), tail)


def _is_below(path, place):
    return path == place or path.startswith(place.rstrip(os.sep) + os.sep)


def install(report, places):
    """Add the hook, which stays until the process ends."""

    def watch(event, arguments):
        if event != "open" and event not in _ENTRIES and event not in _FILES:
            return
        if getattr(_busy, "now", False):
            return
        _busy.now = True
        try:
            for path in offences(event, arguments):
                if path is not None and not is_allowed(path, places):
                    with open(report, "a", encoding="utf-8", errors="backslashreplace") as file:
                        file.write(f"{event} {path}\n")
        except (OSError, ValueError, TypeError):
            pass  # a path that names nothing: whoever uses it will hear of it
        finally:
            _busy.now = False

    sys.addaudithook(watch)


if os.environ.get(REPORT) and __name__ == "sitecustomize":
    install(os.environ[REPORT], allowed_places())
