"""Addresses that stand where a file of weights is named.

model:realesrgan-x4plus                       a model of a list
hf://owner/name/file.safetensors              a file on the Hugging Face hub
hf://owner/name@revision                      the weights of a repository there
https://example.org/x4.pth#sha256=4fa0d3...   a file anywhere whose hash is known
"""

from __future__ import annotations

import re

import attrs

from srcore.errors import WeightsError
from srcore.messages import shown

MODEL, HUB = "model:", "hf://"
_WEB = ("https://", "http://")
_HASH = re.compile(r"sha256=([0-9a-fA-F]{64})")
_ON_HUB = re.compile(
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)(?:@(?P<revision>[^/#]+))?(?:/(?P<file>[^#]+))?"
    r"(?:#sha256=(?P<sha256>[0-9a-fA-F]{64}))?"
)


def is_address(text: object) -> bool:
    """Whether a text names a model and no file.

    >>> is_address("model:x4"), is_address("models/x4.pth")
    (True, False)
    """
    return isinstance(text, str) and text.startswith((MODEL, HUB, *_WEB))


@attrs.frozen
class OnHub:
    """A file of a repository on the hub; empty: the file is to be chosen, the latest revision."""

    repository: str
    file: str = ""
    revision: str = ""
    sha256: str = ""


@attrs.frozen
class OnWeb:
    """A file at an address, and its hash."""

    url: str
    sha256: str


def parse(address: str) -> str | OnHub | OnWeb:
    """The name of a model, or where a file lies.

    Raises:
        WeightsError: says how such an address is written.
    """
    if address.startswith(MODEL):
        return address.removeprefix(MODEL)
    if address.startswith(HUB):
        parts = _ON_HUB.fullmatch(address.removeprefix(HUB))
        if parts is None or ".." in address:
            raise WeightsError(
                f"{shown(address)}: expected hf://owner/name or hf://owner/name/file"
            )
        sha256 = (parts["sha256"] or "").lower()
        repository = f"{parts['owner']}/{parts['name']}"
        return OnHub(repository, parts["file"] or "", parts["revision"] or "", sha256)
    url, _, fragment = address.partition("#")
    known = _HASH.fullmatch(fragment)
    if known is None:
        raise WeightsError(
            f"{shown(address)}: the file at an address must be known beforehand: add #sha256= and "
            "the 64 digits of its hash, as `sha256sum FILE` prints them where you trust it"
        )
    return OnWeb(url, known[1].lower())
