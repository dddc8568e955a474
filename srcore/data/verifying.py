"""Decoding every image of an experiment once, to find damage before a training does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.errors import DataError, Problem
from srcore.images import list_images, listed_images, read_data, verify_image

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
    chosen = {} if data.train is None else {"data.train": data.train.choice}
    chosen |= {f"data.validation.{name}": it.choice for name, it in data.validation.items()}
    return [image for path, choice in chosen.items() for image in _of_dataset(path, choice.options)]


def verify(images: Iterable[StoredImage], progress: Callable[[int], object]) -> Iterator[Problem]:
    """What is wrong with the images; ``progress`` is called after each."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for problem in pool.map(_problem, images):
            progress(1)
            if problem is not None:
                yield problem


def _problem(image: StoredImage) -> Problem | None:
    try:
        image.verify()
    except DataError as error:
        return Problem(image.key, str(error))
    return None


def _of_dataset(path: str, options: Any) -> Iterator[StoredImage]:
    for key in ("hr", "lr"):
        folder: Path | None = getattr(options, key, None)
        if folder is None or not folder.is_dir():
            continue
        where = f"{path}.{key}"
        if (folder / "data.mdb").is_file():
            yield from _of_lmdb(where, folder)
            continue
        is_named = key == "hr" or not hasattr(options, "hr")
        meta_info = getattr(options, "meta_info", None) if is_named else None
        recursive = getattr(options, "recursive", False)
        files = (
            list_images(folder, recursive=recursive)
            if meta_info is None
            else listed_images(folder, meta_info)
        )
        for file in files:
            yield StoredImage(where, partial(_verify_file, file))


def _verify_file(file: Path) -> None:
    verify_image(read_data(file), file)


def _of_lmdb(where: str, folder: Path) -> Iterator[StoredImage]:
    from srcore.data.lmdb_dataset import LmdbSource

    source = LmdbSource(folder)
    for index in range(len(source)):
        yield StoredImage(where, partial(source.read, index))
