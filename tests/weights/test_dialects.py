import attrs
import pytest
import torch

from srcore.errors import PluginError, WeightsError
from srcore.hookspecs import hookimpl
from srcore.networks.dialects import edsr
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.weights.dialects import (
    Dialect,
    UnknownArchitectureError,
    convert_to_native,
    count,
    dialects,
    exported_dialect,
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
def test_every_dialect_is_recognized_and_translated_both_ways(networks, name):
    dialect = dialects(plugins().registry)[name]
    native = networks[dialect.network].state_dict()
    written = dialect.from_native(native, {"scale": 4})
    recognized = convert_to_native(written, registry=plugins().registry)
    assert (recognized.dialect, recognized.network, recognized.scale) == (name, dialect.network, 4)
    assert recognized.options["num_features"] == 4
    assert recognized.options["num_blocks"] == 2
    assert recognized.state.keys() == native.keys()
    assert all(torch.equal(recognized.state[key], native[key]) for key in native)
    again = dialect.from_native(recognized.state, recognized.options)
    assert again.keys() == written.keys()
    assert all(torch.equal(again[key], written[key]) for key in written)


def test_the_golden_files_cover_the_dialects_in_their_published_names(common):
    from safetensors.torch import load_file

    recognized = {
        convert_to_native(load_file(path), registry=plugins().registry).dialect
        for path in common.glob("*.safetensors")
    }
    assert recognized == {*BUILTIN, "swinir_official"} - {"msrresnet_basicsr"}


def test_a_dialect_is_found_by_the_part_after_the_network():
    assert find_dialect(plugins().registry, "basicsr", "edsr")[0] == "edsr_basicsr"
    assert find_dialect(plugins().registry, "edsr_pytorch", "edsr")[0] == "edsr_pytorch"
    with pytest.raises(WeightsError, match=r'no dialect "esrdgan" for edsr weights; there are ed'):
        find_dialect(plugins().registry, "esrdgan", "edsr")


def test_an_unknown_architecture_shows_its_keys_and_what_is_known():
    with pytest.raises(
        UnknownArchitectureError, match=r"x\.pth: unknown .*begin with a\.weight\); known: .*edsr"
    ):
        convert_to_native({"a.weight": torch.ones(1)}, source="x.pth", registry=plugins().registry)


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
        recognized = convert_to_native(
            _prefix({"a": torch.ones(1)}, {}), scale=2, registry=plugins().registry
        )
    assert (recognized.network, recognized.dialect, recognized.scale) == ("toy", "toy_official", 2)
    assert list(recognized.state) == ["a"]


def test_renaming_keeps_unknown_layers_and_all_leaves():
    state = {"a.weight": 1, "a.weight_orig": 2, "b.c.bias": 3, "scalar": 4}
    renamed = rename(state, {"a": "x.y", "b.c": "z"})
    assert renamed == {"x.y.weight": 1, "x.y.weight_orig": 2, "z.bias": 3, "scalar": 4}


def test_counting_stops_at_the_first_gap():
    assert count({"a.0": 1, "a.1": 1, "a.3": 1}, "a.{}") == 2
    assert count({"a.1": 1}, "a.{}", start=1) == 1


EDSR_ELSEWHERE = attrs.evolve(TOY, network="edsr", matches=lambda state: True)
TOY_FILES = attrs.evolve(TOY, exported=True)


def toy_network(scale):
    return torch.nn.Identity()


class Networks:
    """A distribution that brings the network ``toy`` and two ways to write it."""

    __name__ = "srplug-toy"

    def __init__(self, *dialects):
        self.dialects = dialects

    @hookimpl
    def srcore_register_components(self, registry):
        registry.add("network", "toy", None, toy_network)

    @hookimpl
    def srcore_register_weight_dialects(self, registry):
        for number, dialect in enumerate(self.dialects):
            registry.add_dialect(f"toy_{number}", dialect)


class Others(Networks):
    """Another distribution with a dialect, and nothing else."""

    __name__ = "a-stranger"

    @hookimpl
    def srcore_register_components(self, registry):
        """Nothing."""

    @hookimpl(tryfirst=True)
    def srcore_register_weight_dialects(self, registry):
        for number, dialect in enumerate(self.dialects):
            registry.add_dialect(f"other_{number}", dialect)


def test_no_other_plugin_decides_how_a_network_is_written():
    with using(PluginManager(discover=False, extra=[Others(EDSR_ELSEWHERE, TOY), Networks()])):
        assert exported_dialect(plugins().registry, "edsr") is edsr.BASICSR
        assert (
            exported_dialect(plugins().registry, "toy") is None
        )  # native names: its own distribution has no dialect
        assert list(dialects(plugins().registry, "edsr")) == [
            "edsr_basicsr",
            "edsr_pytorch",
            "other_0",
        ]


def test_the_networks_own_distribution_decides_and_its_first_dialect_counts_without_a_mark():
    plain = attrs.evolve(TOY)
    with using(PluginManager(discover=False, extra=[Networks(plain, TOY_FILES)])):
        assert exported_dialect(plugins().registry, "toy") is TOY_FILES
    with using(PluginManager(discover=False, extra=[Networks(plain, TOY)])):
        assert exported_dialect(plugins().registry, "toy") is plain


def test_marks_that_contradict_each_other_are_refused():
    manager = PluginManager(discover=False, extra=[Networks(TOY_FILES, attrs.evolve(TOY_FILES))])
    with using(manager), pytest.raises(PluginError, match="toy_0 and toy_1 are exported; expected"):
        exported_dialect(plugins().registry, "toy")
    stranger = Others(attrs.evolve(EDSR_ELSEWHERE, exported=True))
    message = r'^a-stranger: weight dialect "other_0" is exported, but "edsr" is not its network'
    with (
        using(PluginManager(discover=False, extra=[stranger])),
        pytest.raises(PluginError, match=message),
    ):
        dialects(plugins().registry, "edsr")


class Broken:
    @hookimpl
    def srcore_register_weight_dialects(self, registry):
        registry.add_dialect("broken", "a_module_that_nobody_has:DIALECT")


def test_a_broken_dialect_of_another_plugin_does_not_keep_a_network_from_being_saved():
    with using(PluginManager(discover=False, extra=[Broken()])):
        assert exported_dialect(plugins().registry, "edsr") is edsr.BASICSR


ODD = {
    "matches": (lambda: True, "matches(dict): too many positional arguments"),
    "infer_options": (
        lambda state, scale: {"num_blocks": 4},
        'returned {"num_blocks": 4}; expected a dict of options with "scale", a whole number',
    ),
    "to_native": (lambda state: None, "returned None; expected a dict of tensors by name"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_a_dialect_answers_wrongly_is_one_line_with_its_owner(name):
    function, message = ODD[name]
    odd = attrs.evolve(TOY, **{name: function})
    with (
        using(PluginManager(discover=False, extra=[Networks(odd)])),
        pytest.raises(PluginError) as caught,
    ):
        convert_to_native({"generator/a": torch.ones(1)}, plugins().registry, scale=2)
    assert str(caught.value).startswith('srplug-toy: weight dialect "toy_0"')
    assert message in str(caught.value)


def test_what_a_dialect_writes_wrongly_is_one_line_with_its_owner():
    odd = attrs.evolve(TOY, from_native=lambda native, options: {"a": None})
    with using(PluginManager(discover=False, extra=[Networks(odd)])):
        entry = exported_dialect(plugins().registry, "toy")
        with pytest.raises(PluginError) as caught:
            entry.written({}, {"scale": 2})
    text = str(caught.value)
    assert text.startswith('srplug-toy: weight dialect "toy_0" returned {"a": None}; expected a d')


def test_what_is_no_dialect_is_refused_by_name():
    with (
        using(PluginManager(discover=False, extra=[Networks(dict)])),
        pytest.raises(
            PluginError, match=r'^srplug-toy: weight dialect "toy_0" is a type; expected'
        ),
    ):
        dialects(plugins().registry)
