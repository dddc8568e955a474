"""Y, Cb and Cr of ITU-R BT.601 in studio swing: Y from 16 to 235."""

import numpy as np

from formulas.registry import formula

#: Rows give Y, Cb and Cr of R, G and B from 0 to 1.
MATRIX = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112], [112, -93.786, -18.214]])
OFFSET = np.array([16, 128, 128])


def luma(rgb):
    """Y of R, G and B from 0 to 255, not rounded."""
    return ycbcr(rgb / 255)[..., 0]


def ycbcr(rgb):
    return rgb @ MATRIX.T + OFFSET


@formula("ycbcr")
def conversions(case):
    small, floats = ycbcr(case["rgb_uint8"] / 255), ycbcr(case["rgb_float"]) / 255
    back = (floats * 255 - OFFSET) @ np.linalg.inv(MATRIX).T
    return {
        "y_uint8": np.rint(small[..., 0]),
        "ycbcr_uint8": np.rint(small),
        "y_float": floats[..., 0],
        "ycbcr_float": floats,
        "rgb_back_float": back,
        "y_for_metrics": small[..., 0],
    }
