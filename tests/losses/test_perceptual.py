"""Perceptual and style losses against loops, on given features and on VGG19."""

import pytest
import torch

from srcore import SrcoreError, build
from srcore.contracts import LossContext
from srcore.errors import ConfigError
from srcore.losses.options import PerceptualOptions
from srcore.losses.perceptual import PerceptualLoss, StyleLoss, gram_matrix
from srcore.options.declaration import InvalidOptionError
from srcore.testing.experiments import load_checked

LAYERS = {"a": 0.5, "b": 2.0}


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def two_layers(image):
    """Stand-in for VGG19: nonlinear, and one layer smaller than the image."""
    return {"a": (2 * image).sin(), "b": image[:, :2, ::2, ::2] ** 2}


def context(sr, hr):
    return LossContext(batch={"hr": hr}, sr=sr, iteration=1)


def distance(a, b, criterion):
    difference = [x - y for x, y in zip(a.flatten().tolist(), b.flatten().tolist(), strict=True)]
    if criterion == "l1":
        return sum(map(abs, difference)) / len(difference)
    squares = sum(d * d for d in difference)
    return squares / len(difference) if criterion == "mse" else squares**0.5


def _reference_gram(features):
    n, c, h, w = features.shape
    gram = torch.zeros(n, c, c, dtype=features.dtype)
    for image in range(n):
        for i in range(c):
            for j in range(c):
                gram[image, i, j] = sum(
                    features[image, i, y, x] * features[image, j, y, x]
                    for y in range(h)
                    for x in range(w)
                ) / (c * h * w)
    return gram


def test_gram_matrix_equals_a_loop():
    features = random(2, 3, 4, 5)
    torch.testing.assert_close(gram_matrix(features), _reference_gram(features))


@pytest.mark.parametrize("criterion", ["l1", "mse", "fro"])
@pytest.mark.parametrize("kind", [PerceptualLoss, StyleLoss])
def test_value_is_the_weighted_sum_over_layers(kind, criterion):
    sr, hr = random(2, 3, 4, 6), random(2, 3, 4, 6, seed=1)
    loss = kind(LAYERS, criterion, features=two_layers)
    seen = _reference_gram if kind is StyleLoss else (lambda features: features)
    expected = sum(
        weight * distance(seen(two_layers(sr)[name]), seen(two_layers(hr)[name]), criterion)
        for name, weight in LAYERS.items()
    )
    assert float(loss(context(sr, hr))) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("criterion", ["l1", "mse", "fro"])
@pytest.mark.parametrize("kind", [PerceptualLoss, StyleLoss])
def test_gradient_equals_finite_differences(kind, criterion):
    hr = random(1, 3, 2, 4, seed=1)
    loss = kind(LAYERS, criterion, features=two_layers)
    sr = random(1, 3, 2, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda image: loss(context(image, hr)), sr)


def test_target_gets_no_gradient():
    hr = random(1, 3, 4, 4, seed=1).requires_grad_()
    loss = PerceptualLoss(LAYERS, features=two_layers)
    loss(context(random(1, 3, 4, 4).requires_grad_(), hr)).backward()
    assert hr.grad is None


@pytest.mark.filterwarnings("ignore:VGG19 with random weights")
def test_component_compares_maps_of_vgg19():
    loss = build("loss", "perceptual", layers={"conv1_2": 0.1, "relu2_1": 1.0}, weights="random")
    sr, hr = random(1, 3, 16, 12).float(), random(1, 3, 16, 12, seed=1).float()
    features, targets = loss.features(sr), loss.features(hr)
    expected = 0.1 * (features["conv1_2"] - targets["conv1_2"]).abs().mean()
    expected = expected + (features["relu2_1"] - targets["relu2_1"]).abs().mean()
    torch.testing.assert_close(loss(context(sr, hr)), expected)
    assert not any(parameter.requires_grad for parameter in loss.parameters())


@pytest.mark.filterwarnings("ignore:VGG19 with random weights")
def test_target_of_another_size_is_refused():
    loss = build("loss", "style", layers={"conv1_1": 1.0}, weights="random")
    with pytest.raises(SrcoreError, match=r'loss "style": the batch entry "hr" has shape'):
        loss(context(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 4, 4)))


def test_unknown_layer_is_named():
    with pytest.raises(InvalidOptionError, match=r'^layers: expected names of VGG19.*"conv6_1"$'):
        PerceptualOptions(layers={"conv6_1": 1.0, "conv5_4": 1.0})


def test_no_layers_are_refused():
    with pytest.raises(InvalidOptionError, match="at least one layer"):
        PerceptualOptions(layers={})


@pytest.mark.parametrize("options", [{"weights": "file"}, {"file": "vgg19.pth"}])
def test_file_goes_with_weights_file_only(options):
    with pytest.raises(InvalidOptionError, match=r"^file: expected a weights file if and only if"):
        PerceptualOptions(**options)


def test_layers_are_those_of_the_network():
    assert PerceptualOptions(network="vgg16", layers={"conv5_3": 1.0}).least_side == 16
    assert PerceptualOptions(layers={"conv1_2": 1.0, "pool5": 1.0}).least_side == 32
    with pytest.raises(InvalidOptionError, match=r'^layers: expected names of VGG16.*"conv5_4"$'):
        PerceptualOptions(network="vgg16")
    with pytest.raises(InvalidOptionError, match=r'^layers: expected names of VGG19.*"layer1"$'):
        PerceptualOptions(layers={"layer1": 1.0})


@pytest.mark.filterwarnings("ignore:.* with random weights")
@pytest.mark.parametrize(
    ("network", "layers"),
    [("vgg16", {"relu2_2": 1.0, "conv3_3": 0.1}), ("resnet18", {"layer1": 1.0, "layer2.0": 0.5})],
)
def test_component_compares_maps_of_other_networks(network, layers):
    loss = build("loss", "perceptual", network=network, layers=layers, weights="random")
    sr, hr = random(1, 3, 32, 32).float().requires_grad_(), random(1, 3, 32, 32, seed=1).float()
    features, targets = loss.features(sr), loss.features(hr)
    expected = sum(
        weight * (features[name] - targets[name]).abs().mean() for name, weight in layers.items()
    )
    value = loss(context(sr, hr))
    torch.testing.assert_close(value, expected)
    value.backward()
    assert torch.isfinite(sr.grad).all()


@pytest.mark.filterwarnings("ignore:.* with random weights")
def test_images_that_are_too_small_for_the_layers_are_refused():
    loss = build("loss", "perceptual", layers={"conv3_1": 1.0}, weights="random")
    assert torch.isfinite(loss(context(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4))))
    with pytest.raises(
        SrcoreError,
        match=r"^VGG19 needs images of 4 pixels per side or more for conv3_1, found 8x3; choose la",
    ):
        loss(context(torch.zeros(1, 3, 3, 8), torch.zeros(1, 3, 3, 8)))


def problems(tiny_experiment, keys, *overrides):
    file = tiny_experiment.with_name("perceptual.toml")
    loss = f'[[losses]]\ntype = "perceptual"\nweights = "random"\n{keys}\n'
    file.write_text(f'extends = "tiny.toml"\n{loss}')
    try:
        load_checked(file, overrides)
    except ConfigError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


def test_names_and_sizes_are_checked_before_anything_is_trained(tiny_experiment):
    assert problems(tiny_experiment, 'network = "resnet18"\nlayers = { layer2 = 1.0 }') == []
    assert problems(tiny_experiment, 'network = "resnet180"\nlayers = { layer2 = 1.0 }') == [
        "losses[0].network: expected vgg16, vgg19 or a classifier of torchvision, found "
        '"resnet180"; did you mean "resnet18"?'
    ]
    (problem,) = problems(tiny_experiment, 'network = "resnet18"\nlayers = { layer22 = 1.0 }')
    assert problem.startswith("losses[0].layers: expected names of modules (conv1, ")
    assert problem.endswith('found "layer22"; did you mean "layer2"?')
    (problem,) = problems(tiny_experiment, 'network = "vit_b_16"\nlayers = { "encoder.ln" = 1.0 }')
    assert problem.startswith("losses[0].layers: vit_b_16 cannot see images of 32x32: ")
    assert problems(
        tiny_experiment, "layers = { conv5_4 = 1.0 }", "data.train.hr_patch_size=8"
    ) == [
        "losses[0].type: expected data.train.hr_patch_size to be 16 or more, found 8; the nearest "
        "is 16"
    ]


def test_only_vgg_has_maps_for_gram_matrices():
    with pytest.raises(ConfigError, match=r'network: expected .*vgg16.*vgg19.*, found "resnet18"'):
        build("loss", "style", network="resnet18", layers={"layer1": 1.0}, weights="random")
