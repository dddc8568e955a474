"""What is refused before a training, in which words."""

import pytest

import srcore
from srcore.errors import ConfigError

SED = "{type='sed_patch', num_features=8, head_dim=16, " + (
    "semantics={weights='random', width=8, blocks=[1, 1, 1]}}"
)
COMPARED = "{type='l1'}"
JUDGED = "{type='adversarial'}"
LR_JUDGED = "{type='adversarial', name='a', for='degradation'}"


def refusal(experiment, *overrides):
    with pytest.raises(ConfigError) as caught:
        srcore.load_experiment(experiment, overrides)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ("networks.degradation={type='edsr'}",),
            'networks.degradation.type: "edsr" lacks shrinks, which method "cyclegan" needs',
        ),
        (
            ("generator={type='cyclegan_degradation'}",),
            'generator.type: "cyclegan_degradation" makes small images of large ones; method '
            '"cyclegan" needs one that enlarges',
        ),
        (
            (f"losses=[{COMPARED}, {LR_JUDGED}]",),
            'discriminator: nothing trains it; add [[losses]] with type = "adversarial"',
        ),
        (
            (f"losses=[{COMPARED}, {JUDGED}]",),
            "networks.lr_discriminator: nothing trains it; add [[losses]] with type = "
            '"adversarial" and for = "degradation"',
        ),
        (
            ("losses[0].for=lr_discriminator",),
            'losses[0].for: method "cyclegan" has no losses for "lr_discriminator"; expected one '
            "of generator, degradation",
        ),
        (
            ("networks.lr_discriminator.num_layers=3",),
            "networks.lr_discriminator.num_layers: 3 layers: expected data.train.hr_patch_size / 2 "
            "to be at least 24 (the network before it shrinks images), found 32 / 2; the nearest "
            "is 48 / 2",
        ),
        (
            (f"losses=[{JUDGED}, {LR_JUDGED}, {{type='ms_ssim', scales=2, for='degradation'}}]",),
            "losses[2].type: expected data.train.hr_patch_size / 2 to be 21 or more (the network "
            "before it shrinks images), found 32 / 2; the nearest is 42 / 2",
        ),
        (
            ("data.train={type='lr_folder', lr='real'}",),
            '"lr_folder" has no hr, which method "cyclegan" needs',
        ),
    ],
    ids=str,
)
def test_experiments_that_cannot_work_are_refused_in_one_line(experiment, overrides, line):
    lines = refusal(experiment, *overrides)
    assert any(line in it and "\n" not in it for it in lines), lines


@pytest.mark.parametrize("name", ["degradation", "lr_discriminator"])
def test_each_table_of_a_network_is_asked_for(experiment, name):
    text = experiment.read_text()
    table = text[text.index(f"[networks.{name}]") :]
    experiment.write_text(text.replace(table[: table.index("\n\n")], ""))
    kind = "network" if name == "degradation" else "discriminator"
    (line,) = refusal(experiment)
    assert line.endswith(
        f'networks.{name}: required table is missing; method "cyclegan" trains a {kind} "{name}"'
    )


def test_what_a_discriminator_is_conditioned_on_must_be_there(experiment):
    pytest.importorskip("srplug_sed")
    lines = refusal(experiment, f"discriminator={SED}", f"networks.lr_discriminator={SED}")
    for wanted in (
        'method.judged: discriminator: "sed_patch" judges an image beside the true one, which '
        'G(x) has not; set judged = "cycle"',
        'method.pool_size: discriminator: "sed_patch" judges an image beside the true one, which '
        "an earlier image has lost; set pool_size = 0",
        'networks.lr_discriminator: "sed_patch" judges an image beside the true one, which F(y) '
        "has not; take one without condition, such as patch",
    ):
        assert any(wanted in line for line in lines), lines


def test_the_average_of_the_generator_is_nothing_for_the_degradation(experiment):
    pytest.importorskip("srplug_ldl")
    lines = refusal(
        experiment,
        f"losses=[{JUDGED}, {LR_JUDGED}, {{type='ldl', for='degradation'}}]",
        "train.ema_decay=0.9",
    )
    wanted = (
        'method: [[losses]] "ldl" looks at the average of the generator; remove for = "degradation"'
    )
    assert any(wanted in line for line in lines), lines


def test_labels_must_differ(experiment):
    lines = refusal(experiment, "losses[3].name=adversarial")
    assert any('two losses are called "adversarial"' in line for line in lines), lines
