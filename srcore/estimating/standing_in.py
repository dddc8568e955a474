"""An experiment that can be tried though images or weights of it are not here yet.

Images that are missing are made up, in a size that is said; weights that are missing are left out,
since what a network costs does not depend on their values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from srcore.capabilities import option_capability
from srcore.config.paths import MISSING, inputs_of, is_pending, path_complaint
from srcore.config.plain_tables import as_table
from srcore.config.selections import selections
from srcore.errors import ConfigError
from srcore.images import write_image

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.errors import Problem

_SIDE, _TRAINING_IMAGES, _VALIDATION_IMAGES = 480, 8, 2


@attrs.frozen
class StandIn:
    """A stage as it can be tried.

    Attributes:
        table: the resolved experiment.
        is_made_up: whether training images are made up, so that nobody knows how many there are.
        remarks: what is another thing than in the experiment.
    """

    table: dict[str, Any]
    is_made_up: bool = False
    remarks: tuple[str, ...] = ()


def stand_in(experiment: Experiment | None, problems: list[Problem], folder: Path) -> StandIn:
    """What is tried of a stage.

    Args:
        experiment: of a stage that trains, as far as it could be made.
        problems: what is wrong with it.
        folder: where images are made up.

    Raises:
        ConfigError: what is wrong in the stage, but for images and weights that are not there.
    """
    serious = [it for it in problems if MISSING not in it.message]
    if experiment is None or serious:
        raise ConfigError(serious or problems)
    table, remarks = as_table(experiment), []
    lacking: dict[str, list[tuple[str, Path]]] = {}
    transforms: dict[str, Path] = {}
    for key, path, wanted in inputs_of(experiment):
        if not is_pending(path) and not path_complaint(path, wanted):
            continue
        place, _, name = key.rpartition(".")
        if ".transforms[" in key:
            transforms[place] = path
        elif key.startswith("data."):
            lacking.setdefault(place, []).append((name, path))
        elif name == "weights":
            del table_at(table, place)[name]
            if not is_pending(path):
                remarks.append(f"{key}: {path} {MISSING}: measured with random weights")
        else:
            raise ConfigError([it for it in problems if key in it.path] or problems)
    for place, names in lacking.items():
        remarks.append(_make_up(experiment, table, place, names, folder))
    remarks += _without_downloads(experiment, table)
    remarks += _without_transforms(table, transforms)
    is_made_up = any(place.startswith("data.train") for place in lacking)
    return StandIn(table, is_made_up, tuple(remarks))


def table_at(table: Any, place: str) -> Any:
    """What lies at a dotted path such as ``losses[1]`` or ``data.train``."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", place):
        table = table[name] if name else table[int(index)]
    return table


def _make_up(
    experiment: Experiment,
    table: dict[str, Any],
    place: str,
    names: list[tuple[str, Path]],
    folder: Path,
) -> str:
    """Fill folders for a data set; returns what is said of it."""
    own, scale = table_at(table, place), experiment.scale
    is_training = place.startswith("data.train")
    count = _TRAINING_IMAGES if is_training else _VALIDATION_IMAGES
    step = 4 * scale
    side = -(-max(_SIDE, own.get("hr_patch_size") or 0) // step) * step
    if own["type"] == "lmdb":
        own["type"] = "paired_folder" if "lr" in own else "hr_folder"
        if "lr" in own:
            own.pop("downscale", None)
    for name in ("meta_info", "cache_folder"):
        own.pop(name, None)
    for name in {re.sub(r"\[\d+\]", "", it) for it, _ in names} | ({"hr", "lr"} & own.keys()):
        if name not in own:
            continue
        is_small = name == "lr"
        written = folder / f"{len(list(folder.iterdir()))}_{name}"
        template = own.get("lr_name", "{}") if is_small else "{}"
        write_made_up(written, template, count, side // scale if is_small else side)
        own[name] = str(written)
    what = ", ".join(str(path) for _, path in names)
    return f"{place}: {what} {MISSING}: measured on made-up images of {side}x{side} pixels"


def write_made_up(folder: Path, template: str, count: int, side: int) -> None:
    """Write square images of soft shapes and noise, which compress as photographs do."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    y, x = np.mgrid[0:side, 0:side] / max(1, side)
    for index in range(count):
        waves = sum(
            np.sin(generator.uniform(5, 60) * (x * generator.uniform(-1, 1) + y)) for _ in "1234"
        )
        image = 128 + 20 * np.asarray(waves)[..., None] + generator.normal(0, 6, (side, side, 3))
        pixels = image.clip(0, 255).astype(np.uint8)
        write_image(folder / f"{template.format(f'{index:04}')}.png", pixels, durable=False)


def _without_transforms(table: dict[str, Any], transforms: dict[str, Path]) -> Iterator[str]:
    """Transforms are left out whose files are not there yet, such as those of an earlier stage."""
    for place, path in reversed(transforms.items()):
        of_data, _, index = place.rpartition("[")
        left_out = table_at(table, of_data).pop(int(index.rstrip("]")))
        yield f"{place} ({left_out['type']}) is left out: {path} {MISSING}"


def _without_downloads(experiment: Experiment, table: dict[str, Any]) -> Iterator[str]:
    """Losses get random weights in place of those that a run downloads; such metrics are left."""
    lost = []
    for key, selected in selections(experiment):
        declared = option_capability(selected.options, "pretrained")
        missing = [it for it in (declared() if declared is not None else ()) if not it.is_here]
        if not missing:
            continue
        if key.startswith("metrics["):
            lost.append(int(key.partition("[")[2].partition("]")[0]))
            yield f"{key} ({selected.type}) is left out: {missing[0].what} would be downloaded"
        elif "weights" in (own := table_at(table, key)):
            own["weights"] = "random"
            yield f"{key} has random weights: {missing[0].what} would be downloaded"
    for index in reversed(lost):
        del table["metrics"][index]
