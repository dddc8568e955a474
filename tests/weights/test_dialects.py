import pytest
import torch

from srcore.errors import WeightsError
from srcore.hookspecs import hookimpl
from srcore.plugin_manager import PluginManager, using
from srcore.weights.dialects import (
    Dialect,
    UnknownArchitectureError,
    convert_to_native,
    count,
    dialects,
    find_dialect,
    rename,
)

BUILTIN = [
    "rrdbnet_basicsr",
    "rrdbnet_old_esrgan",
    "rrdbnet_esrgan_new",
    "rrdbnet_esrdgan",
    "edsr_basicsr",
    "edsr_pytorch",
    "msrresnet_basicsr",
]


@pytest.mark.parametrize("name", BUILTIN)
def test_every_dialect_is_recognised_and_translated_both_ways(networks, name):
    dialect = dialects()[name]
    native = networks[dialect.network].state_dict()
    written = dialect.from_native(native, {"scale": 4})
    found = convert_to_native(written)
    assert (found.dialect, found.network, found.scale) == (name, dialect.network, 4)
    assert found.options["num_features"] == 4
    assert found.options["num_blocks"] == 2
    assert found.state.keys() == native.keys()
    assert all(torch.equal(found.state[key], native[key]) for key in native)
    again = dialect.from_native(found.state, found.options)
    assert again.keys() == written.keys()
    assert all(torch.equal(again[key], written[key]) for key in written)


def test_the_golden_files_cover_the_dialects_in_their_published_names(common):
    from safetensors.torch import load_file

    recognised = {
        convert_to_native(load_file(path)).dialect for path in common.glob("*.safetensors")
    }
    assert recognised == {*BUILTIN, "swinir_official"} - {"msrresnet_basicsr"}


def test_a_dialect_is_found_by_the_part_after_the_network():
    assert find_dialect("basicsr", "edsr")[0] == "edsr_basicsr"
    assert find_dialect("edsr_pytorch", "edsr")[0] == "edsr_pytorch"
    with pytest.raises(WeightsError, match=r"no dialect 'esrdgan' for edsr weights; there are ed"):
        find_dialect("esrdgan", "edsr")


def test_an_unknown_architecture_shows_its_keys_and_what_is_known():
    with pytest.raises(
        UnknownArchitectureError, match=r"x\.pth: unknown .*begin with a\.weight\); known: .*edsr"
    ):
        convert_to_native({"a.weight": torch.ones(1)}, source="x.pth")


def _prefix(state, options):
    return {f"generator/{name}": value for name, value in state.items()}


TOY = Dialect(
    network="toy",
    matches=lambda state: all(name.startswith("generator/") for name in state),
    infer_options=lambda state, scale: {"scale": scale or 4},
    to_native=lambda state: {name.removeprefix("generator/"): v for name, v in state.items()},
    from_native=_prefix,
)


class ToyPlugin:
    @hookimpl
    def srcore_register_weight_dialects(self, registry):
        registry.add_dialect("toy_official", TOY)


def test_a_plugin_adds_a_dialect():
    with using(PluginManager(discover=False, extra=[ToyPlugin()])):
        found = convert_to_native(_prefix({"a": torch.ones(1)}, {}), scale=2)
    assert (found.network, found.dialect, found.scale) == ("toy", "toy_official", 2)
    assert list(found.state) == ["a"]


def test_renaming_keeps_unknown_layers_and_all_leaves():
    state = {"a.weight": 1, "a.weight_orig": 2, "b.c.bias": 3, "scalar": 4}
    renamed = rename(state, {"a": "x.y", "b.c": "z"})
    assert renamed == {"x.y.weight": 1, "x.y.weight_orig": 2, "z.bias": 3, "scalar": 4}


def test_counting_stops_at_the_first_gap():
    assert count({"a.0": 1, "a.1": 1, "a.3": 1}, "a.{}") == 2
    assert count({"a.1": 1}, "a.{}", start=1) == 1
