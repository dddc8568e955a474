import urllib.error
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from srcore.errors import SrcoreError, WeightsError
from srcore.networks.vgg_features import VGG19_LAYERS, VGGFeatures

WIDTHS = (2,) * 16
PUBLISHED = {"conv1_2": 2, "conv2_2": 7, "conv3_4": 16, "conv4_4": 25, "conv5_4": 34}


def weights(widths=WIDTHS):
    """Tensors by layer name."""
    torch.manual_seed(0)
    state, inputs = {}, 3
    convs = [name for name in VGG19_LAYERS if name.startswith("conv")]
    for name, outputs in zip(convs, widths, strict=True):
        state[f"{name}.weight"] = torch.randn(outputs, inputs, 3, 3)
        state[f"{name}.bias"] = torch.randn(outputs)
        inputs = outputs
    return state


@pytest.fixture
def weights_file(tmp_path):
    save_file(weights(), tmp_path / "vgg.safetensors")
    return tmp_path / "vgg.safetensors"


def reference(image, state):
    """All maps by name, nothing in place."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    x, maps = (image - mean) / std, {}
    for name in VGG19_LAYERS:
        if name.startswith("conv"):
            x = F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)
        else:
            x = x.clamp(min=0) if name.startswith("relu") else F.max_pool2d(x, 2)
        maps[name] = x
    return maps


def test_layers_have_the_indices_of_torchvision():
    assert {name: VGG19_LAYERS.index(name) for name in PUBLISHED} == PUBLISHED
    assert len(VGG19_LAYERS) == 37


def test_widths_and_layers_are_those_of_torchvision():
    torchvision = pytest.importorskip("torchvision")
    with torch.device("meta"):
        published = torchvision.models.vgg19().features
    for name, layer in zip(VGG19_LAYERS, published, strict=True):
        kind = {"conv": "Conv2d", "relu": "ReLU", "pool": "MaxPool2d"}[name[:4]]
        assert type(layer).__name__ == kind
    with pytest.warns(UserWarning, match="random weights"):
        ours = VGGFeatures(["conv5_4"], "random")
    for name, parameter in ours.named_parameters():
        layer, kind = name.split(".")
        assert getattr(published[VGG19_LAYERS.index(layer)], kind).shape == parameter.shape


def test_every_map_equals_the_written_out_network(weights_file):
    features = VGGFeatures(VGG19_LAYERS, weights_file, widths=WIDTHS)
    image = torch.rand(1, 3, 32, 32)
    maps, expected = features(image), reference(image, weights())
    assert list(maps) == list(VGG19_LAYERS)
    for name in VGG19_LAYERS:
        torch.testing.assert_close(maps[name], expected[name], rtol=1e-4, atol=1e-4)


def test_maps_before_the_relu_keep_their_negative_values(weights_file):
    maps = VGGFeatures(["conv1_1", "conv1_2"], weights_file, widths=WIDTHS)(torch.rand(1, 3, 8, 8))
    assert all(bool((value < 0).any()) for value in maps.values())


def test_image_gets_a_gradient_and_weights_do_not(weights_file):
    features = VGGFeatures(["conv2_2", "relu1_1"], weights_file, widths=WIDTHS)
    image = torch.rand(1, 3, 32, 32, requires_grad=True)
    sum(value.sum() for value in features(image).values()).backward()
    (expected,) = torch.autograd.grad(
        sum(reference(image, weights())[name].sum() for name in ("conv2_2", "relu1_1")), image
    )
    torch.testing.assert_close(image.grad, expected, rtol=1e-4, atol=1e-3)
    assert not any(parameter.requires_grad for parameter in features.parameters())


def test_only_needed_layers_are_built(weights_file):
    features = VGGFeatures(["relu2_1"], weights_file, widths=WIDTHS)
    assert [name for name, _ in features.named_children()] == ["conv1_1", "conv1_2", "conv2_1"]


def test_range_norm_maps_to_the_unit_range(weights_file):
    settings = {"weights": weights_file, "widths": WIDTHS}
    image = torch.rand(1, 3, 8, 8)
    plain = VGGFeatures(["conv1_1"], **settings)(image)["conv1_1"]
    ranged = VGGFeatures(["conv1_1"], range_norm=True, **settings)(2 * image - 1)["conv1_1"]
    torch.testing.assert_close(plain, ranged, rtol=1e-4, atol=1e-4)


def test_images_stay_as_they_are_without_input_norm(weights_file):
    features = VGGFeatures(["conv1_1"], weights_file, use_input_norm=False, widths=WIDTHS)
    image, state = torch.rand(1, 3, 8, 8), weights()
    expected = F.conv2d(image, state["conv1_1.weight"], state["conv1_1.bias"], padding=1)
    torch.testing.assert_close(features(image)["conv1_1"], expected)


@pytest.mark.parametrize("prefix", ["features.", ""])
def test_files_may_use_the_names_of_torchvision(tmp_path, weights_file, prefix):
    state = {}
    for name, tensor in weights().items():
        layer, kind = name.split(".")
        state[f"{prefix}{VGG19_LAYERS.index(layer)}.{kind}"] = tensor
    torch.save(state, tmp_path / "vgg.pth")
    image = torch.rand(1, 3, 16, 16)
    maps = [
        VGGFeatures(["conv3_1"], path, widths=WIDTHS)(image)["conv3_1"]
        for path in (tmp_path / "vgg.pth", weights_file)
    ]
    torch.testing.assert_close(*maps)


def test_random_weights_are_the_same_every_time():
    networks = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        with pytest.warns(UserWarning, match="random weights"):
            networks.append(VGGFeatures(["conv1_1"], "random"))
    assert torch.equal(networks[0].conv1_1.weight, networks[1].conv1_1.weight)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    return tmp_path / "checkpoints"


def test_imagenet_weights_come_from_the_cache(hub, monkeypatch):
    hub.mkdir()
    layer_weights = {
        f"features.{VGG19_LAYERS.index(k.split('.')[0])}.{k.split('.')[1]}": v
        for k, v in weights((64, *(2,) * 15)).items()
    }
    torch.save(layer_weights, hub / "vgg19-dcbb9e9d.pth")
    monkeypatch.setattr(torch.hub, "download_url_to_file", None)
    assert VGGFeatures(["conv1_1"]).conv1_1.weight.shape == (64, 3, 3, 3)


def test_missing_imagenet_weights_say_what_to_put_where(hub, monkeypatch):
    def offline(url: str, path: str, hash_prefix: str) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(WeightsError, match=r"put vgg19-dcbb9e9d\.pth from https://") as caught:
        VGGFeatures(["conv5_4"])
    assert str(hub) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_that_do_not_fit_are_refused(weights_file, tmp_path):
    message = r"VGG19 needs conv1_1.weight of shape \(64, 3, 3, 3\); found shape \(2, 3, 3, 3\)"
    with pytest.raises(WeightsError, match=message):
        VGGFeatures(["conv1_1"], weights_file)
    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"VGG19 needs conv1_1\.weight .*; found nothing"):
        VGGFeatures(["conv1_1"], tmp_path / "other.safetensors")


def test_missing_files_are_refused():
    with pytest.raises(WeightsError, match=r"nowhere\.pth"):
        VGGFeatures(["conv1_1"], Path("nowhere.pth"))


def test_unknown_layers_are_refused():
    with pytest.raises(
        SrcoreError, match='no VGG19 layer "conv1_3"; layers are conv1_1 to conv5_4'
    ):
        VGGFeatures(["conv1_3"], "random")


def test_wrong_numbers_of_widths_are_refused():
    with pytest.raises(SrcoreError, match="widths: expected 16 numbers, found 5"):
        VGGFeatures(["conv1_1"], "random", widths=(1, 2, 3, 4, 5))
