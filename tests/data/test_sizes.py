"""Whole images that are trained on are judged by their headers, as patches by their key."""

import pytest

from srcore.errors import ConfigError
from srcore.testing import write_tiny_images
from srcore.testing.experiments import load_checked

GAN = ("method.type=gan", "losses=[{type='l1'},{type='adversarial'}]")


@pytest.fixture
def problems(tiny_experiment):
    """What is wrong where whole images of one size are trained on."""

    def of(*overrides, height=40, width=48):
        write_tiny_images(tiny_experiment.parent / "train", 6, height=height, width=width)
        text = tiny_experiment.read_text().replace("hr_patch_size = 32", "rotate = false")
        file = tiny_experiment.with_name("whole.toml")
        file.write_text(text)
        try:
            load_checked(file, overrides)
        except ConfigError as error:
            return list(error.problems)
        return []

    return of


@pytest.mark.parametrize(
    ("discriminator", "fitting", "wanted"),
    [
        ("{type='unet'}", (40, 48), "a multiple of 8"),
        ("{type='patch',num_layers=4}", (48, 48), "at least 48"),
        ("{type='vgg'}", (128, 128), "128"),
    ],
)
def test_discriminators_name_the_image_that_they_cannot_see(
    problems, discriminator, fitting, wanted
):
    chosen = (*GAN, f"discriminator={discriminator}")
    assert problems(*chosen, height=fitting[0], width=fitting[1]) == []
    (problem,) = problems(*chosen, height=44, width=300)
    assert problem.path.startswith("discriminator")
    expected = f"every side of the training images to be {wanted}, found 300x44 ("
    assert expected in problem.message
    assert "; set data.train.hr_patch_size" in problem.message


def test_images_of_several_sizes_cannot_be_a_batch(problems, tiny_experiment):
    write_tiny_images(tiny_experiment.parent / "train/more", 1, height=30, width=30)
    assert problems("data.train.recursive=true", "train.batch_size=1") == []
    (problem,) = problems("data.train.recursive=true")
    assert problem.path == "data.train.hr_patch_size"
    assert "need images of one size; found 48x40 (" in problem.message
    (problem,) = problems("data.train.rotate=true")
    assert "05.png) and the same turned, with rotate = true; or set" in problem.message
    assert problems("data.train.recursive=true", "data.train.hr_patch_size=24") == []
