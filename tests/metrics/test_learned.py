"""Learned metrics without their weights: what networks are handed, FID's algebra, errors."""

import sys
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torch import nn

from srcore import SrcoreError, build
from srcore.contracts import SetMetric
from srcore.errors import ConfigError, MissingExtraError, WeightsError
from srcore.metrics.learned import BRISQUE, DISTS, FID, LPIPS, PieAPP, frechet_distance
from srcore.metrics.options import BRISQUEOptions

piq = pytest.importorskip("piq")

RANDOM = np.random.default_rng(0)


class MeanDifference(nn.Module):
    """Stands in for a network whose weights cannot be had offline."""

    def forward(self, x, y):
        assert x.shape == y.shape == (1, 3, 6, 8)
        assert x.dtype == torch.float32
        return (x - y).mean()


def images(*shape):
    return RANDOM.integers(0, 256, (2, *shape)).astype(np.uint8)


@pytest.mark.parametrize("kind", [LPIPS, DISTS, PieAPP])
def test_network_sees_unit_range_images_without_the_border(monkeypatch, kind):
    monkeypatch.setattr(kind, "build", lambda self: MeanDifference())
    metric = build("metric", kind.name)
    sr, hr = images(10, 12, 3)
    expected = (sr[2:-2, 2:-2] / 255 - hr[2:-2, 2:-2] / 255).mean()
    assert metric(sr, hr, crop_border=2) == pytest.approx(expected, abs=1e-6)
    assert not metric.higher_is_better
    assert metric.default_crop_border == 0


def test_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "piq", None)
    with pytest.raises(MissingExtraError, match=r"metric \"pieapp\" needs .* 'srcore\[metrics\]'"):
        build("metric", "pieapp")


def test_missing_weights_are_one_line(monkeypatch):
    def refuse(*args, **settings):
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    with pytest.raises(
        WeightsError, match=r'metric "pieapp": cannot get the weights of its network \(.*no netw'
    ):
        build("metric", "pieapp")


def test_device_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SrcoreError, match='metric "lpips": device = "cuda" but PyTorch finds no'):
        build("metric", "lpips", device="cuda")
    with pytest.raises(ConfigError, match='expected a device such as "cpu" or "cuda:0", found'):
        build("metric", "lpips", device="gpu")


def _reference_frechet(a, b):
    from scipy.linalg import sqrtm

    covariances = [np.cov(x, rowvar=False) for x in (a, b)]
    root = sqrtm(covariances[0] @ covariances[1]).real
    shift = a.mean(axis=0) - b.mean(axis=0)
    return shift @ shift + np.trace(covariances[0] + covariances[1] - 2 * root)


def test_frechet_distance_equals_the_matrix_root():
    a, b = RANDOM.normal(0, 1, (40, 5)), RANDOM.normal(0.5, 2, (40, 5))
    assert frechet_distance(a, b) == pytest.approx(_reference_frechet(a, b), rel=1e-8)


def test_frechet_distance_of_a_few_samples_with_many_features():
    a = RANDOM.normal(0, 1, (4, 50))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + 0.1) == pytest.approx(50 * 0.01, rel=1e-9)


class ColorMeans(nn.Module):
    """Stands in for Inception: a list with one map ``(N, 3, 1, 1)``."""

    def forward(self, image):
        return [image.mean((2, 3), keepdim=True)]


def test_fid_is_a_metric_of_sets(monkeypatch):
    monkeypatch.setattr(FID, "build", lambda self: ColorMeans())
    metric = build("metric", "fid")
    assert isinstance(metric, SetMetric)
    pairs = [images(5, 6, 3) for _ in range(4)]
    features = [metric(sr, hr, crop_border=0) for sr, hr in pairs]
    assert features[0].shape == (2, 3)
    means = np.array([[image.mean((0, 1)) / 255 for image in pair] for pair in pairs])
    expected = frechet_distance(means[:, 0], means[:, 1])
    assert metric.combine(features) == pytest.approx(expected, abs=1e-6)


def test_fid_of_one_image_is_refused(monkeypatch):
    monkeypatch.setattr(FID, "build", lambda self: ColorMeans())
    with pytest.raises(SrcoreError, match="fid compares sets of images; found 1 image"):
        build("metric", "fid").combine([np.zeros((2, 3))])


@pytest.fixture
def vectors(monkeypatch):
    """Support vectors in place of those that piq downloads."""
    generator = torch.Generator().manual_seed(0)

    def load(*args, **settings):
        return torch.rand(5, 1, generator=generator.manual_seed(0)), torch.rand(
            5, 36, generator=generator.manual_seed(1)
        )

    monkeypatch.setattr(sys.modules["piq.brisque"], "load_url", load)


def test_brisque_is_that_of_piq_without_the_border(vectors):
    metric = build("metric", "brisque")
    assert isinstance(metric, BRISQUE)
    assert (metric.higher_is_better, metric.default_crop_border) == (False, 0)
    (sr, _) = images(48, 52, 3)
    inner = torch.from_numpy(sr[2:-2, 2:-2].copy()).permute(2, 0, 1)[None].float() / 255
    assert metric(sr, None, crop_border=2) == pytest.approx(float(piq.brisque(inner)))
    with pytest.raises(SrcoreError, match="brisque: the image has too little texture"):
        metric(np.zeros((48, 52, 3), np.uint8), None, crop_border=0)


def test_brisque_says_which_file_it_needs_and_takes_it_from_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (wanted,) = BRISQUEOptions().pretrained()
    assert not wanted.is_here
    assert "github.com/photosynthesis-team/piq" in wanted.what
    assert wanted.file == tmp_path / "hub/checkpoints/brisque_svm_weights.pt"
    wanted.file.parent.mkdir(parents=True)
    torch.save((torch.rand(5, 1), torch.rand(5, 36)), wanted.file)
    assert wanted.is_here
    (sr, _) = images(48, 52, 3)
    assert np.isfinite(build("metric", "brisque")(sr, None, crop_border=0))
