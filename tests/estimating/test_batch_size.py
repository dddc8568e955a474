"""``batch_size = "auto"``: the largest that fits is found by few probes, once."""

import logging

import pytest

from srcore.config.plain_tables import as_table
from srcore.errors import SrcoreError
from srcore.estimating import batch_size
from srcore.estimating.batch_size import largest_fitting, search_size
from srcore.estimating.child import ProbeMemoryError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_checked
from srcore.testing.runs import train_run

AUTO = 'train.batch_size="auto"'


def searched(each, *, budget, most=512, smallest=1, step=1, fixed=100, allowed=lambda it: True):
    """The number, and what was tried, where memory is ``fixed`` and so much for each image."""
    tried = []

    def memory_of(number):
        tried.append(number)
        needed = fixed + each(number)
        return needed if needed <= budget * 1.1 else None  # memory runs out beyond the margin

    number, _ = search_size(
        memory_of, allowed, lambda: budget, lambda: most, smallest=smallest, step=step
    )
    return number, tried


@pytest.mark.parametrize("budget", [150, 1000, 4321])
@pytest.mark.parametrize("step", [1, 4])
def test_memory_that_grows_evenly_is_filled_in_few_trials(budget, step):
    number, tried = searched(lambda it: 10 * it, budget=budget, smallest=step, step=step)
    assert number == min(512, (budget - 100) // 10 // step * step)
    assert len(tried) <= 4


@pytest.mark.parametrize("budget", [200, 2000])
def test_memory_that_grows_faster_is_never_exceeded(budget):
    number, tried = searched(lambda it: it**1.5, budget=budget)
    assert 100 + number**1.5 <= budget
    assert 100 + (number / 0.6) ** 1.5 > min(budget, 100 + 512**1.5)
    assert number in tried


def test_what_needs_little_is_believed_untried():
    number, tried = searched(lambda it: it, budget=10**6)
    assert (number, tried) == (512, [1, 2])


def test_no_more_than_there_are_images():
    assert searched(lambda it: it, budget=10**6, most=6, step=4, smallest=4)[0] == 4


def test_a_number_that_breaks_a_rule_is_not_taken():
    number, _ = searched(lambda it: 10 * it, budget=1000, allowed=lambda it: 180 % it == 0)
    assert number == 90


def test_where_nothing_fits_a_line_says_what_helps():
    with pytest.raises(SrcoreError, match="out of memory with 2 already; a smaller hr_patch_size"):
        searched(lambda it: 10**6, budget=10, smallest=2)


@pytest.fixture
def probes(monkeypatch):
    """Numbers that were tried; a process that takes 1 MiB for each image, of 100 MiB."""
    numbers = []

    def try_experiment(table, plugins, job, folder, what):
        number = table["train"]["batch_size"]
        numbers.append(number)
        if number > 100:
            raise ProbeMemoryError(f"{what}: out of memory")
        memory = {"training": number << 20, "saving": 0, "validation": 0, "free": 100 << 20}
        return {"memory": memory, "images": 300, "device": "cpu"}

    monkeypatch.setattr(batch_size, "try_experiment", try_experiment)
    return numbers


def test_rules_between_tables_hold_for_the_number(tiny_experiment, probes):
    loaded = load_checked(tiny_experiment, [AUTO, "train.accumulate=8"])
    experiment = loaded.experiment(loaded.stages[0])
    assert largest_fitting(as_table(experiment), experiment, plugins()) == 80  # 85 with a margin


def test_the_number_is_written_into_the_run_and_found_once(tiny_experiment, tmp_path, monkeypatch):
    searches = []

    def largest(*_):
        searches.append(3)
        return 3

    monkeypatch.setattr(batch_size, "largest_fitting", largest)
    short = [AUTO, "train.iterations=4", "name=contract"]
    loaded = load_checked(tiny_experiment, short)
    whole = train_run(loaded, tmp_path / "auto")
    written = (tmp_path / "auto" / "contract" / "experiment.toml").read_text("utf-8")
    assert "batch_size = 3\n" in written
    given = load_checked(tiny_experiment, ["train.batch_size=3", *short[1:]])
    equal = train_run(given, tmp_path / "given")
    assert whole.keys() == equal.keys() == {""}
    for name, tensor in whole[""]["networks"]["generator"].items():
        assert (tensor == equal[""]["networks"]["generator"][name]).all(), name
    # resumed, and longer, it goes on with the number
    longer = load_checked(tiny_experiment, [AUTO, "train.iterations=6", "name=contract"])
    run_experiment(longer, tmp_path / "auto", resume=True, quiet=True)
    assert searches == [3]


def test_a_probe_that_fails_ends_the_run_before_it_begins(tiny_experiment, tmp_path, monkeypatch):
    def fails(*_):
        raise SrcoreError("train.batch_size = 1: no images")

    monkeypatch.setattr(batch_size, "largest_fitting", fails)
    with pytest.raises(SrcoreError, match="no images"):
        run_experiment(load_checked(tiny_experiment, [AUTO]), tmp_path / "runs", quiet=True)


@pytest.mark.slow
def test_a_true_search_ends_with_a_run(tiny_experiment, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "srcore"):
        run_experiment(load_checked(tiny_experiment, [AUTO]), tmp_path / "runs", quiet=True)
    assert 'train.batch_size = "auto": 6, the most that is tried' in caplog.text
