"""Whole images that are trained on are judged by their headers, as patches by their key."""

import re

import pytest

from srcore.data.sizes import (
    common_patches,
    proposed_side,
    remember_wish,
    scale_complaint,
    sides_near,
    suits_all,
)
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


UNET, VGG, FIVE = (
    "discriminator={type='unet'}",
    "discriminator={type='vgg'}",
    "losses=[{type='l1'},{type='adversarial'},{type='focal_frequency',patch_factor=5}]",
)


@pytest.mark.parametrize(
    ("size", "parts", "side", "complaints"),
    [
        (101, (*GAN, UNET), "104", 2),  # the scale and a discriminator
        (101, (*GAN, VGG), "128", 2),
        (44, (*GAN, UNET, FIVE), "40", 2),  # two parts, each with a nearest one of its own
        (36, (*GAN, UNET, FIVE), "40", 2),
        (72, (*GAN, UNET, FIVE), "80", 1),  # the nearest of the one does not suit the other
        (33, (), "32", 1),
    ],
)
def test_all_parts_propose_the_same_patch_size(tiny_experiment, size, parts, side, complaints):
    with pytest.raises(ConfigError) as caught:
        load_checked(tiny_experiment, (*parts, f"data.train.hr_patch_size={size}"))
    proposed = [
        match[1]
        for problem in caught.value.problems
        if (
            match := re.search(
                r"(?:nearest is|use|set data.train.hr_patch_size =) (\d+)\b", problem.message
            )
        )
    ]
    assert proposed == [side] * complaints


def test_parts_that_exclude_one_another_propose_no_patch_size(tiny_experiment):
    with pytest.raises(ConfigError) as caught:
        load_checked(tiny_experiment, (*GAN, VGG, FIVE, "data.train.hr_patch_size=101"))
    told = [it.message for it in caught.value.problems if "patch" in it.message + it.path]
    assert len(told) == 3
    assert all(it.endswith("; no size suits all parts") for it in told)


def test_outside_of_a_check_the_nearest_is_that_of_the_part():
    assert suits_all(3)
    assert proposed_side(sides_near(5), 2, lambda side: side % 3 == 0) == (6, True)
    with common_patches() as wishes:
        remember_wish(lambda side: side % 4 == 0)
        assert not wishes.proposed
        assert proposed_side(sides_near(5), 2, lambda side: side % 3 == 0) == (12, True)
        assert wishes.proposed
    assert scale_complaint(9, 2) == "expected a multiple of scale = 2, found 9; use 8"
