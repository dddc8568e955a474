"""An error that nobody expected: its traceback, and who is to be told."""

import pytest

from srcore.cli.unexpected import show
from srcore.plugin.manager import PluginManager, using


def test_what_happened_in_srcore_is_to_be_reported_there(capsys):
    try:
        raise ValueError("odd")
    except ValueError as error:
        show(error)
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2] == "ValueError: odd"
    assert lines[-1].endswith(
        "did not expect this; if nothing above says what to do, please report it with that text"
    )


def test_what_happened_in_a_plugin_names_it_and_the_place(capsys, tmp_path):
    file = tmp_path / "odd_plugin.py"
    file.write_text(
        "from srcore.hookspecs import hookimpl\n"
        "@hookimpl\n"
        "def srcore_register_components(registry):\n"
        "    pass\n"
        "def fail():\n"
        "    raise ValueError('odd')\n"
    )
    manager = PluginManager(named=(str(file),))
    module = next(it.module for it in manager.plugins if "odd_plugin" in str(it.module))
    with using(manager), pytest.raises(ValueError, match="odd") as caught:
        module.fail()
    with using(manager):
        show(caught.value)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("srcore: this happened in ")
    assert "odd_plugin.py" in last
    assert "line 6" in last
