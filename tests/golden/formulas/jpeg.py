"""JPEG without its coder: what its rounded coefficients leave of an image."""

import numpy as np

from formulas.derivative import constant, gradients
from formulas.registry import formula

#: ITU-T T.81, annex K.
LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
CHROMA = np.full((8, 8), 99)
CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]

#: JFIF: Y, Cb and Cr of R, G and B, all from 0 to 255; chroma around 128.
YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
RGB = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]])

#: Row u of the cosine transform of 8 samples.
DCT = np.cos((2 * np.arange(8) + 1) * np.arange(8)[:, None] * np.pi / 16) / 2
DCT[0] /= np.sqrt(2)


def hard(x):
    return np.rint(x)


def soft(x):
    nearest = np.rint(constant(x))
    return nearest + (x - nearest) ** 3


def plane(samples, table, rounded):
    """One plane ``(H, W)`` around 0, its blocks of 8 x 8 there and back."""
    height, width = samples.shape
    blocks = samples.reshape(height // 8, 8, width // 8, 8)
    coefficients = np.einsum("ui,aibj,vj->aubv", DCT, blocks, DCT)
    kept = rounded(coefficients / table[:, None]) * table[:, None]
    return np.einsum("ui,aubv,vj->aibj", DCT, kept, DCT).reshape(height, width)


def jpeg(image, quality, rounded=hard):
    """One image ``(3, H, W)`` from 0 to 1; the program's table of luma is the standard's turned."""
    height, width = image.shape[1:]
    factor = (5000 / quality if quality < 50 else 200 - 2 * quality) / 100
    image = np.pad(image, [(0, 0), (0, -height % 16), (0, -width % 16)])
    y, *chroma = np.einsum("kc,chw->khw", YCC, image * 255)
    rows, columns = y.shape
    planes = [plane(y - 128, LUMA.T * factor, rounded) + 128]
    for samples in chroma:
        halved = samples.reshape(rows // 2, 2, columns // 2, 2).mean((1, 3))
        halved = plane(halved, CHROMA * factor, rounded)
        planes.append(np.repeat(np.repeat(halved, 2, 0), 2, 1))
    image = np.einsum("ck,khw->chw", RGB, np.stack(planes)) / 255
    return np.minimum(np.maximum(image, 0), 1)[:, :height, :width]


def compressed(images, qualities, rounded=hard):
    qualities = np.broadcast_to(qualities, len(images))
    pairs = zip(images, qualities, strict=True)
    return np.stack([jpeg(image, quality, rounded) for image, quality in pairs])


@formula("jpeg")
def batch(case):
    return {"out_y": compressed(case["in_x"], case.hyper["quality"])}


@formula("jpeg_differentiable")
def with_gradient(case):
    quality, images = case.hyper["quality"], case["in_x"]
    _, (gradient,) = gradients(
        lambda x: (compressed(x, quality, soft) * case["in_cotangent"]).mean(), images
    )
    return {"out_y": compressed(images, quality, soft), "out_grad_x": gradient}
