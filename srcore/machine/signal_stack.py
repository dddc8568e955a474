"""Signals are handled on the stack that a thread works on."""

from __future__ import annotations

import ctypes
import sys

_SS_DISABLE = 2


class _Stack(ctypes.Structure):
    """``stack_t`` of Linux."""

    _fields_ = (("place", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def handle_signals_on_the_usual_stack() -> None:
    """Take a stack for signals away that a library has given to this thread.

    OpenVINO sets one of 20 KB where the processor has AMX. The registers of such a processor take
    12 KB of it, and as much again if the handler is the first to call a function of another
    library: Python's ends in a segmentation fault then, where Ctrl-C should let an image be done.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).sigaltstack(ctypes.byref(_Stack(None, _SS_DISABLE, 0)), None)
