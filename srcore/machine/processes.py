"""Whether torchrun started this process, how many it started beside it, and which are gone.

A pod, a batch system or another tool may set some of these variables (``WORLD_SIZE`` above all)
for purposes of its own. Work is shared out only where the set is complete: half of it is no proof
that anybody does the other half.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from srcore.errors import SrcoreError
from srcore.messages import shown

#: What torchrun gives to every process that it starts.
LAUNCH_VARIABLES = (
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
)


class LaunchError(SrcoreError):
    """The variables of torchrun are there, but are no numbers or contradict each other."""

    exit_code = 2


def environment_of_one() -> dict[str, str]:
    """Variables for a process that works alone, also where this one is one of several."""
    return {name: it for name, it in os.environ.items() if name not in LAUNCH_VARIABLES}


def ending_in_words(code: int) -> str:
    """How a process ended, by its exit code, which is negative for a signal.

    >>> ending_in_words(1), ending_in_words(-9)
    ('exit code 1', 'signal 9')
    """
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def is_launched() -> bool:
    """Whether the variables that torchrun sets are all here."""
    return all(os.environ.get(name, "").strip() for name in LAUNCH_VARIABLES)


def world_size() -> int:
    """How many processes torchrun started; 1 without it.

    Raises:
        LaunchError: as :func:`rank`.
    """
    return _number_in_environment("WORLD_SIZE") if is_launched() else 1


def rank() -> int:
    """Number of this process among all that torchrun started; 0 without it.

    Raises:
        LaunchError: the variables hold no numbers, or ones that cannot be.
    """
    if not is_launched():
        return 0
    own, world = _number_in_environment("RANK"), _number_in_environment("WORLD_SIZE")
    if own >= world:
        raise LaunchError(f"RANK = {own}: expected a number below WORLD_SIZE = {world}")
    return own


def local_rank() -> int:
    """Number of this process on its machine; 0 without torchrun."""
    return _number_in_environment("LOCAL_RANK") if is_launched() else 0


def processes_here() -> int:
    """How many processes torchrun started on this machine; 1 without it."""
    return max(1, _number_in_environment("LOCAL_WORLD_SIZE")) if is_launched() else 1


def restarts() -> int:
    """How often torchrun starts the processes again when one fails; 0 without it."""
    given = os.environ.get("TORCHELASTIC_MAX_RESTARTS", "").strip()
    return int(given) if is_launched() and given.isdigit() else 0


def is_lost_process(error: RuntimeError) -> bool:
    """Whether PyTorch lost the connection to another process, which ended."""
    text = str(error).lower()
    lost = (
        "closed by peer",
        "reset by peer",
        "broken pipe",
        "remote process",
        "refused",
        "likely closed",
    )
    return any(words in text for words in lost)


def is_silent_process(error: RuntimeError) -> bool:
    """Whether PyTorch waited in vain for another process, which may be there and hang."""
    text = str(error).lower()
    silent = ("timed out waiting", "timed out connecting", "wait timeout", "socket timeout")
    gone = ("connection timed out", "no route to host", "unreachable")
    return any(words in text for words in (*silent, *gone))


def left_aside() -> str:
    """What to say where some of the variables are set and are not followed; else empty."""
    present = [name for name in LAUNCH_VARIABLES if os.environ.get(name, "").strip()]
    asks = os.environ.get("WORLD_SIZE", "").strip() not in ("", "0", "1")
    if is_launched() or not asks:
        return ""
    missing = [name for name in LAUNCH_VARIABLES if name not in present]
    return (
        f"{' and '.join(present)} in the environment "
        f"{'is' if len(present) == 1 else 'are'} not followed: without {', '.join(missing)} "
        "torchrun did not start this process, so it does the whole work itself"
    )


def _number_in_environment(name: str) -> int:
    text = os.environ[name].strip()
    if not text.isdigit():
        raise LaunchError(
            f"{name} in the environment: expected a whole number, found {shown(text)}"
        )
    return int(text)


def is_gone(process: int) -> bool:
    """Whether no process of this host has that number; false where that cannot be told."""
    if process <= 0 or sys.platform == "win32":  # where this signal ends processes
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False


def end_with_parent() -> None:
    """Have this process killed when the one that started it is gone, whatever ended it (Linux).

    A process that waits for work from a pipe does not notice that nobody is at the other end: its
    brothers hold that end, too. What a thread of it meets at the end of the other one is nobody's
    fault, and not said.
    """
    sys.excepthook = _say_unless_lost
    if sys.platform != "linux":
        return
    import multiprocessing

    _ask_for_signal_at_end_of_parent(signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None or multiprocessing.get_start_method() == "forkserver":
        return  # a server is between the two, which ends with the first
    if parent.pid != os.getppid():  # it was gone before we said so
        os._exit(1)


def end_with_launcher() -> None:
    """Have this process told to save and stop when the torchrun that started it is killed (Linux).

    Nobody would end it otherwise when torchrun starts the run again, with other processes.
    """
    if sys.platform == "linux" and os.environ.get("TORCHELASTIC_RUN_ID"):
        _ask_for_signal_at_end_of_parent(signal.SIGTERM)


def _ask_for_signal_at_end_of_parent(number: int) -> None:
    import ctypes

    die_with_parent = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(die_with_parent, number)


def _say_unless_lost(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if not issubclass(kind, (EOFError, ConnectionError)):
        sys.__excepthook__(kind, error, trace)
