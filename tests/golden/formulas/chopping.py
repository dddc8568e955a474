"""Images in four parts that overlap, again and again (EDSR's program), and its self-ensemble."""

import itertools

import numpy as np

from formulas.convolution import convolved, pixel_shuffled
from formulas.crops import turned
from formulas.registry import formula


def chopped(top, left, height, width, settings):
    """Rectangles that the network sees, in order, and of each pixel the one it is taken from."""
    shave, least, scale = settings["shave"], settings["min_size"], settings["scale"]
    half_height, half_width = height // 2, width // 2
    tall, wide = half_height + shave, half_width + shave
    tall, wide = tall + 4 - tall % 4, wide + 8 - wide % 8
    tiles, owner = [], np.zeros((scale * height, scale * width), int)
    for lower, right in itertools.product((0, 1), repeat=2):
        y, x = lower * (height - tall), right * (width - wide)
        if tall * wide < least:
            inner = [(top + y, top + y + tall, left + x, left + x + wide)]
            owners = np.zeros((scale * tall, scale * wide), int)
        else:
            inner, owners = chopped(top + y, left + x, tall, wide, settings)
        rows = slice(scale * half_height, None) if lower else slice(0, scale * half_height)
        columns = slice(scale * half_width, None) if right else slice(0, scale * half_width)
        whole = np.empty_like(owner)
        whole[scale * y :, scale * x :][: scale * tall, : scale * wide] = owners + len(tiles)
        owner[rows, columns] = whole[rows, columns]
        tiles += inner
    return tiles, owner


def ensemble(network, image):
    """Mean over eight orientations of an image ``(C, H, W)``, each turned back."""
    total = 0
    for flags in itertools.product((0, 1), repeat=3):
        mirror, upside_down, transpose = flags
        result = network(turned(image.transpose(1, 2, 0), *flags).transpose(2, 0, 1))
        result = result.transpose(1, 2, 0)
        result = result.swapaxes(0, 1) if transpose else result
        total = total + turned(result, mirror, upside_down, 0).transpose(2, 0, 1) / 8
    return total


@formula("inference_geometry")
def geometry(case):
    outputs = {}
    for i, entry in enumerate(case.hyper["chop"]):
        outputs[f"tiles_{i}"], outputs[f"owner_{i}"] = chopped(0, 0, entry["h"], entry["w"], entry)
    scale = case.hyper["x8"]["scale"]

    def network(image):
        enlarged = pixel_shuffled(convolved(image[None], case["x8_weight"]), scale)
        return np.sqrt(np.abs(enlarged))[0]

    return outputs | {"x8_out": ensemble(network, case["x8_in"][0])[None]}
