"""Under which license the code of every network is published, and where that is said.

Read in stored copies of public repositories, at the commits that are named. These keep equal files
once for all repositories, so that a license without the name of its author cannot be found there:
what a README, a package or another repository says stands in for it.
"""

from __future__ import annotations

from typing import NamedTuple

APACHE, MIT = "Apache-2.0", "MIT"
UNKNOWN = "not known"


class License(NamedTuple):
    """A license of code.

    Attributes:
        name: by its SPDX identifier; "not known": only spandrel's word for all of its networks.
        said_in: what says so: a file of the authors, or another source.
        url: where that is; of what is not known the repository that was looked through.
    """

    name: str
    said_in: str
    url: str


def file_at(repository: str, commit: str, path: str) -> str:
    """Address of a file of a repository at a commit."""
    return f"https://github.com/{repository}/blob/{commit}/{path}"


def _by_authors(name: str, repository: str, commit: str, path: str = "LICENSE") -> License:
    """What a file in the repository of the authors says."""
    return License(name, path.rpartition("/")[2], file_at(repository, commit, path))


def _beside_code(name: str, commit: str, path: str) -> License:
    place = f"libs/spandrel/spandrel/architectures/{path}/LICENSE"
    return License(name, "spandrel", file_at("chaiNNer-org/spandrel", commit, place))


def _second_hand(name: str, repository: str, commit: str, path: str) -> License:
    """What a list in somebody else's repository says."""
    return License(name, f"a list of {repository}", file_at(repository, commit, path))


def _not_found(repository: str) -> License:
    return License(UNKNOWN, "", f"https://github.com/{repository}")


_DPIR = _by_authors(MIT, "cszn/DPIR", "14c7c62753e8")
_KBNET = _not_found("zhangyi-3/KBNet")
_REALCUGAN = _by_authors(MIT, "bilibili/ailab", "680c4a26444f", "Real-CUGAN/LICENSE")
_SAFMN = _not_found("sunny2109/SAFMN")
_UMZI = ("umzi2/MoSR", "a2d54f9e7efa", "licenses/readme.md")

#: By the name of the network.
LICENSES = {
    "atd": _second_hand(APACHE, "rewaifu/resselt", "e2846069e151", "licenses.md"),
    "craft": _second_hand(APACHE, *_UMZI),
    "dat": _by_authors(APACHE, "zhengchen1999/DAT", "93491e23e38d"),
    "dctlsa": _by_authors(APACHE, "zengkun301/DCTLSA", "0756bc8554e8", "README.md"),
    "ditn": _second_hand(APACHE, *_UMZI),
    "dncnn": _DPIR,
    "drct": _by_authors(MIT, "ming053l/DRCT", "2d5ba8ddd02e", "setup.py"),
    "drunet": _DPIR,
    "fbcnn": _by_authors(APACHE, "jiaxi-jiang/FBCNN", "bcacc738dc83", "README.md"),
    "fdat": _beside_code(MIT, "b1e5b1b0882e", "FDAT/__arch"),
    "fftformer": License(
        MIT, "its author's pull request", "https://github.com/kkkls/FFTformer/pull/2"
    ),
    "grl": _by_authors(MIT, "ofsoundof/GRL-Image-Restoration", "b9da5303350b"),
    "hat": _by_authors(APACHE, "XPixelGroup/HAT", "40736039f879"),
    "hvicidnet": _by_authors(MIT, "Fediory/HVI-CIDNet", "3534b04cef64"),
    "kbnet_l": _KBNET,
    "kbnet_s": _KBNET,
    "mixdehazenet": _by_authors(MIT, "AmeryXiong/MixDehazeNet", "0129413a4df3", "LISENCE"),
    "mmrealsr": _by_authors("BSD-3-Clause", "TencentARC/MM-RealSR", "4ee4c2628072", "setup.py"),
    "moesr": _not_found("umzi2/MoESR"),
    "mosr": _not_found("umzi2/MoSR"),
    "nafnet": _by_authors("MIT AND Apache-2.0", "megvii-research/NAFNet", "47b3a159855e"),
    "omnisr": _by_authors(APACHE, "Francis0625/Omni-SR", "cd9901e3e905", "README.md"),
    "plksr": _by_authors(MIT, "dslisleedh/PLKSR", "112a75a4678d", "README.md"),
    "rcan": License(MIT, "its author's answer", "https://github.com/yulunzhang/RCAN/issues/92"),
    "realcugan": _REALCUGAN,
    "realcugan_fast": _REALCUGAN,
    "realplksr": _beside_code(MIT, "4a0c8d94b09a", "PLKSR/arch"),
    "retinexformer": _by_authors(
        MIT, "caiyuanhao1998/Retinexformer", "95bbe6c8a047", "LICENSE.txt"
    ),
    "rgt": _by_authors(APACHE, "zhengchen1999/RGT", "5471c2fbaad0"),
    "safmn": _SAFMN,
    "safmn_bcie": _SAFMN,
    "scunet": _not_found("cszn/SCUNet"),
    "seemore": _not_found("eduardzamfir/seemoredetails"),
    "span": _by_authors(APACHE, "hongyuanyu/SPAN", "e6c0372481b7", "README.md"),
    "swift_srgan": _by_authors("CC0-1.0", "Koushik0901/Swift-SRGAN", "da7bec390ad7"),
    "swin2sr": _by_authors(APACHE, "mv-lab/swin2sr", "dc93d73669a5", "README.md"),
    "uformer": _by_authors(MIT, "ZhendongWang6/Uformer", "f54d99b474d5"),
}
