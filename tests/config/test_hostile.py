"""Texts that nobody writes by hand: one line says what is wrong, soon, and nothing else happens."""

import errno
import os
import time

import pytest

from srcore.cli.main import main
from srcore.errors import ConfigError
from srcore.messages import one_line, shown
from srcore.testing.experiments import load_checked

GOOD = 'scale = 2\n[generator]\ntype = "edsr"\n[[losses]]\ntype = "l1"\n'

TEXTS = {
    "a list nested 900 deep": ("x = " + "[" * 900 + "]" * 900, r"nested more than 32 deep"),
    "a list nested 40 deep": ("x = " + "[" * 40 + "]" * 40, r"nested more than 32 deep"),
    "a list nested 100,000 deep": ("x = " + "[" * 100_000, r"nested more than 32 deep"),
    "a key of 3,000 parts": (".".join("a" * 3000) + " = 1", r"a key of more than 32 parts"),
    "a header of 3,000 parts": (f"[{'.'.join('a' * 3000)}]", r"a key of more than 32 parts"),
    "quoted parts": (".".join(["'a'", '"b"'] * 60_00) + " = 1", r"a key of more than 32 parts"),
    "an inline table of many parts": ("x = {" + "a . " * 90 + "a = 1}", r"a key of more than 32"),
    "a long word": ("a" * 200_000 + " = 1", r"a key above 128 characters"),
    "an integer of 5,000 digits": (f"scale = {'1' * 5000}", r"a number of thousands of digits"),
    "an integer of 400 digits": (f"scale = {10**400}", r"scale: expected a whole number of at mo"),
    "a hexadecimal of 5,000 digits": (f"seed = 0x{'f' * 5000}", r"seed: expected a whole number o"),
    "an infinite weight": (GOOD + "weight = inf", r"losses\[0\].weight: expected a finite number,"),
    "a weight that is no number": (GOOD + "weight = nan", r"weight: expected a finite number, fou"),
    "100,000 keys": ("\n".join(f"k{i} = 1" for i in range(20_000)), r"more than 10000 values"),
    "300 KiB": ("# " + "x" * 300_000, r"more than 256 KiB; is it an experiment\?"),
    "9,000 unknown keys": ("\n".join(f"key{i} = 1" for i in range(9000)), r"these first: more pro"),
    "unknown keys everywhere": (
        "\n".join(f"[[losses]]\ntype = 'l1'\nweigth = {i}\n" for i in range(3000)),
        r"losses\[50\].weigth: unknown key; did you mean \"weight\"",
    ),
    "3,000 losses of one name": ("scale = 2\n" + "[[losses]]\ntype = 'l1'\n" * 3000, "two losses"),
    "101 stages": (GOOD + "".join(f"[[stages]]\nname = 'a{i}'\n" for i in range(101)), r"more th"),
    "stages beside a generator that is no table": (
        'generator = "x"\n[[stages]]\nname = "a"\n[[stages]]\nname = "b"\nfrom = "a"\n',
        r"generator: expected a table",
    ),
    "a stage whose name is a list": (GOOD + "[[stages]]\nname = ['a']\n", r"stages\[0\].name: exp"),
    "stages that come from a list": (GOOD + "[[stages]]\nname='a'\nfrom=['x']\n", r"from: exp"),
    "numbers as stages": ("stages = [1, 2]\n", r"stages: expected a list of tables"),
    "a tuple with one bad element": (
        GOOD.replace('"edsr"', '"edsr"\nrgb_mean = [0, "x", 0]'), r"generator.rgb_mean\[1\]: exp"
    ),
    "a key that ends in a dot": ('"x." = 1\n"]" = 2\n"" = 3\n"a[0" = 4', r"x\.: unknown key"),
    "a home folder of nobody": (
        GOOD + '[data.train]\ntype="hr_folder"\nhr="~nouser/x"\n', r"no home folder of \"~nouser\""
    ),
    "a path of 5,000 characters": (
        GOOD + f'[data.train]\ntype="hr_folder"\nhr="{"a" * 5000}"\n', r"names of at most 255 bytes"
    ),
    "a path with a null character": (
        GOOD + '[data.train]\ntype="hr_folder"\nhr="a\\u0000b"\n', r"without a null character; fou"
    ),
    "a long path that need not exist": (
        GOOD + f'[data.train]\ntype="unpaired_folders"\nhr="."\nlr="{"a" * 999}"\n', r"at most 255"
    ),
    "a path of a file's child": (
        GOOD + '[data.train]\ntype="hr_folder"\nhr="experiment.toml/x"\n', r"does not exist"
    ),
    "extends of 5,000 characters": (f'extends = "{"a" * 5000}"', r"extends: .*no such file or shi"),
    "extends with a null character": ('extends = "a\\u0000"', r"extends: a\\x00: no such file"),
    "a date": ("scale = 1979-05-27", r"expected a whole number, found 1979-05-27"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), TEXTS.values(), ids=TEXTS)
def test_a_hostile_text_is_refused_soon(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiment.toml").write_text(text)
    begin = time.process_time()
    with pytest.raises(ConfigError, match=message) as caught:
        load_checked("experiment.toml")
    assert time.process_time() - begin < 5  # it took minutes, or for ever
    assert len(caught.value.lines) <= 201
    assert all(line.isprintable() and len(line) <= 4000 for line in caught.value.lines)


LINE_ENDS = "a\nb\r\x0b\x0c\x1c\x85\u2028\u2029\x1b[2J\u202e"


def test_one_problem_is_one_line_whatever_the_value_holds(tmp_path, capsys):
    quoted = LINE_ENDS.encode("unicode_escape").decode().replace("\\x", "\\u00")
    file = tmp_path / "experiment.toml"
    file.write_text(f'{GOOD}[train]\ndevice = 1\nprecision = "{quoted}"\n"{quoted}" = 1\n')
    with pytest.raises(SystemExit):
        main(["check", str(file)])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4  # two values, a key, and the data that is missing
    assert all(line.startswith("srcore: ") and line.isprintable() for line in lines)
    assert sum(r"a\nb\r\x0b\x0c\x1c\x85\u2028\u2029\x1b[2J\u202e" in line for line in lines) == 2


def test_a_file_with_a_line_end_in_its_name_is_one_line(capsys):
    with pytest.raises(SystemExit):
        main(["check", "no\nsuch\u2028file"])
    (line,) = capsys.readouterr().err.splitlines()
    assert r"no\nsuch\u2028file: no such file" in line


@pytest.mark.parametrize("key", ["a." * 3000 + "b", ".".join("a" * 40)])
def test_an_override_of_many_parts_is_refused(tiny_experiment, key):
    with pytest.raises(ConfigError, match="a key of more than 32 parts"):
        load_checked(tiny_experiment, [f"{key}=1"])


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        (f"train.iterations={10**30}", r"train\.iterations: expected a whole number of at most 64"),
        ("losses[99999999999999999999].weight=1", r"unknown key"),
        ("train.batch_size=4\nseed = 3", r'batch_size: .* whole number or "auto", found "4\\nseed'),
        ("train.images=" + "[" * 2000, r"images: expected a whole number, found \"\[\["),
    ],
)
def test_a_hostile_override_is_refused(tiny_experiment, assignment, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_checked(tiny_experiment, [assignment])
    assert all(line.isprintable() and len(line) <= 4000 for line in caught.value.lines)


def test_a_text_as_windows_writes_it_is_read(tiny_experiment):
    content = tiny_experiment.read_text("utf-8").replace("\n", "\r\n")
    tiny_experiment.write_bytes(b"\xef\xbb\xbf" + content.encode())
    assert load_checked(tiny_experiment).name == "tiny"


def test_a_folder_that_may_not_be_entered_is_named(tiny_experiment, monkeypatch):
    stat = os.stat

    def refused(path, **how):  # as for others than root, who runs these tests in containers
        if "closed" in str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return stat(path, **how)

    monkeypatch.setattr(os, "stat", refused)
    with pytest.raises(ConfigError, match=r"hr: expected a folder; .*closed/images cannot be used"):
        load_checked(tiny_experiment, ["data.train.hr=closed/images"])


def test_long_values_are_shown_without_their_middle():
    assert shown("x" * 1000) == f'"{"x" * 49} ... {"x" * 26}"'
    assert len(shown(list(range(100_000)))) < 120
    assert shown([[True], {"a": 1}]) == "[[true], a table]"
    assert len(one_line("\x00" * 10_000)) <= 4000
