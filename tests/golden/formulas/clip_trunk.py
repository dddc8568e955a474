"""CLIP's modified ResNet (Radford et al., 2021) to its third stage."""

import numpy as np

from formulas.layers import batch_norm, buffers, conv, mean_pool, relu
from formulas.registry import formula


def bottleneck(x, w, norm, name, stride):
    pool = mean_pool if stride > 1 else lambda x: x
    y = relu(norm(conv(x, w, f"{name}.conv1"), f"{name}.bn1"))
    y = pool(relu(norm(conv(y, w, f"{name}.conv2"), f"{name}.bn2")))
    y = norm(conv(y, w, f"{name}.conv3"), f"{name}.bn3")
    if f"{name}.downsample.0.weight" in w:
        x = norm(conv(pool(x), w, f"{name}.downsample.0"), f"{name}.downsample.1")
    return relu(x + y)


def trunk(case, training):
    w, state = case.weights(), buffers(case.weights())

    def norm(x, name):
        return batch_norm(x, w, state, name, training)

    mean, std = (np.array(case.hyper[name]).reshape(-1, 1, 1) for name in ("mean", "std"))
    x = (case["in_x"] - mean) / std
    for number in (1, 2, 3):
        x = conv(x, w, f"conv{number}", stride=2 if number == 1 else 1)
        x = relu(norm(x, f"bn{number}"))
    x = mean_pool(x)
    for stage, count in zip((1, 2, 3), case.hyper["layers"], strict=False):
        for number in range(count):
            stride = 2 if stage > 1 and number == 0 else 1
            x = bottleneck(x, w, norm, f"layer{stage}.{number}", stride)
    after = {f"out_{name.replace('.', '_')}_after": value for name, value in state.items()}
    return {"out_y": x} | after


@formula("clip_trunk_eval")
def evaluated(case):
    return trunk(case, training=False)


@formula("clip_trunk_batchstats")
def of_the_batch(case):
    return trunk(case, training=True)
