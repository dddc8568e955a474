"""What a stage runs on, in words."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from srcore.engine import log_heading as module
from srcore.engine.log_heading import head, head_lines


@pytest.fixture
def told(monkeypatch):
    """Facts of a stage of 1000 images in batches of 16, with some processes."""

    def facts(processes=1, threads=1, sets=()):
        monkeypatch.setattr(module.idist, "get_world_size", lambda: processes)
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        train = SimpleNamespace(device="cpu", precision="bfloat16", batch_size=16)
        run = SimpleNamespace(
            device=torch.device("cpu"),
            experiment=SimpleNamespace(train=train),
            plugins=SimpleNamespace(discovered=["srplug-own 1.2"]),
        )
        roles = {"generator": SimpleNamespace(network=nn.Linear(100, 20))}
        return head(run, SimpleNamespace(roles=roles), 1000, sets)

    return facts


def test_networks_have_their_parameters_and_images_their_epochs(told):
    facts = told()
    assert facts["Networks"] == "generator Linear with 2,020 parameters"
    assert facts["Training images"] == "1,000; an epoch is 62.5 iterations of 16"
    assert facts["Precision"] == "bfloat16"
    assert ", srplug-own 1.2, Python " in facts["Versions"]


def test_a_batch_is_that_of_all_processes(told):
    facts = told(processes=4, threads=2)
    assert facts["Processes"] == "4 with 2 threads each"
    assert facts["Training images"] == "1,000; an epoch is 15.62 iterations of 64"
    assert told()["Processes"] == "1 with 1 thread"


def test_validation_sets_are_named_with_their_images(told):
    sets = [SimpleNamespace(name=name, dataset="x" * n) for name, n in (("set5", 5), ("b", 2))]
    assert told(sets=sets)["Validation images"] == "set5 5, b 2"
    assert told()["Validation images"] == "none"


def test_the_log_has_a_line_for_each():
    assert head_lines({"Device": "cpu", "Training images": "3"}) == [
        "device: cpu",
        "training images: 3",
    ]
