"""KernelGAN, value by value: every place where the published program is not the paper's variant."""

import numpy as np
import pytest
import scipy.signal
import torch
from srplug_usrdu.kernelgan import KernelGanSettings, estimate_kernel
from srplug_usrdu.kernelgan.published import (
    EdgeCrops,
    PublishedBicubicWeight,
    PublishedKernelGan,
    boundary_mask,
    crop_chances,
    edge_map,
)

from srcore.errors import DataError
from srcore.testing.tiny_images import tiny_image

SMALL = KernelGanSettings(variant="published", iterations=3, num_features=4)


def picture(height=101, width=97):
    image = torch.from_numpy(tiny_image(3, height, width)).permute(2, 0, 1)[None]
    return image.float() / 255


def training(settings=SMALL):
    return PublishedKernelGan(picture() * 2 - 1, settings, 0)


def test_ten_pixels_are_shaved_and_odd_sides_cut():
    trial = training()
    assert trial.crops.image.shape[-2:] == (80, 76)
    torch.testing.assert_close(
        trial.crops.image, picture()[..., 10:90, 10:86] * 2 - 1, rtol=0, atol=0
    )
    with pytest.raises(DataError, match=r"83x84 pixels.*84x84 or more"):
        estimate_kernel(picture(84, 83), SMALL)


def test_crops_begin_at_even_positions_near_edges():
    gradients = np.zeros((40, 44))
    gradients[25, 31] = 1
    chooser = EdgeCrops(torch.arange(40 * 44.0).reshape(1, 1, 40, 44), 16, gradients)
    generator = torch.Generator().manual_seed(0)
    firsts = [divmod(int(chooser.draw(generator)[0, 0, 0, 0]), 44) for _ in range(40)]
    assert all(top % 2 == left % 2 == 0 for top, left in firsts)
    assert all(13 <= top <= 22 and 19 <= left <= 28 for top, left in firsts)
    assert len(set(firsts)) > 5


def _reference_gradient_map(image):
    """Written out with SciPy: gradients above the 97th of a hundred, each of sum 1, smeared."""
    gray = 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
    rows, columns = np.gradient(gray)
    total = 0
    for values in (abs(rows), abs(columns), np.sqrt(rows**2 + columns**2)):
        inner = np.zeros_like(values)
        inner[2:-2, 2:-2] = values[2:-2, 2:-2]
        ordered = sorted(inner.flatten())
        low = ordered[int(0.97 * len(ordered))]
        high = ordered[int(0.97 * len(ordered)) + 1]
        high = high if high > low else low + 1e-5
        strong = np.minimum(np.maximum(inner, low), high) - low
        total = total + strong / strong.sum()
    smeared = scipy.signal.convolve2d(total, np.ones((5, 5)), "same") / 25
    return smeared / smeared.mean()


def test_gradient_map_and_chances_against_a_second_way():
    image = np.random.default_rng(0).random((3, 50, 46))
    magnitude = edge_map(torch.from_numpy(image))
    np.testing.assert_allclose(magnitude, _reference_gradient_map(image), rtol=1e-9, atol=1e-12)
    for side in (26, 24):  # windows of 13 and of 12, whose middle is not a pixel
        window = np.ones((side // 2,) * 2)
        smeared = scipy.signal.convolve2d(magnitude, window, "same") / (side // 2) ** 2
        expected = np.zeros_like(smeared)
        inner = np.s_[side // 2 : -(side // 2), side // 2 : -(side // 2)]
        expected[inner] = smeared[inner]
        chances = crop_chances(magnitude, side)
        np.testing.assert_allclose(chances, expected / expected.sum(), rtol=1e-9, atol=1e-15)


def test_a_flat_image_has_equal_chances():
    chances = crop_chances(edge_map(torch.zeros(3, 40, 40, dtype=torch.float64)), 16)
    np.testing.assert_allclose(chances, 1 / 1600)


def test_boundary_mask_against_loops():
    expected = np.zeros((13, 13))
    for row in range(13):
        for column in range(13):
            distance = (row - 6) ** 2 + (column - 6) ** 2
            if not (2 <= row < 11 and 2 <= column < 11):
                expected[row, column] = 30 * (1 - np.exp(-distance / (2 * 13**2)))
    np.testing.assert_allclose(boundary_mask(13).numpy(), expected, rtol=1e-12)


def test_penalty_against_loops():
    trial = training()
    kernel = torch.rand(13, 13, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    values, mask = kernel.numpy(), boundary_mask(13).numpy()
    base = 0.5 * abs(1 - values.sum()) + 0.5 * abs(values * mask).mean()
    assert float(trial.penalty(kernel)) == pytest.approx(base)
    trial.bicubic.value = 1e-3
    row = sum(i * values[i].sum() for i in range(13)) / values.sum()
    column = sum(i * values[:, i].sum() for i in range(13)) / values.sum()
    center = ((row - 6.5) ** 2 + (column - 6.5) ** 2) / 2
    expected = base + center + 5 * (values**0.2).mean()
    assert float(trial.penalty(kernel)) == pytest.approx(expected)


def test_bicubic_weight_fades_at_multiples():
    weight = PublishedBicubicWeight(every=200)
    for iteration, loss in enumerate([0.1, 0.1, 0.1], start=1):
        weight.update(iteration, loss)
    weight.update(4, 0.1)  # the first did not count: this is the third
    values = []
    for iteration in range(5, 1202):
        weight.update(iteration, 9.0)
        values.append(weight.value)
    falls = [4 + 1 + i for i in range(1, len(values)) if values[i] < values[i - 1]]
    assert falls == [201, 401, 601]
    assert values[-1] == 5e-6


def test_learning_rate_falls_after_the_iteration_that_is_a_multiple():
    assert [training().decays(i) for i in (1, 2, 751, 752, 1501, 1502)] == [0, 0, 0, 1, 1, 2]


def test_first_weights():
    trial = training(KernelGanSettings(variant="published", num_features=64))
    weights = trial.generator.state_dict()
    layer = weights["layers.1.weight"]  # 64 -> 64, 5x5
    assert float(layer.std()) == pytest.approx(0.1 * (2 / (64 * 25 * 2)) ** 0.5, rel=0.02)
    own = trial.judge.state_dict()
    first = own["layers.0.weight_orig"]
    assert float(first.std()) == pytest.approx(0.1 * (2 / (49 * 67)) ** 0.5, rel=0.05)
    scales = torch.cat(
        [
            value
            for key, value in own.items()
            if "weight" in key and value.ndim == 1 and not key.endswith(("_u", "_v"))
        ]
    )
    assert float((scales - 1).std()) < 0.04
    assert not torch.equal(scales, torch.ones_like(scales))


def test_noise_only_where_the_discriminator_learns():
    trial = training()
    fake = torch.zeros(1, 3, 26, 26)
    assert trial.judged(fake) is fake
    crop, real = trial.crops.draw(trial.random), torch.zeros(1, 3, 200, 200)
    trial.generator.requires_grad_(False).apply(
        lambda layer: layer.weight.zero_() if hasattr(layer, "weight") else None
    )
    noisy_real, noisy_fake = trial.shown(crop, real, fake)
    assert float(noisy_real.std()) == pytest.approx(2 / 255, rel=0.02)  # images span 2
    assert float(noisy_fake.std()) == pytest.approx(1 / 255, rel=0.1)


def test_generated_patches_are_made_anew_after_the_generators_update():
    trial = training()
    crop = trial.crops.draw(trial.random)
    before = trial.generator(crop)
    with torch.no_grad():
        for parameter in trial.generator.parameters():
            parameter.fill_(0.05)
    _, shown = trial.shown(crop, crop, before)
    assert float((shown - trial.generator(crop)).detach().abs().max()) < 6 / 255


def test_variants_differ_and_repeat():
    other = KernelGanSettings(iterations=3, num_features=4)
    kernels = [estimate_kernel(picture(), which, seed=2) for which in (SMALL, SMALL, other)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.allclose(kernels[0], kernels[2], atol=1e-3)
