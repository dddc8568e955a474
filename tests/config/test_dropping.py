"""What an experiment extends can be taken away: tables, keys, stages, and what stages share."""

import pytest

from srcore.config.reading import read_experiment
from srcore.errors import ConfigError
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_unchecked

BASE = """
seed = 3
[discriminator]
type = "unet"
[schedule.generator]
type = "cosine"
[schedule.discriminator]
type = "constant"
[[losses]]
type = "l1"
[[stages]]
name = "psnr"
[stages.train]
iterations = 5
[[stages]]
name = "gan"
from = "psnr"
[stages.method]
type = "gan"
"""


@pytest.fixture
def extending(tmp_path):
    (tmp_path / "base.toml").write_text(BASE)

    def write(text):
        file = tmp_path / "top.toml"
        file.write_text('extends = "base.toml"\n' + text)
        return file

    return write


def test_inherited_tables_keys_and_lists_go(extending):
    text = 'drop = ["discriminator", "schedule.generator", "losses", "seed"]'
    table = read_experiment(extending(text), registry=plugins().registry).table
    assert table.keys() == {"schedule", "stages", "name"}
    assert table["schedule"].keys() == {"discriminator"}


def test_what_the_file_writes_itself_comes_after(extending):
    text = 'drop = ["schedule"]\n[schedule.generator]\ntype = "constant"\n'
    assert read_experiment(extending(text), registry=plugins().registry).table["schedule"] == {
        "generator": {"type": "constant"}
    }


def test_a_stage_goes(extending):
    stages = read_experiment(
        extending('drop = ["stages.psnr"]\n'), registry=plugins().registry
    ).table["stages"]
    assert [stage["name"] for stage in stages] == ["gan"]


def test_a_stage_drops_what_all_share_and_what_it_inherits(extending):
    text = '[[stages]]\nname = "gan"\ndrop = ["discriminator", "method"]\n'
    first, second = load_unchecked(extending(text)).stages
    assert "discriminator" in first.table
    assert "discriminator" not in second.table
    assert "method" not in second.table
    assert "drop" not in second.table


def test_drops_of_a_stage_add_up_over_files(extending, tmp_path):
    middle = extending('[[stages]]\nname = "gan"\ndrop = ["discriminator"]\n')
    middle.rename(tmp_path / "middle.toml")
    (tmp_path / "last.toml").write_text(
        'extends = "middle.toml"\n[[stages]]\nname = "gan"\ndrop = ["losses"]\n'
    )
    _, second = load_unchecked(tmp_path / "last.toml").stages
    assert not {"losses", "discriminator"} & second.table.keys()


def test_set_drops_too(extending):
    assert (
        "discriminator"
        not in read_experiment(extending(""), plugins().registry, ['drop=["discriminator"]']).table
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'drop = ["discriminatr"]',
            'top.toml: drop: "discriminatr" is not inherited; did you mean "discriminator"?',
        ),
        ('drop = ["x"]', "is not inherited; there are: seed, discriminator, schedule, losses, st"),
        ('drop = "losses"', 'drop: expected a list of keys, such as ["discriminator"], found "los'),
        (
            '[[stages]]\nname = "gan"\ndrop = ["stage"]',
            'top.toml: stages[1].drop: "stage" is not inherited; ',
        ),
    ],
)
def test_what_is_not_there_is_named(extending, text, message):
    with pytest.raises(ConfigError) as caught:
        load_unchecked(extending(text))
    assert message in str(caught.value)


def test_a_file_without_extends_has_nothing_to_drop(tmp_path):
    (tmp_path / "alone.toml").write_text('drop = ["losses"]\n[[losses]]\ntype = "l1"\n')
    with pytest.raises(ConfigError, match='drop: "losses" is not inherited'):
        read_experiment(tmp_path / "alone.toml", registry=plugins().registry)
