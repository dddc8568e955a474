"""What cannot run because a part lacks what it needs is refused, with the parts that would fit."""

import attrs
import pytest

import srcore
from srcore import GENERATOR
from srcore.errors import ConfigError
from srcore.options import option
from srcore.plugin.manager import PluginManager, using
from srcore.testing.experiments import load_checked


@attrs.frozen(kw_only=True)
class FlowOptions:
    """A method with one network."""

    def roles(self):
        return {"generator": GENERATOR}


@attrs.frozen(kw_only=True)
class MarkOptions:
    """A transform that adds an entry of any name."""

    entry: str = option("mark", "entry")

    def entries(self):
        return (self.entry,)


@attrs.frozen(kw_only=True)
class PlainOptions:
    """A method of two networks that takes no condition along."""

    def roles(self):
        return {"generator": GENERATOR, "discriminator": srcore.DISCRIMINATOR}


class Stranger:
    """Parts that know what they need."""

    __name__ = "stranger"

    @srcore.hookimpl
    def srcore_register_components(self, registry):
        add = registry.add
        add("method", "flow", FlowOptions, dict, needs=("lr", "time"), provides=("velocity",))
        add("method", "old_gan", None, dict, provides=("discriminator",))
        add("method", "plain_gan", PlainOptions, dict, needs=("lr",), provides=("discriminator",))
        add("network", "timed", None, dict, needs=("velocity",), provides=("time",))
        add("discriminator", "semantic", None, dict, needs=("condition", "hr"))
        add("loss", "velocity", None, dict, needs=("velocity",))
        add("loss", "marked", None, dict, needs=("mark",))
        add("method", "unpaired", FlowOptions, dict, needs=("hr",))
        add("loss", "real", None, dict, needs=("hr",))
        add("dataset", "pairs", None, dict, provides=("lr", "hr"))
        add("dataset", "timed", None, dict, needs=("velocity",), provides=("lr", "hr"))
        add("transform", "mark", MarkOptions, dict)
        add("transform", "silent", None, dict)
        add("transform", "careful", None, dict, needs=("mark",))


@pytest.fixture
def problems(tiny_experiment):
    """Problems of the tiny experiment with overrides."""

    def found(*overrides):
        try:
            load_checked(tiny_experiment, overrides)
        except ConfigError as error:
            return {problem.path: problem.message for problem in error.problems}
        return {}

    with using(PluginManager(discover=False, extra=[Stranger()])):
        yield found


SILENT = 'data.train.transforms=[{ type = "silent" }]'


def test_method_whose_network_lacks_something_offers_those_that_fit(problems):
    messages = problems('method.type="flow"', 'losses=[{ type = "velocity" }]')
    assert messages == {
        "generator.type": '"edsr" lacks time, which method "flow" needs; fitting: timed'
    }
    ready = ('method.type="flow"', 'losses=[{ type = "velocity" }]', 'generator={type="timed"}')
    assert problems(*ready) == {}


def test_network_that_needs_another_method_offers_it(problems):
    assert problems('generator={type="timed"}') == {
        "generator.type": '"timed" needs velocity, which method "supervised" does not provide; '
        "methods that do: flow"
    }


def test_discriminator_with_a_condition_needs_a_method_that_has_it(problems):
    judge = ('discriminator.type="semantic"', 'losses=[{ type = "adversarial" }]')
    assert problems('method.type="gan"', *judge) == {}
    assert problems('method.type="plain_gan"', *judge) == {
        "discriminator.type": '"semantic" needs condition, which method "plain_gan" does not '
        "provide; methods that do: gan"
    }


def test_older_methods_with_a_discriminator_are_taken_to_have_conditions(problems):
    judge = ('discriminator.type="semantic"', 'losses=[{ type = "adversarial" }]')
    assert problems('method.type="old_gan"', *judge) == {}


def test_loss_that_needs_another_method_offers_it(problems):
    assert problems('losses=[{ type = "velocity" }]') == {
        "losses[0].type": '"velocity" needs velocity, which method "supervised" does not provide; '
        "methods that do: flow"
    }


def test_images_that_a_method_or_a_loss_needs_come_from_the_data(problems, tiny_experiment):
    folder = next(path for path in tiny_experiment.parent.iterdir() if path.is_dir())
    data = f'data.train={{ type = "lr_folder", lr = "{folder}" }}'
    sets = "hr_folder, images, lmdb, paired_folder, pairs, timed, unpaired_folders"
    hint = f"; it comes with dataset {sets}"
    assert problems('method.type="unpaired"', data, 'losses=[{ type = "real" }]') == {
        "data.train.type": f'"lr_folder" has no hr, which method "unpaired" needs{hint}',
        "losses[0].type": f'"real" needs hr in the batch; there is lr{hint}',
    }
    pairs = 'data.train={ type = "pairs" }'
    assert problems('method.type="unpaired"', pairs, 'losses=[{ type = "real" }]') == {}


def test_entries_of_transforms_count_from_their_place_on(problems):
    marked = 'losses=[{ type = "marked" }]'
    mark, careful = '{ type = "mark" }', '{ type = "careful" }'
    assert "losses[0].type" in problems(marked)
    assert problems(marked, f"data.train.transforms=[{mark}, {careful}]") == {}
    messages = problems(marked, f"data.train.transforms=[{careful}, {mark}]")
    assert list(messages) == ["data.train.transforms[0].type"]
    other = '{ type = "mark", entry = "other" }'
    assert list(problems(marked, f"data.train.transforms=[{other}]")) == ["losses[0].type"]


def test_dataset_that_only_some_methods_can_use_offers_them(problems):
    assert problems('data.train={ type = "timed" }') == {
        "data.train.type": '"timed" needs velocity, which method "supervised" does not provide; '
        "methods that do: flow"
    }


def test_parts_that_say_nothing_may_bring_anything(problems):
    assert problems('losses=[{ type = "marked" }]', SILENT) == {}
    assert problems('losses=[{ type = "l1", target = "anything" }]', SILENT) == {}
    # ... but not what only methods can
    assert "losses[0].type" in problems('losses=[{ type = "adversarial" }]', SILENT)
