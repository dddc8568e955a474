"""Keys of what looks through a frozen classifier, in options and in constructors."""

import inspect
from pathlib import Path

import attrs
import pytest

from srcore.losses.options import FeatureOptions
from srcore.metrics.options import DISTSOptions
from srcore.networks.classifier_features import ClassifierFeatures
from srcore.networks.classifier_options import ClassifierInput, OwnWeights
from srcore.networks.vgg_features import VGGFeatures
from srcore.options.declaration import InvalidOptionError


def test_the_file_is_the_source_where_there_is_one():
    assert OwnWeights().source == "imagenet"
    assert OwnWeights(weights="file", file=Path("own.pth")).source == Path("own.pth")


def test_a_file_and_another_kind_of_weights_contradict_one_another():
    with pytest.raises(InvalidOptionError, match=r"^file: "):
        OwnWeights(weights="random", file=Path("own.pth"))


@pytest.mark.parametrize("options", [FeatureOptions, DISTSOptions])
def test_losses_and_metrics_have_the_very_keys(options):
    weights = attrs.fields(OwnWeights).weights
    field = attrs.fields_dict(options)["weights"]
    assert (field.default, field.metadata) == (weights.default, weights.metadata)


@pytest.mark.parametrize("network", [VGGFeatures, ClassifierFeatures])
def test_constructors_have_the_defaults_of_the_keys(network):
    told = inspect.signature(network).parameters
    for keys in (OwnWeights(), ClassifierInput()):
        for name in {"weights", "use_input_norm", "range_norm"} & set(attrs.asdict(keys)):
            assert told[name].default == getattr(keys, name)
