"""``srcore esrdgan``: how it is used; what it makes is tested with what makes it."""

import re

import pytest
from click.testing import CliRunner
from srplug_esrdgan.commands import command as esrdgan


def call(*arguments):
    return CliRunner().invoke(esrdgan, [str(it) for it in arguments])


def test_an_output_that_is_there_is_not_replaced_unasked(tmp_path):
    target = tmp_path / "out.safetensors"
    target.write_bytes(b"mine")
    (tmp_path / "G_1.pth").touch()
    refused = call("import", tmp_path / "G_1.pth", target)
    assert str(refused.exception) == f"{target}: exists; --overwrite replaces it"
    assert target.read_bytes() == b"mine"


def test_a_configuration_becomes_a_toml_file(tmp_path):
    (tmp_path / "config.ini").write_text("[DEFAULT]\n")
    refused = call("import", tmp_path / "config.ini", tmp_path / "out.safetensors")
    assert refused.exit_code == 2
    assert "expected a name that ends in .toml" in refused.output


def test_a_missing_source_is_one_line(tmp_path):
    refused = call("import", tmp_path / "G_1.pth", tmp_path / "out.safetensors")
    assert refused.exit_code == 2
    assert re.search(r"expected a file; .*G_1\.pth does not exist$", refused.output.rstrip())


@pytest.mark.parametrize("options", [("--channel-order", "gbr"), ("--dense-scaling", "nan")])
def test_values_out_of_range_are_a_wrong_use(tmp_path, options):
    (tmp_path / "G_1.pth").touch()
    refused = call("import", tmp_path / "G_1.pth", tmp_path / "o.safetensors", *options)
    assert refused.exit_code == 2
    assert f"'{options[0]}': " in refused.output


def test_iterations_count_from_one(tmp_path):
    refused = call("continue", "experiment.toml", tmp_path, 0)
    assert refused.exit_code == 2
    assert "0 is not in the range x>=1" in refused.output
