"""The smallest networks that still have everything, for trials on a CPU."""

from __future__ import annotations

from typing import Any

from srplug_spandrel.extra import KNOWN

_GROUPS: dict[str, Any] = {"depths": [2], "num_heads": [2]}

#: Keys by the name of the architecture.
TINY: dict[str, dict[str, Any]] = {
    "atd": {"embed_dim": 16, **_GROUPS, "num_tokens": 8},
    "craft": {"embed_dim": 32, **_GROUPS},
    "dat": {"embed_dim": 32, "split_size": [4, 8], "depth": [2], "num_heads": [2]},
    "dctlsa": {"nf": 10},
    "ditn": {"dim": 12, "ITL_blocks": 1, "SAL_blocks": 1},
    "dncnn": {"nc": 8, "nb": 8},
    "drct": {"embed_dim": 16, **_GROUPS, "window_size": 8, "gc": 8},
    "drunet": {"nc": [4, 8, 8, 16], "nb": 2},
    "fbcnn": {"nc": [4, 8, 8, 512], "nb": 2},
    "fdat": {"embed_dim": 16, "num_groups": 1, "depth_per_group": 1, "num_heads": 2, "mid_dim": 16},
    "fftformer": {"dim": 8, "num_blocks": [1, 1, 1], "num_refinement_blocks": 1},
    "grl": {
        "embed_dim": 16,
        "depths": [2],
        "num_heads_window": [2],
        "num_heads_stripe": [2],
        "window_size": 8,
        "stripe_size": [8, 16],
        "anchor_window_down_factor": 2,
    },
    "hat": {"embed_dim": 16, **_GROUPS, "window_size": 8, "squeeze_factor": 4, "num_feat": 8},
    "hvicidnet": {"widths": [8, 8, 16, 32]},
    "kbnet_l": {"dim": 24, "num_blocks": [1, 1, 1, 1], "num_refinement_blocks": 1},
    "kbnet_s": {"width": 8, "middle_blk_num": 1, "enc_blk_nums": [1, 1], "dec_blk_nums": [1, 1]},
    "m3snet": {"width": 8, "enc_blk_nums": [1, 1, 1, 1]},
    "mirnet2": {"n_feat": 16},
    "mixdehazenet": {"embed_dims": [8, 16, 32, 16, 8]},
    "mmrealsr": {
        "num_feat": 8,
        "num_block": 1,
        "num_grow_ch": 4,
        "num_feats": [8, 16, 16, 512],
        "num_blocks": [1, 1, 1, 1],
    },
    "moesr": {"dim": 16, "n_blocks": 1, "n_block": 1, "upsample_dim": 8},
    "mosr": {"dim": 16, "n_block": 2},
    "mprnet": {"n_feat": 8, "scale_unetfeats": 4, "scale_orsnetfeats": 4, "num_cab": 1},
    "nafnet": {"width": 8, "middle_blk_num": 1, "enc_blk_nums": [1, 1], "dec_blk_nums": [1, 1]},
    "omnisr": {"num_feat": 16},
    "plksr": {"dim": 16, "n_blocks": 2},
    "rcan": {"n_feats": 16, "n_resgroups": 1, "n_resblocks": 2, "reduction": 4},
    "realcugan": {},
    "realcugan_fast": {},
    "realplksr": {"dim": 16, "n_blocks": 2},
    "restormer": {"dim": 16, "num_blocks": [1, 1, 1, 1], "num_refinement_blocks": 1},
    "retinexformer": {"n_feat": 8, "stage": 1},
    "rgt": {"embed_dim": 32, "depth": [2], "num_heads": [2]},
    "safmn": {"dim": 8, "n_blocks": 2},
    "safmn_bcie": {"dim": 8, "n_blocks": 1, "num_layers": 1},
    "scunet": {"dim": 64, "config": [1, 1, 1, 1, 1, 1, 1]},
    "seemore": {"num_experts": 3, "num_layers": 2, "embedding_dim": 12},
    "span": {"feature_channels": 8},
    "srformer": {"embed_dim": 16, **_GROUPS, "window_size": 8},
    "swift_srgan": {"num_channels": 8, "num_blocks": 1},
    "swin2sr": {"embed_dim": 16, **_GROUPS, "window_size": 8},
    "uformer": {"embed_dim": 16, "depths": [1] * 9},
}


def tried_scale(name: str, wanted: int = 4) -> int:
    """The scale that a network is tried at: the wanted one where it has it, else its largest."""
    scales = KNOWN[name].scales
    return wanted if wanted in scales else max(scales)


def tiny(name: str, scale: int) -> dict[str, Any]:
    """Keys of the smallest network of an architecture at a scale."""
    # spandrel counts the features of RCAN in what enlarges: at scale 1 there must be something.
    return {**TINY[name], **({"unshuffle_mod": True} if (name, scale) == ("rcan", 1) else {})}
