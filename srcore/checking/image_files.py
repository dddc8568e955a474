"""Decoding every image of an experiment once, to find damage before a training does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.capabilities import option_capability
from srcore.data.wrapping import inner_datasets
from srcore.errors import DataError, Problem
from srcore.images import folders_of, read_series, verify_image
from srcore.options import Selected
from srcore.scanning.lists import image_lists
from srcore.sources.folder import FileSource
from srcore.sources.source import ImageSource

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

#: Decoders let others run meanwhile.
_THREADS = 4


@attrs.frozen
class StoredImage:
    """An image of a dataset.

    Attributes:
        key: path of the key that names it, such as ``data.train.hr``.
        verify: decodes it; raises DataError.
    """

    key: str
    verify: Callable[[], object]


def images_of(experiment: Experiment) -> list[StoredImage]:
    """Images of all datasets; those that an earlier stage makes are not there yet."""
    data = experiment.data
    tables = {f"data.validation.{name}": table for name, table in data.validation.items()}
    first = {} if data.train is None else {"data.train": data.train}
    return [
        image
        for path, table in {**first, **tables}.items()
        for image in _of_dataset(path, table.selected.options)
    ]


def verify(images: Iterable[StoredImage], progress: Callable[[int], object]) -> Iterator[Problem]:
    """What is wrong with the images; ``progress`` is called after each."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for problem in pool.map(_damage, images):
            progress(1)
            if problem is not None:
                yield problem


def _damage(image: StoredImage) -> Problem | None:
    try:
        image.verify()
    except DataError as error:
        return Problem(image.key, str(error))
    return None


def _of_dataset(path: str, options: Any) -> Iterator[StoredImage]:
    for key, selected in inner_datasets(options):
        yield from _of_dataset(f"{path}.{key}", selected.options)
    for key in ("hr", "lr"):
        named = option_capability(options, key)
        where = f"{path}.{key}"
        if isinstance(named, Selected):
            yield from _of_source(where, named.build())
            continue
        folders = folders_of(named) if isinstance(named, (Path, tuple)) else ()
        if not folders or not all(folder.is_dir() for folder in folders):
            continue
        if (folders[0] / "data.mdb").is_file():
            from srcore.sources.lmdb import LmdbSource

            yield from _of_source(where, LmdbSource(folders[0]))
            continue
        is_named = key == "hr" or option_capability(options, "hr") is None
        meta_info = option_capability(options, "meta_info") if is_named else None
        recursive = option_capability(options, "recursive")
        for files in image_lists(folders, meta_info, recursive=bool(recursive)):
            yield from (StoredImage(where, partial(_verify_file, file)) for file in files)


def _verify_file(file: Path) -> None:
    """Decode an image whole; of an animation all pictures, which may be enlarged some day."""
    verify_image(file)
    series = read_series(file)
    if series is not None and series.kind == "animation":
        for _ in series.pictures:
            pass


def _of_source(where: str, source: ImageSource) -> Iterator[StoredImage]:
    for index in range(len(source)):
        file = source.paths[index] if isinstance(source, FileSource) else None
        read = partial(source.read, index) if file is None else partial(_verify_file, file)
        yield StoredImage(where, read)
