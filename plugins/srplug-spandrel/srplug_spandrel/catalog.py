"""What is known of spandrel's networks: where they are, how they are called, what they can.

A row per network. Neither torch nor spandrel is imported here: keys come from the generated
classes in :mod:`srplug_spandrel.options`, code from spandrel when a network is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from srplug_spandrel.alignment import Rule, levels, pixels, shuffled, windows

SCALES = (1, 2, 3, 4, 8)
POWERS = (1, 2, 4, 8)


@attrs.frozen(kw_only=True, eq=False)  # one object is one network
class Architecture:
    """A network of spandrel as a component of srcore.

    Attributes:
        name: the component is ``spandrel_<name>``.
        id: spandrel's name of the architecture.
        target: the class, ``"module:Class"`` below ``architectures`` of the package.
        package: which has it.
        own_targets: classes of scales that have one of their own.
        title: what its authors call it.
        paper: authors, year and where it is to be read.
        scale: parameter of the class that takes the scale; empty: it has none.
        scales: at which it works.
        channels: parameters that take the number of channels; empty: RGB only.
        fixed: parameters that are not keys, with the values that they get.
        hidden: parameters that are not keys and keep their defaults.
        minimum: smallest side that it works on; smaller images are continued by mirroring.
        multiple: sides must be a multiple of it, likewise.
        square: sides must be equal.
        aligned: where tiles begin, beside multiples of that.
        blocks: where the blocks for ``checkpointing`` lie: names of lists of modules.
        same_length: keys that need equally many numbers.
        heads: (key of the channels, key of the heads): every number of heads divides them.
        deployable: branches are merged for use.
        licence: of the authors' code, as far as it was looked up; else as spandrel says.
        least_batch: images that one part of a batch must have: batch normalisation of one value
            per image and channel wants two.
        frozen: patterns of parameters that no gradient reaches.
        renamed: keys that are called otherwise here: key -> parameter.
    """

    name: str
    id: str
    target: str
    title: str
    paper: str
    package: str = "spandrel"
    own_targets: Mapping[int, str] = attrs.field(factory=dict)
    scale: str = ""
    scales: tuple[int, ...] = attrs.field()
    channels: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = attrs.field(factory=dict)
    hidden: tuple[str, ...] = ()
    minimum: int = 1
    multiple: int = 1
    square: bool = False
    aligned: Rule = pixels(1)
    blocks: tuple[str, ...] = ()
    same_length: tuple[str, ...] = ()
    heads: tuple[str, str] | None = None
    deployable: bool = False
    licence: str = "permissive"
    least_batch: int = 1
    frozen: tuple[str, ...] = ()
    renamed: Mapping[str, str] = attrs.field(factory=dict)

    @scales.default
    def _usual_scales(self) -> tuple[int, ...]:
        return SCALES if self.scale else (1,)

    @property
    def component(self) -> str:
        """Name of the component."""
        return f"spandrel_{self.name}"


#: Parameters that are callables, classes, or that training here does itself.
_PARTS = ("norm_layer", "act_layer", "conv", "use_checkpoint", "use_chk", "fairscale_checkpoint")
_TRANSFORMER: dict[str, Any] = {"hidden": (*_PARTS, "img_size", "patch_size", "ape")}
_LAYERS: dict[str, Any] = {
    "same_length": ("depths", "num_heads"),
    "heads": ("embed_dim", "num_heads"),
}

_ALL = (
    Architecture(
        name="atd",
        id="ATD",
        target="ATD.__arch.atd_arch:ATD",
        title="ATD",
        paper="Zhang et al. 2024, arXiv 2401.08209",
        aligned=windows("window_size"),
        scale="upscale",
        channels=("in_chans",),
        minimum=8,
        blocks=("layers.*.residual_group.layers",),
        **_TRANSFORMER,
        **_LAYERS,
    ),
    Architecture(
        name="craft",
        id="CRAFT",
        target="CRAFT.__arch.CRAFT:CRAFT",
        title="CRAFT",
        paper="Li et al. 2023, arXiv 2308.05022",
        aligned=windows("window_size", "split_size_0", "split_size_1"),
        scale="upscale",
        channels=("in_chans",),
        hidden=_PARTS,
        minimum=16,
        multiple=16,
        blocks=("layers.*.residual_group.hf_blocks",),
        **_LAYERS,
    ),
    Architecture(
        name="dat",
        id="DAT",
        target="DAT.__arch.DAT:DAT",
        title="DAT",
        paper="Chen et al. 2023, arXiv 2308.03364",
        licence="Apache-2.0",
        aligned=windows("split_size"),
        scale="upscale",
        channels=("in_chans",),
        minimum=16,
        least_batch=2,
        blocks=("layers.*.blocks",),
        same_length=("depth", "num_heads"),
        heads=("embed_dim", "num_heads"),
        hidden=(*_PARTS, "img_size"),
    ),
    Architecture(
        name="dctlsa",
        id="DCTLSA",
        target="DCTLSA.__arch.dctlsa:DCTLSA",
        title="DCTLSA",
        paper="Zeng et al. 2023, IEEE TIM 72",
        aligned=pixels(16),
        scale="upscale",
        channels=("in_nc", "out_nc"),
        fixed={"num_modules": 6},
        minimum=16,
        heads=("nf", "num_head"),
    ),
    Architecture(
        name="ditn",
        id="DITN",
        target="DITN.__arch.DITN_Real:DITN_Real",
        title="DITN",
        paper="Liu et al. 2023, arXiv 2308.02794",
        scale="upscale",
        multiple=8,
        fixed={"patch_size": 8, "inp_channels": 3},
    ),
    Architecture(
        name="dncnn",
        id="DnCNN",
        target="DnCNN.__arch.network_dncnn:DnCNN",
        title="DnCNN",
        paper="Zhang et al. 2017, arXiv 1608.03981",
        licence="MIT",
        channels=("in_nc", "out_nc"),
        fixed={"mode": "DnCNN"},
    ),
    Architecture(
        name="drct",
        id="DRCT",
        target="DRCT.__arch.drct_arch:DRCT",
        title="DRCT",
        paper="Hsu et al. 2024, arXiv 2404.00722",
        aligned=windows("window_size"),
        scale="upscale",
        channels=("in_chans",),
        multiple=16,
        fixed={"upsampler": "pixelshuffle"},
        **_TRANSFORMER,
        **_LAYERS,
    ),
    Architecture(
        name="drunet",
        id="DRUNet",
        target="DRUNet.__arch.network_unet:DRUNet",
        title="DRUNet",
        paper="Zhang et al. 2021, arXiv 2008.13751",
        licence="MIT",
        channels=("in_nc", "out_nc"),
        multiple=8,
    ),
    Architecture(
        name="fbcnn",
        id="FBCNN",
        target="FBCNN.__arch.FBCNN:FBCNN",
        title="FBCNN",
        paper="Jiang et al. 2021, arXiv 2109.14573",
        aligned=pixels(8),
        channels=("in_nc", "out_nc"),
    ),
    Architecture(
        name="fdat",
        id="FDAT",
        target="FDAT.__arch.fdat:FDAT",
        title="FDAT",
        paper="github.com/stinkybread/FDAT, 2025",
        aligned=windows("window_size", of=shuffled),
        scale="scale",
        channels=("num_in_ch", "num_out_ch"),
        hidden=("group_block_pattern",),
        # A block attends along pixels or along channels, and weighs the other branch only.
        frozen=("groups.*.blocks.*[02468].inter.sg.*", "groups.*.blocks.*[13579].inter.cg.*"),
        blocks=("groups.*.blocks",),
        heads=("embed_dim", "num_heads"),
        minimum=4,  # what it is made smaller by, which it mirrors up to
    ),
    Architecture(
        name="fftformer",
        id="FFTformer",
        target="FFTformer.__arch.fftformer_arch:FFTformer",
        title="FFTformer",
        paper="Kong et al. 2023, arXiv 2211.12250",
        channels=("inp_channels", "out_channels"),
        multiple=32,
        frozen=("reduce_chan_level2.*",),
        blocks=(
            "encoder_level1",
            "encoder_level2",
            "encoder_level3",
            "decoder_level1",
            "decoder_level2",
            "decoder_level3",
            "refinement",
        ),
    ),
    Architecture(
        name="grl",
        id="GRL",
        target="GRL.__arch.grl:GRL",
        title="GRL",
        paper="Li et al. 2023, arXiv 2303.00748",
        licence="MIT",
        aligned=windows("window_size", "stripe_size"),
        scale="upscale",
        channels=("in_channels", "out_channels"),
        hidden=(
            *_PARTS,
            "img_size",
            "stripe_groups",
            "offload_to_cpu",
            "pretrained_window_size",
            "pretrained_stripe_size",
        ),
        same_length=("depths", "num_heads_window", "num_heads_stripe"),
        blocks=("layers.*.blocks",),
    ),
    Architecture(
        name="hat",
        id="HAT",
        target="HAT.__arch.HAT:HAT",
        title="HAT",
        paper="Chen et al. 2023, arXiv 2205.04437",
        licence="Apache-2.0",
        aligned=windows("window_size"),
        scale="upscale",
        channels=("in_chans",),
        minimum=16,
        fixed={"upsampler": "pixelshuffle"},
        blocks=("layers.*.residual_group.blocks",),
        **_TRANSFORMER,
        **_LAYERS,
    ),
    Architecture(
        name="hvicidnet",
        id="HVICIDNet",
        target="HVICIDNet.__arch.cidnet:CIDNet",
        title="HVI-CIDNet",
        paper="Yan et al. 2025, arXiv 2502.20272",
        licence="MIT",
        multiple=8,
        same_length=("widths", "heads"),
        renamed={"widths": "channels"},
        frozen=("I_LCA5.*",),
    ),
    Architecture(
        name="kbnet_l",
        id="KBNet",
        target="KBNet.__arch.kbnet_l:KBNet_l",
        title="KBNet-L",
        paper="Zhang et al. 2023, arXiv 2303.02881",
        channels=("inp_channels", "out_channels"),
        multiple=16,
        same_length=("num_blocks", "heads"),
    ),
    Architecture(
        name="kbnet_s",
        id="KBNet",
        target="KBNet.__arch.kbnet_s:KBNet_s",
        title="KBNet-S",
        paper="Zhang et al. 2023, arXiv 2303.02881",
        aligned=levels("enc_blk_nums"),
        channels=("img_channel",),
        same_length=("enc_blk_nums", "dec_blk_nums"),
    ),
    Architecture(
        name="mixdehazenet",
        id="MixDehazeNet",
        target="MixDehazeNet.__arch.MixDehazeNet:MixDehazeNet",
        title="MixDehazeNet",
        paper="Lu et al. 2023, arXiv 2305.17654",
        aligned=pixels(4),
        minimum=40,
        fixed={"in_chans": 3, "out_chans": 4},
        same_length=("embed_dims", "depths"),
    ),
    Architecture(
        name="mmrealsr",
        id="MMRealSR",
        target="MMRealSR.__arch.mmrealsr_arch:MMRRDBNet_test",
        title="MM-RealSR",
        paper="Mou et al. 2022, arXiv 2205.05065",
        scale="scale",
        scales=(
            4,
        ),  # at others spandrel's class shows its second network other channels than it has
        channels=("num_in_ch", "num_out_ch"),
        fixed={"de_net_type": "DEResNet"},
        minimum=16,
        same_length=("num_feats", "num_blocks", "downscales"),
        blocks=("body",),
    ),
    Architecture(
        name="moesr",
        id="MoESR",
        target="MoESR.__arch.MoESR:MoESR",
        title="MoESR",
        paper="github.com/umzi2/MoESR, 2025",
        aligned=pixels(2),
        scale="scale",
        channels=("in_ch", "out_ch"),
        minimum=2,
    ),
    Architecture(
        name="mosr",
        id="MoSR",
        target="MoSR.__arch.mosr_arch:MoSR",
        title="MoSR",
        paper="github.com/umzi2/MoSR, 2024",
        scale="upscale",
        channels=("in_ch", "out_ch"),
        blocks=("gblocks",),
    ),
    Architecture(
        name="nafnet",
        id="NAFNet",
        target="NAFNet.__arch.NAFNet_arch:NAFNet",
        title="NAFNet",
        paper="Chen et al. 2022, arXiv 2204.04676",
        licence="MIT, Apache-2.0",
        aligned=levels("enc_blk_nums"),
        channels=("img_channel",),
        same_length=("enc_blk_nums", "dec_blk_nums"),
    ),
    Architecture(
        name="omnisr",
        id="OmniSR",
        target="OmniSR.__arch.OmniSR:OmniSR",
        title="Omni-SR",
        paper="Wang et al. 2023, arXiv 2304.10244",
        aligned=windows("window_size"),
        scale="up_scale",
        channels=("num_in_ch", "num_out_ch"),
        minimum=16,
        blocks=("residual_layer",),
    ),
    Architecture(
        name="plksr",
        id="PLKSR",
        target="PLKSR.__arch.PLKSR:PLKSR",
        title="PLKSR",
        paper="Lee et al. 2024, arXiv 2404.11848",
        scale="upscaling_factor",
        blocks=("feats",),
    ),
    Architecture(
        name="rcan",
        id="RCAN",
        target="RCAN.__arch.rcan_arch:RCAN",
        title="RCAN",
        paper="Zhang et al. 2018, arXiv 1807.02758",
        aligned=shuffled,
        scale="scale",
        channels=("n_colors",),
        hidden=_PARTS,
        blocks=("body.*.body",),
        minimum=4,  # what it is made smaller by, which it mirrors up to
    ),
    Architecture(
        name="realcugan",
        id="RealCUGAN",
        target="RealCUGAN.__arch.upcunet_v3:UpCunet4x",
        own_targets={
            2: "RealCUGAN.__arch.upcunet_v3:UpCunet2x",
            3: "RealCUGAN.__arch.upcunet_v3:UpCunet3x",
        },
        title="Real-CUGAN",
        paper="github.com/bilibili/ailab, 2022",
        licence="MIT",
        aligned=pixels(4),
        scales=(2, 3, 4),
        channels=("in_channels", "out_channels"),
        minimum=32,
    ),
    Architecture(
        name="realcugan_fast",
        id="RealCUGAN",
        target="RealCUGAN.__arch.upcunet_v3:UpCunet2x_fast",
        title="Real-CUGAN, fast",
        paper="github.com/bilibili/ailab, 2022",
        licence="MIT",
        scales=(2,),
        channels=("in_channels", "out_channels"),
        minimum=40,
        multiple=4,
    ),
    Architecture(
        name="realplksr",
        id="PLKSR",
        target="PLKSR.__arch.RealPLKSR:RealPLKSR",
        title="RealPLKSR",
        paper="Lee et al. 2024, arXiv 2404.11848",
        scale="upscaling_factor",
        blocks=("feats",),
    ),
    Architecture(
        name="retinexformer",
        id="RetinexFormer",
        target="RetinexFormer.__arch.retinexformer_arch:RetinexFormer",
        title="Retinexformer",
        paper="Cai et al. 2023, arXiv 2303.06705",
        licence="MIT",
        fixed={"in_channels": 3, "out_channels": 3},
        multiple=8,
    ),
    Architecture(
        name="rgt",
        id="RGT",
        target="RGT.__arch.rgt:RGT",
        title="RGT",
        paper="Chen et al. 2024, arXiv 2303.06373",
        licence="Apache-2.0",
        aligned=windows("split_size"),
        scale="upscale",
        channels=("in_chans",),
        minimum=16,
        blocks=("layers.*.blocks",),
        same_length=("depth", "num_heads"),
        heads=("embed_dim", "num_heads"),
        hidden=(*_PARTS, "img_size"),
    ),
    Architecture(
        name="safmn",
        id="SAFMN",
        target="SAFMN.__arch.safmn:SAFMN",
        title="SAFMN",
        paper="Sun et al. 2023, arXiv 2302.13800",
        scale="upscaling_factor",
        multiple=8,
        blocks=("feats",),
    ),
    Architecture(
        name="safmn_bcie",
        id="SAFMNBCIE",
        target="SAFMNBCIE.__arch.safmn_bcie:SAFMN_BCIE",
        title="SAFMN-BCIE",
        paper="Sun et al. 2023, arXiv 2302.13800",
        multiple=16,
    ),
    Architecture(
        name="scunet",
        id="SCUNet",
        target="SCUNet.__arch.SCUNet:SCUNet",
        title="SCUNet",
        paper="Zhang et al. 2022, arXiv 2203.13278",
        aligned=pixels(64),
        channels=("in_nc",),
        minimum=40,
        hidden=("input_resolution",),
    ),
    Architecture(
        name="seemore",
        id="SeemoRe",
        target="SeemoRe.__arch.seemore_arch:SeemoRe",
        title="SeemoRe",
        paper="Zamfir et al. 2024, arXiv 2402.03412",
        aligned=pixels(16),
        scale="scale",
        fixed={"in_chans": 3},
        minimum=16,
        blocks=("body",),
    ),
    Architecture(
        name="span",
        id="SPAN",
        target="SPAN.__arch.span:SPAN",
        title="SPAN",
        paper="Wan et al. 2024, arXiv 2311.12770",
        licence="Apache-2.0",
        scale="upscale",
        channels=("num_in_ch", "num_out_ch"),
        hidden=("bias",),
        deployable=True,
        frozen=("*.eval_conv.*",),
    ),
    Architecture(
        name="swift_srgan",
        id="SwiftSRGAN",
        target="SwiftSRGAN.__arch.SwiftSRGAN:Generator",
        title="Swift-SRGAN",
        paper="Krishnan et al. 2021, arXiv 2111.14320",
        licence="CC0-1.0",
        scale="upscale_factor",
        scales=POWERS,
        channels=("in_channels",),
        frozen=("convblock.act.*", "residual.*.block2.act.*"),
    ),
    Architecture(
        name="swin2sr",
        id="Swin2SR",
        target="Swin2SR.__arch.Swin2SR:Swin2SR",
        title="Swin2SR",
        paper="Conde et al. 2022, arXiv 2209.11345",
        aligned=windows("window_size"),
        scale="upscale",
        channels=("in_chans",),
        minimum=16,
        blocks=("layers.*.residual_group.blocks",),
        **_TRANSFORMER,
        **_LAYERS,
    ),
    Architecture(
        name="uformer",
        id="Uformer",
        target="Uformer.__arch.Uformer:Uformer",
        title="Uformer",
        paper="Wang et al. 2022, arXiv 2106.03106",
        licence="MIT",
        channels=("in_chans", "dd_in"),
        hidden=(*_PARTS, "img_size", "dowsample", "upsample"),
        multiple=128,
        square=True,
        same_length=("depths", "num_heads"),
    ),
)

#: What spandrel has beside these, by its name, and why it is no network here.
ABSENT = {
    "AuraSR": "makes pictures from noise that it draws itself",
    "Compact": "srcore's compact",
    "ESRGAN": "srcore's rrdbnet",
    "GFPGAN": "restores faces",
    "IPT": "computes pieces of one size and puts them together image by image",
    "LaMa": "fills holes",
    "RestoreFormer": "restores faces",
    "SwinIR": "srcore's swinir",
}

#: Architectures by the name of their component.
ARCHITECTURES: dict[str, Architecture] = {entry.name: entry for entry in _ALL}


def scale_complaint(rules: Architecture, scale: int) -> str:
    """Why a network cannot work at a scale; empty if it can."""
    scales = rules.scales
    if scale in scales:
        return ""
    text = " or ".join(filter(None, (", ".join(map(str, scales[:-1])), str(scales[-1]))))
    return f"{rules.component} works at scale {text}; found scale = {scale}"
