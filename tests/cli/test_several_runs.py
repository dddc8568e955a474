"""``srcore run a.toml b.toml``: all are checked first, one that fails does not stop the others."""

import signal

import pytest

from srcore.cli import several_runs
from srcore.cli.main import main

SHORT = ["--set", "train.iterations=1", "--set", "train.tensorboard=false", "--quiet"]


def write(folder, name, text="", called=""):
    head = f'extends = "tiny.toml"\nname = "{called or name}"\n'
    (folder / f"{name}.toml").write_text(head + text)


@pytest.fixture
def files(tiny_experiment, monkeypatch):
    """Three valid experiments in the working directory."""
    monkeypatch.chdir(tiny_experiment.parent)
    for name in ("a", "b", "c"):
        write(tiny_experiment.parent, name)
    return tiny_experiment.parent


@pytest.fixture
def run(files, capsys):
    """Run the command line: exit code, lines of standard output and of standard error."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["run", *arguments, *SHORT])
        output = capsys.readouterr()
        assert "Traceback" not in output.err
        return ended.value.code, output.out.splitlines(), output.err.splitlines()

    return call


def ended(run):
    return (run / "finished.json").is_file()


def test_each_has_its_folder_its_table_and_its_line(run, files):
    code, lines, errors = run("a.toml", "b.toml")
    assert (code, errors) == (0, [])
    assert lines[-2:] == ["a.toml: done; runs/a", "b.toml: done; runs/b"]
    assert "runs/a" in lines
    assert "runs/b" in lines
    assert ended(files / "runs/a")
    assert ended(files / "runs/b")


@pytest.mark.slow
def test_the_same_as_runs_of_their_own(run, files):
    run("a.toml", "b.toml")
    run("b.toml", "--output", "alone")
    rows = [files / place / "metrics.jsonl" for place in ("runs/b", "alone/b")]
    assert rows[0].read_bytes() == rows[1].read_bytes()


def test_the_others_are_run_after_a_failure(run, files):
    write(files, "b", "[optimizer.generator]\nlearning_rate = 1e30\n")
    code, lines, errors = run("a.toml", "b.toml", "c.toml", "--set", "train.iterations=3")
    assert code == 1
    assert [line for line in errors if line.startswith("srcore: ")]
    first, second, third = lines[-3:]
    assert first == "a.toml: done; runs/a"
    assert second.startswith("b.toml: failed: ")
    assert third == "c.toml: done; runs/c"


def test_all_problems_of_all_files_are_told_before_the_first_begins(run, files):
    write(files, "b", "scael = 2\n")
    write(files, "c", "scale = 0\n")
    code, lines, errors = run("a.toml", "b.toml", "c.toml", "gone.toml")
    assert (code, lines) == (2, [])
    assert [line.split(": ")[1] for line in errors] == ["b.toml", "c.toml", "gone.toml"]
    assert not (files / "runs").exists()


@pytest.mark.parametrize("second", ["a.toml", "./a.toml", "again.toml"])
def test_two_in_one_folder_are_refused(second, run, files):
    write(files, "again", called="A")
    code, lines, (line,) = run("a.toml", second)
    assert (code, lines) == (2, [])
    assert "name: expected a folder of its own, found runs/" in line
    assert line.startswith(f"srcore: {second}: ")
    assert ", which a.toml has; give it a name" in line


@pytest.mark.slow
def test_earlier_runs_are_told_of_before_the_first_begins(run, files):
    run("c.toml")
    code, lines, (line,) = run("a.toml", "c.toml")
    assert (code, lines) == (2, [])
    assert "c.toml: runs/c: holds an earlier run; continue it with --resume" in line
    assert not (files / "runs/a").exists()
    assert run("a.toml", "c.toml", "--resume")[0] == 0
    assert run("a.toml", "c.toml", "--overwrite")[0] == 0


def test_a_device_that_is_not_here_is_told_of_before_the_first_begins(run, files):
    write(files, "b", '[train]\ndevice = "cuda:99"\n')
    code, _, (line,) = run("a.toml", "b.toml")
    assert code == 2
    assert line.startswith("srcore: b.toml: train.device: ")
    assert not (files / "runs").exists()


@pytest.mark.parametrize("when", ["within", pytest.param("between", marks=pytest.mark.slow)])
def test_an_interrupt_ends_them_all(when, run, files, monkeypatch):
    from srcore.launching import stages

    original = stages.run_experiment

    def interrupted(loaded, *given, **named):
        if when == "between":
            result = original(loaded, *given, **named)
            signal.raise_signal(signal.SIGINT)
            return result
        signal.raise_signal(signal.SIGINT)
        return original(loaded, *given, **named)

    monkeypatch.setattr(stages, "run_experiment", interrupted)
    code, lines, errors = run("a.toml", "b.toml", "--set", "train.iterations=3")
    assert code == 130
    assert any("interrupted" in line for line in errors)
    how = "done" if when == "between" else "interrupted"
    assert lines[-2:] == [f"a.toml: {how}; runs/a", "b.toml: not begun"]
    monkeypatch.undo()
    monkeypatch.chdir(files)
    again = run("a.toml", "b.toml", "--set", "train.iterations=3", "--resume")
    assert again[0] == 0


def test_under_torchrun_there_is_one(run, torchrun_variables):
    torchrun_variables(0, 2)
    code, _, (line,) = run("a.toml", "b.toml")
    assert code == 2
    assert "expected one experiment for each torchrun" in line


def test_what_nobody_expected_does_not_stop_the_others_either(files, capsys):
    def broken(loaded, stop):
        if loaded.name == "a":
            raise ZeroDivisionError("by zero")
        return "table"

    class Loaded:
        def __init__(self, name):
            self.name = name

    queue = {"a.toml": Loaded("a"), "b.toml": Loaded("b")}
    assert several_runs.run_each(queue, files / "runs", broken) == 1
    output = capsys.readouterr()
    assert "ZeroDivisionError" in output.err
    assert "a.toml: failed: ZeroDivisionError: by zero" in output.out
    assert f"b.toml: done; {files / 'runs' / 'b'}" in output.out
