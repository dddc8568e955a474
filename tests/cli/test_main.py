"""The program: quick help, exit codes, plain errors."""

import json

import click
import pytest

from srcore.cli.main import SrcoreGroup, main
from srcore.errors import PluginError
from srcore.testing.commands import run_alone, run_command

#: What the list of commands needs neither itself nor through a command that it names.
NOT_FOR_HELP = (
    "torch", "cv2", "numpy", "PIL", "open_clip", "scipy",
    "srcore.cards", "srcore.config.schema", "srcore.engine", "srcore.films", "srcore.images",
    "srcore.inference", "srcore.losses", "srcore.methods", "srcore.metrics", "srcore.models",
    "srcore.networks", "srcore.prepare", "srcore.report", "srcore.runs", "srcore.serving",
    "srcore.upscaling", "srcore.weights", "srcore.cli.flags", "srcore.cli.upscale",
    "srcore.options", "srcore.plugin.building", "srcore.plugin.registry", "logging", "tomllib",
    "srplug_esrdgan.options", "srplug_ldl.options", "srplug_usrdu.options",
    "srplug_optimizers.catalog", "srplug_spandrel.catalog",
)  # fmt: skip


def test_help_imports_nothing_that_it_does_not_show():
    _, imported = run_alone("--help")
    assert "srcore.cli.main" in imported
    assert imported & set(NOT_FOR_HELP) == set()


COMMANDS = SrcoreGroup().list_commands(click.Context(SrcoreGroup()))


def test_commands_of_the_core_come_first_in_their_order():
    assert COMMANDS[:5] == ["new", "check", "estimate", "profile", "run"]
    assert COMMANDS.index("new-plugin") < COMMANDS.index("esrdgan") < COMMANDS.index("ldl")


def test_a_command_is_imported_when_it_is_used():
    group = SrcoreGroup()
    group.add_target("late", "srcore.cli.nowhere:command")
    group.add_target("number", "srcore.files.toml:MAX_STAGES")
    context = click.Context(group)
    assert group.list_commands(context) == ["late", "number"]
    with pytest.raises(PluginError, match=r'command "late": cannot import srcore\.cli\.nowhere'):
        group.get_command(context, "late")
    with pytest.raises(PluginError, match=r"toml:MAX_STAGES is \d+; expected a click command"):
        group.get_command(context, "number")
    with pytest.raises(PluginError, match=r'^command "late" is brought by srcore \S+ already$'):
        group.owned_by("srplug-x").add_target("late", "x:y")


def test_a_command_that_says_what_it_does_is_not_imported_to_be_listed():
    group = SrcoreGroup()
    group.add_target("late", "srcore.cli.nowhere:command", "Do it late.")
    formatter = click.HelpFormatter(width=60)
    group.format_commands(click.Context(group), formatter)
    assert formatter.getvalue() == "Commands:\n  late  Do it late.\n"
    group.add_target("silent", "srcore.cli.nowhere:command")
    formatter = click.HelpFormatter(width=400)
    group.format_commands(click.Context(group), formatter)
    assert 'command "silent": cannot import srcore.cli.nowhere' in formatter.getvalue()
    group.forget_added()
    assert not group.said


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_listed_is_the_first_sentence_of_the_commands_help(command):
    group = SrcoreGroup()
    imported = group.get_command(click.Context(group), command)
    assert group.said[command] == imported.get_short_help_str(limit=1000)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_ends_with_examples(capsys, command):
    code, out, _ = run_command(capsys, command, "--help")
    assert code == 0
    assert "Examples:" in out or "Commands:" in out


def test_misspelt_command_is_a_usage_error_with_a_suggestion(capsys):
    code, _, err = run_command(capsys, "upscle")
    assert code == 2
    assert 'no command "upscle"; did you mean "upscale"?' in err


def test_version(capsys):
    assert run_command(capsys, "--version")[1].startswith("srcore, version ")


def test_check_prints_problems_on_stderr_and_exits_2(capsys, tiny_experiment):
    code, out, err = run_command(capsys, "check", tiny_experiment, "--set", "train.iterations=0")
    assert (code, out) == (2, "")
    assert err.startswith("srcore: --set train.iterations=0: train.iterations: expected a number")


def test_check_as_json(capsys, tiny_experiment):
    code, out, _ = run_command(
        capsys, "check", tiny_experiment, "--set", "train.iterations=0", "--json"
    )
    assert code == 2
    (problem,) = json.loads(out)["problems"]
    assert problem["path"] == "train.iterations"
    code, out, _ = run_command(capsys, "check", tiny_experiment, "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)


def test_run_prints_the_table_and_nothing_else_on_stdout(capsys, tiny_experiment, tmp_path):
    code, out, err = run_command(capsys, "run", tiny_experiment, "--output", tmp_path / "runs")
    assert code == 0
    assert out.splitlines()[1].split() == ["set", "metric", "bicubic", "trained", "gain"]
    assert "iteration 6/6" in err


def test_run_refuses_contradicting_flags(capsys, tiny_experiment):
    assert run_command(capsys, "run", tiny_experiment, "--resume", "--overwrite")[0] == 2


def test_failed_run_exits_1_with_one_line(capsys, tiny_experiment, tmp_path):
    (tmp_path / "file").touch()
    code, _, err = run_command(capsys, "run", tiny_experiment, "--output", tmp_path / "file")
    assert code == 1
    assert len(err.splitlines()) == 1


def test_an_earlier_run_stays_unless_asked(capsys, tiny_experiment, tmp_path):
    arguments = ("run", tiny_experiment, "--output", tmp_path / "runs")
    run_command(capsys, *arguments)
    code, _, err = run_command(capsys, *arguments)
    assert code == 2
    assert "holds an earlier run; continue it with --resume, delete it with --overwrite" in err


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")]
)
def test_memory_that_runs_out_in_any_command_is_one_line(capsys, monkeypatch, error):
    def refused(**given):
        raise error

    monkeypatch.setattr("srcore.cli.components.command.callback", refused)
    with pytest.raises(SystemExit) as caught:
        main(["components"])
    assert caught.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("srcore: out of memory (")
