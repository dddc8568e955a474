"""WebP and AVIF leave what Pillow's own files leave."""

import numpy as np
import pytest
import torch
from PIL import Image
from srplug_degradations.still_codecs import AvifDamage, WebP


@pytest.mark.parametrize(
    ("cls", "suffix", "settings"),
    [(WebP, "webp", {"method": 4}), (AvifDamage, "avif", {"speed": 8, "max_threads": 1})],
)
def test_it_is_the_librarys_file(cls, suffix, settings, picture, degraded, tmp_path):
    image = picture(height=33, width=47)
    array = (image[0].permute(1, 2, 0) * 255).round().byte().numpy()
    for quality in (20, 85):
        Image.fromarray(array).save(tmp_path / f"a.{suffix}", quality=quality, **settings)
        with Image.open(tmp_path / f"a.{suffix}") as file:
            expected = np.array(file.convert("RGB"))
        result = degraded(cls, image, quality=(quality, quality))[0].permute(1, 2, 0)
        assert np.array_equal((result * 255).round().byte().numpy(), expected)


@pytest.mark.parametrize("cls", [WebP, AvifDamage])
def test_images_have_qualities_of_their_own(cls, picture, degraded):
    result = degraded(cls, picture(count=4), quality=(5, 95))
    assert not torch.equal(result[0], result[1])
