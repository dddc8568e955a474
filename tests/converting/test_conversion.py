import attrs
import pytest
import torch

from srcore.api import load_generator
from srcore.converting.conversion import convert
from srcore.errors import WeightsError
from srcore.networks.dialects import edsr
from srcore.plugin.manager import plugins
from srcore.testing.weights import write_weights
from srcore.weights.containers import read_checkpoint
from srcore.weights.dialects import dialects
from srcore.weights.saving import read_metadata

NAMES = ["basicsr", "old_esrgan", "esrgan_new", "esrdgan"]


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_every_dialect_becomes_every_other(rrdbnet, tmp_path, source, target, ending):
    native = rrdbnet(scale=4).state_dict()
    expected = dialects(plugins().registry)[f"rrdbnet_{target}"].from_native(native, {})
    torch.save(
        dialects(plugins().registry)[f"rrdbnet_{source}"].from_native(native, {}),
        tmp_path / "in.pth",
    )
    out = tmp_path / f"out{ending}"
    done = convert(tmp_path / "in.pth", out, target, registry=plugins().registry)
    assert (done.network, done.scale, done.source_dialect, done.target) == (
        "rrdbnet",
        4,
        f"rrdbnet_{source}",
        f"rrdbnet_{target}",
    )
    written = read_checkpoint(out)
    assert written.state.keys() == expected.keys()
    assert all(torch.equal(written.state[name], expected[name]) for name in expected)
    assert written.key == ("params" if (target, ending) == ("basicsr", ".pth") else "")


@pytest.mark.parametrize("network_type", ["rrdbnet", "edsr", "msrresnet", "compact", "swinir"])
def test_safetensors_name_the_network_completely(networks, tmp_path, network_type):
    torch.save({"params": networks[network_type].state_dict()}, tmp_path / "in.pth")
    convert(
        tmp_path / "in.pth",
        tmp_path / "out.safetensors",
        "safetensors",
        registry=plugins().registry,
    )
    metadata = read_metadata(tmp_path / "out.safetensors")
    assert (metadata.network, metadata.scale) == (network_type, 4)
    assert metadata.options["num_features"] in (4, 64)
    lr = torch.rand(1, 3, 4, 4)
    loaded = load_generator(tmp_path / "out.safetensors")
    assert torch.allclose(loaded(lr), networks[network_type].eval()(lr), atol=1e-6)


def test_edsr_keeps_its_range_through_edsr_pytorch(networks, tmp_path):
    torch.save(networks["edsr"].state_dict(), tmp_path / "in.pth")
    convert(tmp_path / "in.pth", tmp_path / "out.pt", "edsr_pytorch", registry=plugins().registry)
    shift = read_checkpoint(tmp_path / "out.pt").state["add_mean.bias"]
    assert torch.allclose(shift, 255 * torch.tensor([0.4488, 0.4371, 0.404]))
    convert(tmp_path / "out.pt", tmp_path / "back.pth", "basicsr", registry=plugins().registry)
    state = read_checkpoint(tmp_path / "back.pth").state
    assert all(
        torch.equal(state[key], value) for key, value in networks["edsr"].state_dict().items()
    )


def test_unfit_names_dialects_and_scales_are_refused(networks, tmp_path):
    path = tmp_path / "in.pth"
    torch.save(networks["edsr"].state_dict(), path)
    for name, to, message in (
        ("out.pth", "safetensors", r"expected a name that ends in \.safetensors"),
        ("out.bin", "basicsr", r"expected a name that ends in one of \.safetensors, \.pth"),
        ("out.pth", "esrdgan", 'no dialect "esrdgan" for edsr weights; there are edsr_basicsr'),
    ):
        with pytest.raises(WeightsError, match=message):
            convert(path, tmp_path / name, to, registry=plugins().registry)
    with pytest.raises(WeightsError, match=r"in\.pth: holds x4 weights; expected x2"):
        convert(path, tmp_path / "out.pth", "basicsr", scale=2, registry=plugins().registry)
    assert list(tmp_path.iterdir()) == [path]


def test_an_incomplete_file_is_not_converted(networks, tmp_path):
    state = networks["rrdbnet"].state_dict()
    del state["conv_body.bias"]
    torch.save(state, tmp_path / "in.pth")
    with pytest.raises(WeightsError, match=r"1 missing in the file \(conv_body\.bias\)"):
        convert(
            tmp_path / "in.pth", tmp_path / "out.pth", "old_esrgan", registry=plugins().registry
        )


SMALL = {
    "compact": {"num_features": 8, "num_convs": 1},
    "dlsn": {"num_features": 8},
    "edsr": {"num_features": 8, "num_blocks": 1},
    "esrdgan": {"num_features": 8, "num_blocks": 1, "hr_kernel_size": 5},
    "msrresnet": {"num_features": 8, "num_blocks": 1},
    "rrdbnet": {"num_features": 8, "num_blocks": 1},
    "swinir": {"embed_dim": 8, "depths": [1], "num_heads": [1], "window_size": 8},
    "usrdu_dsn": {},
}
WRITTEN = [
    (name, dialect.network, growth)
    for name, dialect in dialects(plugins().registry).items()
    if dialect.network in SMALL
    for growth in ({}, {"growth_channels": 4})[: 1 + (dialect.network == "rrdbnet")]
]


@pytest.mark.parametrize(("name", "network", "growth"), WRITTEN)
@pytest.mark.filterwarnings("ignore::UserWarning")  # spandrel 0.4
def test_spandrel_opens_what_is_written_or_the_reason_is_said(name, network, growth, tmp_path):
    spandrel = pytest.importorskip("spandrel")
    file, out = tmp_path / "in.safetensors", tmp_path / "out.pth"
    made = write_weights(file, network, scale=2, **SMALL[network], **growth).eval()
    done = convert(file, out, name, registry=plugins().registry)
    image = torch.rand(1, 3, 16, 16)
    if done.closed:
        refusals = (spandrel.UnsupportedModelError, RuntimeError)
        with pytest.raises(refusals) as refused:
            spandrel.ModelLoader().load_from_file(out)
        is_unknown = isinstance(refused.value, spandrel.UnsupportedModelError)
        assert is_unknown or "state_dict" in str(refused.value), refused.value
    else:
        with torch.no_grad():
            theirs = spandrel.ModelLoader().load_from_file(out)(image)
            torch.testing.assert_close(theirs, made(image).clamp(0, 1), rtol=1e-5, atol=1e-5)


@pytest.fixture
def unusual_edsr(tmp_path):
    """An EDSR whose options no file of another program says."""
    path = tmp_path / "edsr.safetensors"
    write_weights(path, "edsr", num_features=8, num_blocks=1, img_range=1.0, res_scale=0.5)
    return path


def test_options_that_a_dialect_cannot_say_are_named(unusual_edsr, tmp_path):
    done = convert(unusual_edsr, tmp_path / "out.pth", "basicsr", registry=plugins().registry)
    assert done.lost == {"img_range": (1.0, 255.0), "res_scale": (0.5, 1.0)}
    done = convert(unusual_edsr, tmp_path / "out.pt", "edsr_pytorch", registry=plugins().registry)
    assert done.lost == {"res_scale": (0.5, 1.0)}  # this dialect stores the range


@pytest.mark.parametrize("to", ["basicsr", "edsr_pytorch", "safetensors"])
def test_safetensors_lose_nothing(unusual_edsr, tmp_path, to):
    assert (
        convert(unusual_edsr, tmp_path / "out.safetensors", to, registry=plugins().registry).lost
        == {}
    )
    lr = torch.rand(1, 3, 5, 6)
    before, after = map(load_generator, (unusual_edsr, tmp_path / "out.safetensors"))
    assert torch.equal(before(lr), after(lr))


def test_a_dialect_that_does_not_give_back_what_it_was_given_is_refused(
    unusual_edsr, tmp_path, monkeypatch
):
    def forgets(state, options):
        return {name: value.round() for name, value in state.items()}

    broken = attrs.evolve(edsr.BASICSR, from_native=forgets)
    monkeypatch.setattr(edsr, "BASICSR", broken)
    (tmp_path / "out.pth").write_text("before")
    with pytest.raises(WeightsError, match=r"out\.pth: not written: edsr x2 in dialect edsr_b"):
        convert(unusual_edsr, tmp_path / "out.pth", "basicsr", registry=plugins().registry)
    assert (tmp_path / "out.pth").read_text() == "before"
