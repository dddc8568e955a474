import io

import pytest

from srcore.cli import scan_progress
from srcore.cli.scan_progress import visible_scans


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("total", "is_shown"), [(4_999, False), (5_000, True)])
def test_only_long_scans_are_shown(total, is_shown, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(scan_progress.sys, "stderr", terminal)
    policy = visible_scans(7)
    assert policy.sample == 7
    with policy.progress(total) as step:
        step(total)
    assert ("headers" in terminal.getvalue()) == is_shown


def test_files_are_spared_the_bar(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(scan_progress.sys, "stderr", file)
    with visible_scans().progress(10_000) as step:
        step(10_000)
    assert file.getvalue() == ""
