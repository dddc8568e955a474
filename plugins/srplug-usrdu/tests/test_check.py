"""What `srcore check` says of broken experiments."""

import numpy as np
import pytest

from srcore.errors import ConfigError
from srcore.testing.experiments import load_checked
from srcore.testing.tiny_images import write_tiny_images

BASE = """
extends = "usrdu/tiny"
name = "broken"
[data.train]
hr = "hr"
lr = "lr"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "examples/images/train", 2, height=96, width=96)
    write_tiny_images(tmp_path / "hr", 2, height=96, width=96)
    write_tiny_images(tmp_path / "lr", 2, height=32, width=32)
    return tmp_path


def problems(folder, overrides=()):
    (folder / "broken.toml").write_text(BASE)
    with pytest.raises(ConfigError) as caught:
        load_checked(folder / "broken.toml", overrides)
    return str(caught.value)


def test_tiny_experiment_is_sound(folder):
    (folder / "sound.toml").write_text(BASE)
    load_checked(folder / "sound.toml")


def test_patches_too_small_for_the_feature_head(folder):
    messages = problems(folder, overrides=["data.train.hr_patch_size=32"])
    assert (
        "generator.feature_head: expected data.train.hr_patch_size to be at least 16 * scale = 64, "
        "found 32; the nearest is 64; or set it to false"
    ) in messages


def test_patches_that_the_discriminator_cannot_halve(folder):
    messages = problems(folder, overrides=["data.train.hr_patch_size=80"])
    assert (
        "discriminator: expected data.train.hr_patch_size / 4 to be a multiple of 8 (the network "
        "before it shrinks images), found 80 / 4; the nearest is 96 / 4"
    ) in messages


def test_parts_that_see_the_small_images_are_checked_for_their_size(folder):
    """Discriminators and losses work on what the generator makes."""
    (folder / "sound.toml").write_text(BASE)
    write_tiny_images(folder / "hr", 2, height=512, width=512)
    write_tiny_images(folder / "lr", 2, height=128, width=128)
    judge, train = "stages.dsn.discriminator", "stages.dsn.data.train"
    vgg = [f"{judge}.type=vgg"]
    fitting = [f"{judge}.input_size=128", f"{train}.hr_patch_size=512"]
    load_checked(folder / "sound.toml", [*vgg, *fitting])
    messages = problems(folder, overrides=[*vgg, f"{train}.hr_patch_size=128"])
    assert (
        "discriminator.input_size: expected data.train.hr_patch_size / 4 to be 128 (the network "
        "before it shrinks images), found 128 / 4; the nearest is 512 / 4"
    ) in messages
    patch = [f"{judge}.type=patch", f"{train}.hr_patch_size=64"]
    assert "expected data.train.hr_patch_size / 4 to be at least 24" in problems(
        folder, overrides=patch
    )


def test_empty_target_folder(folder):
    for path in (folder / "lr").iterdir():
        path.unlink()
    assert "no images" in problems(folder)


def test_empty_source_folder_is_known_before_generating(folder):
    for path in (folder / "hr").iterdir():
        path.unlink()
    messages = problems(folder)
    assert "task.hr" in messages
    assert "no images" in messages


def test_other_scales(folder):
    messages = problems(folder, overrides=["scale=3"])
    assert "usrdu_dsn knows scales 2 and 4, found scale = 3" in messages


STAGE = """
name = "one"
scale = 4
[generator]
type = "usrdu_dsn"
num_features = 4
{generator}
[discriminator]
type = "unet"
[method]
type = "usrdu_dsn"
[[losses]]
type = "adversarial"
real = "lr"
{losses}
[data.train]
type = "unpaired_folders"
hr = "hr"
lr = "lr"
hr_patch_size = 64
{transforms}
"""
REFERENCE = '[[data.train.transforms]]\ntype = "usrdu_reference"\n'
DATA = '[[losses]]\ntype = "usrdu_data"\n'
FEATURE = '[[losses]]\ntype = "usrdu_feature"\nweights = "random"\n'


def stage_problems(folder, generator="", losses=DATA + FEATURE, transforms=REFERENCE):
    text = STAGE.format(generator=generator, losses=losses, transforms=transforms)
    (folder / "one.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_checked(folder / "one.toml")
    return str(caught.value)


def test_head_without_loss(folder):
    messages = stage_problems(folder, losses=DATA)
    assert "nothing trains generator.feature_head" in messages
    assert 'add [[losses]] type = "usrdu_feature"' in messages


def test_loss_without_head(folder):
    messages = stage_problems(folder, generator="feature_head = false")
    assert '"usrdu_feature" needs generator.feature_head = true' in messages


def test_loss_without_reference(folder):
    messages = stage_problems(folder, transforms="")
    assert 'losses[1].target: no batch entry "lr_reference"; the batch holds hr, lr; ' in messages
    assert 'transform "usrdu_reference" makes it' in messages


def test_another_network_for_the_method(folder):
    text = STAGE.format(generator="", losses=DATA + FEATURE, transforms=REFERENCE)
    (folder / "one.toml").write_text(
        text.replace('"usrdu_dsn"\nnum_features', '"edsr"\nnum_features')
    )
    with pytest.raises(ConfigError, match=r'trains generator\.type = "usrdu_dsn", found "edsr"'):
        load_checked(folder / "one.toml")


def test_losses_of_the_dsn_need_its_method(folder):
    text = STAGE.format(generator="", losses=DATA, transforms=REFERENCE)
    (folder / "one.toml").write_text(
        text.replace('[method]\ntype = "usrdu_dsn"', '[method]\ntype = "gan"')
    )
    with pytest.raises(
        ConfigError, match='"usrdu_data" needs log_scale, which method "gan" does not'
    ):
        load_checked(folder / "one.toml")


def test_folder_without_kernels(folder):
    (folder / "kernels").mkdir()
    messages = stage_problems(folder, transforms=REFERENCE + 'kernels = "kernels"\n')
    assert "no kernels of scale 4" in messages
    np.save(folder / "kernels" / "a_kernel_x4.npy", np.ones((5, 5)))
    (folder / "one.toml").write_text(
        STAGE.format(
            generator="", losses=DATA + FEATURE, transforms=REFERENCE + 'kernels = "kernels"\n'
        )
    )
    load_checked(folder / "one.toml")


def test_even_filters(folder):
    messages = stage_problems(folder, losses=DATA + "kernel_size = 4\n" + FEATURE)
    assert "losses[1].kernel_size: expected an odd size, found 4" in messages
