"""What a client asks for, checked: names of its own are texts, and never paths."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import attrs

from srcore.errors import SrcoreError
from srcore.images import format_names
from srcore.messages import one_line, shortened, shown
from srcore.serving.offered_models import OfferedModel
from srcore.serving.picture_queue import PictureOrder
from srcore.suggest import closest

#: Formats of results: those that browsers show.
FORMATS = ("png", "jpeg", "webp", "avif")
#: Characters of a picture's name.
_LONGEST_NAME = 120
LARGEST_SCALE = 64.0

Query = Mapping[str, Sequence[str]]


class PictureRequestError(SrcoreError):
    """A request asks for what is not there; names the key."""


@attrs.frozen(kw_only=True)
class PictureRequest:
    """What becomes of a picture.

    Attributes:
        name: what its owner calls it.
        model: chosen one.
        fetch: whether the model may be fetched.
        scale: output side / input side; None: that of the model.
        format: of the result.
        wants_viewable: whether the picture itself is wanted as one that browsers show.
    """

    name: str
    model: OfferedModel
    fetch: bool
    scale: float | None
    format: str
    wants_viewable: bool

    def order_in(self, folder: Path) -> PictureOrder:
        """What to do, with files in a folder: none of them has a name that the client chose."""
        return PictureOrder(
            name=self.name,
            source=folder / "picture",
            target=folder / f"result{format_names()[self.format]}",
            viewable=folder / "viewable.png" if self.wants_viewable else None,
            weights=self.model.weights,
            fetch=self.fetch,
            scale=self.scale,
        )


def request_of(query: Query, models: Mapping[str, OfferedModel]) -> PictureRequest:
    """What the query of a request asks for.

    Raises:
        PictureRequestError: says which key, what was expected and what was found.
    """
    known = ("name", "model", "fetch", "scale", "format", "viewable")
    for key in query:
        if key not in known:
            raise PictureRequestError(
                f"{key}: unknown key; {closest(key, known) or 'expected ' + ', '.join(known)}"
            )
    id = _one(query, "model")
    model = models.get(id)
    if model is None:
        hint = closest(id, models) or "GET /offered lists all"
        raise PictureRequestError(f"model: no model {shown(id)} is offered; {hint}")
    fetch = _zero_or_one(query, "fetch")
    if model.offer and not fetch:
        raise PictureRequestError(
            f"model: {id} is to be fetched first, which needs fetch=1: {model.offer}"
        )
    format = _one(query, "format", "png")
    if format not in offered_formats():
        raise PictureRequestError(
            f"format: expected {', '.join(offered_formats())}, found {shown(format)}"
        )
    return PictureRequest(
        name=plain_name(_one(query, "name", "picture")),
        model=model,
        fetch=fetch,
        scale=_scale(_one(query, "scale", "")),
        format=format,
        wants_viewable=_zero_or_one(query, "viewable"),
    )


def offered_formats() -> list[str]:
    """Formats of results that can be written here."""
    return [name for name in FORMATS if name in format_names()]


def plain_name(text: str) -> str:
    """The name of a picture without folders, on one line."""
    name = PurePosixPath(text.replace("\\", "/")).name
    return shortened(one_line(name), _LONGEST_NAME) or "picture"


def _one(query: Query, key: str, default: str | None = None) -> str:
    values = query.get(key, () if default is None else (default,))
    if len(values) != 1:
        raise PictureRequestError(f"{key}: expected one, found {len(values)}")
    return values[0]


def _zero_or_one(query: Query, key: str) -> bool:
    text = _one(query, key, "0")
    if text not in ("0", "1"):
        raise PictureRequestError(f"{key}: expected 0 or 1, found {shown(text)}")
    return text == "1"


def _scale(text: str) -> float | None:
    if not text:
        return None
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 0 < scale <= LARGEST_SCALE:
        raise PictureRequestError(
            f"scale: expected a factor > 0 up to {LARGEST_SCALE:g}, found {shown(text)}"
        )
    return scale
