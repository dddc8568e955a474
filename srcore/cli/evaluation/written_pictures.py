"""Pictures that `srcore evaluate` writes of what it measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from srcore.cli.flags import Folder
from srcore.cli.writing import WritingFlags
from srcore.files.occupied import refuse_existing
from srcore.options import option

if TYPE_CHECKING:
    from srcore.evaluation.evaluating import Comparison, Contender
    from srcore.evaluation.image_sets import ImageSet


@attrs.frozen(kw_only=True)
class PictureFlags:
    """Which pictures are written, and where."""

    save_images: Folder | None = option(None, "write results to DIR/<set>_x<scale>/<model>/")
    strips: Folder | None = option(None, "write side-by-side pictures to DIR/<set>_x<scale>/")
    error_maps: Folder | None = option(None, "write maps of the error of Y, like --save-images")

    @property
    def folders(self) -> dict[str, Path]:
        """The folders by their flags."""
        named = {
            "--save-images": self.save_images,
            "--strips": self.strips,
            "--error-maps": self.error_maps,
        }
        return {flag: folder for flag, folder in named.items() if folder is not None}

    def given(self, writing: WritingFlags) -> dict[str, Any]:
        """The options of the format that were given; they need pictures."""
        given = writing.given([writing.suffix])
        if given and not self.folders:
            raise click.UsageError(
                "options of pictures need --save-images, --strips or --error-maps"
            )
        return given

    def refuse_taken(
        self,
        contenders: Mapping[int, Sequence[Contender]],
        sets: Sequence[ImageSet],
        *,
        overwrite: bool,
    ) -> None:
        """Refuse folders that are there, are read, or would hold two pictures of one name."""
        from srcore.files.replacing import refuse_replacing, refuse_sharing

        if not self.folders:
            return
        _refuse_equal_names(contenders, sets)
        places, inner = [], []
        for image_set in sets:
            for flag, folder in self.folders.items():
                places.append(folder / f"{image_set.name}_x{image_set.scale}")
                if flag != "--strips":  # those hold all models
                    inner += [(places[-1] / it.name, flag) for it in contenders[image_set.scale]]
        refuse_existing(places, overwrite=overwrite)
        refuse_sharing(inner)
        read = {folder for image_set in sets for folder in image_set.folders}
        refuse_replacing(read, [*places, *(path for path, _ in inner)])

    def painter(self, scale: int, suffix: str, options: dict[str, Any]) -> Painter | None:
        """What writes the pictures of one image; None if none are wanted."""
        return Painter(self, scale, suffix, options) if self.folders else None


@attrs.frozen
class Painter:
    """Writes the pictures of images, in any process.

    Attributes:
        flags: which pictures, and where.
        scale, suffix: in the names of folders and files.
        options: of the format.
    """

    flags: PictureFlags
    scale: int
    suffix: str
    options: dict[str, Any]

    def __call__(self, pictures: Comparison) -> None:
        """Write those of an image."""
        from srcore.evaluation.comparison import error_map, strip
        from srcore.images import write_image

        def write(path: Path, picture: Any) -> None:
            write_image(path, picture, options=self.options, durable=False)

        of_contenders, of_all = self._files(pictures.set_name, pictures.image, pictures.sr)
        for flag, name, path in of_contenders:
            sr = pictures.sr[name]
            write(path, error_map(sr, pictures.hr) if flag == "--error-maps" else sr)
        for path in of_all:
            write(path, strip({**pictures.sr, "HR": pictures.hr}))

    def is_written(self, set_name: str, image: str, contenders: Sequence[str]) -> bool:
        """Whether all pictures of an image are there."""
        of_contenders, of_all = self._files(set_name, image, contenders)
        return all(path.exists() for path in (*of_all, *(path for *_, path in of_contenders)))

    def _files(
        self, set_name: str, image: str, contenders: Iterable[str]
    ) -> tuple[list[tuple[str, str, Path]], list[Path]]:
        """Of each flag and contender, and of all contenders together."""
        folder, file = f"{set_name}_x{self.scale}", f"{image}{self.suffix}"
        places = dict(self.flags.folders)
        strips = places.pop("--strips", None)
        of_contenders = [
            (flag, name, place / folder / name / file)
            for name in contenders
            for flag, place in places.items()
        ]
        return of_contenders, [] if strips is None else [strips / folder / file]


def _refuse_equal_names(
    contenders: Mapping[int, Sequence[Contender]], sets: Sequence[ImageSet]
) -> None:
    """Models and sets name folders of pictures."""
    from srcore.files.names import name_complaint, same_names

    for scale, entries in contenders.items():
        own = [image_set.name for image_set in sets if image_set.scale == scale]
        for name in (*(entry.name for entry in entries), *"/".join(own).split("/")):
            if name_complaint(name):
                raise click.UsageError(f"{name_complaint(name)}; use NAME=FILE, NAME=DIR")
        for first, second in (*same_names(entry.name for entry in entries), *same_names(own)):
            raise click.UsageError(
                f'pictures of "{first}" and "{second}" would share a folder; name them apart: '
                "NAME=FILE, NAME=DIR"
            )
