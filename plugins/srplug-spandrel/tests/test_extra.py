"""Networks of ``spandrel_extra_arches``: absent without it, there with it, license named once.

Nothing here installs the package: a stand-in takes its place. ``test_the_real_package`` is run by
hand where it is installed; its outcome lies in ``tests/stress/results``.
"""

import json
import logging
import subprocess
import sys
import types
from importlib.util import find_spec

import pytest
import torch
from click.testing import CliRunner
from spandrel import MAIN_REGISTRY
from spandrel.architectures.NAFNet.__arch.NAFNet_arch import NAFNet
from srplug_spandrel import extra, networks
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.extra import EXTRA, KNOWN
from srplug_spandrel.tiny import TINY, tiny

from srcore.cli.main import cli
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing import PluginContract
from srcore.testing.specimen import options_for

COMPONENTS = {entry.component for entry in EXTRA.values()}


@pytest.fixture
def stand_in(monkeypatch):
    """A package of the same name whose M3SNet is a NAFNet, which has the same parameters."""
    path = "M3SNet.__arch.M3SNet"
    modules = [extra.PACKAGE, f"{extra.PACKAGE}.architectures"]
    for part in path.split("."):
        modules.append(f"{modules[-1]}.{part}")
    for name in modules:
        module = types.ModuleType(name)
        module.__path__ = []
        module.__spec__ = types.SimpleNamespace(name=name, submodule_search_locations=[])
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules[modules[-1]].M3SNet = type("M3SNet", (NAFNet,), {})
    sys.modules[extra.PACKAGE].install = lambda **_: []
    monkeypatch.setattr(extra, "find_spec", lambda name: name == extra.PACKAGE)
    extra._tell.cache_clear()
    with using(PluginManager()) as manager:
        yield manager
    extra._tell.cache_clear()


def built(name, **keys):
    component = plugins().registry.get("network", f"spandrel_{name}")
    return component.build(options_for(component, {**tiny(name, 1), **keys}), scale=1)


@pytest.mark.skipif(extra.is_installed(), reason="spandrel_extra_arches is installed")
def test_without_the_package_nothing_is_seen_of_it():
    assert not COMPONENTS & {entry.name for entry in plugins().registry.components("network")}
    assert not set(EXTRA) & set(ARCHITECTURES)


def test_it_is_no_dependency():
    from importlib.metadata import requires

    assert not [text for text in requires("srplug-spandrel") if "extra_arches" in text]


def test_with_the_package_its_networks_are_there_with_their_licenses(stand_in):
    names = {entry.name for entry in stand_in.registry.components("network")}
    assert names >= COMPONENTS | {entry.component for entry in ARCHITECTURES.values()}
    assert stand_in.registry.dialects().keys() >= COMPONENTS
    result = CliRunner().invoke(cli, ["components", "network", "spandrel_m3snet"])
    assert result.output.count("Academic Public License: non-commercial") == 1
    shown = CliRunner().invoke(cli, ["components", "network", "spandrel_srformer", "--json"]).output
    assert "CC BY-NC 4.0: non-commercial" in json.dumps(json.loads(shown))


def test_the_license_is_named_once_in_a_program(stand_in, caplog):
    with caplog.at_level(logging.WARNING, "srcore"):
        networks_ = [built("m3snet"), built("m3snet", width=16), built("nafnet")]
    (record,) = caplog.records
    assert record.getMessage() == (
        "spandrel_m3snet: its code, in spandrel_extra_arches, stands under a license of its own: "
        "Academic Public License: non-commercial"
    )
    image = torch.rand(1, 3, 17, 23)
    with torch.no_grad():
        assert [network(image).shape for network in networks_] == [image.shape] * 3


def test_every_network_has_a_license_of_its_own_options_and_a_tiny_one(stand_in):
    for name, entry in EXTRA.items():
        component = stand_in.registry.get("network", entry.component)
        assert "non-commercial" in entry.license
        assert f" {entry.license}." in component.options.__doc__
        assert name in TINY
        options_for(component, tiny(name, 4 if entry.scale else 1))
        assert hasattr(networks, name)
    assert set(KNOWN) == set(ARCHITECTURES) | set(EXTRA)


def test_neither_it_nor_torch_is_imported_for_options():
    code = """
import sys
from srplug_spandrel.extra import EXTRA
import srplug_spandrel.options.srformer, srplug_spandrel.plugin
wrong = [name for name in ("torch", "spandrel", "spandrel_extra_arches") if name in sys.modules]
assert EXTRA and not wrong, wrong
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.stress
@pytest.mark.timeout(0)
@pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"
)
def test_the_real_package(tmp_path, monkeypatch, stress_result):
    assert find_spec(extra.PACKAGE), "install spandrel_extra_arches, in an environment of its own"
    from importlib.metadata import version

    torch.set_num_threads(1)
    registered = extra.registry()
    assert registered is MAIN_REGISTRY
    ids = {support.architecture.id for support in sys.modules[extra.PACKAGE].EXTRA_REGISTRY}
    assert ids == {entry.id for entry in EXTRA.values()} | set(extra.ABSENT)
    wrong = {}
    for name, entry in EXTRA.items():
        for scale in (1, 4) if entry.scale else (1,):
            tried = PluginContract()
            tried.plugin, tried.scales = "spandrel", {entry.component: scale}
            tried.small = {("network", entry.component): tiny(name, scale)}
            folder = tmp_path / f"{name}_{scale}"
            folder.mkdir()
            monkeypatch.chdir(folder)
            for kind in ("network", "dialect"):
                try:
                    tried.test_what_it_registers_keeps_its_contract(f"{kind}-{entry.component}")
                except AssertionError as error:
                    wrong[f"{kind} {name} x{scale}"] = str(error)
    stress_result(
        "spandrel_extra", version=version(extra.PACKAGE), networks=list(EXTRA), wrong=wrong
    )
    assert not wrong
