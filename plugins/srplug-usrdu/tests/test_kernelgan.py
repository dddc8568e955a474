import numpy as np
import pytest
import torch
import torch.nn.functional as F
from srplug_usrdu.kernelgan import KernelGanSettings, estimate_kernel
from srplug_usrdu.kernelgan.constraints import BicubicWeight, kernel_penalty
from srplug_usrdu.kernelgan.crops import CropChooser
from srplug_usrdu.kernelgan.networks import KERNEL_SIZE, LinearDownscaler, PatchJudge
from srplug_usrdu.kernelgan.training import KernelGan

from srcore.errors import DataError
from srcore.testing.tiny_images import tiny_image

SMALL = KernelGanSettings(iterations=3, num_features=4)


def picture(side=96):
    image = torch.from_numpy(tiny_image(3, side, side)).permute(2, 0, 1)[None]
    return image.float() / 255


def test_convolutions_multiply_out_to_the_kernel():
    torch.manual_seed(0)
    network = LinearDownscaler(6).double()
    image = torch.rand(2, 3, 40, 44, dtype=torch.float64)
    kernel = network.kernel()
    assert kernel.shape == (KERNEL_SIZE, KERNEL_SIZE)
    expected = F.conv2d(image.flatten(0, 1)[:, None], kernel[None, None], stride=2)
    torch.testing.assert_close(network(image).flatten(0, 1)[:, None], expected)


def test_judge_scores_every_inner_pixel():
    scores = PatchJudge(4)(torch.rand(1, 3, 26, 26))
    assert scores.shape == (1, 1, 20, 20)
    assert 0 < scores.min() <= scores.max() < 1


def test_penalty_vanishes_for_a_centered_impulse_but_for_its_boundary_and_sparsity():
    impulse = torch.zeros(13, 13)
    impulse[6, 6] = 1
    assert float(kernel_penalty(impulse, faded=False)) == pytest.approx(0, abs=1e-6)
    far = torch.zeros(13, 13)
    far[0, 0] = 1
    assert kernel_penalty(far, faded=False) > 1e-3
    assert kernel_penalty(2 * impulse, faded=False) == pytest.approx(0.5, abs=1e-6)
    aligned = torch.zeros(13, 13)
    aligned[6:8, 6:8] = 0.25
    assert kernel_penalty(aligned, faded=True) < kernel_penalty(aligned.roll(2, 0), faded=True)


def test_bicubic_weight_fades_after_three_small_losses():
    weight = BicubicWeight(every=200)
    for iteration, loss in enumerate([0.3, 0.3, 0.5, 0.3, 0.3], start=1):
        weight.update(iteration, loss)
    assert weight.value == 5
    weight.update(6, 0.1)
    assert weight.value == pytest.approx(0.05)
    assert not weight.faded
    for iteration in range(7, 206):
        weight.update(iteration, 9.0)
    assert weight.value == pytest.approx(0.05)
    weight.update(206, 9.0)
    assert weight.faded
    for iteration in range(207, 2000):
        weight.update(iteration, 9.0)
    assert weight.value == pytest.approx(5e-6)


def test_crops_are_drawn_where_edges_are():
    image = torch.zeros(1, 3, 80, 80)
    image[..., 60:, 60:] = torch.rand(1, 3, 20, 20)
    chooser = CropChooser(image, 16)
    generator = torch.Generator().manual_seed(0)
    draws = [float(chooser.draw(generator).abs().sum()) > 0 for _ in range(50)]
    assert sum(draws) > 45


def test_flat_images_can_be_cropped():
    crop = CropChooser(torch.zeros(1, 3, 64, 64), 64).draw(torch.Generator())
    assert crop.shape == (1, 3, 64, 64)


def test_same_seed_gives_the_same_kernel():
    first, second = (estimate_kernel(picture(), SMALL, seed=4) for _ in range(2))
    assert first.shape == (KERNEL_SIZE, KERNEL_SIZE)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, estimate_kernel(picture(), SMALL, seed=5))


def test_learning_rate_falls_to_a_tenth():
    training = KernelGan(picture() * 2 - 1, SMALL, 0)
    rates = []
    for iteration in (1, 750, 751, 1501):
        training.step(iteration)
        rates.append(training.optimizers[0].param_groups[0]["lr"])
    assert rates == pytest.approx([2e-4, 2e-4, 2e-5, 2e-6])


def test_small_images_are_refused():
    with pytest.raises(DataError, match=r"a.png: 50x60 pixels.*64x64 or more"):
        estimate_kernel(torch.rand(1, 3, 60, 50), SMALL, source="a.png")


@pytest.mark.parametrize(
    ("sums", "taken", "warned"),
    [((0.9,), 0.9, False), ((0.002, 1.1), 1.1, False), ((0.002, -3, 1.6), 1.6, True)],
)
def test_collapsed_trainings_are_begun_again(monkeypatch, caplog, sums, taken, warned):
    left, seeds = list(sums), []

    def trained(image, settings, seed):
        seeds.append(seed)
        return np.full((2, 2), left.pop(0) / 4)

    monkeypatch.setattr("srplug_usrdu.kernelgan.estimation._kernel_of_training", trained)
    kernel = estimate_kernel(picture(), SMALL, seed=7, source="a.png")
    assert kernel.sum() == pytest.approx(taken)
    assert seeds[0] == 7
    assert len(set(seeds)) == len(sums)
    assert ("a.png: KernelGAN found no kernel: its sum is 1.6" in caplog.text) is warned
