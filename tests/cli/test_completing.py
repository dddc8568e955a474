"""What shells complete, asked as they ask: through the variables of click's protocol."""

import pytest

from srcore.cli.main import main

EXPERIMENT = """
scale = 2
[generator]
type = "edsr"
[[losses]]
type = "adversarial"
[optimizer.mine]
"""


@pytest.fixture
def completed(monkeypatch, capsys, tmp_path):
    """What is offered for the last word of a command line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(EXPERIMENT)

    def ask(line):
        words = line.split(" ")
        monkeypatch.setenv("_SRCORE_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        with pytest.raises(SystemExit) as caught:
            main([])
        assert caught.value.code == 0
        return capsys.readouterr().out.split()

    return ask


def test_commands_and_options_are_completed(completed):
    assert "plain,schema" in completed("srcore sch")
    assert "plain,--set" in completed("srcore run x.toml --se")


def test_experiments_are_completed_and_files_else(completed):
    assert completed("srcore new psnr_rrdb_t") == ["plain,psnr_rrdb_tiny"]
    assert "plain,esrgan_x4" in completed("srcore check esrgan")
    assert completed("srcore run min") == ["file,min"]


def test_components_are_completed(completed):
    assert completed("srcore components discriminator_") == ["plain,discriminator_input"]
    assert completed("srcore components network eds") == ["plain,edsr"]
    assert completed("srcore components nothing eds") == []


def test_keys_are_those_of_the_tables(completed):
    assert completed("srcore run mine.toml --set train.iter") == ["plain,train.iterations"]
    assert "plain,train" in completed("srcore run mine.toml --set tr")
    assert completed("srcore run nowhere.toml --set data.train.work") == [
        "plain,data.train.workers"
    ]


def test_keys_are_those_of_the_components_that_the_experiment_selects(completed):
    keys = completed("srcore run mine.toml --set generator.")
    assert "plain,generator.num_blocks" in keys
    assert "plain,generator.weights" in keys
    assert "plain,generator.window_size" not in keys
    keys = completed("srcore run mine.toml --set losses[0].")
    assert "plain,losses[0].relativistic" in keys
    assert "plain,losses[0].layers" not in keys


def test_names_that_the_experiment_gives_are_completed(completed):
    assert completed("srcore run mine.toml --set optimizer.mi") == ["plain,optimizer.mine"]
    assert "plain,optimizer.mine.learning_rate" in completed(
        "srcore run mine.toml --set optimizer.mine.lea"
    )
    assert completed("srcore run mine.toml --set a.b.") == []
