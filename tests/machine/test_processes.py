"""Work is shared out only where torchrun says so, with all of its variables."""

import pytest

from srcore.machine import processes

NAMES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_without_variables_this_process_is_alone():
    assert (processes.rank(), processes.local_rank(), processes.world_size()) == (0, 0, 1)
    assert processes.processes_here() == 1
    assert processes.left_aside() == ""


def test_a_complete_set_is_followed(torchrun_variables):
    torchrun_variables(3, 4)
    assert (processes.rank(), processes.local_rank(), processes.world_size()) == (3, 3, 4)
    assert processes.processes_here() == 4
    assert processes.left_aside() == ""


@pytest.mark.parametrize("missing", NAMES)
@pytest.mark.parametrize("empty", [False, True])
def test_an_incomplete_set_is_not_followed_and_said(
    torchrun_variables, monkeypatch, missing, empty
):
    torchrun_variables(1, 2)
    monkeypatch.setenv(missing, "") if empty else monkeypatch.delenv(missing)
    assert (processes.rank(), processes.local_rank(), processes.world_size()) == (0, 0, 1)
    said = processes.left_aside()
    assert (missing in said) == (missing != "WORLD_SIZE")


def test_a_size_of_one_needs_no_word(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert processes.left_aside() == ""


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "WORLD_SIZE",
            "two",
            "WORLD_SIZE in the environment: expected a whole number, found 'two'",
        ),
        ("RANK", "-1", "RANK in the environment: expected a whole number, found '-1'"),
        ("RANK", "2", "RANK = 2: expected a number below WORLD_SIZE = 2"),
    ],
)
def test_impossible_values_are_one_line(torchrun_variables, monkeypatch, name, value, message):
    torchrun_variables(0, 2)
    monkeypatch.setenv(name, value)
    with pytest.raises(processes.LaunchError) as caught:
        processes.rank()
    assert str(caught.value) == message
    assert caught.value.exit_code == 2
