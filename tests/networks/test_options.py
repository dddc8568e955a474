import subprocess
import sys
from types import SimpleNamespace

import pytest

from srcore import builtin
from srcore.networks import options
from srcore.plugin.registry import Registry


def problems(chosen, scale=4, hr_patch_size=None):
    data = SimpleNamespace(train=None)
    experiment = SimpleNamespace(
        generator=None, scale=scale, hr_patch_size=hr_patch_size, data=data
    )
    return list(chosen.problems(experiment))


@pytest.fixture
def components():
    registry = Registry()
    builtin.srcore_register_components(registry)
    return [*registry.components("network"), *registry.components("discriminator")]


def test_all_networks_are_registered(components):
    names = {"rrdbnet", "edsr", "msrresnet", "compact", "swinir", "vgg", "unet", "patch"}
    assert names <= {component.name for component in components}


def test_options_do_not_import_torch():
    code = "import sys, srcore.networks.options; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("chosen", "scale", "expected"),
    [
        (options.RRDBNetOptions(), 4, []),
        (options.RRDBNetOptions(unshuffle=False), 8, []),
        (
            options.RRDBNetOptions(),
            8,
            [
                (
                    "unshuffle",
                    "rrdbnet works at scale 1, 2 or 4; found scale = 8; set unshuffle = false",
                )
            ],
        ),
        (options.RRDBNetOptions(), 5, [("", "rrdbnet works at scale 1, 2 or 4; found scale = 5")]),
        (options.EDSROptions(), 6, [("", "edsr works at scale 1, 2, 3, 4 or 8; found scale = 6")]),
        (
            options.MSRResNetOptions(),
            1,
            [("", "msrresnet works at scale 2, 3 or 4; found scale = 1")],
        ),
        (
            options.SwinIROptions(upsampler="none"),
            4,
            [("upsampler", 'swinir with upsampler = "none" works at scale 1; found scale = 4')],
        ),
        (
            options.SwinIROptions(num_heads=(7,) * 6, embed_dim=60),
            4,
            [("num_heads", "expected divisors of embed_dim = 60, found 7")],
        ),
    ],
)
def test_impossible_scales_are_problems(chosen, scale, expected):
    assert problems(chosen, scale) == expected


@pytest.mark.parametrize(
    ("chosen", "size", "expected"),
    [
        (options.VGGDiscriminatorOptions(), 128, []),
        (options.VGGDiscriminatorOptions(), None, []),
        (
            options.VGGDiscriminatorOptions(),
            192,
            [
                (
                    "input_size",
                    "expected data.train.hr_patch_size = 192, found 128; set input_size = 192",
                )
            ],
        ),
        (
            options.VGGDiscriminatorOptions(),
            150,
            [
                (
                    "input_size",
                    "expected data.train.hr_patch_size = 150, found 128; "
                    "set data.train.hr_patch_size = 128 (128, 192 and 256 are possible)",
                )
            ],
        ),
        (options.UNetDiscriminatorOptions(), 256, []),
        (
            options.UNetDiscriminatorOptions(),
            101,
            [
                (
                    "",
                    "expected data.train.hr_patch_size to be a multiple of 8, found 101; "
                    "the nearest is 104",
                )
            ],
        ),
        (options.PatchDiscriminatorOptions(), 24, []),
        (
            options.PatchDiscriminatorOptions(num_layers=4),
            32,
            [
                (
                    "num_layers",
                    "4 layers: expected data.train.hr_patch_size to be at least 48, found 32; "
                    "the nearest is 48",
                )
            ],
        ),
    ],
)
def test_unsuitable_training_patches_are_problems(chosen, size, expected):
    assert problems(chosen, hr_patch_size=size) == expected
