"""Parts that work on other images than the generator are refused, with those that fit."""

import pytest

from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_unchecked

#: Networks whose images may be gray or have alpha, and the only one for colors.
OPEN = {"compact", "dlsn", "edsr", "esrdgan", "msrresnet", "rrdbnet", "swinir"}
RGB_ONLY = {"usrdu_dsn"}

GRAY = [
    'generator={type="edsr", channels=1, num_features=8, num_blocks=1}',
    "data.train.channels=1",
    "data.validation.tiny.channels=1",
]
JUDGED = [
    *GRAY,
    'method.type="gan"',
    'discriminator={type="patch", num_features=4, in_channels=1}',
    'losses=[{type="l1"}, {type="adversarial"}]',
]


def problems(experiment, overrides):
    loaded = load_unchecked(experiment, overrides)
    return {problem.path: problem.message for problem in loaded.examine(loaded.stages[0])[1]}


def test_networks_have_the_key_or_are_known_to_be_for_colors():
    ours = {
        component.name: "channels" in component.options.__annotations__
        for component in plugins().registry.components("network")
        if component.owner
        in ("srcore", *(f"srplug-{name}" for name in ("dlsn", "esrdgan", "usrdu")))
    }
    assert {name for name, is_open in ours.items() if is_open} == OPEN & ours.keys()
    assert {name for name, is_open in ours.items() if not is_open} == RGB_ONLY & ours.keys()


def test_what_fits_passes(tiny_experiment):
    assert problems(tiny_experiment, GRAY) == {}
    assert problems(tiny_experiment, JUDGED) == {}


@pytest.mark.parametrize(
    ("overrides", "path", "fitting"),
    [
        (
            [*GRAY, 'losses=[{type="perceptual", weights="random"}]'],
            "losses[0].type",
            ("l1", "perceptual"),
        ),
        (
            [*GRAY, 'data.train.transforms=[{type="jpeg"}]'],
            "data.train.transforms[0].type",
            ("bicubic", "jpeg"),
        ),
    ],
)
def test_what_is_for_colors_only_is_refused_with_what_fits(
    tiny_experiment, overrides, path, fitting
):
    message = problems(tiny_experiment, overrides)[path]
    start, names = message.split("; fitting: ")
    wanted = 'works on images of 3 channels; expected 1, those of generator "edsr"'
    assert start.partition(" ")[2] == wanted
    there, missing = fitting
    assert there in names.split(", ")
    assert missing not in names.split(", ")


def test_a_loss_for_gray_images_is_refused_for_colors(tiny_experiment, isolated_plugins):
    import attrs

    import srcore
    from srcore.plugin.manager import PluginManager, using

    @attrs.frozen(kw_only=True)
    class Options:
        channels = 1

    class Stranger:
        __name__ = "srplug-stranger"

        @srcore.hookimpl
        def srcore_register_components(self, registry):
            registry.add("loss", "gray", Options, "torch.nn:Identity")
            registry.add("discriminator_input", "gray", Options, "torch.nn:Identity")

    with using(PluginManager(discover=False, extra=[Stranger()])):
        messages = problems(tiny_experiment, ['losses=[{type="gray"}]'])
        assert "works on images of 1 channel; expected 3" in messages["losses[0].type"]
        judged = ['method.type="gan"', 'losses=[{type="l1"}, {type="adversarial"}]']
        judge = 'discriminator={type="patch", inputs=[{type="gray"}]}'
        messages = problems(tiny_experiment, [*judged, judge])
        assert "works on images of 1 channel" in messages["discriminator.inputs[0].type"]
        assert problems(tiny_experiment, [*GRAY, 'losses=[{type="gray"}]']) == {}


def test_discriminators_judge_colors_where_they_say_nothing(tiny_experiment):
    messages = problems(tiny_experiment, [*JUDGED, "discriminator.in_channels=3"])
    assert list(messages) == ["discriminator.in_channels"]


def test_data_sets_inside_of_others_are_judged_in_their_place(tiny_experiment):
    folder = tiny_experiment.parent / "train"
    inner = f'{{type="hr_folder", hr="{folder.as_posix()}", hr_patch_size=16, channels='
    data = f'data.train={{type="concat", datasets=[{inner}1}}, {inner}3}}]}}'
    messages = problems(tiny_experiment, [*GRAY[:1], GRAY[2], data])
    assert list(messages) == ["data.train.datasets[1].channels"]


def test_data_that_the_network_cannot_have_name_the_networks_that_can(tiny_experiment):
    pytest.importorskip("srplug_usrdu")
    messages = problems(tiny_experiment, ['generator={type="usrdu_dsn"}', *GRAY[1:]])
    message = messages["data.train.channels"]
    assert message.startswith('"hr_folder" works on images of 1 channel; expected 3, those of')
    assert "; networks of 1 channel: " in message
    names = message.rpartition(": ")[2].split(", ")
    assert {"compact", "edsr", "msrresnet", "rrdbnet", "swinir"} <= set(names)
    assert "usrdu_dsn" not in names
