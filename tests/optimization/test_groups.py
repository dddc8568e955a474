"""Groups of parameters: what they are trained with, and what is wrong with them."""

import pytest
import torch

from srcore.config.plain_tables import as_table
from srcore.errors import ConfigError, SrcoreError
from srcore.launching.stages import run_experiment
from srcore.optimization.building import build_optimizer
from srcore.testing import assert_same_state
from srcore.testing.experiments import load_checked, typed

GROUPS = """
[schedule.generator]
type = "multistep"
milestones = [2]
gamma = 0.5

[optimizer.generator]
type = "adamw"
learning_rate = 1e-3
weight_decay = 0.5
[[optimizer.generator.groups]]
match = "*.bias"
weight_decay = 0
[[optimizer.generator.groups]]
match = ["conv_first.*", "*.conv1.weight"]
learning_rate_factor = 0.1
betas = [0.5, 0.6]
"""


@pytest.fixture
def with_text(tiny_experiment):
    """The tiny experiment with a text behind it."""
    plain = tiny_experiment.read_text("utf-8")

    def write(text):
        tiny_experiment.write_text(plain + text, "utf-8")
        return tiny_experiment

    return write


def run(file, output, *overrides):
    run_experiment(load_checked(file, overrides), output, resume=True, quiet=True)
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


def problems(file, *overrides):
    with pytest.raises(ConfigError) as caught:
        load_checked(file, overrides)
    return [f"{it.path}: {it.message}" for it in caught.value.problems]


def test_every_parameter_is_trained_with_the_settings_of_its_first_group(with_text, tmp_path):
    state = run(with_text(GROUPS), tmp_path)
    names = list(state["networks"]["generator"])
    others, biases, firsts = state["optimizers"]["generator"]["param_groups"]
    assert (others["lr"], biases["lr"], firsts["lr"]) == pytest.approx((5e-4, 5e-4, 5e-5))
    assert (others["weight_decay"], biases["weight_decay"]) == (0.5, 0)
    assert (others["betas"], firsts["betas"]) == ((0.9, 0.99), (0.5, 0.6))
    counts = [len(group["params"]) for group in (others, biases, firsts)]
    bias = [name for name in names if name.endswith(".bias")]
    first = [name for name in names if name.endswith("conv1.weight") or "conv_first.w" in name]
    assert counts == [len(names) - len(bias) - len(first), len(bias), len(first)]
    assert first


def test_a_group_has_its_effect_and_no_other(with_text, tmp_path):
    """One step of AdamW by its formula: biases do not shrink, all else does."""
    start = run(
        with_text(""),
        tmp_path / "start",
        "train.iterations=1",
        "train.ema_decay=0.5",
        "train.ema_warmup=false",
    )
    assert start["iteration"] == 1
    text = '[optimizer.generator]\ntype = "adamw"\nlearning_rate = 1e-3\nweight_decay = 0.5\n'
    group = '[[optimizer.generator.groups]]\nmatch = "*.bias"\nweight_decay = 0\n'
    whole = run(with_text(text), tmp_path / "whole", "train.iterations=1")["networks"]["generator"]
    apart = run(with_text(text + group), tmp_path / "apart", "train.iterations=1")
    for name, value in apart["networks"]["generator"].items():
        is_bias = name.endswith(".bias")
        assert torch.equal(value, whole[name]) is not (is_bias and bool(value.any()))
        if is_bias:  # p - lr wd p against p
            torch.testing.assert_close(value - whole[name], 5e-4 * value, rtol=0.1, atol=1e-6)


def test_resumed_trainings_go_on_to_the_bit(with_text, tmp_path):
    file = with_text(GROUPS)
    whole = run(file, tmp_path / "whole")
    run(file, tmp_path / "parts", "train.iterations=3")
    parts = run(file, tmp_path / "parts")
    for key in ("networks", "optimizers"):
        assert_same_state(whole[key], parts[key])


def test_other_groups_are_refused_on_resume(with_text, tmp_path):
    run(with_text(GROUPS), tmp_path, "train.iterations=2")
    file = with_text(GROUPS.replace("factor = 0.1", "factor = 0.2"))
    with pytest.raises(SrcoreError, match=r"groups\[1\]\.learning_rate_factor"):
        run(file, tmp_path)


def test_the_resolved_experiment_says_the_same(with_text):
    loaded = load_checked(with_text(GROUPS))
    experiment = loaded.experiment(loaded.stages[0])
    table = as_table(experiment)
    assert table["optimizer"]["generator"]["groups"][0] == {
        "match": "*.bias",
        "learning_rate_factor": 1.0,
        "weight_decay": 0.0,
    }
    assert as_table(typed(table)) == table


def test_without_groups_the_optimizer_is_what_it_was(with_text):
    loaded = load_checked(with_text(""))
    table = loaded.experiment(loaded.stages[0]).optimizer["generator"]
    network = torch.nn.Linear(2, 2)
    (group,) = build_optimizer(table.selected, network).param_groups
    assert len(group["params"]) == 2
    assert "groups" not in as_table(table)


GROUP = '[[optimizer.generator.groups]]\nmatch = "{match}"\n{keys}\n'


def group(match="*.bias", keys=""):
    return "\n" + GROUP.format(match=match, keys=keys)


WHERE = "optimizer.generator.groups[0]"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            group(keys="weigth_decay = 0"),
            [f'{WHERE}.weigth_decay: unknown key; did you mean "weigh'],
        ),
        (
            group(keys="weight_decay = -1"),
            [f"{WHERE}.weight_decay: expected a number >= 0, found -"],
        ),
        (
            group(keys="xyz = 1"),
            [
                f"{WHERE}.xyz: unknown key; known keys of groups of adam: betas, eps, "
                "learning_rate, learning_rate_factor, match, weight_decay"
            ],
        ),
        (group(keys='eps = "small"'), [f'{WHERE}.eps: expected a number, found "small"']),
        (group(keys="betas = [0.9]"), [f"{WHERE}.betas: expected a list of 2 values, found"]),
        (group(keys='type = "adamw"'), [f"{WHERE}.type: groups have the optimizer of their table"]),
        (
            group(keys="learning_rate_factor = 2\nlearning_rate = 1"),
            [f"{WHERE}.learning_rate_factor: learning_rate is given too; remove one of both"],
        ),
        (
            group("conv_frst.*"),
            [f'{WHERE}.match: "conv_frst.*" matches no parameter; did you mean "conv_first"?'],
        ),
        (
            group() + group("conv_first.bias"),
            [f"{WHERE.replace('0', '1')}.match: all parameters that it matches are in earlier gro"],
        ),
        (group("zzz"), [f'{WHERE}.match: "zzz" matches no parameter; parameters: ']),
        ("[[optimizer.generator.groups]]\nmatch = []\n", [f"{WHERE}.match: expected at least one"]),
        ("[[optimizer.generator.groups]]\neps = 1\n", [f"{WHERE}.match: required key is missing"]),
    ],
)
def test_what_is_wrong_is_one_line_where_it_stands(with_text, text, lines):
    said = problems(with_text(text))
    assert len(said) == len(lines)
    for line, begin in zip(said, lines, strict=True):
        assert line.startswith(begin)


LAYERS = """
[generator]
type = "edsr"
num_features = 4
num_blocks = 3

[optimizer.generator]
type = "adamw"
learning_rate = 8e-4
"""
DECAYING = """
[[optimizer.generator.groups]]
match = "{name}.*"
learning_rate_factor = {factor}
"""


def test_rates_of_layers_are_what_they_say_at_every_iteration(tiny_experiment, tmp_path):
    """The sooner a layer, the smaller its rate; each follows the schedule by itself."""
    factors = {"conv_first": 0.125, "body.0": 0.25, "body.1": 0.5}
    text = LAYERS + "".join(DECAYING.format(name=n, factor=f) for n, f in factors.items())
    text += '[schedule.generator]\ntype = "multistep"\nmilestones = [2]\ngamma = 0.5\n'
    before, _, _ = tiny_experiment.read_text("utf-8").partition("[generator]")
    _, _, after = tiny_experiment.read_text("utf-8").partition("[[losses]]")
    tiny_experiment.write_text(f"{before}{text}[[losses]]{after}", "utf-8")
    seen = []
    for iterations in (1, 3):
        state = run(tiny_experiment, tmp_path, f"train.iterations={iterations}")
        names = list(state["networks"]["generator"])
        rates = {}
        for group in state["optimizers"]["generator"]["param_groups"]:
            rates |= dict.fromkeys(group["params"], group["lr"])
        seen.append(sorted(rates.values()))
    expected = [
        8e-4 * next((f for layer, f in factors.items() if name.startswith(f"{layer}.")), 1.0)
        for name in names
    ]
    assert seen[0] == pytest.approx(sorted(expected))
    assert seen[1] == pytest.approx([rate / 2 for rate in sorted(expected)])
