import os
import sys

import pytest
from tqdm import tqdm

from srcore.machine.terminal import width


@pytest.mark.timeout(20)
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize("columns", [0, 60])
def test_a_bar_shows_on_terminals_of_any_width(monkeypatch, columns):
    import fcntl
    import pty
    import struct
    import termios

    shown, terminal = pty.openpty()
    size = struct.pack("HHHH", 24 if columns else 0, columns, 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
    with os.fdopen(terminal, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with tqdm(total=4, desc="tiny", file=stream, **width()) as bar:
            bar.update(2)
            bar.refresh()
            text = ""
            while "2/4" not in text:  # what is there, piece by piece
                text += os.read(shown, 4096).decode()
    assert "tiny:  50%|" in text


def test_without_a_terminal_the_usual_width_is_taken(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert width() == {"ncols": 80, "nrows": 24}
