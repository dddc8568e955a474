import math

import pytest

import srcore
from srcore.errors import SrcoreError


def row(iteration, phase, **values):
    texts = ", ".join(f'"{name}": {value}' for name, value in values.items())
    return f'{{"iteration": {iteration}, "phase": "{phase}", "values": {{{texts}}}}}\n'


@pytest.fixture
def run(tmp_path):
    (tmp_path / "experiment.toml").write_text('name = "x"')
    lines = row(10, "train", l1=0.5) + row(10, "set5", psnr=30.0) + row(20, "train", l1=0.25)
    (tmp_path / "metrics.jsonl").write_text(lines + '{"iteration": 30, "pha')
    return tmp_path


def test_columns_have_one_length_and_nan_where_nothing_was_measured(run):
    columns = srcore.read_metrics(run)
    assert columns["iteration"] == [10, 10, 20]
    assert columns["phase"] == ["train", "set5", "train"]
    assert columns["l1"][::2] == [0.5, 0.25]
    assert columns["psnr"][1] == 30.0
    assert math.isnan(columns["l1"][1])
    assert math.isnan(columns["psnr"][0])
    assert "stage" not in columns


def test_a_phase_has_its_own_columns(run):
    assert srcore.read_metrics(str(run), "train") == {
        "iteration": [10, 20],
        "phase": ["train", "train"],
        "l1": [0.5, 0.25],
    }
    with pytest.raises(SrcoreError, match='no phase "set14"; there are: train, set5'):
        srcore.read_metrics(run, "set14")


def test_stages_follow_one_another_in_the_order_of_the_experiment(tmp_path):
    (tmp_path / "experiment.toml").write_text(
        '[[stages]]\nname = "psnr"\n[[stages]]\nname = "gan"\n[[stages]]\nname = "later"\n'
    )
    for name in ("gan", "psnr"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.jsonl").write_text(row(1, "train", l1=0.5))
    assert srcore.read_metrics(tmp_path)["stage"] == ["psnr", "gan"]


def test_what_is_no_run_is_told(tmp_path):
    with pytest.raises(
        SrcoreError, match=r"is not a run of srcore; expected a folder with experiment\.toml"
    ):
        srcore.read_metrics(tmp_path)
    with pytest.raises(SrcoreError, match="no such folder; expected a folder with"):
        srcore.read_metrics(tmp_path / "none")
