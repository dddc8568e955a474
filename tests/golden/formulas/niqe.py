"""NIQE (Mittal et al., 2013): how far the statistics of an image are from those of natural ones."""

import math

import numpy as np

from formulas.bicubic import resized
from formulas.color import luma
from formulas.registry import formula

ALPHAS = np.arange(0.2, 10.001, 0.001)
GAMMA = np.vectorize(math.gamma)
RATIOS = GAMMA(2 / ALPHAS) ** 2 / (GAMMA(1 / ALPHAS) * GAMMA(3 / ALPHAS))


def asymmetric_gaussian(x):
    """Shape, and scales to the left and to the right, of a generalized Gaussian distribution."""
    left, right = np.sqrt((x[x < 0] ** 2).mean()), np.sqrt((x[x > 0] ** 2).mean())
    g = left / right
    ratio = np.abs(x).mean() ** 2 / (x**2).mean() * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    alpha = ALPHAS[((RATIOS - ratio) ** 2).argmin()]
    factor = math.sqrt(math.gamma(1 / alpha) / math.gamma(3 / alpha))
    return alpha, left * factor, right * factor


def features(block):
    """Of the values, and of their products with four neighbors."""
    alpha, left, right = asymmetric_gaussian(block)
    values = [alpha, (left + right) / 2]
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        alpha, left, right = asymmetric_gaussian(block * np.roll(block, shift, (0, 1)))
        mean = (right - left) * math.gamma(2 / alpha) / math.gamma(1 / alpha)
        values += [alpha, mean, left, right]
    return values


def normalized(y, window):
    """Less the local mean, by the local deviation."""

    def local(image):
        wide = np.pad(image, len(window) // 2, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(wide, window.shape)
        return np.einsum("yxij,ij->yx", windows, window)

    mean = local(y)
    return (y - mean) / (np.sqrt(np.abs(local(y**2) - mean**2)) + 1)


def halved_by_matlab(y):
    return resized(y / 255, 0.5) * 255


def halved_by_means(y):
    return y.reshape(len(y) // 2, 2, -1, 2).mean((1, 3))


def score(y, block, case, halved):
    rows, columns = (side // block for side in y.shape)
    y, side, table = y[: rows * block, : columns * block], block, []
    for image, side in ((y, block), (halved(y), block // 2)):
        flat = normalized(image, case["gaussian_window"])
        blocks = flat.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)
        table.append([features(block) for block in blocks])
    table = np.hstack(table)
    distance = case["mu_pris_param"][0] - np.nanmean(table, 0)
    whole = table[~np.isnan(table).any(1)]
    covariance = (case["cov_pris_param"] + np.cov(whole, rowvar=False)) / 2
    return math.sqrt(distance @ np.linalg.pinv(covariance) @ distance)


@formula("niqe")
def scores(case):
    lumas = [luma(case[f"rgb{i}"]) for i in range(len(case.hyper["images"]))]
    block = case.hyper["block"]
    return {
        "niqe_matlab_half": [score(np.rint(y), block, case, halved_by_matlab) for y in lumas],
        "niqe_bilinear_half": [score(y, block, case, halved_by_means) for y in lumas],
    }
