"""Plugins of one file: named on the command line or in the environment, recorded, and missed."""

import json
import os
import subprocess
import sys
from textwrap import dedent

import pytest

from srcore.cli.main import main
from srcore.errors import PluginError
from srcore.plugin import named
from srcore.plugin.manager import PluginManager, load_plugins, plugins, using
from srcore.runs.folder import RunFolder

LOSS = """
import srcore
from srcore.datasets.hr_folder import HrFolder
from srcore.datasets.options import HrFolderOptions


def build():
    return lambda context: (context.sr - context.hr).abs().mean()


class Own(HrFolder):
    pass


@srcore.hookimpl
def srcore_register_components(registry):
    registry.add("loss", "of_a_file", None, "my_losses:build")
    registry.add("dataset", "of_a_file", HrFolderOptions, Own, provides=("lr", "hr"))
"""


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """Neither modules nor the path nor the current plugins stay."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    with using(plugins()):
        yield
    for name in ("my_losses", "my_package"):
        if name not in before:
            sys.modules.pop(name, None)


@pytest.fixture
def my_losses(tmp_path):
    (tmp_path / "plug").mkdir()
    file = tmp_path / "plug" / "my_losses.py"
    file.write_text(LOSS)
    return file


def program(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_a_file_is_a_plugin_of_any_command(my_losses, capsys):
    code, out, err = program(capsys, "--plugin", my_losses, "components", "loss", "of_a_file")
    assert (code, err) == (0, "")
    assert "[my_losses.py]" in out
    code, out, _ = program(capsys, f"--plugin={my_losses}", "plugins", "--json")
    (row,) = [row for row in json.loads(out) if row["distribution"] == "my_losses.py"]
    assert row["components"] == ["loss of_a_file", "dataset of_a_file"]
    assert len(row["version"]) == 12, "a hash of the file"


@pytest.mark.parametrize("separator", [",", os.pathsep])
def test_the_environment_names_further_ones(my_losses, tmp_path, monkeypatch, separator):
    package = tmp_path / "plug" / "my_package"
    package.mkdir()
    (package / "__init__.py").write_text(LOSS.replace("of_a_file", "of_a_folder"))
    monkeypatch.setenv("SRCORE_PLUGINS", f"{my_losses}{separator} {package}")
    manager = load_plugins()
    losses = {it.name for it in manager.registry.components("loss")}
    assert {"of_a_file", "of_a_folder"} <= losses
    assert set(manager.named_states) == {"my_losses.py", "my_package"}


def test_a_module_is_named_as_python_names_it(my_losses, monkeypatch):
    monkeypatch.syspath_prepend(str(my_losses.parent))
    manager = PluginManager(discover=False, named=["my_losses"])
    assert manager.registry.get("loss", "of_a_file").owner == "my_losses"
    assert manager.extended().registry.get("loss", "of_a_file")


def test_an_installed_plugin_may_be_named_too():
    manager = PluginManager(named=["srplug_ldl.plugin"])
    assert [it.distribution for it in manager.plugins].count("srplug-ldl") == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.py", None, "expected a .py file, a folder with __init__.py, or the name of a"),
        ("my-losses.py", "", "expected a name of letters, digits and _; rename the file"),
        ("json.py", "", "under this name; rename the file"),
        ("torch.py", "", "under this name; rename the file"),
        ("my_losses.py", "1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
        ("my_losses.py", "raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
        ("my_losses.py", "", "my_losses implements no hook of srcore"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path, capsys, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    code, _, err = program(capsys, "--plugin", tmp_path / name, "components")
    assert code == 2
    (line,) = err.splitlines()
    assert line.startswith("srcore: ")
    assert name in line
    assert message in line
    assert program(capsys, "--plugin", tmp_path / name, "--help")[0] == 0


def test_a_module_that_is_not_there_is_told():
    with pytest.raises(PluginError, match="--plugin no_such_module: cannot be imported: Module"):
        named.load("no_such_module")


@pytest.fixture
def experiment(tiny_experiment):
    text = tiny_experiment.read_text("utf-8").replace('"l1"', '"of_a_file"')
    tiny_experiment.write_text(text.replace('type = "hr_folder"', 'type = "of_a_file"', 1), "utf-8")
    return tiny_experiment


def test_a_run_says_what_it_used_and_goes_on_with_it_only(
    my_losses, experiment, tmp_path, capsys, caplog
):
    output = ("--output", tmp_path / "runs", "--quiet", "--set", "data.train.workers=1")
    run = ("run", experiment, *output)
    assert program(capsys, "--plugin", my_losses, *run)[0] == 0
    folder = RunFolder(tmp_path / "runs" / "tiny")
    used = json.loads(folder.provenance.read_text("utf-8"))
    assert list(used["plugins"]) == ["my_losses.py"]
    assert f"my_losses.py {used['plugins']['my_losses.py']}" in folder.log.read_text("utf-8")
    assert f"my_losses.py {used['plugins']['my_losses.py']}" in folder.report.read_text("utf-8")

    code, _, err = program(capsys, *run, "--resume")
    assert code == 2
    (line,) = err.splitlines()
    assert "tiny: was run with --plugin my_losses.py, which is not there now; give it again" in line

    my_losses.write_text(LOSS + "# changed")
    longer = (*run, "--resume", "--set", "train.iterations=8")
    assert program(capsys, "--plugin", my_losses, *longer)[0] == 0
    assert "plugin my_losses.py was" in caplog.text
    assert "the training goes on with other code" in caplog.text


def test_processes_that_are_spawned_find_it(my_losses, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        dedent(
            f"""
            import multiprocessing
            from srcore.plugin.manager import load_plugins

            if __name__ == "__main__":
                load_plugins(named=[{str(my_losses)!r}])
                import my_losses

                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    print(pool.apply(my_losses.build).__class__.__name__)
            """
        ).replace("pool.apply(my_losses.build).__class__.__name__", "pool.apply(my_losses.name)")
    )
    my_losses.write_text(LOSS + "\n\ndef name():\n    return __name__\n")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.stdout, done.returncode) == ("my_losses\n", 0), done.stderr
