"""What ``srcore check`` says about the semantic discriminators."""

import pytest

import srcore
from srcore.errors import ConfigError

SEMANTICS = {"weights": "random"}


@pytest.fixture
def problems(tiny_experiment):
    """What is wrong with the discriminator of a small experiment."""

    def check(*overrides, type="sed_patch", scale=4, size=64):
        settings = (
            f"scale={scale}",
            f"data.train.hr_patch_size={size}",
            "method.type=gan",
            "losses=[{type='adversarial'}]",
            f"discriminator.type={type}",
            "discriminator.semantics.weights=random",
            *overrides,
        )
        try:
            srcore.load_experiment(tiny_experiment, settings)
        except ConfigError as error:
            lines = [f"{problem.path}: {problem.message}" for problem in error.problems]
            return [line for line in lines if line.startswith("discriminator")]
        return []

    return check


@pytest.mark.parametrize("type", ["sed_patch", "sed_unet"])
@pytest.mark.parametrize("size", [32, 64, 256])
def test_multiples_of_16_are_fine(problems, type, size):
    assert problems(type=type, size=size) == []


@pytest.mark.parametrize(
    ("type", "size", "scale", "nearest"),
    [
        ("sed_patch", 100, 4, 96),
        ("sed_patch", 120, 4, 128),
        ("sed_patch", 16, 4, 32),
        ("sed_unet", 8, 4, 16),
        ("sed_unet", 72, 3, 96),
        ("sed_unet", 192, 3, None),
    ],
)
def test_other_patch_sizes_are_refused_with_the_nearest_valid_one(
    problems, type, size, scale, nearest
):
    messages = problems(type=type, size=size, scale=scale)
    if nearest is None:
        assert messages == []
        return
    smallest = {"sed_patch": 32, "sed_unet": 16}[type]
    assert messages == [
        "discriminator: expected data.train.hr_patch_size to be a multiple of 16 and at least "
        f"{smallest}, found {size}; the nearest is {nearest}"
    ]
    assert problems(type=type, size=nearest, scale=scale) == []


def test_channels_must_divide_by_the_sub_pixels(problems):
    assert problems("discriminator.semantics.width=6", type="sed_patch") == []
    assert problems("discriminator.semantics.width=6", type="sed_unet") == [
        "discriminator.semantics.width: 16 * width: expected a multiple of 64 channels in the "
        "semantic map, found 96; the nearest width is 8"
    ]


def test_gradient_penalties_need_the_attention_with_second_derivatives(problems):
    penalty = "losses=[{type='l1'}, {type='adversarial'}, {type='r1'}]"
    assert problems(penalty) == [
        'discriminator.attention: loss "r1" needs second derivatives, which only "math" has; '
        'found "auto"'
    ]
    assert problems(penalty, "discriminator.attention=math") == []


def test_a_missing_table_says_what_to_write(tiny_experiment):
    overrides = ("method.type=gan", "discriminator.type=sed_patch")
    with pytest.raises(ConfigError, match=r"semantics: required key is missing .* such as \{ weig"):
        srcore.load_experiment(tiny_experiment, overrides)


def test_a_missing_weights_file_is_found_by_the_check(problems, tmp_path):
    assert problems(f"discriminator.semantics.weights={tmp_path / 'RN50.pt'}") == [
        f"discriminator.semantics.weights: expected a file; {tmp_path / 'RN50.pt'} does not exist"
    ]


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("weights=3", 'semantics.weights: expected "openai" | "random" or path, found 3'),
        ("batch_norm=eval", 'expected one of "frozen", "batch", found "eval"'),
        ("wieghts=openai", 'semantics.wieghts: unknown key; did you mean "weights"?'),
    ],
)
def test_wrong_values_are_named_with_their_path(problems, assignment, message):
    messages = problems(f"discriminator.semantics.{assignment}")
    assert any(message in line for line in messages), messages


@pytest.mark.parametrize(
    ("semantic_size", "size", "nearest"), [(8, 96, None), (8, 80, 96), (32, 72, None), (32, 76, 80)]
)
def test_patches_are_multiples_of_the_maps_stride(problems, semantic_size, size, nearest):
    stride = 256 // semantic_size
    messages = problems(f"discriminator.semantic_size={semantic_size}", type="sed_patch", size=size)
    if nearest is None:
        assert messages == []
    else:
        assert f"to be a multiple of {stride} and at least 32, found {size}" in messages[0]
        assert messages[0].endswith(f"the nearest is {nearest}")


def test_other_sizes_are_refused(problems):
    (line,) = problems("discriminator.semantic_size=64")
    assert "semantic_size: expected one of 8, 16, 32, found 64" in line


def test_widths_fit_the_channels_of_the_chosen_stage(problems):
    small = "discriminator.semantics.width=4"
    assert problems(small, "discriminator.semantic_size=32") == []
    (line,) = problems(small, "discriminator.semantic_size=8", type="sed_unet")
    assert "semantics.width: 32 * width: expected a multiple of 256 channels" in line
    assert line.endswith("found 128; the nearest width is 8")
