"""A handler of a signal has the room of the thread, whatever a library set for it."""

import ctypes
import sys

import pytest

from srcore.machine.signal_stack import _SS_DISABLE, _Stack, handle_signals_on_the_usual_stack


@pytest.mark.skipif(sys.platform != "linux", reason="the call is one of Linux")
def test_a_stack_of_a_library_is_taken_away():
    libc = ctypes.CDLL(None)
    before, seen = _Stack(), _Stack()
    room = ctypes.create_string_buffer(1 << 16)
    own = _Stack(ctypes.addressof(room), 0, len(room))
    assert libc.sigaltstack(ctypes.byref(own), ctypes.byref(before)) == 0
    try:
        libc.sigaltstack(None, ctypes.byref(seen))
        assert (seen.place, seen.size) == (own.place, own.size)
        handle_signals_on_the_usual_stack()
        libc.sigaltstack(None, ctypes.byref(seen))
        assert seen.flags & _SS_DISABLE
    finally:
        libc.sigaltstack(ctypes.byref(before), None)
