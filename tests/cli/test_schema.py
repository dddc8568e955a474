"""The command ``srcore schema``, and the line of ``srcore new`` that names what it writes."""

import json
import subprocess
import sys

import pytest

from srcore.cli.main import main


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def test_the_schema_is_printed_or_written(capsys, tmp_path):
    code, printed, _ = run(capsys, "schema")
    assert code == 0
    assert json.loads(printed)["$schema"] == "http://json-schema.org/draft-07/schema#"
    file = tmp_path / "srcore.schema.json"
    assert run(capsys, "schema", "-o", file) == (0, f"{file}\n", "")
    assert file.read_text("utf-8") == printed


def test_a_file_is_replaced_where_that_is_asked_for(capsys, tmp_path):
    file = tmp_path / "x.json"
    file.write_text("mine")
    code, _, err = run(capsys, "schema", "-o", file)
    assert (code, file.read_text()) == (2, "mine")
    assert f"{file}: exists; --overwrite replaces it" in err
    assert run(capsys, "schema", "-o", file, "--overwrite")[0] == 0
    assert file.read_text().startswith("{")


def test_the_schema_has_the_components_of_plugins(capsys):
    losses = json.loads(run(capsys, "schema")[1])["definitions"]["LossTable"]["properties"]["type"]
    assert {"l1", "ldl"} <= set(losses["enum"])
    losses = json.loads(run(capsys, "--without", "ldl", "schema")[1])["definitions"]["LossTable"]
    assert "ldl" not in losses["properties"]["type"]["enum"]


def test_the_schema_needs_no_torch():
    code = (
        "import sys\nfrom srcore.cli.main import main\n"
        "try:\n    main(['schema'])\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["definitions"]
    assert set(done.stderr.split()) & {"torch", "torchvision", "ignite"} == set()


@pytest.mark.parametrize("arguments", [["esrgan_x4"], ["esrgan_x4", "--flat"]])
def test_new_experiments_name_the_schema_in_their_first_line(capsys, arguments):
    code, out, _ = run(capsys, "new", *arguments)
    assert code == 0
    assert out.splitlines()[0] == "#:schema srcore.schema.json"
    assert out.splitlines()[1].startswith("# ")
