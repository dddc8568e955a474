import numpy as np
import pytest
import scipy.ndimage
import torch
from srplug_usrdu.kernels import (
    centered,
    correlate,
    doubled,
    finished_kernels,
    list_kernels,
    read_kernel,
    thresholded,
    write_kernels,
)

from srcore.errors import DataError


def blob(size=13, row=5.2, column=6.9):
    y, x = np.mgrid[:size, :size]
    kernel = np.exp(-((y - row) ** 2 + (x - column) ** 2) / 3)
    return kernel / kernel.sum()


def mass(kernel):
    return np.array(scipy.ndimage.center_of_mass(kernel))


def test_centering_shifts_like_scipy():
    kernel = blob()
    aim = 13 // 2 + 0.5
    shift = aim - mass(kernel)
    padded = np.pad(kernel, int(np.ceil(np.abs(shift).max())) + 1)
    expected = scipy.ndimage.shift(padded, shift, order=3)
    np.testing.assert_allclose(centered(kernel, 2), expected, atol=1e-12)


def test_mass_lies_half_a_pixel_beyond_the_middle_of_odd_kernels():
    kernel = centered(blob(), 2)
    np.testing.assert_allclose(mass(kernel), kernel.shape[0] // 2 + 0.5, atol=0.02)


def test_small_values_are_cut_off():
    kernel = thresholded(blob() + 1e-4, 40)
    assert kernel.sum() == pytest.approx(1)
    assert 40 <= (kernel > 0).sum() < 80


def test_doubled_kernel_is_filtering_and_halving_twice():
    x2 = finished_kernels(blob())[2]
    image = torch.from_numpy(np.random.default_rng(0).random((1, 96, 96)))
    kernel = torch.from_numpy(x2 / x2.sum())
    # the analytic kernel sums k[r, c] k at (2r, 2c): the second kernel acts on the halved image
    twice = correlate(correlate(image, kernel, 2), kernel, 2)
    once = correlate(image, torch.from_numpy(doubled(x2)), 4)
    inner = np.s_[..., 8:-8, 8:-8]
    # cropping the outer kernel leaves out little of its mass
    np.testing.assert_allclose(once[inner], twice[inner], atol=5e-3)


@pytest.mark.parametrize("size", [3, 4, 17, 33])
def test_correlation_mirrors_like_scipy(size):
    image = np.random.default_rng(0).random((2, 24, 21))
    kernel = np.random.default_rng(1).random((size, size))
    expected = [scipy.ndimage.correlate(plane, kernel, mode="reflect")[::4, ::4] for plane in image]
    blurred = correlate(torch.from_numpy(image), torch.from_numpy(kernel), 4)
    np.testing.assert_allclose(blurred, np.stack(expected))


def test_kernels_are_found_by_scale_and_read_in_either_format(tmp_path):
    kernels = {2: blob(17), 4: blob(33)}
    write_kernels(tmp_path, "phone_10", kernels, mat=True)
    write_kernels(tmp_path, "phone_9", kernels, mat=False)
    (tmp_path / "phone_10" / "phone_10_kernel_x4.npy").unlink()
    names = [path.name for path in list_kernels(tmp_path, 4)]
    assert names == ["phone_9_kernel_x4.npy", "phone_10_kernel_x4.mat"]
    for path in list_kernels(tmp_path, 4):
        np.testing.assert_allclose(read_kernel(path), kernels[4])
    assert [path.suffix for path in list_kernels(tmp_path, 2)] == [".npy", ".npy"]


def test_kernels_are_normalized_on_reading(tmp_path):
    np.save(tmp_path / "k_x4.npy", 7 * blob())
    assert read_kernel(tmp_path / "k_x4.npy").sum() == pytest.approx(1)


def test_folder_without_kernels_says_how_to_make_them(tmp_path):
    with pytest.raises(DataError, match=r"no kernels of scale 4.*srcore usrdu kernels"):
        list_kernels(tmp_path, 4)


def test_useless_kernels_are_refused(tmp_path):
    np.save(tmp_path / "zero_x4.npy", np.zeros((3, 3)))
    with pytest.raises(DataError, match=r"positive sum, found shape \(3, 3\) with sum 0"):
        read_kernel(tmp_path / "zero_x4.npy")
    (tmp_path / "text_x4.npy").write_text("kernel")
    with pytest.raises(DataError, match="cannot be read"):
        read_kernel(tmp_path / "text_x4.npy")
