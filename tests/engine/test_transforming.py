"""Batch transforms of a stage, one after the other."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from srcore.engine.transforming import build_transforms, transformed
from srcore.errors import SrcoreError


def adding(batch, generator):
    return {**batch, "lr": batch["lr"] + torch.rand(1, generator=generator)}


def doubling(batch, generator):
    return {**batch, "lr": 2 * batch["lr"]}


def generator():
    return torch.Generator().manual_seed(1)


def test_they_come_in_their_order_and_draw_from_one_generator():
    first, second = (float(it) for it in torch.rand(2, generator=generator()))
    made = transformed({"lr": torch.zeros(1)}, [adding, doubling, adding], generator())
    assert float(made["lr"]) == pytest.approx(2 * first + second)


def test_no_graph_is_kept():
    weight = torch.ones(1, requires_grad=True)
    made = transformed(
        {"lr": torch.ones(1)}, [lambda batch, generator: {"lr": batch["lr"] * weight}], generator()
    )
    assert not made["lr"].requires_grad


def test_means_of_every_tensor_are_looked_at_after_every_transform():
    seen = []

    def require(means, what):
        seen.append((what, {name: float(mean) for name, mean in means.items()}))
        if not all(torch.isfinite(mean) for mean in means.values()):
            raise SrcoreError(what)

    def breaking(batch, generator):
        return {**batch, "lr": batch["lr"] * torch.inf}

    batch = {"lr": torch.tensor([1, 3]), "path": ["a", "b"]}
    with pytest.raises(SrcoreError, match="after transform 2, the mean of"):
        transformed(batch, [doubling, breaking, doubling], generator(), require)
    assert seen[0] == ("after transform 1, the mean of", {"lr": 4.0})
    assert len(seen) == 2


def test_modules_are_built_for_the_scale_and_put_on_the_device():
    moved = []

    class Filter(nn.Module):
        def to(self, device):
            moved.append(device)
            return self

    def selected(part):
        return SimpleNamespace(build=lambda scale: (part, scale)[0])

    part = Filter()
    table = SimpleNamespace(transforms=[selected(part), selected(adding)])
    experiment = SimpleNamespace(scale=2, data=SimpleNamespace(train=table))
    device = torch.device("cpu")
    assert build_transforms(experiment, device) == [part, adding]
    assert moved == [device]
    experiment.data.train = None
    assert build_transforms(experiment, device) == []
