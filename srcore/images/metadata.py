"""What a file says besides its pixels: colors, camera, resolution."""

from __future__ import annotations

from typing import Any

import attrs

from srcore.images.exif import resolution, upright_exif

# The color space of a profile is named in bytes 16 to 19 of its header (ICC.1, section 7.2.8).
_COLOR_SPACES = {1: b"GRAY", 2: b"GRAY", 3: b"RGB ", 4: b"RGB "}

#: Field of Metadata -> what it is called in messages.
NAMES = {
    "icc_profile": "color profile (ICC)",
    "png_color": "color space (gAMA, cHRM, cICP)",
    "exif": "EXIF data",
    "dpi": "resolution (DPI)",
}


@attrs.frozen
class Metadata:
    """What a file says besides its pixels; None or empty where it says nothing.

    Attributes:
        icc_profile: color profile; without it sRGB is meant.
        png_color: chunks gAMA, cHRM, sRGB, cICP and those of HDR as (name, content).
        exif: EXIF data, beginning with the byte order (``II`` or ``MM``).
        dpi: pixels per inch, horizontally and vertically.
        others: what else there is and is never kept, by name (XMP, a video behind the picture).
    """

    icc_profile: bytes | None = None
    png_color: tuple[tuple[bytes, bytes], ...] = ()
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    others: tuple[str, ...] = ()

    def within(self, fields: frozenset[str]) -> Metadata:
        """Only what these fields hold."""
        gone: dict[str, Any] = {
            field.name: field.default
            for field in attrs.fields(Metadata)
            if field.name not in fields
        }
        return attrs.evolve(self, **gone)

    def lost(self, fields: frozenset[str]) -> tuple[str, ...]:
        """Names of what is there and not among these fields."""
        gone = [name for name in NAMES if getattr(self, name) and name not in fields]
        if "dpi" in gone and "exif" in fields and resolution(self.exif):
            gone.remove("dpi")  # the EXIF data say it
        return (*(NAMES[name] for name in gone), *self.others)

    def for_channels(self, channels: int) -> Metadata:
        """Without a profile of other colors: that of CMYK is wrong for the RGB made of it."""
        if self.icc_profile is None or fits_channels(self.icc_profile, channels):
            return self
        others = (*self.others, "color profile of other colors")
        return attrs.evolve(self, icc_profile=None, others=others)

    def for_size(self, height: int, width: int) -> Metadata:
        """For pixels that were turned upright and have this size; EXIF data say so then."""
        if self.exif is None:
            return self
        return attrs.evolve(self, exif=upright_exif(self.exif, height, width))


def fits_channels(icc_profile: bytes, channels: int) -> bool:
    """Whether a profile describes colors of this number of channels."""
    return icc_profile[16:20] == _COLOR_SPACES[channels]
