"""Wrong use is one line in one form: where, what was expected, what came, what to do."""

import click
import pytest

from srcore.cli.main import main
from srcore.cli.usage import error_lines

WRONG = {
    "run": "run: EXPERIMENT: expected a value, found none; srcore run --help says what there is",
    "run --resum x": 'run: no option --resum; did you mean "--resume"?',
    "evaluate --model x": "evaluate: no option --model; write MODEL without --model",
    "card --run x": "card: no option --run; write RUN without --run",
    "evaluate --hell": 'evaluate: no option --hell; did you mean "--help"?',
    "chek x": 'no command "chek"; did you mean "check"?',
    "check a b": "check: expected no further argument, found b; srcore check --help says what",
    "prepare foo": 'prepare: no command "foo"; srcore prepare --help says what there is',
    "prepare degrade . o --scale 0": "prepare degrade: --scale: expected at least 1, found 0; ",
    "prepare degrade . o --scale x": 'prepare degrade: --scale: expected a whole number, found "x"',
    "prepare degrade . o --scale 2 --jpeg 200": "--jpeg: expected 1 to 100, found 200; ",
    "prepare degrade . o --scale 2 --blur 0": "--blur: expected more than 0, found 0",
    "prepare degrade . o --scale 2 --blur nan": "--blur: expected a finite number, found nan; ",
    "prepare degrade . o --scale 2 --downscale nearest": 'found "nearest"; srcore prepare degrade',
    "prepare degrade no_such_folder o --scale 2": "FOLDER: expected a folder; no_such_folder does",
    "run a --resume --overwrite": "run: --resume and --overwrite exclude each other; srcore run",
    "run a --output": "--output: expected a value, found none; ",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_use_is_one_line_of_srcore(arguments, capsys):
    with pytest.raises(SystemExit) as done:
        main(arguments.split())
    output = capsys.readouterr()
    assert done.value.code == 2
    assert output.out == ""
    (line,) = output.err.splitlines()
    assert line.startswith("srcore: ")
    assert WRONG[arguments] in line


def test_a_group_alone_shows_its_help(capsys):
    with pytest.raises(SystemExit) as done:
        main(["prepare"])
    output = capsys.readouterr()
    assert done.value.code in (0, 2)  # click before 8.2, and since
    assert "Commands:" in output.out + output.err
    assert "srcore: " not in output.err


def test_what_says_what_to_do_is_left_as_it_is():
    error = click.UsageError("out.png: is empty; choose another name or add --overwrite")
    assert list(error_lines(error)) == ["out.png: is empty; choose another name or add --overwrite"]


def test_several_problems_are_several_lines():
    error = click.UsageError("--quality: no; not of PNG\n--lossless: no; not of PNG")
    assert len(list(error_lines(error))) == 2
