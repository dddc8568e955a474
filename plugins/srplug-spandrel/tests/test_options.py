"""What cannot be built is told by ``srcore check``, in one line each."""

from types import SimpleNamespace

import pytest
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.tiny import tiny, tried_scale

from srcore.errors import SrcoreError
from srcore.plugin.manager import plugins
from srcore.testing.specimen import options_for


def experiment(scale, batch_size=2):
    train = SimpleNamespace(batch_size=batch_size, accumulate=1)
    return SimpleNamespace(scale=scale, train=train, task=None)


@pytest.mark.parametrize(
    ("name", "scale", "keys", "message"),
    [
        ("nafnet", 4, {}, "spandrel_nafnet works at scale 1; found scale = 4"),
        ("hat", 5, {}, "spandrel_hat works at scale 1, 2, 3, 4 or 8; found scale = 5"),
        ("hat", 4, {"depths": [6, 6]}, "expected 2 numbers, as in depths; found 6"),
        ("hat", 4, {"embed_dim": 100}, "expected divisors of embed_dim = 100, found 6"),
        ("dctlsa", 4, {"nf": 54}, "expected divisors of nf = 54, found 5"),
        ("swin2sr", 4, {"upsampler": ""}, "enlarges nothing; found scale = 4"),
        ("moesr", 2, {"upsampler": "conv"}, "enlarges nothing; found scale = 2"),
        ("rcan", 1, {"n_feats": 32}, "spandrel reads RCAN at scale 1 with 64 features only"),
    ],
)
def test_rules_between_keys_are_told(name, scale, keys, message):
    component = plugins().registry.get("network", f"spandrel_{name}")
    messages = list(options_for(component, keys).problems(experiment(scale)))
    assert len(messages) == 1
    assert message in messages[0][1]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_defaults_and_tiny_networks_have_no_problems(name):
    component = plugins().registry.get("network", f"spandrel_{name}")

    scale = tried_scale(name)
    for keys in ({}, tiny(name, scale)):
        assert list(options_for(component, keys).problems(experiment(scale))) == []


def test_what_only_spandrels_class_knows_is_one_line():
    component = plugins().registry.get("network", "spandrel_kbnet_l")
    with pytest.raises(SrcoreError, match=r"spandrel_kbnet_l: spandrel cannot build it.*groups"):
        component.build(options_for(component, {"dim": 20}), scale=1)


def test_batch_normalization_wants_two_images():
    options = options_for(plugins().registry.get("network", "spandrel_dat"), tiny("dat", 4))
    ((_, message),) = options.problems(experiment(4, batch_size=1))
    assert (
        "trained on 2 images at once or more; found train.batch_size / train.accumulate = 1"
        in message
    )
