import pytest
import torch
from click.testing import CliRunner
from srplug_usrdu.commands import command as usrdu
from srplug_usrdu.networks import Downsampler
from srplug_usrdu.weights import load_dsn, published_sr_state

import srcore
from srcore.api import load_generator
from srcore.errors import WeightsError
from srcore.networks.rrdbnet import RRDBNet
from srcore.plugin.manager import plugins
from srcore.weights.loading import load_into
from srcore.weights.saving import GeneratorMetadata, save_safetensors

OPTIONS = {"num_features": 2, "num_blocks": 2, "feature_channels": 8}
SIZES = {"num_features": 8, "num_blocks": 1, "growth_channels": 4}


def dsn(scale=4, **options):
    return Downsampler(scale, **OPTIONS | options).eval()


def assert_same(first, second):
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for a, b in zip(first(image, heads="all"), second(image, heads="all"), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("scale", [2, 4])
def test_published_dsn_file_loads(tmp_path, scale):
    network = dsn(scale)
    content = {"gen": network.state_dict(), "dis": {"conv0.weight": torch.rand(4, 3, 3, 3)}}
    torch.save(content | {"ep": 420, "total_it": 7}, tmp_path / "down.pth")
    assert_same(load_dsn(tmp_path / "down.pth", scale=scale), network)
    other = dsn(scale)
    load_into(other, tmp_path / "down.pth", network_type="usrdu_dsn", registry=plugins().registry)
    assert_same(other, network)


def test_own_file_loads_with_heads_left_out(tmp_path):
    network = dsn(feature_head=False)
    options = OPTIONS | {"feature_head": False}
    metadata = GeneratorMetadata("usrdu_dsn", options, 4)
    save_safetensors(
        tmp_path / "dsn.safetensors", network.state_dict(), metadata, registry=plugins().registry
    )
    loaded = load_dsn(tmp_path / "dsn.safetensors")
    assert loaded.per_var is None
    image = torch.rand(1, 3, 16, 16)
    assert torch.equal(loaded(image), network(image))


def test_published_sr_file_gives_both_networks(tmp_path):
    generator, network = RRDBNet(4, **SIZES).eval(), dsn()
    state = published_sr_state(generator.state_dict(), network.state_dict())
    torch.save({"params": state}, tmp_path / "net_g.pth")
    image = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        assert torch.equal(load_generator(tmp_path / "net_g.pth")(image), generator(image))
    assert_same(load_dsn(tmp_path / "net_g.pth"), network)


def test_export_writes_the_published_layout(tmp_path):
    generator, network = RRDBNet(4, **SIZES), dsn()
    files = [tmp_path / name for name in ("g.safetensors", "dsn.safetensors", "net_g.pth")]
    save_safetensors(
        files[0],
        generator.state_dict(),
        GeneratorMetadata("rrdbnet", SIZES, 4),
        registry=plugins().registry,
    )
    save_safetensors(
        files[1],
        network.state_dict(),
        GeneratorMetadata("usrdu_dsn", OPTIONS, 4),
        registry=plugins().registry,
    )
    command = ["export", str(files[0]), str(files[1]), "-o", str(files[2])]
    result = CliRunner().invoke(usrdu, command, catch_exceptions=False)
    assert result.exit_code == 0
    written = torch.load(files[2], weights_only=True)["params"]
    expected = published_sr_state(generator.state_dict(), network.state_dict())
    assert written.keys() == expected.keys()
    assert all(torch.equal(written[name], expected[name]) for name in expected)


def test_export_refuses_another_network(tmp_path):
    save_safetensors(
        tmp_path / "d.safetensors",
        dsn().state_dict(),
        GeneratorMetadata("usrdu_dsn", OPTIONS, 4),
        registry=plugins().registry,
    )
    command = [
        "export",
        str(tmp_path / "d.safetensors"),
        str(tmp_path / "d.safetensors"),
        "-o",
        "x",
    ]
    with pytest.raises(WeightsError, match="a usrdu_dsn of scale 4; the published layout holds"):
        CliRunner().invoke(usrdu, command, catch_exceptions=False)


def test_other_files_are_refused(tmp_path):
    torch.save(RRDBNet(4, **SIZES).state_dict(), tmp_path / "rrdb.pth")
    with pytest.raises(WeightsError, match=r"no USR-DU down-sampling network.*method usrdu_dsn"):
        load_dsn(tmp_path / "rrdb.pth")


def test_incomplete_dsn_names_what_is_missing(tmp_path):
    state = dsn().state_dict()
    del state["var.2.bias"]
    torch.save({"gen": state}, tmp_path / "down.pth")
    with pytest.raises(WeightsError, match=r"var\.2\.bias"):
        load_dsn(tmp_path / "down.pth")


def test_a_published_dsn_file_initializes_the_discriminator_beside_it(tmp_path):
    discriminator = srcore.build("discriminator", "unet", num_features=8)
    published = {"gen": dsn().state_dict(), "dis": discriminator.state_dict()}
    torch.save(published, tmp_path / "model_down_0420.pth")
    other = srcore.build("discriminator", "unet", num_features=8)
    path = tmp_path / "model_down_0420.pth"
    report = load_into(
        other, path, network_type="unet", role="discriminator", registry=plugins().registry
    )
    assert report.complete
    for name, value in discriminator.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name
