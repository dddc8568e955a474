"""Which plugins are there."""

import json

from srcore.plugin.manager import plugins, using
from srcore.testing.commands import run_command


def test_plugins_lists_version_hooks_and_components(capsys):
    _, out, _ = run_command(capsys, "plugins", "--json")
    core = json.loads(out)[0]
    assert core["distribution"] == "srcore"
    assert "srcore_register_components" in core["hooks"]
    assert "network edsr" in core["components"]


def test_without_leaves_a_plugin_out(capsys):
    names = [row["name"] for row in json.loads(run_command(capsys, "plugins", "--json")[1])]
    without = [f"--without={name}" for name in names[1:]]
    with using(plugins()):  # later tests want all of them
        left = json.loads(run_command(capsys, *without, "plugins", "--json")[1])
    assert [row["name"] for row in left] == ["builtin"]
