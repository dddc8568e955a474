"""The command ``srcore schema``, and the line of ``srcore new`` that names what it writes."""

import json

import pytest

from srcore.testing.commands import run_alone, run_command


def test_the_schema_is_printed_or_written(capsys, tmp_path):
    code, printed, _ = run_command(capsys, "schema")
    assert code == 0
    assert json.loads(printed)["$schema"] == "http://json-schema.org/draft-07/schema#"
    file = tmp_path / "srcore.schema.json"
    assert run_command(capsys, "schema", "-o", file) == (0, f"{file}\n", "")
    assert file.read_text("utf-8") == printed


def test_a_file_is_replaced_where_that_is_asked_for(capsys, tmp_path):
    file = tmp_path / "x.json"
    file.write_text("mine")
    code, _, err = run_command(capsys, "schema", "-o", file)
    assert (code, file.read_text()) == (2, "mine")
    assert f"{file}: exists; --overwrite replaces it" in err
    assert run_command(capsys, "schema", "-o", file, "--overwrite")[0] == 0
    assert file.read_text().startswith("{")


def losses_of_schema(capsys, *flags):
    printed = run_command(capsys, *flags, "schema")[1]
    return json.loads(printed)["definitions"]["LossTable"]["properties"]["type"]["enum"]


def test_the_schema_has_the_components_of_plugins(capsys):
    assert {"l1", "ldl"} <= set(losses_of_schema(capsys))
    assert "ldl" not in losses_of_schema(capsys, "--without", "ldl")


def test_the_schema_needs_no_torch():
    printed, imported = run_alone("schema")
    assert json.loads(printed)["definitions"]
    assert imported & {"torch", "torchvision", "ignite", "numpy", "cv2", "PIL"} == set()


@pytest.mark.parametrize("arguments", [["esrgan_x4"], ["esrgan_x4", "--flat"]])
def test_new_experiments_name_the_schema_in_their_first_line(capsys, arguments):
    code, out, _ = run_command(capsys, "new", *arguments)
    assert code == 0
    assert out.splitlines()[0] == "#:schema srcore.schema.json"
    assert out.splitlines()[1].startswith("# ")
