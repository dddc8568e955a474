"""Installed plugins are found and compared with this core from their metadata alone."""

import importlib.metadata

import pytest

from srcore.plugin.discovery import Installed, entry_points, label, version_misfit


def distribution(tmp_path, *requires, name="srplug-stranger", version="1.2"):
    info = tmp_path / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {it}" for it in requires)]
    (info / "METADATA").write_text("Metadata-Version: 2.1\n" + "\n".join(lines) + "\n")
    (info / "entry_points.txt").write_text("[srcore]\nstranger = srplug_stranger.plugin\n")
    return importlib.metadata.Distribution.at(info)


@pytest.mark.parametrize("running", ["0.1.0", "0.1.7", "0.1.0+local", "0.1.0.post1"])
@pytest.mark.parametrize(
    "requires", ["srcore>=0.1,<0.2", "SRCore (>=0.1,<0.2)", "srcore[lmdb]~=0.1.0", "srcore"]
)
def test_core_inside_the_range_fits(tmp_path, requires, running):
    assert version_misfit(distribution(tmp_path, "torch>=2.6", requires), running) == ""


@pytest.mark.parametrize("running", ["0.1.0.dev3", "0.1.0rc1", "0.1.4.dev1+g12ab"])
def test_pre_release_counts_as_the_release_that_it_becomes(tmp_path, running):
    assert version_misfit(distribution(tmp_path, "srcore>=0.1,<0.2"), running) == ""


@pytest.mark.parametrize("running", ["0.2.0", "0.2.0.dev1", "0.2.0rc1", "1.0"])
def test_later_core_asks_for_a_newer_plugin(tmp_path, running):
    assert version_misfit(distribution(tmp_path, "srcore>=0.1,<0.2"), running) == (
        f"wants srcore >=0.1,<0.2, installed is {running}; pip install --upgrade srplug-stranger"
    )


@pytest.mark.parametrize("requires", ["srcore>=0.3,<0.4", "srcore==0.3.*", "srcore~=0.3"])
def test_earlier_core_asks_for_a_newer_core(tmp_path, requires):
    text = version_misfit(distribution(tmp_path, requires), "0.1.0")
    assert text.endswith("installed is 0.1.0; pip install --upgrade srcore")


def test_requirements_of_extras_and_other_systems_do_not_count(tmp_path):
    requires = ["srcore>=9; extra == 'next'", "srcore>=9; sys_platform == 'none'", "srcore-x>=9"]
    assert version_misfit(distribution(tmp_path, *requires), "0.1.0") == ""


def test_distribution_found_twice_counts_once_and_the_first_wins(tmp_path, monkeypatch):
    distribution(tmp_path / "old", version="1.1", name="srplug_stranger")
    distribution(tmp_path / "new", version="1.2")
    monkeypatch.syspath_prepend(str(tmp_path / "old"))
    monkeypatch.syspath_prepend(str(tmp_path / "new"))
    versions = [owner.version for owner, entry in entry_points() if entry.name == "stranger"]
    assert versions == ["1.2"]


def test_label_of_what_is_not_installed_is_its_name():
    assert label("srplug-nowhere") == "srplug-nowhere"
    assert label("pytest").startswith("pytest ")


def test_metadata_of_a_distribution_is_read_once(tmp_path, monkeypatch):
    stranger = distribution(tmp_path, "srcore>=0.1,<0.2")
    names, read_text = [], type(stranger).read_text

    def noting(self, name):
        names.append(name)
        return read_text(self, name)

    monkeypatch.setattr(type(stranger), "read_text", noting)
    installed = Installed(stranger)
    assert (installed.name, installed.version) == ("srplug-stranger", "1.2")
    assert version_misfit(installed, "0.1.0") == ""
    assert names == ["METADATA"]


def test_distribution_whose_metadata_is_gone_has_no_name(tmp_path):
    stranger = distribution(tmp_path)
    (tmp_path / "srplug-stranger-1.2.dist-info" / "METADATA").write_text("")
    installed = Installed(stranger)
    assert (installed.name, installed.version, installed.requires) == ("unnamed", "", [])
