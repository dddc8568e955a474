"""The scale of float16 losses, against PyTorch's for what that can do, and beyond."""

import pytest
import torch
from torch import nn

import srcore
from srcore.engine import loss_scale
from srcore.engine.loss_scale import LossScale
from srcore.engine.updater import Updater
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment


def factors(number):
    """Losses of an iteration; some overflow in their gradients."""
    return 1e36 if number in (2, 3, 9) else 1.0 + number


def test_scale_and_weights_follow_pytorchs_scaler(monkeypatch):
    monkeypatch.setattr(loss_scale, "PATIENCE", 4)
    ours, theirs = nn.Linear(2, 1), nn.Linear(2, 1)
    theirs.load_state_dict(ours.state_dict())
    scale = LossScale(enabled=True)
    updater = Updater(ours, torch.optim.SGD(ours.parameters(), 1e-3), None, scale)
    reference = torch.amp.GradScaler("cpu", growth_interval=4)
    optimizer = torch.optim.SGD(theirs.parameters(), 1e-3)
    for number in range(12):
        updater.begin(number, 1, watch_norm=False)
        updater.backward(ours(torch.ones(1, 2)).sum() * factors(number))
        updater.step()
        scale.update()
        optimizer.zero_grad()
        reference.scale(theirs(torch.ones(1, 2)).sum() * factors(number)).backward()
        reference.step(optimizer)
        reference.update()
        assert scale.scale == reference.get_scale()
        assert torch.equal(ours.weight, theirs.weight)
    resumed = LossScale(enabled=True)
    resumed.load_state_dict(reference.state_dict())
    assert resumed.state_dict() == scale.state_dict()


def test_an_iteration_of_several_steps_moves_the_scale_once():
    network = nn.Linear(1, 1)
    scale = LossScale(enabled=True)
    updater = Updater(network, torch.optim.SGD(network.parameters(), 0.1), None, scale)
    updater.begin(1, 1, watch_norm=False)
    for factor in (1e36, 1.0, 1e36):
        updater.backward(network(torch.ones(1, 1)).sum() * factor)
        updater.step()
    scale.update()
    assert scale.scale == loss_scale.FIRST / 2


def test_gradients_that_are_never_finite_end_the_training():
    scale = LossScale(enabled=True)
    message = 'gradients stay infinite or NaN, .* "bfloat16" or "float32"'
    with pytest.raises(SrcoreError, match=message):  # noqa: PT012 - some iterations pass
        for _ in range(100):
            scale.unscale([torch.tensor([torch.nan])])
            scale.update()


def test_other_types_are_not_scaled():
    scale = LossScale(enabled=False)
    loss, gradient = torch.tensor(3.0), torch.tensor([torch.inf])
    assert scale.scaled(loss) is loss
    assert scale.unscale([gradient])
    assert scale.state_dict() == {}


ADVERSARIAL = (
    'method={type="gan",discriminator_steps=2,generator_every=2,adversarial_start=2}',
    'discriminator={type="patch",num_features=4,num_layers=1}',
    'losses=[{type="adversarial",weight=0.1}]',
    "train.precision=float16",
    "train.device=auto",
    "train.ema_decay=0.9",
)


@pytest.mark.skipif(torch.cuda.is_available(), reason="auto would take the GPU")
def test_float16_trains_with_several_steps_and_terms_that_wait(tiny_experiment, tmp_path, caplog):
    with caplog.at_level("WARNING", logger="srcore"):
        run_experiment(srcore.load_experiment(tiny_experiment, ADVERSARIAL), tmp_path)
    assert "train.precision: float16 is slow on a CPU" in caplog.text
    state = torch.load(tmp_path / "tiny/checkpoints/last.pt", weights_only=True)
    steps = {
        name: {int(entry["step"]) for entry in optimizer["state"].values()}
        for name, optimizer in state["optimizers"].items()
    }
    assert steps == {"generator": {2}, "discriminator": {12}}
    assert state["scaler"] == {"scale": loss_scale.FIRST, "_growth_tracker": 6}
