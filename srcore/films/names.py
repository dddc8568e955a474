"""Which files are films, by their names; nothing here needs PyAV."""

from __future__ import annotations

from pathlib import PurePath

#: Containers that are written, by suffix, with FFmpeg's names.
CONTAINERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
}
#: Of one kind: all hold the same codecs.
ISO_SUFFIXES = (".mp4", ".m4v", ".mov")
#: What messages name of :data:`CONTAINERS`.
WRITTEN_IN_WORDS = ".mp4, .mkv, .mov or .webm"
_ONLY_READ = (
    *(".avi", ".mpg", ".mpeg", ".m2v", ".vob", ".ts", ".m2ts", ".mts", ".wmv", ".asf", ".flv"),
    *(".3gp", ".ogv", ".mxf"),
)
_READ = frozenset((*CONTAINERS, *_ONLY_READ))
#: What results of films are that are only read: it holds almost any sound and subtitle.
DEFAULT_SUFFIX = ".mkv"


def is_film_name(path: PurePath) -> bool:
    """Whether a file is taken for a film, by its name.

    >>> is_film_name(PurePath("holidays.MOV")), is_film_name(PurePath("._holidays.mov"))
    (True, False)
    """
    return path.suffix.lower() in _READ and not path.name.startswith(".")


def is_written_film(path: PurePath) -> bool:
    """Whether films of this suffix can be written."""
    return path.suffix.lower() in CONTAINERS


def film_suffix(source: PurePath) -> str:
    """Suffix of the result of a film: its own where that is written, else Matroska's."""
    return source.suffix if is_written_film(source) else DEFAULT_SUFFIX
