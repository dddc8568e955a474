"""Every degradation changes the images that chance chooses, alike for equal seeds."""

import pytest
import srplug_degradations.print_and_screens
import srplug_degradations.still_codecs
import srplug_degradations.video  # noqa: F401 - classes are known once they are imported
import torch
from srplug_degradations.base import ImageDegradation
from srplug_degradations.lenses import Halos


@pytest.fixture(params=ImageDegradation.__subclasses__(), ids=lambda cls: cls.name)
def cls(request):
    if request.param.name == "video":
        pytest.importorskip("av")
    return request.param


def test_equal_seeds_change_alike_and_others_otherwise(cls, picture, degraded):
    image = picture(count=3)
    first, again, other = (degraded(cls, image, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == image.shape
    torch.testing.assert_close((first * 255).round() / 255, first, rtol=0, atol=1e-6)


def test_chance_chooses_images(cls, picture, degraded):
    image = picture(height=17, width=19, count=12)
    assert torch.equal(degraded(cls, image, probability=0.0), image)
    some, all_of_them = degraded(cls, image, probability=0.5), degraded(cls, image)
    untouched = [torch.equal(one, before) for one, before in zip(some, image, strict=True)]
    assert 0 < sum(untouched) < 12
    for one, whole, is_untouched in zip(some, all_of_them, untouched, strict=True):
        assert is_untouched or torch.equal(one, whole)  # draws do not hang on the probability


def test_the_other_tensor_can_be_meant(picture):
    batch = {"lr": torch.zeros(1), "hr": picture()}
    changed = Halos(scale=2, image="hr")(batch, torch.Generator())
    assert changed["lr"] is batch["lr"]
    assert not torch.equal(changed["hr"], batch["hr"])
