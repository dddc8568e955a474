import os
import sys
from types import SimpleNamespace

import pytest
from tqdm import tqdm

from srcore.machine.terminal import on_terminal, width


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


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("quiet", [True, False])
@pytest.mark.parametrize("rank", [0, 1])
def test_one_process_shows_bars_where_people_see_them(monkeypatch, is_terminal, quiet, rank):
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: is_terminal))
    monkeypatch.setattr("srcore.machine.terminal.local_rank", lambda: rank)
    told = on_terminal(quiet=quiet)
    assert told.pop("disable") == (quiet or not is_terminal or rank == 1)
    assert told == width()
