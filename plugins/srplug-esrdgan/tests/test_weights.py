"""Files of the published program: G_<it>.pth, D_<it>.pth, state_<it>.pth."""

from collections import Counter

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from srplug_esrdgan.commands import command as esrdgan
from srplug_esrdgan.networks import ESRDGANDiscriminator, ESRDGANGenerator
from srplug_esrdgan.weights import import_generator

import srcore
from srcore.converting.conversion import convert
from srcore.errors import WeightsError
from srcore.plugin.manager import plugins
from srcore.testing import assert_close
from srcore.weights.loading import load_into
from srcore.weights.saving import read_metadata

SMALL = {"num_features": 4, "num_blocks": 2, "growth_channels": 3}


def save_generator(path, scale=4, **options):
    torch.manual_seed(0)
    network = ESRDGANGenerator(scale, **SMALL, init_scale=1.0, **options).eval()
    torch.save(network.state_dict(), path)
    return network


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
@pytest.mark.parametrize(("fusion", "hr"), [(1, 3), (3, 5), (3, 3)])
def test_a_bare_generator_file_loads_with_its_architecture_inferred(tmp_path, scale, fusion, hr):
    path = tmp_path / "G_100.pth"
    written = save_generator(path, scale, fusion_kernel_size=fusion, hr_kernel_size=hr)
    loaded = srcore.load_generator(path)
    lr = torch.rand(1, 3, 6, 5)
    assert loaded.scale == scale
    assert_close(loaded(lr), written(lr))


def test_generator_and_discriminator_files_start_a_training(tmp_path):
    written = save_generator(tmp_path / "G_100.pth", hr_kernel_size=5)
    network = ESRDGANGenerator(4, **SMALL, hr_kernel_size=5)
    report = load_into(
        network, tmp_path / "G_100.pth", network_type="esrdgan", registry=plugins().registry
    )
    assert report.complete
    assert torch.equal(network.model[0].weight, written.model[0].weight)

    judge = ESRDGANDiscriminator(32, 2)
    torch.save(judge.state_dict(), tmp_path / "D_100.pth")
    other = ESRDGANDiscriminator(32, 2)
    assert load_into(
        other, tmp_path / "D_100.pth", network_type="esrdgan", registry=plugins().registry
    ).complete
    assert torch.equal(other.classifier[2].weight, judge.classifier[2].weight)


def test_a_generator_of_another_size_is_explained(tmp_path):
    save_generator(tmp_path / "G_100.pth")
    network = ESRDGANGenerator(4, num_features=8, num_blocks=2, growth_channels=3)
    with pytest.raises(WeightsError, match="num_features"):
        load_into(
            network, tmp_path / "G_100.pth", network_type="esrdgan", registry=plugins().registry
        )


def test_the_state_file_is_refused_and_the_network_file_named(tmp_path):
    save_generator(tmp_path / "G_100.pth")
    parameters = [torch.nn.Parameter(torch.zeros(2))]
    adam = torch.optim.Adam(parameters)
    state = {
        "it": 100,
        "epoch": 1,
        "optimizers": [adam.state_dict(), adam.state_dict()],
        "schedulers": [{"milestones": Counter([10]), "gamma": 0.5, "last_epoch": 100}] * 2,
    }
    torch.save(state, tmp_path / "state_100.pth")
    with pytest.raises(
        WeightsError, match=r"state of an optimizer .*use the network.s file, .*G_100.pth"
    ):
        srcore.load_generator(tmp_path / "state_100.pth")


def test_import_writes_what_the_published_file_does_not_tell(tmp_path):
    source, target = tmp_path / "G_100.pth", tmp_path / "esrdgan.safetensors"
    written = save_generator(source, activation="relu", dense_scaling=0.1)
    arguments = [str(source), str(target), "--activation", "relu", "--dense-scaling", "0.1"]
    done = CliRunner().invoke(esrdgan, ["import", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "esrdgan x4" in done.output
    metadata = read_metadata(target)
    assert metadata.options["channel_order"] == "bgr"
    loaded = srcore.load_generator(target)
    lr = torch.rand(1, 3, 6, 5)
    assert_close(loaded(lr), written(lr.flip(1)).flip(1))
    image = np.zeros((6, 5, 3), np.uint8)
    assert srcore.upscale(loaded, image).shape == (24, 20, 3)
    again = CliRunner().invoke(esrdgan, ["import", *arguments])
    assert again.exception.exit_code == 2
    assert str(again.exception).endswith("exists; --overwrite replaces it")


def test_import_of_something_else_is_refused(tmp_path):
    torch.save(ESRDGANDiscriminator(32, 2).state_dict(), tmp_path / "D_100.pth")
    with pytest.raises(WeightsError, match="holds no ESRDGAN generator"):
        import_generator(
            tmp_path / "D_100.pth", tmp_path / "out.safetensors", registry=plugins().registry
        )
    with pytest.raises(WeightsError, match=r"expected a name that ends in \.safetensors"):
        import_generator(tmp_path / "D_100.pth", tmp_path / "out.pth", registry=plugins().registry)


def test_a_generator_saved_by_a_run_opens_as_what_it_was(tmp_path):
    from srcore.weights.saving import GeneratorMetadata, save_safetensors

    network = ESRDGANGenerator(2, **SMALL, block_scaling=0.4).eval()
    options = {**SMALL, "block_scaling": 0.4}
    path = tmp_path / "generator.safetensors"
    save_safetensors(
        path,
        network.state_dict(),
        GeneratorMetadata("esrdgan", options, 2),
        registry=plugins().registry,
    )
    lr = torch.rand(1, 3, 6, 5)
    assert_close(srcore.load_generator(path)(lr), network(lr))


@pytest.mark.parametrize(
    ("to", "name"),
    [
        pytest.param("onnx", "a.onnx", marks=pytest.mark.slow),
        ("torchscript", "a.ts"),
        pytest.param("torch_export", "a.pt2", marks=pytest.mark.slow),
    ],
)
def test_the_generator_can_be_exported(tmp_path, to, name):
    save_generator(tmp_path / "in.pth", scale=4, hr_kernel_size=5)
    done = convert(tmp_path / "in.pth", tmp_path / name, to, registry=plugins().registry)
    assert (done.network, done.scale) == ("esrdgan", 4)
    assert done.agreement.difference <= 1e-4 * done.agreement.largest
    assert (tmp_path / name).stat().st_size > 1000
