import pytest
import torch

from srcore.api import load_generator
from srcore.errors import WeightsError
from srcore.networks.edsr import EDSR
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.plugin.registry import Registry
from srcore.weights.containers import read_checkpoint
from srcore.weights.dialects import UnknownArchitectureError, dialects
from srcore.weights.loading import build_generator, load_into
from srcore.weights.saving import GeneratorMetadata, save_safetensors


@pytest.fixture
def saved(tmp_path):
    def save(state, name="x.pth", **others):
        path = tmp_path / name
        torch.save({"params": state, **others}, path)
        return path

    return save


@pytest.mark.parametrize("name", ["basicsr", "old_esrgan", "bsrgan", "esrdgan"])
def test_one_network_in_four_dialects_gives_one_output(common, name):
    first = load_generator(common / "rrdbnet_x4_dialects_basicsr.safetensors")
    other = load_generator(common / f"rrdbnet_x4_dialects_{name}.safetensors")
    lr = torch.rand(1, 3, 5, 7)
    assert torch.equal(first(lr), other(lr))
    assert (other.scale, other.training) == (4, False)


@pytest.mark.parametrize("network_type", ["rrdbnet", "edsr", "msrresnet", "swinir"])
def test_architecture_and_weights_come_from_the_file(networks, saved, network_type):
    original = networks[network_type].eval()
    loaded = load_generator(saved(original.state_dict()), scale=4)
    lr = torch.rand(1, 3, 4, 5)
    assert type(loaded) is type(original)
    assert torch.allclose(loaded(lr), original(lr), atol=1e-6)


def test_ema_weights_come_first_and_the_key_chooses(rrdbnet, saved):
    plain, average = rrdbnet(scale=4), rrdbnet(scale=4)
    path = saved(plain.state_dict(), params_ema=average.state_dict())
    for key, expected in ((None, average), ("params", plain)):
        loaded = load_generator(path, key=key)
        assert torch.equal(loaded.conv_last.weight, expected.conv_last.weight)


def test_metadata_says_what_the_tensors_cannot(tmp_path):
    torch.manual_seed(0)
    original = EDSR(scale=2, num_features=4, num_blocks=1, res_scale=0.3, img_range=1.0).eval()
    options = {"num_features": 4, "num_blocks": 1, "res_scale": 0.3, "img_range": 1.0}
    path = tmp_path / "generator.safetensors"
    save_safetensors(
        path,
        original.state_dict(),
        GeneratorMetadata("edsr", options, 2),
        registry=plugins().registry,
    )
    lr = torch.rand(1, 3, 4, 5)
    assert torch.equal(load_generator(path)(lr), original(lr))


def test_metadata_of_a_missing_plugin_says_what_to_install(tmp_path):
    path = tmp_path / "generator.safetensors"
    save_safetensors(
        path,
        {"a": torch.ones(1)},
        GeneratorMetadata("no_such_network", {}, 2),
        registry=plugins().registry,
    )
    from srcore.errors import SrcoreError

    with pytest.raises(SrcoreError, match='no network "no_such_network"'):
        load_generator(path)


def test_options_that_the_network_does_not_know_are_named(tmp_path, rrdbnet):
    path = tmp_path / "generator.safetensors"
    metadata = GeneratorMetadata("rrdbnet", {"num_blocs": 2}, 4)
    save_safetensors(path, rrdbnet(scale=4).state_dict(), metadata, registry=plugins().registry)
    with pytest.raises(WeightsError, match=r"cannot build its rrdbnet: num_blocs: unknown key"):
        load_generator(path)


def test_another_scale_than_expected_is_refused(rrdbnet, saved):
    path = saved(rrdbnet(scale=2).state_dict())
    with pytest.raises(WeightsError, match=r"x\.pth: holds x2 weights; expected x4"):
        load_generator(path, scale=4)


def test_an_x3_file_of_old_esrgan_loads_as_x3_when_asked(rrdbnet, saved):
    state = rrdbnet(scale=3, unshuffle=False).state_dict()
    path = saved(dialects(plugins().registry)["rrdbnet_old_esrgan"].from_native(state, {}))
    assert load_generator(path, scale=3).scale == 3


def test_an_incomplete_file_lists_what_is_missing(rrdbnet, saved):
    state = rrdbnet(scale=4).state_dict()
    del state["body.1.rdb2.conv3.bias"]
    with pytest.raises(WeightsError, match=r"1 missing in the file \(body\.1\.rdb2\.conv3\.bias\)"):
        load_generator(saved(state))


def test_an_x2_file_in_an_x4_network_is_called_that(rrdbnet, saved):
    path = saved(rrdbnet(scale=2).state_dict())
    message = (
        r"x\.pth: holds x2 weights, but the network is x4; .*"
        r"conv_first\.weight has 12 input channels, the network 3"
    )
    with pytest.raises(WeightsError, match=message):
        load_into(rrdbnet(scale=4), path, network_type="rrdbnet", registry=plugins().registry)


def test_an_x4_file_in_an_x2_network_is_called_that(rrdbnet, saved):
    path = saved(rrdbnet(scale=4).state_dict())
    with pytest.raises(
        WeightsError, match=r"x4 weights, but the network is x2; .*has 3 input chan"
    ):
        load_into(rrdbnet(scale=2), path, network_type="rrdbnet", registry=plugins().registry)


def test_other_settings_are_told(saved, networks):
    path = saved(EDSR(scale=4, num_features=4, num_blocks=5).state_dict())
    with pytest.raises(WeightsError, match=r"the file has num_blocks 5 \(network: 2\)"):
        load_into(networks["edsr"], path, network_type="edsr", registry=plugins().registry)


@pytest.mark.parametrize("dialect", ["basicsr", "old_esrgan", "esrgan_new", "esrdgan"])
def test_a_network_is_initialized_from_any_dialect(rrdbnet, saved, dialect):
    source, target = rrdbnet(scale=4), rrdbnet(scale=4)
    path = saved(
        dialects(plugins().registry)[f"rrdbnet_{dialect}"].from_native(source.state_dict(), {})
    )
    report = load_into(target, path, network_type="rrdbnet", registry=plugins().registry)
    assert report.complete
    assert report.dialect == f"rrdbnet_{dialect}"
    assert all(map(torch.equal, target.state_dict().values(), source.state_dict().values()))


def test_tensors_in_memory_and_unknown_types_are_taken_by_name():
    source, target = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    state = {f"module.{name}": value for name, value in source.state_dict().items()}
    assert load_into(
        target, state, network_type="own_discriminator", registry=plugins().registry
    ).complete
    assert torch.equal(target.weight, source.weight)


def test_weights_of_another_network_type_are_refused(networks, saved):
    path = saved(networks["edsr"].state_dict())
    with pytest.raises(
        WeightsError, match=r"x\.pth: holds weights of edsr, but the network is rrdbnet"
    ):
        load_into(networks["rrdbnet"], path, network_type="rrdbnet", registry=plugins().registry)


@pytest.mark.parametrize("scale", [3, 4])
def test_an_x2_model_initializes_larger_scales_in_part(saved, scale, caplog):
    source = EDSR(scale=2, num_features=4, num_blocks=2)
    target = EDSR(scale=scale, num_features=4, num_blocks=2)
    fresh = {name: value.clone() for name, value in target.state_dict().items()}
    report = load_into(
        target,
        saved(source.state_dict()),
        network_type="edsr",
        partial=True,
        registry=plugins().registry,
    )
    assert torch.equal(target.conv_first.weight, source.conv_first.weight)
    skipped = {str(entry.name) for entry in report.reshaped} | set(report.missing)
    name = "upsample.0" if scale == 3 else "upsample.2"
    assert skipped == {f"{name}.weight", f"{name}.bias"}
    for key in skipped:
        assert torch.equal(target.state_dict()[key], fresh[key])
    assert report.differences["scale"] == (2, scale)
    assert f"holds x2 weights, but the network is x{scale}" in caplog.text


def test_without_strict_other_names_pass_but_other_shapes_do_not(networks, saved):
    state = networks["edsr"].state_dict()
    path = saved({**state, "extra": torch.ones(1)})
    report = load_into(
        networks["edsr"], path, network_type="edsr", strict=False, registry=plugins().registry
    )
    assert report.unexpected == ("extra",)
    with pytest.raises(WeightsError, match=r"1 unknown to the network \(extra\)"):
        load_into(networks["edsr"], path, network_type="edsr", registry=plugins().registry)
    other = saved(EDSR(scale=4, num_features=8, num_blocks=2).state_dict())
    with pytest.raises(WeightsError, match=r"num_features 8 \(network: 4\)"):
        load_into(
            networks["edsr"], other, network_type="edsr", strict=False, registry=plugins().registry
        )


def test_a_refused_file_leaves_the_network_alone(rrdbnet, saved):
    network = rrdbnet(scale=4)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    path = saved(rrdbnet(scale=2).state_dict())
    with pytest.raises(WeightsError, match="holds x2 weights, but the network is x4"):
        load_into(network, path, network_type="rrdbnet", registry=plugins().registry)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_file_of_which_nothing_fits_is_refused_even_in_part(networks):
    with pytest.raises(WeightsError, match="weights: does not fit the other; 0 tensors fit"):
        load_into(
            networks["edsr"],
            {"a": torch.ones(1)},
            network_type="other",
            partial=True,
            registry=plugins().registry,
        )


def test_esrgan_plus_cannot_initialize_an_rrdbnet(rrdbnet):
    state = dialects(plugins().registry)["rrdbnet_old_esrgan"].from_native(
        rrdbnet(scale=4).state_dict(), {}
    )
    state["model.1.sub.0.RDB1.conv1x1.weight"] = torch.ones(3, 4, 1, 1)
    with pytest.raises(WeightsError, match=r"weights: an ESRGAN\+ network"):
        load_into(rrdbnet(scale=4), state, network_type="rrdbnet", registry=plugins().registry)


def test_a_checkpoint_of_a_run_is_read(rrdbnet, tmp_path):
    network = rrdbnet(scale=4)
    path = tmp_path / "last.pt"
    torch.save({"format": 1, "networks": {"generator": network.state_dict()}}, path)
    loaded = load_generator(path)
    assert torch.equal(loaded.conv_last.weight, network.conv_last.weight)


def test_without_spandrel_an_unknown_file_says_how_to_get_it(saved, monkeypatch):
    import sys

    monkeypatch.delitem(sys.modules, "srcore.weights.community", raising=False)
    monkeypatch.setitem(sys.modules, "spandrel", None)
    path = saved({"a.weight": torch.ones(1)})
    message = r"pip install 'srcore\[spandrel\]'"
    with (
        using(PluginManager(without={"srplug-spandrel"})),
        pytest.raises(UnknownArchitectureError, match=message),
    ):
        load_generator(path)


def test_readers_are_asked_in_turn_and_each_adds_why_it_cannot(tmp_path):
    path = tmp_path / "foreign.pth"
    torch.save({"x": torch.ones(1)}, path)
    made = torch.nn.Identity()
    made.scale = 3

    def unable(checkpoint, reason):
        raise UnknownArchitectureError(f"{reason}; nor can {checkpoint.source.rpartition('/')[2]}")

    registry = Registry()
    registry.add_reader("unable", unable)
    with pytest.raises(UnknownArchitectureError, match=r"; nor can foreign\.pth$"):
        build_generator(read_checkpoint(path), registry)
    registry.add_reader("able", lambda checkpoint, reason: made)
    assert build_generator(read_checkpoint(path), registry) is made
