"""Keys that act on the picture but not on the weights: what spandrel assumes of a file.

srcore's own files hold all keys beside the weights.
"""

from __future__ import annotations

from typing import Any

_SCALED: dict[str, Any] = {"img_range": 1.0}
_LOGITS: dict[str, Any] = {**_SCALED, "qk_scale": None}

#: Network -> key -> the value that spandrel computes with.
UNTOLD: dict[str, dict[str, Any]] = {
    "atd": {**_SCALED, "category_size": 256},
    "craft": {**_LOGITS, "window_size": 16},
    "dat": _LOGITS,
    "dctlsa": {"num_head": 5},
    "dncnn": {"act_mode": "R"},
    "drct": _LOGITS,
    "drunet": {"act_mode": "R"},
    "fbcnn": {"act_mode": "R"},
    "grl": {
        **_SCALED,
        "stripe_shift": True,
        "anchor_proj_type": "avgpool",
        "euclidean_dist": False,
    },
    "hat": {**_LOGITS, "conv_scale": 0.01},
    "mmrealsr": {"degradation_degree_actv": "sigmoid"},
    "plksr": {
        "use_max_kernel": False,
        "sparse_kernels": (5, 5, 5, 5),
        "sparse_dilations": (1, 2, 3, 4),
        "with_idt": False,
    },
    "rcan": {"rgb_range": 255.0},
    "realplksr": {"norm_groups": 4},
    "rgt": _LOGITS,
    "seemore": {"img_range": 1.0, "use_shuffle": True, "recursive": 2, "topk": 1},
    "span": {"img_range": 255.0, "rgb_mean": (0.4488, 0.4371, 0.404)},
    "swin2sr": _SCALED,
    "uformer": {"qk_scale": None, "shift_flag": True},
}
