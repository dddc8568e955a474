"""Golden kinds of image files, crops and sub-images."""

import numpy as np

from srcore.data.cropping import Orientation, Window
from srcore.images import to_image
from srcore.prepare.subimages import grid
from srcore.testing.golden import golden_kind


@golden_kind("subimage_grid")
def subimage_grid(case):
    return {f"tl{index}": corners(*row) for index, row in enumerate(case["cases"].tolist())}


@golden_kind("subimage_grid_corners")
def subimage_grid_corners(case):
    return {
        f"out_top_left_{index}": corners(
            *(row[key] for key in ("h", "w", "crop", "step", "thresh"))
        )
        for index, row in enumerate(case.hyper["cases"])
    }


@golden_kind("subimage_grid_offsets")
def subimage_grid_offsets(case):
    grids = [corners(*row) for row in case["in_size_crop_step_thresh"].tolist()]
    indices = [np.full((len(rows), 1), index) for index, rows in enumerate(grids)]
    return {
        "out_offsets": np.hstack([np.concatenate(indices), np.concatenate(grids)]),
        "out_count": np.array([len(rows) for rows in grids]),
    }


def corners(height, width, crop, step, threshold):
    return np.array(grid(height, width, crop, step, threshold), np.int64).reshape(-1, 2)


@golden_kind("augment_flip_transpose")
def augment_flip_transpose(case):
    return {
        f"h{h}v{v}r{r}": Orientation(bool(h), bool(v), bool(r)).apply(case["image"])
        for h in (0, 1)
        for v in (0, 1)
        for r in (0, 1)
    }


@golden_kind("augment_modes")
def augment_modes(case):
    """The modes of other programs, each one of our eight orientations.

    A quarter turn counter-clockwise is a transpose followed by an upside-down flip, that is a
    mirror followed by a transpose.
    """
    modes = [
        Orientation(),
        Orientation(transpose=True),  # quarter turn, upside down
        Orientation(upside_down=True),
        Orientation(upside_down=True, transpose=True),  # three quarter turns
        Orientation(flip=True),  # half turn, upside down
        Orientation(flip=True, transpose=True),  # quarter turn
        Orientation(flip=True, upside_down=True),  # half turn
        Orientation(flip=True, upside_down=True, transpose=True),
    ]
    return {f"out_mode_{index}": mode.apply(case["in_image"]) for index, mode in enumerate(modes)}


@golden_kind("paired_crop_augment")
def paired_crop_augment(case):
    hyper = case.hyper
    scale = hyper["scale"]
    size = hyper["gt_size"] // scale
    window = Window(hyper["top_lq"], hyper["left_lq"], size, size)
    outputs = {}
    for index, flags in enumerate(hyper["flags_hflip_vflip_transpose"]):
        orientation = Orientation(*flags)
        outputs[f"out_gt_{index}"] = orientation.apply(window.times(scale).cut(case["in_gt"]))
        outputs[f"out_lq_{index}"] = orientation.apply(window.cut(case["in_lq"]))
    return outputs


@golden_kind("tensor_to_uint8")
def tensor_to_uint8(case):
    return {"image": to_image(case.tensor("x"))}
