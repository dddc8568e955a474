"""LPIPS with AlexNet against the authors' package, with a backbone of random weights."""

import warnings

import pytest
import torch

from srcore import build
from srcore.errors import ConfigError, RandomWeightsWarning, WeightsError
from srcore.metrics.lpips_alex import AlexLPIPS
from srcore.metrics.options import ALEXNET_LEAST


@pytest.fixture
def backbone(tmp_path):
    """A file as torchvision's, with random weights and a classifier that counts from 0 again."""
    with pytest.warns(RandomWeightsWarning, match="LPIPS with random weights: for tests only"):
        network = AlexLPIPS("random")
    state = {f"features.{key}": value for key, value in network.convolutions.state_dict().items()}
    path = tmp_path / "alexnet.pth"
    torch.save({**state, "classifier.6.weight": torch.zeros(2, 2)}, path)
    return path


def test_equals_the_package_of_the_authors(backbone):
    lpips = pytest.importorskip("lpips")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's, of the way that the package asks it
        theirs = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False).eval()
    features = {
        f"features.{key.partition('.')[2]}": key for key, _ in theirs.net.named_parameters()
    }
    state = torch.load(backbone)
    theirs.net.load_state_dict({key: state[name] for name, key in features.items()}, strict=False)
    ours = build("metric", "lpips", network="alex", weights="file", file=backbone)
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(2, 1, 3, 70, 83, generator=generator)
    x, y = ((image * 255).round() / 255 for image in (x, y))
    with torch.no_grad():
        expected = float(theirs(2 * x - 1, 2 * y - 1))
    sr, hr = ((image[0] * 255).round().byte().permute(1, 2, 0).numpy() for image in (x, y))
    assert expected > 0.01
    assert ours(sr, hr, crop_border=0) == pytest.approx(expected, rel=1e-5)
    assert ours(sr, hr, crop_border=4) != pytest.approx(expected, rel=1e-3)
    assert ours(hr, hr, crop_border=0) == 0


def test_smallest_image(backbone):
    network = AlexLPIPS(backbone)
    side = ALEXNET_LEAST
    assert network(torch.rand(1, 3, side, side), torch.rand(1, 3, side, side)).shape == (1,)
    with pytest.raises(RuntimeError, match="Output size is too small"):
        network(torch.rand(1, 3, side - 1, side), torch.rand(1, 3, side - 1, side))


def test_a_file_without_the_network_is_refused(tmp_path):
    path = tmp_path / "x.pth"
    torch.save({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(
        WeightsError, match=r"x.pth: AlexNet needs features.0.weight of shape \(64,"
    ):
        AlexLPIPS(path)


def test_download_that_fails_says_where_the_file_is(monkeypatch, tmp_path):
    def refuse(*arguments, **settings):
        raise OSError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(WeightsError, match=r"\(no network\); put alexnet-owt-7be5be79.pth from ht"):
        build("metric", "lpips", network="alex")


@pytest.mark.parametrize("network", ["alex", "vgg"])
def test_keys_that_do_not_fit_are_refused(network):
    with pytest.raises(ConfigError, match="file: expected a weights file if and only if"):
        build("metric", "lpips", network=network, weights="file")
