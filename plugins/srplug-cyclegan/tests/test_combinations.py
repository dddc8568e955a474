"""With parts of the core and of other plugins; what comes out is a generator like any other."""

import json
import warnings

import pytest
import torch

import srcore
from srcore.launching.stages import run_experiment
from srcore.networks.compact import Compact
from srcore.testing import assert_same_state, write_tiny_images
from srcore.testing.commands import run_command

SEMANTICS = "semantics={weights='random', width=8, blocks=[1, 1, 1]}"
JUDGED = "{type='adversarial'}"
LR_JUDGED = "{type='adversarial', name='lr_a', for='degradation'}"


def train(experiment, output, *overrides, iterations=3):
    """The last state and the values of every iteration."""
    loaded = srcore.load_experiment(experiment, (*overrides, f"train.iterations={iterations}"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*with random weights")
        run_experiment(loaded, output, quiet=True)
    rows = map(json.loads, (output / "small/metrics.jsonl").read_text().splitlines())
    values = [row["values"] for row in rows if row["phase"] == "train"]
    state = torch.load(output / "small/checkpoints/last.pt", weights_only=True)
    return state, values


LOSSES = [
    "{type='charbonnier'}",
    "{type='ms_ssim', scales=1}",
    "{type='perceptual', weights='random', layers={conv1_2=1.0}}",
    "{type='consistency', weight=0.1}",
    "{type='frequency'}",
    "{type='gradient'}",
]


def test_losses_of_the_core_train_both_networks(experiment, tmp_path):
    for_degradation = [
        loss.replace("}", f", name='lr_{index}', for='degradation'}}", 1)
        if "layers" not in loss
        else loss.replace("{type", f"{{name='lr_{index}', for='degradation', type", 1)
        for index, loss in enumerate(LOSSES)
        if "consistency" not in loss
    ]
    losses = f"losses=[{JUDGED}, {LR_JUDGED}, {', '.join((*LOSSES, *for_degradation))}]"
    _, values = train(experiment, tmp_path / "runs", losses)
    names = {name for name in values[-1] if "/" not in name}
    assert {"charbonnier", "ms_ssim", "perceptual", "lr_0", "lr_1", "lr_2", "lr_4"} <= names


@pytest.mark.parametrize("relativistic", ["average", "paired"])
def test_discriminators_may_be_relativistic(experiment, tmp_path, relativistic):
    both = ", ".join(
        loss.replace("{type", f"{{relativistic='{relativistic}', type")
        for loss in (JUDGED, LR_JUDGED)
    )
    _, values = train(experiment, tmp_path / "runs", f"losses=[{both}, {{type='l1'}}]")
    assert "lr_discriminator_d_real" in values[-1]


def test_penalties_concern_the_discriminator_of_their_network(experiment, tmp_path):
    penalty = "{type='r1', name='lr_r1', for='degradation', weight=0.1}"
    _, values = train(
        experiment, tmp_path / "runs", f"losses=[{{type='l1'}}, {JUDGED}, {LR_JUDGED}, {penalty}]"
    )
    assert any(name.startswith("lr_r1_") for name in values[-1])


def test_ldl_compares_with_the_average_on_the_same_degraded_images(experiment, tmp_path):
    pytest.importorskip("srplug_ldl")
    _, values = train(
        experiment,
        tmp_path / "runs",
        f"losses=[{{type='l1'}}, {{type='ldl'}}, {JUDGED}, {LR_JUDGED}]",
        "train.ema_decay=0.9",
        "train.ema_warmup=false",
        "optimizer.generator={type='adam', learning_rate=1e-3}",
        iterations=5,
    )
    assert next(it["ldl"] for it in values if it.get("ldl")) > 0


@pytest.mark.parametrize("kind", ["sed_patch", "sed_unet"])
def test_sed_judges_the_cycle_beside_the_true_image(experiment, tmp_path, kind):
    pytest.importorskip("srplug_sed")
    write_tiny_images(experiment.parent / "clean", 3, height=72, width=72)
    write_tiny_images(experiment.parent / "real", 4, height=40, width=40)
    state, values = train(
        experiment,
        tmp_path / "runs",
        f"discriminator={{type='{kind}', num_features=8, head_dim=16, {SEMANTICS}}}",
        "method.judged=cycle",
        "method.pool_size=0",
        "data.train.hr_patch_size=64",
    )
    assert values[-1]["adversarial_fake"] > 0
    assert state["iteration"] == 3


def test_the_degradation_network_of_usrdu_fits(experiment, tmp_path):
    pytest.importorskip("srplug_usrdu")
    network = (
        "{type='usrdu_dsn', num_features=4, num_blocks=1, scale_head=false, feature_head=false}"
    )
    state, _ = train(experiment, tmp_path / "runs", f"networks.degradation={network}")
    assert "block_output.weight" in state["networks"]["degradation"]


def test_generator_upscales_evaluates_and_converts_as_any_other(experiment, tmp_path, capsys):
    held_out, out = tmp_path / "held_out", tmp_path / "out"
    write_tiny_images(held_out, 2, height=32, width=40, seed=8)
    state, _ = train(experiment, tmp_path / "runs")
    weights = tmp_path / "runs/small/generator.safetensors"
    for command in (
        ("upscale", held_out, "--output", out, "--weights", weights),
        ("evaluate", weights, "--data", held_out, "--json"),
        ("convert", weights, tmp_path / "generator.pt2", "--to", "torch_export"),
    ):
        code, printed, errors = run_command(capsys, *command)
        assert code == 0, printed + errors
    assert len(list(out.iterdir())) == 2
    network = srcore.load_generator(weights)
    assert isinstance(network, Compact)
    assert_same_state(network.state_dict(), state["networks"]["generator"])


def test_degradation_network_is_exported_and_read_again(experiment, tmp_path):
    state, _ = train(experiment, tmp_path / "runs")
    exported = tmp_path / "runs/small/degradation.safetensors"
    network = srcore.load_generator(exported)
    assert_same_state(network.state_dict(), state["networks"]["degradation"])
    images = torch.rand(1, 3, 20, 24)
    with torch.no_grad():
        assert network(images).shape == (1, 3, 10, 12)
