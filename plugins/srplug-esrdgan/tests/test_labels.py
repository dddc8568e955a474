"""Label smoothing, noisy labels, flipped labels."""

import pytest
import torch
from srplug_esrdgan.labels import SoftLabels, targets

import srcore
from srcore.errors import ConfigError


def draw(labels, count, batch_size=4):
    generator = torch.Generator().manual_seed(0)
    return [labels(batch_size, progress=0.5, generator=generator) for _ in range(count)]


def test_without_tricks_labels_are_one_and_zero():
    assert draw(SoftLabels(), 1) == [(1.0, 0.0)]


def test_smoothing_is_one_sided():
    assert draw(SoftLabels(smoothing=0.1), 1) == [(0.9, 0.0)]


def test_flipped_labels_swap_the_classes_and_keep_the_smoothing():
    assert draw(SoftLabels(flip_probability=1.0), 1) == [(0.0, 1.0)]
    assert draw(SoftLabels(smoothing=0.1, flip_probability=1.0), 1) == [(0.1, 1.0)]


def test_published_flips_lose_the_smoothing():
    assert targets(smoothing=0.1, flipped=True, smooth_flipped=False) == (0.0, 1.0)
    assert targets(smoothing=0.1, flipped=False, smooth_flipped=False) == (0.9, 0.0)


def test_flips_happen_as_often_as_asked():
    flipped = [real == 0.0 for real, _ in draw(SoftLabels(flip_probability=0.3), 2000)]
    # three standard deviations of the mean of 2000 draws
    assert sum(flipped) / 2000 == pytest.approx(0.3, abs=3 * (0.3 * 0.7 / 2000) ** 0.5)


def test_noise_has_the_stated_deviation_and_is_one_draw_per_class():
    labels = SoftLabels(smoothing=0.5, noise=0.05)
    pairs = draw(labels, 2000)
    real = torch.stack([pair[0] for pair in pairs])
    assert real.shape == (2000, 4)
    assert (real == real[:, :1]).all()
    assert float(real[:, 0].mean()) == pytest.approx(0.5, abs=0.004)
    assert float(real[:, 0].std()) == pytest.approx(0.05, rel=0.06)
    fake = torch.stack([pair[1] for pair in pairs])
    assert not torch.equal(real, fake)


def test_noisy_labels_stay_between_zero_and_one():
    pairs = draw(SoftLabels(noise=0.5), 200)
    values = torch.stack([torch.stack(pair) for pair in pairs])
    assert float(values.min()) == 0.0
    assert float(values.max()) == 1.0


def test_noise_per_image_differs_between_images():
    ((real, _),) = draw(SoftLabels(smoothing=0.5, noise=0.05, noise_per_image=True), 1)
    assert len(real.unique()) == 4


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"flip_probability": 1.5}, "flip_probability: expected a number >= 0 and <= 1, found 1.5"),
        ({"smoothing": -0.1}, "smoothing: expected a number >= 0 and <= 1, found -0.1"),
        ({"noise": -1.0}, "noise: expected a number >= 0, found -1.0"),
    ],
)
def test_values_out_of_range_are_refused(keys, message):
    with pytest.raises(ConfigError, match=message):
        srcore.build("labels", "esrdgan", **keys)
