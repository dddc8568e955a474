"""Batch entries that a loss or transform reads and nobody makes."""

import attrs
import pytest

from srcore.datasets.options import HrFolderOptions
from srcore.errors import ConfigError
from srcore.methods.options import SupervisedOptions
from srcore.testing.experiments import load_checked


def problems(file, *overrides):
    try:
        load_checked(file, overrides)
    except ConfigError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            'losses=[{type="l1", target="hr_sharpened"}]',
            'losses[0].target: no batch entry "hr_sharpened"; the batch holds hr, lr; transform '
            '"second_order_degradation" makes it',
        ),
        (
            'losses=[{type="l1"}, {type="mse", weight_map="wights"}]',
            'losses[1].weight_map: no batch entry "wights"; the batch holds hr, lr',
        ),
        (
            'data.train.transforms=[{type="sharpen", source="hrr"}]',
            'data.train.transforms[0].source: no batch entry "hrr"; the batch holds hr, lr; did '
            'you mean "hr"?',
        ),
        (
            'data.train.downscale="none"',
            "data.train: no low-resolution images: nothing makes the batch entry lr; add a transf",
        ),
        (
            'data.validation.tiny.downscale="none"',
            "data.validation.tiny: no low-resolution images: nothing makes the batch entry lr",
        ),
        (
            'data.train={type="hr_folder", hr="train", downscale="none", '
            'transforms=[{type="jpeg"}]}',
            'data.train.transforms[0].image: no batch entry "lr"; the batch holds hr; transform',
        ),
        (
            'data.train={type="lr_folder", lr="train"}',
            'losses[0].target: no batch entry "hr"; the batch holds lr',
        ),
    ],
)
def test_an_entry_that_nobody_makes_is_found_before_the_run(
    tiny_experiment, monkeypatch, override, message
):
    monkeypatch.chdir(tiny_experiment.parent)
    assert any(message in line for line in problems(tiny_experiment, override))


@pytest.mark.parametrize(
    "overrides",
    [
        [
            'data.train.transforms=[{type="sharpen", target="crisp"}]',
            'losses=[{type="l1", target="crisp"}]',
        ],
        ['data.train.downscale="none"', 'data.train.transforms=[{type="bicubic"}, {type="blur"}]'],
        [
            'data.train.transforms=[{type="sharpen", target="a"}, {type="sharpen", source="a"}]',
            'losses=[{type="l1", target="hr_sharpened", weight_map="a"}]',
        ],
    ],
)
def test_entries_that_transforms_make_may_be_read_behind_them(tiny_experiment, overrides):
    assert problems(tiny_experiment, *overrides) == []


def test_nothing_is_refused_where_a_plugin_does_not_say(
    isolated_plugins, tiny_experiment, monkeypatch
):
    monkeypatch.chdir(tiny_experiment.parent)

    @attrs.frozen(kw_only=True)
    class Own(HrFolderOptions):
        """Inherits from a dataset whose samples hold less."""

    isolated_plugins.registry.add("dataset", "own", Own, "srcore.datasets.hr_folder:HrFolder")
    isolated_plugins.registry.add("transform", "any", None, "srcore.transforms.pool:PairPool")
    loss = 'losses=[{type="l1", target="mask"}]'
    assert len(problems(tiny_experiment, loss)) == 1
    assert problems(tiny_experiment, loss, 'data.train={type="own", hr="train"}') == []
    assert problems(tiny_experiment, loss, 'data.train.transforms=[{type="any"}]') == []


def test_entries_that_the_method_makes_may_be_read_by_losses_alone(
    isolated_plugins, tiny_experiment, monkeypatch
):
    monkeypatch.chdir(tiny_experiment.parent)

    @attrs.frozen(kw_only=True)
    class Making(SupervisedOptions):
        """Shows losses what it made."""

        def entries(self):
            return ("made",)

    registry = isolated_plugins.registry
    registry.add("method", "making", Making, "srcore.methods.supervised:Supervised")
    method, loss = 'method={type="making"}', 'losses=[{type="l1", target="made"}]'
    assert problems(tiny_experiment, method, loss) == []
    assert 'no batch entry "made"' in problems(tiny_experiment, loss)[-1]
    sharpen = 'data.train.transforms=[{type="sharpen", source="made"}]'
    assert 'no batch entry "made"' in problems(tiny_experiment, method, sharpen)[-1]
