"""The contact sheet shows what a training sees, to the bit."""

from types import ModuleType

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import srcore
from srcore.cli.prepare import command
from srcore.images import read_rgb, to_image
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.prepare.previewing import preview

GRADED = """
[[data.train.transforms]]
type = "gaussian_noise"
quantize = true
[[data.train.transforms]]
type = "jpeg"
"""


@pytest.fixture
def graded(tiny_experiment):
    tiny_experiment.write_text(tiny_experiment.read_text() + GRADED)
    return tiny_experiment


def seen_by_training(experiment, output):
    """All batches of the training, from within."""
    batches, plugin = [], ModuleType("looking")

    @srcore.hookimpl
    def srcore_engines_created(run, parts):
        transform = parts.transform

        def look(batch):
            made = transform(batch)
            batches.append({name: value.clone() for name, value in made.items()})
            return made

        parts.transform = look

    plugin.srcore_engines_created = srcore_engines_created
    with using(PluginManager(discover=False, extra=[plugin])):
        run_experiment(srcore.load_experiment(experiment), output, quiet=True)
    return batches


def loaded(file):
    experiment = srcore.load_experiment(file)
    return experiment.experiment(experiment.stages[0])


def test_it_shows_what_the_training_sees(graded, tmp_path):
    batches = seen_by_training(graded, tmp_path / "runs")
    assert len(batches) == 6
    sheet = preview(loaded(graded), 6, 3)
    lr = torch.cat([batches[2]["lr"], batches[3]["lr"]])
    hr = torch.cat([batches[2]["hr"], batches[3]["hr"]])
    side, caption, gap = 32, 24, 8
    assert sheet.shape == (6 * (side + caption + gap) - gap, 3 * side + 2 * gap, 3)
    for row in range(6):
        top = row * (side + caption + gap) + caption
        shown = sheet[top : top + side, side + gap : 2 * side + gap]
        assert np.array_equal(shown[::2, ::2], to_image(lr[row]))
        assert np.array_equal(shown[1::2, 1::2], to_image(lr[row]))
        assert np.array_equal(sheet[top : top + side, 2 * (side + gap) :], to_image(hr[row]))
        read = sheet[top : top + side, :side]
        assert not np.array_equal(read, shown)


def test_what_is_not_changed_is_shown_once(tiny_experiment):
    assert preview(loaded(tiny_experiment), 1, 1).shape == (32 + 24, 2 * 32 + 8, 3)


def invoke(*arguments):
    return CliRunner().invoke(command, ["preview-degradation", *map(str, arguments)])


def test_command(graded, tmp_path):
    sheet = tmp_path / "sheet.png"
    result = invoke(graded, sheet, "--images", 3)
    assert (result.exit_code, result.stdout) == (0, f"3 images from iteration 1 on in {sheet}\n")
    assert np.array_equal(read_rgb(sheet), preview(loaded(graded), 3, 1))
    result = invoke(graded, sheet)
    assert str(result.exception) == f"{sheet}: exists; --overwrite replaces it"
    other = invoke(graded, sheet, "--images", 1, "--overwrite", "--set", "seed=5")
    assert other.exit_code == 0
    assert len(read_rgb(sheet)) == 56


def test_a_stage_by_name(graded, tmp_path):
    stages = '[[stages]]\nname = "a"\n[[stages]]\nname = "b"\nfrom = "a"\nseed = 9\n'
    graded.write_text(graded.read_text() + stages)
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    assert invoke(graded, first, "--images", 1).exit_code == 0
    assert invoke(graded, second, "--images", 1, "--stage", "b").exit_code == 0
    assert first.read_bytes() != second.read_bytes()
    result = invoke(graded, tmp_path / "c.png", "--stage", "c")
    assert result.exit_code == 2
    assert 'expected a stage that trains, found "c" of a, b' in result.stderr


def test_an_image_that_cannot_be_read_is_one_line(graded, tmp_path):
    for file in (tmp_path / "train").iterdir():
        file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(srcore.SrcoreError, match=r"truncated|damaged|cut"):
        preview(loaded(graded), 1, 1)
