"""Every command line of the documentation: the program, the command and its options exist."""

import importlib.util
import re
import shlex
import sys
from pathlib import Path

import click
import pytest
from writers.blocks import blocks

from srcore.cli.existing import ExistingPath
from srcore.cli.main import cli, main
from srcore.plugin.manager import plugins

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
]
#: Components and plugins that a page makes, so that these commands cannot run here.
MADE_BY_THE_PAGE = ("edges", "edge_l1")
CHEAP = ("components", "plugins", "new")
OTHER_PROGRAMS = {
    ".", "cd", "cibuildwheel", "compute-sanitizer", "curl", "pre-commit", "pytest", "taplo",
}  # fmt: skip
_OPERATORS = {"&&", "||", "|", ";", "&"}


def command_lines(code):
    """Simple commands as lists of words; comments, redirections and assignments are left out."""
    for line in code.replace("\\\n", " ").splitlines():
        if re.match(r"\s*\w+=\$\(", line):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
        lexer.whitespace_split = True
        words, skip = [], False
        for word in [*lexer, ";"]:
            if word in _OPERATORS:
                if words:
                    yield words
                words = []
            elif skip or word == ">":
                skip = word == ">"
            elif words or not re.match(r"\w+=", word):
                words.append(word)


LINES = [
    pytest.param(words, id=f"{page.relative_to(ROOT)}:{block.line}:{' '.join(words)[:60]}")
    for page in PAGES
    for block in blocks(page, "bash", "sh")
    for words in command_lines(block.code)
]


@pytest.mark.parametrize("words", LINES)
def test_command_line_is_one_that_exists(words, capsys, monkeypatch):
    for kind in (click.Path, ExistingPath):
        monkeypatch.setattr(kind, "convert", lambda self, value, parameter, context: Path(value))
    check_program(words, capsys)


def check_program(words, capsys):
    program, arguments = Path(words[0]).name or words[0], words[1:]
    if program in ("srun", "export"):
        if program == "srun":
            check_program(arguments, capsys)
    elif program == "srcore":
        check_srcore(arguments, capsys)
    elif program == "torchrun":
        from torch.distributed.run import get_args_parser

        parsed = get_args_parser().parse_args(arguments)
        assert (parsed.module, parsed.training_script) == (True, "srcore")
        check_srcore(parsed.training_script_args, capsys)
    elif program == "pip":
        check_pip(arguments)
    elif program in ("python", "python3"):
        check_python(arguments)
    else:
        assert program in OTHER_PROGRAMS, f"unknown program {program}"


def check_srcore(arguments, capsys):
    cli.forget_added()
    plugins().hook.srcore_register_commands(cli=cli)
    command, rest = cli, list(arguments)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        result = command.get_command(click.Context(command), rest[0])
        assert result is not None, f"no command {rest[0]}"
        command, rest = result, rest[1:]
    if not isinstance(command, click.Group) and "--help" not in rest:
        command.parse_args(click.Context(command, help_option_names=["-h", "--help"]), list(rest))
    if arguments[0] in ("run", "check"):
        assert rest[0].endswith(".toml") or known(rest[0]), f"no experiment {rest[0]}"
    made = any(word in MADE_BY_THE_PAGE or word == "--from-weights" for word in rest)
    if (arguments[0] in CHEAP and not made) or arguments == ["--version"]:
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        assert caught.value.code == 0
        assert capsys.readouterr().out


def known(name):
    return name in plugins().registry.experiments() or name.split("/")[0] in MADE_BY_THE_PAGE


def check_pip(arguments):
    assert arguments[0] == "install", arguments
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    plugins_here = (path.name for path in ROOT.glob("plugins/*"))
    names = {"srcore", "pytest", "taplo", "torch", "torchvision", *plugins_here}
    for word in arguments[1:]:
        name, _, extra = word.partition("[")
        if word.startswith("-") or name in names | {f"srplug-{n}" for n in MADE_BY_THE_PAGE}:
            assert not extra or extra.rstrip("]") in extras["optional-dependencies"], word
        else:
            assert (ROOT / name).exists(), f"nothing to install: {word}"
            if not extra:
                continue
            project = ROOT / name / "pyproject.toml"
            own = tomllib.loads(project.read_text())["project"].get("optional-dependencies", {})
            assert extra.rstrip("]") in own, word


def check_python(arguments):
    if arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]), arguments
    else:
        assert (ROOT / arguments[0]).is_file(), arguments


def test_there_are_command_lines():
    assert len(LINES) > 50
