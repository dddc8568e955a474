"""Measuring pictures that any program has made, against a truth or alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from srcore.data.cropping import multiple_of
from srcore.errors import DataError
from srcore.evaluation.evaluating import SetResult, row_of
from srcore.evaluation.image_sets import as_uint8
from srcore.evaluation.measure import Measure
from srcore.evaluation.measuring_processes import ImagePictures, Measuring
from srcore.evaluation.work import MeasuringWork, measure_all
from srcore.images import PictureArray, list_images, natural_key, read_rgb
from srcore.messages import some


def measure_pictures(
    folders: Mapping[str, Path],
    hr: Path | None,
    measures: Sequence[Measure],
    *,
    scale: int = 0,
    crop_border: int | None = None,
    on_failure: Callable[[str, DataError], object] | None = None,
    progress: Callable[[], object] | None = None,
    work: MeasuringWork | None = None,
) -> SetResult:
    """Measure the pictures of several programs, the same images of all.

    A picture belongs to the image of the truth whose name it has, or begins with before ``_``,
    ``-``, ``.`` or ``x`` (``baby_LDL.png``, ``babyx4.png``). Without truth names must be equal.

    Args:
        folders: where the pictures lie, by the name for tables.
        hr: folder of the truth; None: measures that need none.
        measures: metrics.
        scale: the truth is cut to a multiple of it; also the border. 0: not known.
        crop_border: pixels cropped on every side; None: the scale.
        on_failure: gets name and error of an image that cannot be measured, which is left out.
        progress: called after every image, for each program.
        work: by how many processes, and what was measured before; None: this process does all.

    Raises:
        DataError: no images, a picture without partner; an unreadable one or one of another size
            without ``on_failure``; nothing could be measured.
    """
    listed = {name: list_images(folder) for name, folder in folders.items()}
    truth = list_images(hr) if hr is not None else next(iter(listed.values()))
    partners = {
        name: _partners_by_stem(folders[name], files, truth) for name, files in listed.items()
    }
    border = scale if crop_border is None else crop_border
    reader = _GivenPictures(partners, truth, is_truth=hr is not None, scale=scale)
    measuring = Measuring(reader=reader, contenders=list(folders), measures=measures, border=border)
    names, measured = measure_all(
        measuring,
        {},
        work or MeasuringWork(),
        about=["", scale, border, hr is not None],
        progress=progress,
        on_failure=on_failure,
    )
    where = hr if hr is not None else next(iter(folders.values()))
    if not names:
        raise DataError(f"{where}: none of its {len(truth)} images can be measured")
    origin = "pictures as they are" + ("" if hr is None else f", truth from {hr.name}")
    rows = [row_of(name, measures, measured[name]) for name in folders]
    return SetResult(where.resolve().name, scale, origin, border, names, rows)


@attrs.frozen
class _GivenPictures:
    """Pictures of several programs, with the truth if there is one."""

    partners: Mapping[str, Sequence[Path]]
    truth: Sequence[Path]
    is_truth: bool = attrs.field(kw_only=True)
    scale: int = attrs.field(kw_only=True)

    def __len__(self) -> int:
        return len(self.truth)

    def name(self, index: int) -> str:
        return self.truth[index].stem

    def files(self, index: int) -> list[Path]:
        truth = [self.truth[index]] if self.is_truth else []
        return [*truth, *(files[index] for files in self.partners.values())]

    def read(self, index: int) -> ImagePictures:
        path = self.truth[index]
        wanted = None
        if self.is_truth:
            wanted = multiple_of(as_uint8(read_rgb(path)), self.scale or 1)
        pictures = {name: as_uint8(read_rgb(it[index])) for name, it in self.partners.items()}
        for name, picture in pictures.items():
            _check_size(self.partners[name][index], picture, path, wanted)
        return ImagePictures(self.name(index), None, wanted, pictures)


def _partners_by_stem(folder: Path, files: Sequence[Path], truth: Sequence[Path]) -> list[Path]:
    by_stem = {file.stem: file for file in files}
    partners, missing = [], []
    for image in truth:
        stem = image.stem
        longer = [
            name for name in by_stem if name.startswith(stem) and name[len(stem) :][:1] in "_-.x"
        ]
        name = (
            stem
            if stem in by_stem
            else min(longer, key=lambda n: (len(n), natural_key(n)), default="")
        )
        if name:
            partners.append(by_stem[name])
        else:
            missing.append(stem)
    if missing:
        raise DataError(
            f"{folder}: no picture of {some(missing)}; expected the names of the truth, or such as "
            f"{missing[0]}_x4.png"
        )
    return partners


def _check_size(
    path: Path, picture: PictureArray, truth: Path, wanted: PictureArray | None
) -> None:
    if wanted is not None and picture.shape != wanted.shape:
        (height, width), (high, wide) = picture.shape[:2], wanted.shape[:2]
        raise DataError(
            f"{path}: {width}x{height} pixels (width x height); expected {wide}x{high} as in "
            f"{truth}; with --scale the truth is cut to a multiple of it"
        )
