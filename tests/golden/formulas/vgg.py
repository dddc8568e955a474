"""Features of VGG19 before their ReLU, and distances of them."""

import numpy as np

from formulas.derivative import with_gradients
from formulas.layers import conv, max_pool, relu
from formulas.registry import formula

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
#: Layers and weights of Real-ESRGAN.
LAYERS = {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1, "conv4_4": 1, "conv5_4": 1}
#: Name of a convolution -> its place in torchvision's ``features``; pools come after blocks.
PLACES, _place = {}, 0
for _block, _count in enumerate((2, 2, 4, 4, 4), start=1):
    for _number in range(1, _count + 1):
        PLACES[f"conv{_block}_{_number}"] = _place
        _place += 2
    _place += 1


def features(images, w, layers):
    """By name, of images from 0 to 1; weights by names or by places."""
    x = (images - MEAN.reshape(-1, 1, 1)) / STD.reshape(-1, 1, 1)
    chosen = {}
    for name, place in PLACES.items():
        if name.endswith("_1") and place:
            x = max_pool(x)
        key = next(key for key in (name, str(place)) if f"{key}.weight" in w)
        x = conv(x, w, key)
        if name in layers:
            chosen[name] = x
            if len(chosen) == len(layers):
                return chosen
        x = relu(x)
    return chosen


def distance(sr, hr, w, layers, criterion=lambda d: np.abs(d).mean()):
    """Sum of weighted distances; those by layer; features of ``sr``."""
    of_sr, of_hr = features(sr, w, layers), features(hr, w, layers)
    parts = {layer: criterion(of_sr[layer] - of_hr[layer]) for layer in layers}
    return sum(layers[layer] * value for layer, value in parts.items()), parts, of_sr


@formula("perceptual_vgg19_narrow")
def by_names(case):
    layers, weight = case.hyper["layer_weights"], case.hyper["perceptual_weight"]
    w = {name.removeprefix("vgg_net."): value for name, value in case.weights().items()}

    def loss(given):
        total, _, of_sr = distance(given["sr"], case["in_gt"], w, layers)
        outputs = {f"out_feat_{layer}": value for layer, value in of_sr.items()}
        return weight * total, outputs | {"out_percep": weight * total}

    outputs, slopes = with_gradients(loss, {"sr": case["in_sr"]})
    return outputs | {"out_grad_sr": slopes["sr"]}


@formula("perceptual_loss_indices")
def by_places(case):
    names = {str(place): name for name, place in PLACES.items()}
    layers = {names[place]: weight for place, weight in case.hyper["layer_weights"].items()}
    w, weight = case.weights(), case.hyper["perceptual_weight"]

    def loss(given):
        total, parts, of_sr = distance(given["sr"], case["in_hr"], w, layers)
        outputs = {f"out_feature_{PLACES[layer]}": value for layer, value in of_sr.items()}
        outputs |= {f"out_l1_{PLACES[layer]}": value for layer, value in parts.items()}
        return weight * total, outputs | {"out_loss": weight * total}

    outputs, slopes = with_gradients(loss, {"sr": case["in_sr"]})
    return outputs | {"out_grad_sr": slopes["sr"]}
