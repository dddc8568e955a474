import numpy as np
import pytest
import torch
from srplug_usrdu.kernels import correlate, write_kernels
from srplug_usrdu.networks import Downsampler
from srplug_usrdu.transforms import LaplaceSampling, Reference, SwapImages, unit_laplace

from srcore.errors import SrcoreError, WeightsError
from srcore.plugin.manager import plugins
from srcore.transforms.resize import resize
from srcore.weights.saving import GeneratorMetadata, save_safetensors


def save_dsn(path, scale=4, **options):
    torch.manual_seed(1)
    options = {"num_features": 2, "num_blocks": 1, "feature_channels": 4} | options
    network = Downsampler(scale, **options)
    save_safetensors(
        path,
        network.state_dict(),
        GeneratorMetadata("usrdu_dsn", options, scale),
        registry=plugins().registry,
    )
    return network.eval()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_reference_is_the_unrounded_bicubic():
    hr = torch.rand(2, 3, 32, 40)
    batch = Reference(scale=4)({"hr": hr}, seeded())
    torch.testing.assert_close(batch["lr_reference"], resize(hr, scale=0.25))


def test_reference_draws_a_kernel_per_image(tmp_path):
    kernels = {}
    for name in ("a", "b", "c"):
        kernels[name] = np.random.default_rng(ord(name)).random((5, 5))
        write_kernels(tmp_path, name, {4: kernels[name]}, mat=False)
    hr = torch.rand(24, 3, 16, 16)
    reference = Reference(scale=4, kernels=tmp_path)
    blurred = reference({"hr": hr}, seeded())["lr_reference"]
    drawn = set()
    for image, low in zip(hr, blurred, strict=True):
        errors = {
            name: float(
                (low - correlate(image, torch.from_numpy(k / k.sum()).float(), 4)).abs().max()
            )
            for name, k in kernels.items()
        }
        best = min(errors, key=errors.get)
        assert errors[best] < 1e-6
        drawn.add(best)
    assert drawn == {"a", "b", "c"}
    again = reference({"hr": hr}, seeded())["lr_reference"]
    assert torch.equal(blurred, again)


def test_unit_laplace_inverts_the_distribution_function():
    u = torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
    z = unit_laplace(u)
    cumulative = torch.where(z < 0, z.exp() / 2, 1 - (-z).exp() / 2)
    torch.testing.assert_close(cumulative, u)


def test_unit_laplace_is_finite_where_rand_draws_zero():
    edge = torch.tensor([0.0, 1 - 2**-24])
    assert torch.isfinite(unit_laplace(edge)).all()


def test_sample_has_the_scale_that_the_dsn_tells(tmp_path):
    network = save_dsn(tmp_path / "dsn.safetensors")
    transform = LaplaceSampling(scale=4, weights=tmp_path / "dsn.safetensors")
    hr, lr = torch.rand(1, 3, 64, 64), torch.full((1, 3, 16, 16), 0.5)
    draws = torch.cat([transform({"lr": lr, "hr": hr}, seeded(seed))["lr"] for seed in range(600)])
    with torch.no_grad():
        scale = network(hr, heads="scale").log_scale.exp() / 255
    # mean absolute deviation of a Laplace distribution is its scale
    measured = (draws - 0.5).abs().mean(0)
    torch.testing.assert_close(measured, scale[0], rtol=0.25, atol=0)
    assert (draws.median(0).values - 0.5).abs().max() < 0.25 * scale.max()


def test_samples_depend_on_the_given_generator_only(tmp_path):
    save_dsn(tmp_path / "dsn.safetensors")
    transform = LaplaceSampling(scale=4, weights=tmp_path / "dsn.safetensors")
    batch = {"lr": torch.rand(1, 3, 8, 8), "hr": torch.rand(1, 3, 32, 32)}
    first = transform(batch, seeded(5))["lr"]
    torch.rand(3)
    assert torch.equal(first, transform(batch, seeded(5))["lr"])
    assert not torch.equal(first, transform(batch, seeded(6))["lr"])


def test_no_strength_leaves_the_mean(tmp_path):
    save_dsn(tmp_path / "dsn.safetensors")
    transform = LaplaceSampling(scale=4, weights=tmp_path / "dsn.safetensors", strength=0.0)
    batch = {"lr": torch.rand(1, 3, 8, 8), "hr": torch.rand(1, 3, 32, 32)}
    assert torch.equal(transform(batch, seeded())["lr"], batch["lr"])


def test_dsn_of_the_transform_is_frozen(tmp_path):
    save_dsn(tmp_path / "dsn.safetensors")
    transform = LaplaceSampling(scale=4, weights=tmp_path / "dsn.safetensors")
    assert not any(parameter.requires_grad for parameter in transform.parameters())
    assert not transform.dsn.training


def test_sizes_that_do_not_fit_are_explained(tmp_path):
    save_dsn(tmp_path / "dsn.safetensors")
    transform = LaplaceSampling(scale=4, weights=tmp_path / "dsn.safetensors")
    with pytest.raises(SrcoreError, match="hr must be exactly 4 times larger"):
        transform({"lr": torch.rand(1, 3, 9, 8), "hr": torch.rand(1, 3, 32, 32)}, seeded())


def test_dsn_of_another_scale_is_refused(tmp_path):
    save_dsn(tmp_path / "dsn.safetensors", scale=2)
    with pytest.raises(WeightsError, match="holds x2 weights; expected x4"):
        LaplaceSampling(scale=4, weights=tmp_path / "dsn.safetensors")


def test_dsn_without_log_scale_cannot_be_sampled(tmp_path):
    save_dsn(tmp_path / "dsn.safetensors", scale_head=False)
    with pytest.raises(SrcoreError, match="no log-scale head to sample from"):
        LaplaceSampling(scale=4, weights=tmp_path / "dsn.safetensors")


def test_swapping_exchanges_the_images():
    batch = {"lr": torch.zeros(1), "hr": torch.ones(1)}
    swapped = SwapImages(scale=4)(batch, seeded())
    assert swapped["lr"] is batch["hr"]
    assert swapped["hr"] is batch["lr"]
