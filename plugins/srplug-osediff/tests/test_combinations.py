"""With parts of the core and of other plugins; what comes out is a generator like any other."""

import pytest

import srcore
from srcore.errors import ConfigError
from srcore.testing import write_tiny_images
from srcore.testing.commands import run_command
from srcore.testing.weights import write_weights

SEMANTICS = "semantics={weights='random', width=8, blocks=[1, 1, 1]}"
DISTILLED = "{type='score_distillation', weights='base.safetensors'}"
JUDGED = "{type='adversarial', weight=0.1}"


def test_losses_of_the_core_stand_beside_distillation(experiment, train):
    others = (
        "{type='l1'}, {type='perceptual', weights='random', layers={conv1_2=1.0}}, "
        "{type='frequency'}, {type='lpips', weights='random', network='alex', weight=2.0}"
    )
    _, values = train(experiment, f"losses=[{DISTILLED}, {others}]", "train.iterations=1")
    assert {"score_distillation", "l1", "perceptual", "frequency", "lpips"} <= values[-1].keys()
    assert all(abs(value) < 1e6 for value in values[-1].values())


def test_ldl_compares_with_the_average(experiment, train):
    pytest.importorskip("srplug_ldl")
    _, values = train(
        experiment,
        f"losses=[{DISTILLED}, {{type='ldl'}}]",
        "train.ema_decay=0.9",
        "train.ema_warmup=false",
        "optimizer.generator={type='adam', learning_rate=1e-2}",
        "train.iterations=3",
    )
    assert next(it["ldl"] for it in values if it.get("ldl")) > 0


def test_sed_judges_beside_the_true_image(experiment, train):
    pytest.importorskip("srplug_sed")
    _, values = train(
        experiment.with_name("adversarial.toml"),
        f"losses=[{DISTILLED}, {JUDGED}]",
        f"discriminator={{type='sed_patch', num_features=8, head_dim=16, {SEMANTICS}}}",
        "data.train.hr_patch_size=64",
        "train.iterations=1",
    )
    assert values[-1]["adversarial_fake"] > 0


@pytest.mark.parametrize(
    ("file", "overrides", "message"),
    [
        (
            "small.toml",
            ["method={type='supervised'}"],
            r'"score_distillation" needs latents, which method "supervised" does not provide; '
            "methods that do: gan_osediff, osediff",
        ),
        (
            "small.toml",
            ["generator={type='compact'}"],
            r'"compact" lacks latents, which method "osediff" needs; fitting: osediff',
        ),
        (
            "small.toml",
            [f"losses=[{DISTILLED}, {JUDGED}]"],
            r'"adversarial" needs a discriminator, which method "osediff" does not provide',
        ),
        (
            "small.toml",
            [f"discriminator={{type='sed_patch', {SEMANTICS}}}"],
            r'discriminator: method "osediff" has no use for it',
        ),
        ("small.toml", [f"losses=[{DISTILLED}, {{type='ldl'}}]"], '"ldl" needs the EMA generator'),
        (
            "small.toml",
            ["losses=[{type='score_distillation', weights='other.safetensors'}]"],
            r"losses\[0\]\.weights: .*holds Compact.*expected osediff",
        ),
        (
            "small.toml",
            ["losses=[{type='score_distillation', weights='base.safetensors', latest=0.01}]"],
            r"losses\[0\]\.latest: expected at least earliest = 0\.02, found 0\.01",
        ),
        (
            "small.toml",
            ["generator.attention_heads=[2]"],
            r"generator\.attention_heads: expected 2 numbers, as of unet_channels, found 1",
        ),
        (
            "small.toml",
            ["generator.attention_heads=[3, 2]"],
            r"generator\.unet_channels: expected a multiple of 3 heads, found 8",
        ),
        (
            "small.toml",
            ["generator.norm_groups=3"],
            r"generator\.vae_channels: expected a multiple of norm_groups = 3, found 4",
        ),
        ("small.toml", ["generator.lora_rank=0"], r"generator\.lora_rank"),
        (
            "small.toml",
            ["generator.weights='other.safetensors'"],
            r"generator\.weights: .*holds weights of compact, but the network is osediff",
        ),
    ],
)
def test_what_cannot_combine_is_refused_with_the_reason(experiment, file, overrides, message):
    pytest.importorskip("srplug_ldl")
    pytest.importorskip("srplug_sed")
    other = experiment.with_name("other.safetensors")
    write_weights(other, "compact", num_features=4, num_convs=1)
    with pytest.raises(ConfigError, match=message):
        srcore.load_experiment(experiment.with_name(file), overrides)


def test_generator_upscales_and_evaluates_as_any_other(experiment, train, tmp_path, capsys):
    held_out, out = tmp_path / "held_out", tmp_path / "out"
    write_tiny_images(held_out, 2, height=32, width=40, seed=8)
    train(experiment, "train.iterations=1")
    weights = tmp_path / "run/small/generator.safetensors"
    for command in (
        ("upscale", held_out, "--output", out, "--weights", weights, "--network", "latent_tile=4"),
        ("evaluate", weights, "--data", held_out, "--json"),
        ("convert", weights, tmp_path / "again.safetensors", "--to", "safetensors"),
    ):
        code, printed, errors = run_command(capsys, *command)
        assert code == 0, printed + errors
    assert len(list(out.iterdir())) == 2


@pytest.mark.slow
def test_generator_becomes_a_program(experiment, tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    code, printed, errors = run_command(
        capsys, "convert", "base.safetensors", tmp_path / "x2.onnx", "--to", "onnx"
    )
    assert code == 0, printed + errors
