"""Stages that take what no earlier stage gives: known before the first one has trained."""

import attrs
import pytest

from srcore.errors import ConfigError
from srcore.options import option
from srcore.testing.experiments import load_checked


@attrs.frozen(kw_only=True)
class DrawOptions:
    """A task that writes pictures."""

    maps: bool = option(False, "also write maps")

    def outputs(self):
        """What it writes."""
        return ("lr/*.png", *("maps/*.png",) * self.maps)


STAGES = """\
extends = "tiny.toml"
[[stages]]
name = "draw"
task.type = "draw"
[[stages]]
name = "first"
[[stages]]
name = "second"
{}
[[stages]]
name = "third"
"""


@pytest.fixture
def problems(isolated_plugins, tiny_experiment):
    """What is wrong if stage ``second`` has these lines."""
    isolated_plugins.registry.add("task", "draw", DrawOptions, "srcore.networks.edsr:EDSR")
    file = tiny_experiment.with_name("stages.toml")

    def of(lines):
        file.write_text(STAGES.format(lines))
        try:
            load_checked(file)
        except ConfigError as error:
            return str(error).splitlines()
        return []

    return of


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            'data.train.hr = "stage:drow/lr"',
            'stages[2].data.train.hr: no earlier stage "drow"; did you mean "draw"?',
        ),
        (
            'data.train.hr = "stage:third/lr"',
            'stages[2].data.train.hr: stage "third" does not run before this one',
        ),
        ('data.train.hr = "stage:second/lr"', 'stage "second" does not run before this one'),
        ('data.train.hr = "stage:draw/hr"', 'stage "draw" writes no "hr"; it writes lr, '),
        ('data.train.hr = "stage:draw/maps"', 'stage "draw" writes no "maps"; it writes lr, exp'),
        (
            'generator.weights = "stage:first/generator.pth"',
            'stage "first" writes no "generator.pth"; did you mean "generator.safetensors"?',
        ),
        (
            'generator.weights = "stage:draw/generator.safetensors"',
            'stages[2].generator.weights: stage "draw" writes no "generator.safetensors"',
        ),
        ('from = "draw"', 'stages[2].from: stage "draw" trains no generator'),
        ('from = "first"\ntask.type = "draw"', 'a stage with the task "draw" trains no generator'),
        (
            'from = "first"\ngenerator = { type = "msrresnet" }',
            'stages[2].from: stage trains "edsr", this one "msrresnet", which cannot take its we',
        ),
        (
            'generator = { type = "msrresnet", weights = "stage:first/generator.safetensors" }',
            'stages[2].generator.weights: stage trains "edsr", this one "msrresnet", which cannot',
        ),
        (
            'from = "first"\ngenerator = { num_blocks = 3, res_scale = 0.5 }',
            "from: stage trains edsr with num_blocks = 1 (here 3), whose weights do not fit; set t",
        ),
        (
            'from = "first"\nscale = 3\ndata.train.hr_patch_size = 36',
            "edsr with scale = 2 (here 3), whose weights do not fit; set the same, or partial_wei",
        ),
        (
            'generator = { num_features = 5, weights = "stage:first/checkpoints/last.pt" }',
            "stages[2].generator.weights: stage trains edsr with num_features = ",
        ),
    ],
)
def test_what_no_earlier_stage_gives_is_refused(problems, lines, message):
    messages = problems(lines)
    assert len(messages) == 1
    assert "stages.toml: stages[2]." in messages[0]
    assert message in messages[0]


@pytest.mark.parametrize(
    "lines",
    [
        'from = "first"',
        'data.train.hr = "stage:draw/lr"',
        'generator.weights = "stage:first/checkpoints/best.pt"',
        'from = "first"\ngenerator = { res_scale = 0.5 }',
        'from = "first"\ngenerator = { num_blocks = 3, partial_weights = true }',
        'from = "first"\nscale = 4\ngenerator.partial_weights = true',
        'from = "first"\ngenerator = { num_blocks = 1024 }',  # too large to tell soon
    ],
)
def test_what_an_earlier_stage_gives_is_taken(problems, lines):
    assert problems(lines) == []


def test_an_experiment_without_stages_has_no_earlier_ones(tiny_experiment):
    with pytest.raises(ConfigError, match='hr: no earlier stage "dsn"; earlier stages: none'):
        load_checked(tiny_experiment, ["data.train.hr=stage:dsn/lr"])
