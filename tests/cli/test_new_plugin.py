"""``srcore new-plugin`` writes the skeleton that is asked for and warns of names that clash."""

import pytest
from click.testing import CliRunner

from srcore.cli.main import main
from srcore.cli.new_plugin import command
from srcore.scaffold.writing import SKELETONS


@pytest.fixture
def made(tmp_path):
    def make(*arguments):
        return CliRunner().invoke(command, [*arguments, "--output", str(tmp_path)])

    return make


@pytest.mark.parametrize("kind", sorted(SKELETONS.keys() - {"both"}))
def test_every_kind_is_written(made, tmp_path, kind):
    done = made("focal", "--kind", kind)
    assert done.exit_code == 0
    assert done.stderr == ""
    assert str(tmp_path / "srplug-focal/pyproject.toml") in done.stdout.splitlines()
    words = "data set" if kind == "dataset" else kind
    assert words in (tmp_path / "srplug-focal/README.md").read_text()


def test_a_name_that_is_taken_is_a_warning(made, tmp_path):
    done = made("l1", "--kind", "loss")
    assert done.exit_code == 0
    assert done.stderr.startswith('srcore: warning: loss "l1" is registered by srcore ')
    assert "use another name" in done.stderr
    assert (tmp_path / "srplug-l1").is_dir()


@pytest.mark.parametrize("name", ["Bad-Name", "srplug-Bad_Name", "2x", "class", "größe", ""])
def test_other_names_are_refused_as_they_were_typed(name, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["new-plugin", name, "--output", str(tmp_path)])
    said = capsys.readouterr().err
    assert (caught.value.code, said.count("\n")) == (2, 1)
    assert said.startswith(f'srcore: "{name}": expected a name of lower-case letters, digits, ')
    assert list(tmp_path.iterdir()) == []


def test_another_kind_is_refused_with_those_there_are(made):
    done = made("focal", "--kind", "lossy")
    assert done.exit_code == 2
    assert "'network', 'loss', 'method', 'handler', 'optimizer', 'dataset'" in done.stderr
