"""The state of a training: saved, told of, rescued after an error."""

import logging

import pytest
import torch

import srcore
from srcore.errors import SrcoreError
from srcore.launching.beginning import begun
from srcore.runs import checkpoint


@pytest.fixture
def training(tiny_experiment, tmp_path):
    loaded = srcore.load_experiment(tiny_experiment, ["train.keep_every=2"])
    with begun(loaded, tmp_path) as made:
        yield made


def saved(training):
    return checkpoint.load_checkpoint(training.run.files.last, torch.device("cpu"))


def weight(training):
    return next(iter(training.parts.networks["generator"].parameters()))


def test_what_is_saved_is_said_and_exported(training):
    state, files = training.state, training.run.files
    assert state.saved_at == -1
    assert state.last_good() == "; no checkpoint had been written yet"
    for iteration in (1, 2, 3):
        training.parts.iteration = iteration
        state.save()
        assert (state.saved_at, training.run.iteration) == (iteration, iteration)
        assert saved(training)["iteration"] == iteration
        assert files.network("generator").is_file()
    assert state.last_good().endswith(f"{files.last} of iteration 3")
    assert files.checkpoint_at(2).is_file()  # train.keep_every
    assert not files.checkpoint_at(3).exists()


def test_weights_that_went_bad_do_not_replace_a_good_checkpoint(training):
    training.parts.iteration = 1
    training.state.save()
    good = weight(training).detach().clone()
    with torch.no_grad():
        weight(training).fill_(torch.nan)
    training.parts.iteration = 2
    with pytest.raises(SrcoreError, match=r"iteration 2: not finite any more: .*of iteration 1"):
        training.state.save()
    assert saved(training)["iteration"] == 1
    with torch.no_grad():
        weight(training).copy_(good)


def test_the_last_whole_iteration_is_rescued(training):
    training.parts.iteration = 4
    training.state.begin_iteration(5, watch_norm=False)
    training.state.rescue()
    assert saved(training)["iteration"] == 4


def test_an_iteration_that_has_changed_something_is_not_saved(training, caplog):
    training.parts.iteration = 4
    training.state.begin_iteration(5, watch_norm=False)
    with torch.no_grad():
        weight(training).add_(1)
    with caplog.at_level(logging.WARNING, "srcore"):
        training.state.rescue()
    assert "iteration 5 had begun to change what is trained" in caplog.text
    assert not training.run.files.last.exists()
    training.state.end_iteration()


def test_it_is_rescued_once(training):
    training.parts.iteration = 4
    training.state.rescue()
    training.parts.iteration = 5
    training.state.rescue()
    assert saved(training)["iteration"] == 4
