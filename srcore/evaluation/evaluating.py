"""Measuring generators on benchmark sets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

from srcore.capabilities import capability
from srcore.contracts import SetMetric
from srcore.errors import ConfigError, DataError, SrcoreError
from srcore.evaluation.image_sets import ImageSet
from srcore.evaluation.measure import Measure, Measured, averages_of
from srcore.evaluation.measuring_processes import ImagePictures, Measuring
from srcore.evaluation.work import MeasuringWork, measure_all
from srcore.images import PictureArray, to_rgb
from srcore.messages import shown
from srcore.plugin.handing import once_without_registry
from srcore.plugin.registry import Registry

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: What the values of ``psnr`` and ``ssim`` mean, for the head of every table.
PROTOCOL = (
    "8-bit RGB images; PSNR and SSIM on Y of BT.601 (16..235, not rounded) unless a column says "
    "otherwise; {border} cropped on every side; means of the images' values"
)


@attrs.frozen
class Contender:
    """Something that upscales.

    Attributes:
        name: for tables.
        scale: factor; bicubic takes part in all.
        upscale: LR ``(h, w, C)`` uint8 -> SR ``(H, W, 3)`` uint8.
        channels: C: 3, or 4 for one that sees alpha, too.
        portable: it can be pickled, and may compute in other processes, where PyTorch has one
            thread.
        identity: all on which its pictures depend; empty: not known.
    """

    name: str
    scale: int
    upscale: Callable[[PictureArray], PictureArray]
    channels: int = 3
    portable: bool = False
    identity: str = ""

    def upscale_any(self, lr: PictureArray) -> PictureArray:
        """Upscale an image of 3 or 4 channels, without the alpha that it does not see."""
        return self.upscale(lr if self.channels == lr.shape[-1] else to_rgb(lr))


@attrs.frozen
class ContenderRow:
    """Values of one contender on one set.

    Attributes:
        contender: its name.
        totals: metric -> value of the set: the mean over the images that have a finite value, or
            what a metric of whole sets (:class:`srcore.contracts.SetMetric`) says; without those
            that no image has a value of.
        values: metric -> value of every image in the order of the set's images, None where it was
            left out; without the metrics of whole sets.
        notes: what was left out and why, one line per metric.
    """

    contender: str
    totals: dict[str, float]
    values: dict[str, list[float | None]]
    notes: list[str] = attrs.field(factory=list)


@attrs.frozen
class SetResult:
    """Results of one set: one row per contender, interpolations first; scale 0: not known."""

    name: str
    scale: int
    origin: str
    crop_border: int
    images: list[str]
    rows: list[ContenderRow]


@attrs.frozen
class Comparison:
    """All pictures of one image, for those who want to look.

    Attributes:
        set_name, image: where it comes from.
        lr, hr: the pair.
        sr: contender -> its picture.
    """

    set_name: str
    image: str
    lr: PictureArray
    hr: PictureArray
    sr: dict[str, PictureArray]


@once_without_registry(1)
def choose_measures(specification: str, registry: Registry) -> list[Measure]:
    """Metrics from ``psnr,ssim,niqe``; options follow a colon: ``psnr:y_channel=false``.

    ``crop_border`` is an option of every metric; learned metrics crop nothing unless asked to.

    Raises:
        SrcoreError: an unknown metric or option.
    """
    return [
        _parse_metric(part.strip(), registry) for part in specification.split(",") if part.strip()
    ]


def _parse_metric(text: str, registry: Registry) -> Measure:
    from srcore.config.invalid import Invalid
    from srcore.config.structure import Structurer

    name, *pairs = text.split(":")
    component = registry.get("metric", name)
    table = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator:
            raise SrcoreError(f"--metrics {text}: expected {name}:key=value, found {shown(pair)}")
        table[key] = _parsed(value)
    border = table.pop("crop_border", None)
    if border is not None and (type(border) is not int or border < 0):
        raise SrcoreError(f"--metrics {text}: crop_border: expected a number >= 0, found {border}")
    try:
        options = Structurer(registry).structure_table(table, component.options)
    except Invalid as error:
        raise ConfigError(
            problem.below(f"--metrics {name}") for problem in error.problems
        ) from None
    metric = component.build(options)
    if border is None:
        border = capability("metric", metric, "default_crop_border")
    return Measure(text, metric, border, needs_hr="hr" in component.needs)


def _parsed(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def evaluate_set(
    images: ImageSet,
    contenders: Sequence[Contender],
    measures: Sequence[Measure],
    *,
    crop_border: int | None = None,
    look: Callable[[Comparison], object] | None = None,
    is_written: Callable[[str, str, Sequence[str]], bool] | None = None,
    progress: Callable[[], object] | None = None,
    on_failure: Callable[[str, DataError], object] | None = None,
    work: MeasuringWork | None = None,
) -> SetResult:
    """Upscale and measure every image of a set with every contender.

    Args:
        images: the set.
        contenders: of the set's scale.
        measures: metrics.
        crop_border: pixels cropped on every side; None: the scale.
        look: gets the pictures of every image; with several processes it can be pickled.
        is_written: whether what ``look`` writes is there, by names of set, image and contenders;
            asked of images that were measured before. None: it is.
        progress: called after every image, for each contender.
        on_failure: gets name and error of an image that cannot be measured, which is left out.
        work: by how many processes, and what was measured before; None: this process does all.

    Raises:
        DataError: an unreadable image or sizes that do not fit, without ``on_failure``; no image
            could be measured.
    """
    border = images.scale if crop_border is None else crop_border
    portable = tuple(it for it in contenders if it.portable)
    names = [it.name for it in contenders]
    measuring = Measuring(
        reader=_PairReader(images, portable),
        contenders=names,
        measures=measures,
        border=border,
        look=None if look is None else _SetOnlooker(images.name, names, look, is_written),
    )
    image_names, measured = measure_all(
        measuring,
        {it.name: it.upscale_any for it in contenders if not it.portable},
        work or MeasuringWork(),
        about=[images.name, images.scale, images.origin, border],
        progress=progress,
        on_failure=on_failure,
    )
    if not image_names:
        raise DataError(f"{images.name}: none of its {len(images)} images can be measured")
    rows = [row_of(name, measures, results) for name, results in measured.items()]
    return SetResult(images.name, images.scale, images.origin, border, image_names, rows)


@attrs.frozen
class _PairReader:
    """Pairs of a set, with the pictures of those who compute anywhere."""

    images: ImageSet
    contenders: tuple[Contender, ...]

    def __len__(self) -> int:
        return len(self.images)

    def name(self, index: int) -> str:
        return self.images.dataset.name(index)

    def files(self, index: int) -> list[Path]:
        return [files[index] for files in self.images.files]

    def read(self, index: int) -> ImagePictures:
        lr, hr = self.images.pair(index)
        hr = to_rgb(hr)  # what is measured: colors, never alpha
        made = {it.name: it.upscale_any(lr) for it in self.contenders}
        return ImagePictures(self.name(index), lr, hr, made)


@attrs.frozen
class _SetOnlooker:
    """Shows pictures in the order of tables."""

    set_name: str
    contenders: list[str]
    look: Callable[[Comparison], object]
    asked: Callable[[str, str, Sequence[str]], bool] | None

    def __call__(self, pictures: ImagePictures) -> None:
        assert pictures.lr is not None
        assert pictures.hr is not None
        sr = {name: pictures.sr[name] for name in self.contenders}
        self.look(Comparison(self.set_name, pictures.image, to_rgb(pictures.lr), pictures.hr, sr))

    def is_written(self, image: str) -> bool:
        return self.asked is None or self.asked(self.set_name, image, self.contenders)


def row_of(contender: str, measures: Sequence[Measure], images: Sequence[Measured]) -> ContenderRow:
    """Totals of a contender as those of a validation, and values of all images."""
    summary = averages_of(images, measures)
    values = {
        measure.label: [image.values.get(measure.label) for image in images]
        for measure in measures
        if not isinstance(measure.metric, SetMetric)
    }
    return ContenderRow(contender, summary.averages, values, summary.notes)
