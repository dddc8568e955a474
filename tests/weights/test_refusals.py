"""Weights files of an experiment that would be refused when it is run are told by the check."""

import attrs
import pytest
import torch

import srcore
from srcore.errors import ConfigError, WeightsError
from srcore.options.declaration import declaration_of
from srcore.plugin.manager import plugins
from srcore.runs.folder import RunFolder
from srcore.testing.experiments import load_checked
from srcore.weights.loading import load_into
from srcore.weights.refusals import refused_weights

SMALL = {"scale": 2, "num_features": 8, "num_blocks": 1}


def told(experiment, *overrides):
    with pytest.raises(ConfigError) as caught:
        srcore.load_experiment(experiment, overrides)
    return {problem.path: problem.message for problem in caught.value.problems}


@pytest.fixture
def edsr(tmp_path):
    """Writes weights of an EDSR."""

    def write(name="start.pth", **options):
        network = srcore.build("network", "edsr", **{**SMALL, **options})
        torch.save(network.state_dict(), tmp_path / name)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num_blocks": 2}, "the file has num_blocks 2 (network: 1)"),
        ({"num_features": 16}, "num_features 16 (network: 8)"),
        ({"scale": 4}, "holds x4 weights, but the network is x2"),
    ],
)
def test_what_does_not_fit_is_told_in_the_words_of_loading(tiny_experiment, edsr, options, words):
    file = edsr(**options)
    (message,) = told(tiny_experiment, f"generator.weights={file}").values()
    assert words in message
    network = srcore.build("network", "edsr", **SMALL)
    with pytest.raises(WeightsError) as refused:
        load_into(network, file, plugins().registry, network_type="edsr")
    assert message == str(refused.value)


def test_what_fits_partly_may_start_partly(tiny_experiment, edsr):
    start = f"generator.weights={edsr(num_blocks=2)}"
    srcore.load_experiment(tiny_experiment, [start, "generator.partial_weights=true"])


def test_missing_and_unexpected_tensors_are_told_together(tiny_experiment, edsr):
    file = edsr()
    state = torch.load(file)
    first = next(iter(state))
    state["more"] = state.pop(first)
    torch.save(state, file)
    (message,) = told(tiny_experiment, f"generator.weights={file}").values()
    assert "1 missing in the file" in message
    assert "1 unknown to the network (more)" in message


def test_all_files_are_told_at_once(tiny_experiment, edsr):
    other, wide = edsr("other.pth"), edsr("wide.pth", num_features=16)
    problems = told(
        tiny_experiment,
        f"generator.weights={wide}",
        "method.type=gan",
        f"discriminator={{type='unet',num_features=4,weights='{other}'}}",
        "losses=[{type='l1'},{type='adversarial'},{type='perceptual',weights='file',"
        f"file='{other}'}},{{type='lpips',network='alex',weights='file',file='{other}'}}]",
        f"metrics=[{{type='psnr'}},{{type='dists',weights='file',file='{other}'}}]",
    )
    assert set(problems) == {
        "generator.weights",
        "discriminator.weights",
        "losses[2].file",
        "losses[3].file",
        "metrics[1].file",
    }
    assert "holds weights of edsr, but the network is unet" in problems["discriminator.weights"]
    assert "VGG19 needs conv1_1.weight" in problems["losses[2].file"]
    assert "AlexNet needs features.0.weight" in problems["losses[3].file"]
    assert "VGG16 needs conv1_1.weight" in problems["metrics[1].file"]


def test_a_stage_is_named(tiny_experiment, edsr):
    file = tiny_experiment.with_name("stages.toml")
    stages = f'[[stages]]\nname = "a"\ngenerator.weights = "{edsr(num_blocks=2)}"\n'
    file.write_text(f'extends = "tiny.toml"\n{stages}[[stages]]\nname = "b"\nfrom = "a"\n')
    assert list(told(file)) == ["stages[0].generator.weights"]


def test_what_goes_on_from_a_checkpoint_reads_no_start(tiny_experiment, edsr, tmp_path):
    start = [f"generator.weights={edsr(num_blocks=2)}"]
    checkpoints = RunFolder(tmp_path / "runs" / "tiny").checkpoints
    checkpoints.mkdir(parents=True)
    (checkpoints / "last.pt").write_bytes(b"")
    load_checked(tiny_experiment, start, resumed=tmp_path / "runs")


def test_what_looks_at_values_is_left_to_the_run():
    def build():
        torch.ones(1).item()

    assert list(refused_weights(build)) == []


def test_options_that_name_files_of_weights_say_what_does_not_fit():
    silent = []
    for component in plugins().registry.components():
        fields = attrs.fields(component.options)
        files = [it.name for it in fields if declaration_of(it).path == "file"]
        if {"file", "weights"} & set(files) and component.kind != "sampler":
            silent += [component.name] * (not hasattr(component.options, "unfit_weights"))
    assert silent == []
