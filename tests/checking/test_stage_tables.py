"""Beginning an experiment at a later stage, from a file."""

import pytest
import torch

import srcore
from srcore.cli.main import main
from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.testing.experiments import load_checked
from srcore.testing.tiny_images import write_tiny_images
from srcore.testing.weights import write_weights

EXPERIMENT = """
name = "staged"
scale = 2
[generator]
type = "edsr"
num_features = 4
num_blocks = 1
[data.train]
type = "hr_folder"
hr = "images"
hr_patch_size = 16
workers = 0
[train]
iterations = 1
batch_size = 2
validate_every = 0
device = "cpu"
[[losses]]
type = "l1"
[[stages]]
name = "psnr"
[[stages]]
name = "middle"
from = "psnr"
[[stages]]
name = "last"
from = "middle"
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "images", 2)
    (tmp_path / "staged.toml").write_text(EXPERIMENT)
    torch.manual_seed(5)
    write_weights(tmp_path / "start.safetensors", "edsr", num_features=4, num_blocks=1)
    return tmp_path / "staged.toml"


BEGIN = ["first_stage=middle", "generator.weights=start.safetensors"]


def test_earlier_stages_are_left_out_and_the_first_starts_from_the_file(file):
    loaded = load_checked(file, [*BEGIN, "optimizer.generator.type=adam"])
    assert [(stage.name, stage.start_from) for stage in loaded.stages] == [
        ("middle", ""),
        ("last", "middle"),
    ]
    still = [*BEGIN, 'optimizer={generator={type="adam",learning_rate=1e-12}}']
    run_experiment(load_checked(file, still), file.parent / "runs", quiet=True)
    folder = file.parent / "runs" / "staged"
    assert not (folder / "psnr").exists()
    start = srcore.load_generator(file.parent / "start.safetensors").state_dict()
    for stage in ("middle", "last"):
        state = srcore.load_generator(folder / stage / "generator.safetensors").state_dict()
        for name, value in start.items():
            torch.testing.assert_close(state[name], value, rtol=0, atol=1e-6)


def test_all_stages_without_the_key(file):
    assert [stage.name for stage in load_checked(file).stages] == ["psnr", "middle", "last"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["first_stage=middel"], r'first_stage: no stage "middel"; did you mean "middle"'),
        (
            ["first_stage=middle"],
            r'"middle" starts from "psnr", which is left out: name a file by generator.weights',
        ),
    ],
)
def test_what_does_not_fit_is_one_line(file, overrides, message):
    with pytest.raises(ConfigError, match=message):
        load_checked(file, overrides)


def test_an_experiment_without_stages(file):
    file.write_text('first_stage = "ldl"\n' + EXPERIMENT.partition("[[stages]]")[0])
    with pytest.raises(ConfigError, match="first_stage: the experiment has no stages"):
        load_checked(file)


def test_commands_have_options_for_it(file, capsys):
    given = ["check", str(file), "--from-stage", "last", "--weights", "start.safetensors"]
    with pytest.raises(SystemExit) as caught:
        main(given)
    assert caught.value.code == 0
    assert "ok (1 stages: last)" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main(["run", *given[1:], "--quiet"])
    assert caught.value.code == 0
    assert sorted(
        path.name for path in (file.parent / "runs/staged").iterdir() if path.is_dir()
    ) == ["last"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('from = "psnrr"', 'own.toml: stages[0].from: no earlier stage "psnrr"; earlier stages: '),
        ("handlers = [{ every = 3 }]", "own.toml: stages[0].handlers[0].type: expected the name"),
        ('losses = [{ tpye = "l1" }]', "own.toml: stages[0].losses[0].tpye: unknown key; did you"),
    ],
)
def test_what_is_wrong_in_a_stage_is_told_of_the_file_that_wrote_it(file, line, said):
    own = file.with_name("own.toml")
    own.write_text(f'extends = "staged.toml"\n[[stages]]\nname = "psnr"\n{line}\n')
    with pytest.raises(ConfigError) as caught:
        load_checked(own)
    assert str(caught.value).startswith(said)


def test_a_misspelt_type_hides_no_other_key(file):
    with pytest.raises(ConfigError) as caught:
        load_checked(file, ['losses=[{tpye="l1",weigt=2.0}]'])
    assert [line.partition("losses")[2] for line in str(caught.value).splitlines()[:2]] == [
        '=[{tpye="l1",weigt=2.0}]: losses[0].tpye: unknown key; did you mean "type"?',
        '=[{tpye="l1",weigt=2.0}]: losses[0].weigt: unknown key; did you mean "weight"?',
    ]


def test_wrong_names_of_stages_hide_no_other_problems(file):
    text = EXPERIMENT.replace("num_features = 4", "num_features = -4")
    text = text.replace('from = "middle"', 'from = "midle"\ntrain.batch_size = 0')
    text += '[[stages]]\nname = "last"\ndrop = ["nothing"]\nscael = 3\n'
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_checked(file, ["first_stage=lst"])
    by_path = {problem.path: problem.message for problem in caught.value.problems}
    assert by_path.keys() == {
        "first_stage",
        "generator.num_features",
        "stages[2].from",
        "stages[2].train.batch_size",
        "stages[3].name",
        "stages[3].drop",
        "stages[3].scael",
    }
    assert by_path["stages[2].from"] == 'no earlier stage "midle"; did you mean "middle"?'
    assert by_path["stages[3].name"] == 'two stages are named "last"'


def test_weights_that_tell_nothing_hide_no_other_problems(file):
    (file.parent / "other.safetensors").write_bytes(b"none")
    text = EXPERIMENT.replace('type = "edsr"\nnum_features = 4\nnum_blocks = 1\n', "")
    file.write_text(text.replace("batch_size = 2", "batch_size = -2"))
    with pytest.raises(ConfigError) as caught:
        load_checked(file, ["generator.weights=other.safetensors"])
    assert {it.path for it in caught.value.problems} == {"generator.weights", "train.batch_size"}


def test_wrong_overrides_are_told_together(file):
    with pytest.raises(ConfigError) as caught:
        load_checked(file, ["a", "b", "stages.last.train.iterations=1"])
    assert [it.message for it in caught.value.problems] == [
        'expected table.key=value, found "a"',
        'expected table.key=value, found "b"',
    ]
