"""Discriminators that end in one number per image, with norms of the batch, of images or none."""

import numpy as np

from formulas.derivative import with_gradients
from formulas.layers import batch_norm, buffers, conv, leaky, linear, parameters, standardized
from formulas.registry import formula


def vgg128(x, w, state, training):
    """Of BasicSR: pairs of convolutions, the second halves the image."""
    for block in range(5):
        for half in (0, 1):
            name = f"{block}_{half}"
            x = conv(x, w, f"conv{name}", stride=1 + half, margin=1)
            if name != "0_0":
                x = batch_norm(x, w, state, f"bn{name}", training)
            x = leaky(x)
    return linear(leaky(linear(x.reshape(len(x), -1), w, "linear1")), w, "linear2")


@formula("discriminator_vgg128")
def of_ldl(case):
    state, w = buffers(case.weights()), parameters(case.weights())
    given = {"x": np.repeat(np.repeat(case["in_x_small"], 4, 2), 4, 3)} | w
    seen = np.s_[:, :, 40:56, 40:56]

    def evaluated(them):
        y = vgg128(them["x"], them, state, training=False)
        return y.sum(), {"out_y_eval": y}

    def trained(them):
        y = vgg128(them["x"], them, state, training=True)
        return (y * np.array([[1], [-0.5]])).sum(), {"out_y_train": y}

    outputs, of_eval = with_gradients(evaluated, given)
    more, of_training = with_gradients(trained, given)
    return {
        **outputs,
        **more,
        "out_grad_x_eval_block": of_eval["x"][seen],
        "out_grad_x_train_block": of_training["x"][seen],
        "out_grad_x_train_abs_sum": np.abs(of_training["x"]).sum(),
        **{f"out_grad__{name.replace('.', '__')}": it for name, it in of_training.items()},
        **{f"out_{name.replace('.', '__')}_after": value for name, value in state.items()},
        "out_num_batches_tracked_after": state["bn0_1.num_batches_tracked"],
    }


def esrdgan(x, w, state, training, norm="batch", slope=0.2):
    """Of ESRDGAN: as above, with a bias everywhere and layers counted by their places."""
    for block in range(5):
        place = 0
        for half in (0, 1):
            name = f"features.{block}.strideddownconv.{place}"
            x = conv(x, w, name, stride=1 + half, margin=1 if half else None)
            place += 1
            if norm != "none" and (block, half) != (0, 0):
                name = f"features.{block}.strideddownconv.{place}"
                if norm == "batch":
                    x = batch_norm(x, w, state, name, training)
                else:
                    x = standardized(x, (2, 3), 1e-5)
                place += 1
            x = leaky(x, slope)
            place += 1
    hidden = leaky(linear(x.reshape(len(x), -1), w, "classifier.0"), slope)
    return linear(hidden, w, "classifier.2")


@formula("esrdgan_discriminator")
def of_esrdgan(case):
    state, w = buffers(case.weights()), parameters(case.weights())
    norm, slope = case.hyper["norm_type"], {"leakyrelu": 0.2, "relu": 0}[case.hyper["act_type"]]
    images = case["x_uint8"] / 255

    def trained(them):
        y = esrdgan(them["x"], them, state, training=True, norm=norm, slope=slope)
        return (y[:, 0] * np.arange(1, len(images) + 1)).sum(), {"logits_train": y}

    outputs, slopes = with_gradients(trained, {"x": images} | w)
    outputs |= {
        "grad_input_sub8": slopes["x"][:, :, ::8, ::8],
        "grad_first": slopes["features.0.strideddownconv.0.weight"],
        "grad_last": slopes["classifier.2.weight"],
    }
    if norm == "batch":
        name = "features.4.strideddownconv.1"
        outputs |= {
            "running_mean_b4": state[f"{name}.running_mean"],
            "running_var_b4": state[f"{name}.running_var"],
            "logits_eval_after": esrdgan(images, w, state, training=False, slope=slope),
        }
    return outputs
