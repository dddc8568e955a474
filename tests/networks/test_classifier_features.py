"""Classifiers of torchvision as feature extractors, with random weights."""

import pytest
import torch
import torchvision
from torchvision.models.feature_extraction import create_feature_extractor

from srcore import SrcoreError
from srcore.errors import WeightsError
from srcore.networks.classifier_features import (
    ClassifierFeatures,
    layer_complaint,
    name_complaint,
    outputs_of,
)

pytestmark = pytest.mark.filterwarnings("ignore:.* with random weights")

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def image(side=32, seed=0):
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        ("resnet18", ("bn1", "layer1.0", "layer2")),
        ("squeezenet1_1", ("features.0", "features.4")),
        ("mobilenet_v3_small", ("features.1", "features.3")),
        ("shufflenet_v2_x0_5", ("conv1", "stage2")),
    ],
)
def test_outputs_equal_those_that_torchvision_extracts(network, layers):
    features = ClassifierFeatures(network, layers, "random")
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    x = image(64)
    for name in layers:  # one by one: an extractor's maps may be changed in place afterwards
        extractor = create_feature_extractor(features.network, [name]).eval()
        expected = extractor((x - mean) / std)[name]
        torch.testing.assert_close(features(x)[name], expected)


def test_what_comes_after_the_last_layer_is_not_computed():
    features = ClassifierFeatures("resnet18", ["layer1"], "random")
    features.network.layer2 = None
    assert features(image()).keys() == {"layer1"}
    assert not features.network.layer1._forward_hooks


def test_image_gets_a_gradient_and_weights_do_not():
    features = ClassifierFeatures("resnet18", ["layer1", "layer2.0.bn1"], "random")
    x = image().requires_grad_()
    sum(value.sum() for value in features(x).values()).backward()
    assert torch.isfinite(x.grad).all()
    assert float(x.grad.abs().max()) > 0
    assert not any(parameter.requires_grad for parameter in features.parameters())
    assert not any(module.training for module in features.modules())


def test_random_weights_are_the_same_every_time_and_the_global_generator_stays():
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    maps = [ClassifierFeatures("resnet18", ["layer1"], "random")(image()) for _ in range(2)]
    assert torch.equal(maps[0]["layer1"], maps[1]["layer1"])
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_file_of_torchvision_is_read(tmp_path):
    torch.manual_seed(1)
    model = torchvision.models.resnet18(weights=None).eval()
    torch.save(model.state_dict(), tmp_path / "resnet18.pth")
    features = ClassifierFeatures("resnet18", ["layer1"], tmp_path / "resnet18.pth")
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    expected = outputs_of(model, ["layer1"], (image() - mean) / std)["layer1"]
    torch.testing.assert_close(features(image())["layer1"], expected)


def test_files_that_do_not_fit_are_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "part.pth")
    with pytest.raises(
        WeightsError, match=r"part.pth: resnet18 needs bn1.weight; found nothing of"
    ):
        ClassifierFeatures("resnet18", ["layer1"], tmp_path / "part.pth")
    torch.save({"conv1.weight": torch.zeros(1, 3, 7, 7)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"other.pth: no weights of resnet18: .*size mismatch"):
        ClassifierFeatures("resnet18", ["layer1"], tmp_path / "other.pth")


def test_names_of_norms_of_old_files_of_densenets_are_read(tmp_path):
    with torch.random.fork_rng():
        model = torchvision.models.densenet121(weights=None)
    old = {
        key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value
        for key, value in model.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    torch.save(old, tmp_path / "densenet.pth")
    features = ClassifierFeatures("densenet121", ["features.conv0"], tmp_path / "densenet.pth")
    ours = features.network.features.denseblock1.denselayer1
    theirs = model.features.denseblock1.denselayer1
    assert torch.equal(ours.norm1.weight, theirs.norm1.weight)
    assert torch.equal(ours.conv2.weight, theirs.conv2.weight)


def test_unknown_names_are_complained_about_with_the_nearest():
    assert name_complaint("resnet18") == ""
    assert name_complaint("resnet180") == (
        'expected vgg16, vgg19 or a classifier of torchvision, found "resnet180"; did you mean '
        '"resnet18"?'
    )
    with pytest.raises(
        SrcoreError, match=r"^network: expected vgg16, vgg19 or a classifier of torch"
    ):
        ClassifierFeatures("raft_large", ["x"], "random")
    with pytest.raises(
        SrcoreError,
        match=r"^layers: expected names of modules \(conv1, .*fc, and what is in them\), found "
        '"layer9"; did you mean "layer4"',
    ):
        ClassifierFeatures("resnet18", ["layer9", "layer1"], "random")


@pytest.mark.parametrize(
    ("network", "layer", "side", "complaint"),
    [
        ("resnet18", "layer3", 32, ""),
        ("vit_b_16", "encoder.layers.encoder_layer_3", 224, ""),
        ("vit_b_16", "encoder.layers.encoder_layer_3", 64, "vit_b_16 cannot see images of 64x64: "),
        ("inception_v3", "Mixed_7c", 32, "inception_v3 cannot see images of 32x32: "),
        ("googlenet", "aux1", 64, '"aux1" is not computed in use; name another one'),
    ],
)
def test_layers_and_sizes_are_tried_without_computing(network, layer, side, complaint):
    text = layer_complaint(network, (layer,), side)
    assert text.startswith(complaint)
    assert bool(text) is bool(complaint)


def test_images_that_a_network_cannot_see_are_an_error():
    features = ClassifierFeatures("inception_v3", ["Mixed_7c"], "random")
    with pytest.raises(
        SrcoreError, match=r"inception_v3 cannot see images of 32x32: .*; choose other"
    ):
        features(image())
