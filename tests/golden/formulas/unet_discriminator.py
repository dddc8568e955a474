"""The U-Net discriminator of Real-ESRGAN (Wang et al., 2021), with spectral norms."""

from formulas.derivative import with_gradients
from formulas.layers import buffers, conv, enlarged, leaky, parameters, spectral_conv
from formulas.registry import formula
from formulas.rrdbnet import drawn


def unet(x, w, state, training, skip=True):
    def layer(x, number, **settings):
        return leaky(spectral_conv(x, w, state, f"conv{number}", training, **settings))

    down = [leaky(conv(x, w, "conv0"))]
    for number in (1, 2, 3):
        down.append(layer(down[-1], number, stride=2, margin=1))
    x = down.pop()
    for number in (4, 5, 6):
        x = layer(enlarged(x, 2), number)
        x = x + down.pop() if skip else x
    return conv(layer(layer(x, 7), 8), w, "conv9")


def calls(case, weigh, **settings):
    """Logits without training, of two calls in training, gradients of the first, states between."""
    state, w = buffers(case.weights()), parameters(case.weights())
    untrained = unet(case["in_x"], w, state, training=False, **settings)
    states = [dict(state)]

    def first(them):
        y = unet(them["x"], them, state, training=True, **settings)
        return weigh(y), {"y": y}

    outputs, slopes = with_gradients(first, {"x": case["in_x"]} | w)
    states.append(dict(state))
    second = unet(case["in_x"], w, state, training=True, **settings)
    return [untrained, outputs["y"], second], slopes, [*states, state]


@formula("discriminator_unet_sn")
def of_ldl(case):
    logits, slopes, states = calls(
        case, lambda y: (y * case["in_cotangent"]).mean(), skip=case.hyper["skip_connection"]
    )
    times = "eval", "train_1", "train_2"
    outputs = {f"out_y_{time}": y for time, y in zip(times, logits, strict=True)}
    for time, state in zip(times, states, strict=True):
        for name, value in state.items():
            outputs[f"out_{name.replace('.weight', '')}_after_{time}"] = value
    outputs["out_grad_x_train_1"] = slopes["x"]
    return outputs | {f"out_grad__{name.replace('.', '__')}": it for name, it in slopes.items()}


@formula("unet_discriminator")
def of_usrdu(case):
    """Vectors are those after the second call, against the text of the manifest."""
    logits, slopes, states = calls(case, lambda y: (y * case["in_w"]).sum())
    names = "eval", "train", "train_second_call"
    outputs = {f"out_logits_{name}": y for name, y in zip(names, logits, strict=True)}
    outputs |= {f"out_{name}_after": value for name, value in states[2].items()}
    outputs["out_grad_x_train"] = slopes["x"]
    return outputs | {f"out_grad_train_{name}": value for name, value in slopes.items()}


@formula("unet_discriminator_full_width")
def full_width(case):
    n, channels = case.hyper["num_feat"], case.hyper["num_in_ch"]
    sizes = [(n, channels), (2 * n, n), (4 * n, 2 * n), (8 * n, 4 * n), (4 * n, 8 * n)]
    sizes += [(2 * n, 4 * n), (n, 2 * n), (n, n), (n, n), (1, n)]
    shapes = {}
    for number, (out, size) in enumerate(sizes):
        side = 4 if number in (1, 2, 3) else 3
        if number in (0, 9):
            shapes[f"conv{number}.weight"] = out, size, side, side
            shapes[f"conv{number}.bias"] = (out,)
        else:
            shapes[f"conv{number}.weight_orig"] = out, size, side, side
            shapes[f"conv{number}.weight_u"] = (out,)
            shapes[f"conv{number}.weight_v"] = (size * side**2,)
    weights = drawn(shapes, case.hyper)
    w, state = parameters(weights), buffers(weights)
    logits = [unet(case["in_x"], w, state, training=True) for _ in range(3)]
    return {
        "out_logits_third_train_call": logits[-1],
        "out_logits_eval_after": unet(case["in_x"], w, state, training=False),
    }
