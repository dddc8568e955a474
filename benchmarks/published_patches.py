"""Sides of low-resolution patches that the authors of a network trained it on, and who says so.

Read in their option files and READMEs, in stored copies at the commits that are named. Where there
are none, or where they are of programs that are not opened here, it is the paper from memory, or
not known, and then 64 pixels are measured, which most networks that enlarge are trained on.
"""

from __future__ import annotations

from typing import NamedTuple

from srplug_spandrel.licenses import file_at

MEMORY = "the paper, from memory"
UNKNOWN = "not known"


class Patch(NamedTuple):
    """A side of patches.

    Attributes:
        side: pixels, published; 64 where that is not known.
        source: who says so, and of which of several trainings.
        url: where that is read; empty: nowhere here.
        measured: pixels, of what is measured where the published size needs too much memory.
    """

    side: int = 64
    source: str = UNKNOWN
    url: str = ""
    measured: int | None = None


def _in(
    side: int,
    repository: str,
    commit: str,
    path: str,
    note: str = "",
    measured: int | None = None,
) -> Patch:
    """A side that a file of the authors names, or their HR side divided by the scale."""
    file = path.rpartition("/")[2]
    return Patch(side, file + note, file_at(repository, commit, path), measured)


_ATD, _DAT, _HAT = "LabShuHangGU/Adaptive-Token-Dictionary", "zhengchen1999/DAT", "XPixelGroup/HAT"
_GRL, _MMREALSR = "ofsoundof/GRL-Image-Restoration", "TencentARC/MM-RealSR"
_KBNET, _PLKSR = "zhangyi-3/KBNet", "dslisleedh/PLKSR"
_CRAFT = "options/train/CRAFT/train_CRAFT_SRx4_scratch.yml"
_DNCNN = "TrainingCodes/DnCNN_TrainingCodes_v1.1/data/GenerateTrainingPatches.m"
_HAT_X4 = "options/train/train_HAT_SRx4_finetune_from_SRx2.yml"
_DRCT_L = "options/train/train_DRCT-L_SRx4_finetune_from_ImageNet_pretrain.yml"
_PLKSR_X4 = "options/train/train_PLKSR_DIV2K_X4_64_28_0.25_17.yaml"
_SEEMORE = "options/super_resolution/train/train_SeemoRe_T_X4.yml"

#: By the name of the network; the first of several stages where they grow.
PATCHES = {
    "atd": _in(96, _ATD, "6baf442969df", "options/train/003_ATD_SRx4_finetune.yml"),
    "compact": Patch(64, MEMORY),
    "craft": _in(64, "AVC2-UESTC/CRAFT-SR", "f4f706816fdd", _CRAFT),
    "dat": _in(64, _DAT, "0a843c264564", "options/Train/train_DAT_2_x4.yml"),
    "dctlsa": _in(64, "zengkun301/DCTLSA", "f8bb3bbc3d2f", "src/option.py"),
    "ditn": Patch(),
    "dncnn": _in(40, "cszn/DnCNN", "9ec7deb0685f", _DNCNN),
    "drct": _in(64, "ming053l/DRCT", "b550523ff162", _DRCT_L),
    "drunet": Patch(128, MEMORY),
    "edsr": _in(48, "sanghyun-son/EDSR-PyTorch", "72a506aef788", "src/option.py"),
    "fbcnn": _in(96, "jiaxi-jiang/FBCNN", "4d54f1705b32", "options/train_fbcnn_color.json"),
    "fdat": Patch(),
    "fftformer": _in(128, "kkkls/FFTformer", "93a295c1aafa", "options/train/GoPro.yml"),
    "grl": _in(
        256, _GRL, "3123fcadfee2", "config/experiment/sr/grl/grl_p256.yaml", ", fine-tuning", 32
    ),
    "hat": _in(64, _HAT, "0cb37c7259d0", _HAT_X4),
    "hvicidnet": _in(256, "Fediory/HVI-CIDNet", "f886e554af02", "data/options.py"),
    "kbnet_l": _in(
        128, _KBNET, "29e744a3b785", "Deraining/Options/kbnet_l.yml", ", the first of growing ones"
    ),
    "kbnet_s": _in(
        128,
        _KBNET,
        "fe7661147500",
        "Denoising/Options/gau_color_50.yml",
        ", the first of growing ones",
    ),
    "mixdehazenet": _in(
        256, "AmeryXiong/MixDehazeNet", "0129413a4df3", "configs/indoor/MixDehazeNet-l.json"
    ),
    "mmrealsr": _in(
        64, _MMREALSR, "4ee4c2628072", "options/MMRealSRGAN_x4.yml", ", after 48 without it"
    ),
    "moesr": _in(64, "umzi2/MoESR", "6e66c20cb661", "README.md"),
    "mosr": Patch(),
    "msrresnet": Patch(24, "the paper of SRResNet, from memory"),
    "nafnet": _in(
        256, "megvii-research/NAFNet", "01a4c86733cd", "options/train/SIDD/NAFNet-width32.yml"
    ),
    "omnisr": _in(
        64, "Francis0625/Omni-SR", "1b11cda8284d", "train_yamls/train_OmniSR_X4_DIV2K.yaml"
    ),
    "plksr": _in(96, _PLKSR, "a7bd7d01d542", _PLKSR_X4),
    "rcan": _in(48, "yulunzhang/RCAN", "a57c5ed293b5", "RCAN_TrainCode/code/TrainRCAN_scripts.sh"),
    "realcugan": Patch(),
    "realcugan_fast": Patch(),
    "realplksr": Patch(),
    "retinexformer": _in(
        128, "caiyuanhao1998/Retinexformer", "439748fe22e1", "Options/RetinexFormer_LOL_v1.yml"
    ),
    "rgt": _in(64, "zhengchen1999/RGT", "4a1edf3521eb", "options/train/train_RGT_S_x4.yml"),
    "rrdbnet": Patch(32, MEMORY),
    "safmn": _in(64, "sunny2109/SAFMN", "abe5ffdc8529", "options/train/SAFMN/train_DF2K_X4.yml"),
    "safmn_bcie": Patch(),
    "scunet": _in(128, "cszn/SCUNet", "e5d939acd18a", "README.md"),
    "seemore": _in(64, "eduardzamfir/seemoredetails", "442de56cfd04", _SEEMORE),
    "span": Patch(64, MEMORY),
    "swift_srgan": _in(24, "Koushik0901/Swift-SRGAN", "da7bec390ad7", "swift-srgan/train.py"),
    "swin2sr": _in(64, "mv-lab/swin2sr", "dc93d73669a5", "README.md", ", names of files"),
    "swinir": _in(48, "JingyunLiang/SwinIR", "6545850fbf8d", "README.md", ", DIV2K"),
    "uformer": _in(128, "ZhendongWang6/Uformer", "4ce7d9b919d3", "script/train_denoise.sh"),
}
