import numpy as np
import pytest
import torch

from srcore.errors import SrcoreError
from srcore.evaluation.image_sets import find_sets
from srcore.evaluation.interpolation import INTERPOLATIONS, interpolation
from srcore.images import write_image
from srcore.testing.tiny_images import tiny_image


def test_each_is_what_its_name_says():
    lr = tiny_image(0, 7, 9)
    upscaled = {name: interpolation(name, 4).upscale(lr) for name in INTERPOLATIONS}
    assert {picture.shape for picture in upscaled.values()} == {(28, 36, 3)}
    assert np.array_equal(upscaled["nearest"], np.kron(lr, np.ones((4, 4, 1), np.uint8)))
    tensor = torch.from_numpy(lr).double().permute(2, 0, 1)[None]
    expected = torch.nn.functional.interpolate(tensor, scale_factor=4, mode="bicubic")
    expected = expected[0].permute(1, 2, 0).round().clamp(0, 255).numpy()
    assert np.abs(upscaled["opencv"] - expected).max() <= 1
    assert not np.array_equal(upscaled["opencv"], upscaled["bicubic"])
    with pytest.raises(SrcoreError, match="expected some of bicubic, nearest, opencv, found"):
        interpolation("lanczos", 2)


def test_low_resolution_images_are_made_by_the_dialect_that_is_asked_for(tmp_path):
    write_image(tmp_path / "Toy" / "a.png", tiny_image(0, 40, 44))
    by = {
        dialect: find_sets(str(tmp_path / "Toy"), 4, downscale=dialect)[0]
        for dialect in ("matlab", "opencv")
    }
    assert by["opencv"].origin == "LR made from HR by OpenCV's bicubic, 8 bits"
    assert by["matlab"].origin == "LR made from HR by MATLAB's bicubic, 8 bits"
    assert not np.array_equal(by["opencv"].pair(0)[0], by["matlab"].pair(0)[0])
