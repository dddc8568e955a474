"""Where sub-images lie, how crops are turned, how images become bytes."""

import itertools

import numpy as np

from formulas.registry import formula


def corners(height, width, crop, step, threshold):
    """Top and left of sub-images, row by row; what is left at an edge gets one that ends there."""
    starts = []
    for size in (height, width):
        line = [start for start in range(0, size, step) if start + crop <= size]
        if line and size - (line[-1] + crop) > threshold:
            line.append(size - crop)
        starts.append(line)
    return list(itertools.product(*starts))


@formula("subimage_grid")
def grid(case):
    return {f"tl{i}": corners(*row) for i, row in enumerate(case["cases"].tolist())}


@formula("subimage_grid_corners")
def grid_of_settings(case):
    keys = "h", "w", "crop", "step", "thresh"
    return {
        f"out_top_left_{i}": corners(*(row[key] for key in keys))
        for i, row in enumerate(case.hyper["cases"])
    }


@formula("subimage_grid_offsets")
def grid_in_one_list(case):
    grids = [corners(*row) for row in case["in_size_crop_step_thresh"].tolist()]
    rows = [(i, *corner) for i, corners in enumerate(grids) for corner in corners]
    return {"out_offsets": rows, "out_count": [len(corners) for corners in grids]}


def turned(image, mirror, upside_down, transpose):
    image = image[:, ::-1] if mirror else image
    image = image[::-1] if upside_down else image
    return image.swapaxes(0, 1) if transpose else image


@formula("augment_flip_transpose")
def orientations(case):
    flags = itertools.product((0, 1), repeat=3)
    return {f"h{h}v{v}r{r}": turned(case["image"], h, v, r) for h, v, r in flags}


@formula("augment_modes")
def modes(case):
    """Quarter turns counterclockwise, then perhaps upside down."""
    turns = (0, 0), (1, 1), (0, 1), (3, 0), (2, 1), (1, 0), (2, 0), (3, 1)
    return {
        f"out_mode_{i}": turned(np.rot90(case["in_image"], quarters), 0, flip, 0)
        for i, (quarters, flip) in enumerate(turns)
    }


@formula("paired_crop_augment")
def paired(case):
    hyper, outputs = case.hyper, {}
    for name, factor in (("lq", 1), ("gt", hyper["scale"])):
        side = hyper["gt_size"] // hyper["scale"] * factor
        top, left = hyper["top_lq"] * factor, hyper["left_lq"] * factor
        crop = case[f"in_{name}"][top : top + side, left : left + side]
        for i, flags in enumerate(hyper["flags_hflip_vflip_transpose"]):
            outputs[f"out_{name}_{i}"] = turned(crop, *flags)
    return outputs


@formula("tensor_to_uint8")
def halves_to_even(case):
    """In float32 as the program, since products meet halves there."""
    image = np.rint(np.clip(case.stored["x"], 0, 1) * np.float32(255))
    return {"image": image.transpose(1, 2, 0)}


@formula("lr_png_quantisation")
def halves_up(case):
    """In float32 as the program, since sums meet integers there."""
    levels = case.stored["in_mean"] * np.float32(255) + np.float32(0.5)
    return {"out_rgb_uint8": np.floor(np.clip(levels, 0, 255))[0]}
