"""With parts of the core and of other plugins; what comes out is a generator like any other."""

import pytest

import srcore
from srcore.errors import ConfigError
from srcore.testing import assert_same_state, write_tiny_images
from srcore.testing.commands import run_command

SEMANTICS = "semantics={weights='random', width=8, blocks=[1, 1, 1]}"
VELOCITY, JUDGED = "{type='flow_matching'}", "{type='adversarial', weight=0.1}"
LOSSES = [
    "{type='l1'}",
    "{type='charbonnier'}",
    "{type='ms_ssim', scales=1}",
    "{type='perceptual', weights='random', layers={conv1_2=1.0}}",
    "{type='consistency', weight=0.1}",
    "{type='frequency'}",
    "{type='gradient'}",
]


@pytest.mark.parametrize("file", ["small.toml", "adversarial.toml", "distilled.toml"])
def test_losses_of_the_core_see_the_estimate(experiment, train, file):
    own = {
        "small.toml": [VELOCITY],
        "adversarial.toml": [VELOCITY, JUDGED],
        "distilled.toml": ["{type='mse', target='teacher'}"],
    }[file]
    _, values = train(experiment.with_name(file), f"losses=[{', '.join((*own, *LOSSES))}]")
    names = {name for name in values[-1] if "/" not in name}
    assert {"l1", "charbonnier", "ms_ssim", "perceptual", "consistency", "frequency"} <= names
    assert all(abs(value) < 1e6 for value in values[-1].values())


@pytest.mark.parametrize("file", ["small.toml", "adversarial.toml", "distilled.toml"])
def test_ldl_compares_with_the_average_at_the_same_point(experiment, train, file):
    pytest.importorskip("srplug_ldl")
    own = {
        "small.toml": VELOCITY,
        "adversarial.toml": f"{VELOCITY}, {JUDGED}",
        "distilled.toml": "{type='l1', target='teacher'}",
    }[file]
    _, values = train(
        experiment.with_name(file),
        f"losses=[{own}, {{type='ldl'}}]",
        "optimizer.generator={type='adam', learning_rate=1e-2}",
        "train.iterations=5",
    )
    assert next(it["ldl"] for it in values if it.get("ldl")) > 0


@pytest.mark.parametrize("kind", ["sed_patch", "sed_unet"])
def test_sed_judges_the_estimate_beside_the_true_image(experiment, train, kind):
    pytest.importorskip("srplug_sed")
    _, values = train(
        experiment.with_name("adversarial.toml"),
        f"losses=[{VELOCITY}, {JUDGED}]",
        f"discriminator={{type='{kind}', num_features=8, head_dim=16, {SEMANTICS}}}",
        "data.train.hr_patch_size=64",
    )
    assert values[-1]["adversarial_fake"] > 0


def test_smoothed_labels_and_noisy_judges_fit(experiment, train):
    pytest.importorskip("srplug_esrdgan")
    _, values = train(
        experiment.with_name("adversarial.toml"),
        f"losses=[{VELOCITY}, {JUDGED}]",
        "method.labels={type='esrdgan', smoothing=0.1}",
        "discriminator.inputs=[{type='instance_noise'}]",
    )
    assert values[-1]["d_real"] != values[-1]["d_fake"]


@pytest.mark.parametrize("method", ["supervised", "gan"])
def test_the_network_trains_through_its_steps_as_any_other(experiment, train, method):
    file = "small.toml" if method == "supervised" else "adversarial.toml"
    judged = f", {JUDGED}" if method == "gan" else ""
    _, values = train(
        experiment.with_name(file), f"losses=[{{type='l1'}}{judged}]", f"method={{type='{method}'}}"
    )
    assert values[-1]["l1"] > 0


@pytest.mark.parametrize(
    ("file", "overrides", "message"),
    [
        (
            "small.toml",
            ["method={type='supervised'}"],
            r'"flow_matching" needs flow_time, which method "supervised" does not provide; methods '
            "that do: flow_matching, gan_flow_matching",
        ),
        (
            "small.toml",
            ["generator={type='compact'}"],
            r'"compact" lacks velocity, which method "flow_matching" needs',
        ),
        (
            "small.toml",
            [f"losses=[{VELOCITY}, {JUDGED}]"],
            r'"adversarial" needs a discriminator, which method "flow_matching" does not provide',
        ),
        (
            "small.toml",
            [f"losses=[{VELOCITY}, {{type='ldl'}}]", "train.ema_decay=0.0"],
            '"ldl" needs the EMA generator',
        ),
        (
            "distilled.toml",
            ["losses=[{type='l1'}]"],
            r'method\.type: no loss asks the teacher; set target = "teacher"',
        ),
        (
            "distilled.toml",
            [f"losses=[{VELOCITY}, {{type='l1', target='teacher'}}]"],
            r'"flow_matching" needs flow_time, which method "flow_distillation" does not',
        ),
        (
            "distilled.toml",
            ["networks.teacher={type='compact', weights='teacher.safetensors'}"],
            r'networks\.teacher\.type: "compact" lacks velocity',
        ),
        ("small.toml", ["method.latest=1.0"], r"method\.latest"),
        ("small.toml", ["generator.steps=0"], r"generator\.steps"),
        ("small.toml", ["generator.sigma=-0.1"], r"generator\.sigma"),
        ("small.toml", ["data.train={type='lr_folder',lr='train'}"], r"data\.train.* hr"),
    ],
)
def test_what_cannot_combine_is_refused_with_the_reason(experiment, file, overrides, message):
    pytest.importorskip("srplug_ldl")
    with pytest.raises(ConfigError, match=message):
        srcore.load_experiment(experiment.with_name(file), overrides)


def test_generator_upscales_and_evaluates_as_any_other_and_is_no_program(
    experiment, train, tmp_path, capsys
):
    held_out, out = tmp_path / "held_out", tmp_path / "out"
    write_tiny_images(held_out, 2, height=32, width=40, seed=8)
    state, _ = train(experiment)
    weights = tmp_path / "run/small/generator.safetensors"
    assert_same_state(srcore.load_generator(weights).state_dict(), state["networks"]["ema"])
    for command in (
        ("upscale", held_out, "--output", out, "--weights", weights, "--network", "steps=3"),
        ("evaluate", weights, "--data", held_out, "--json"),
        ("convert", weights, tmp_path / "again.safetensors", "--to", "safetensors"),
    ):
        code, printed, errors = run_command(capsys, *command)
        assert code == 0, printed + errors
    assert len(list(out.iterdir())) == 2
    for form, suffix in (("torch_export", "pt2"), ("onnx", "onnx")):
        code, printed, errors = run_command(
            capsys, "convert", weights, tmp_path / f"program.{suffix}", "--to", form
        )
        assert code != 0
        assert "it sees more than the image (draw), which programs cannot be given" in errors
