"""What a command line names: files, and models that are fetched once somebody agrees."""

import sys
from types import SimpleNamespace

import click
import pytest

from srcore.cli.fetching import NotAskedError, agreed, confirmed, label_of, located
from srcore.models.catalog import UnknownModelError
from srcore.models.source import Offer


@pytest.fixture
def terminal(monkeypatch):
    """Somebody sits there and gives these answers."""
    answers = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(click, "confirm", lambda question, err: answers.pop(0))
    return answers


def test_a_file_is_itself_and_has_no_other_name(tmp_path):
    file = tmp_path / "x.pth"
    file.touch()
    assert located(file, yes=False) == file
    assert label_of(located(str(file), yes=False)) == ""


@pytest.mark.parametrize("name", ["x4", "model:x4"])
def test_a_shipped_model_is_here_by_both_of_its_names(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = located(name, yes=False)
    assert file.is_file()
    assert label_of(file) == "x4"


def test_a_file_comes_before_a_model_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x4").touch()
    assert str(located("x4", yes=False)) == "x4"


def test_what_is_neither_is_answered_with_what_is_like_it(tmp_path):
    (tmp_path / "mine.pth").touch()
    with pytest.raises(UnknownModelError, match=r'mime\.pth: no such file .* mean ".*mine\.pth"'):
        located(tmp_path / "mime.pth", yes=False)
    with pytest.raises(UnknownModelError, match="srcore models lists those that are published"):
        located("quite another thing", yes=False)


def test_nobody_is_asked_who_has_agreed(monkeypatch):
    monkeypatch.setattr(click, "confirm", None)  # asking would fail
    assert confirmed("Sure?", yes=True, what="it")


def test_where_nobody_can_be_asked_the_flag_is_named(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(NotAskedError, match=r"^it, and there is no terminal to ask at: add --yes"):
        confirmed("Sure?", yes=False, what="it")
    assert NotAskedError.exit_code == 2


def test_what_is_to_be_fetched_is_shown_before_it_is_asked_for(terminal, capsys):
    offer = Offer(what="model x", place="https://x.org/x", about=("MIT",))
    terminal += [False, True]
    assert [agreed(offer, yes=False), agreed(offer, yes=False)] == [False, True]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == 2 * f"srcore: {offer.line}\n  https://x.org/x\n  MIT\n"
