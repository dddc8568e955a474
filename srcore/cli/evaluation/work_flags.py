"""By how many processes `srcore evaluate` measures, and from where on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.cli.console import say
from srcore.files.hashing import sha256_of
from srcore.machine.shared_memory import cores
from srcore.options import option

if TYPE_CHECKING:
    from srcore.evaluation.evaluating import Contender
    from srcore.evaluation.measure import Measure
    from srcore.evaluation.work import MeasuringWork

#: Images that are worth the start of processes, and images whose values are worth keeping.
_WORTH_PROCESSES, _WORTH_KEEPING = 200, 1_000
_MOST_PROCESSES = 8


@attrs.frozen(kw_only=True)
class WorkFlags:
    """Who measures, and what is known."""

    workers: int | None = option(
        None,
        "processes that read and measure, beside the one of the networks; without it as many as "
        f"cores, at most {_MOST_PROCESSES}, for sets of {_WORTH_PROCESSES} images or more",
        ge=1,
        le=1024,
    )
    resume: bool = option(
        False, "go on with the same evaluation where it was stopped, with the same result"
    )

    def work(self, images: Sequence[int], settings: Mapping[str, Any]) -> MeasuringWork:
        """Who does what.

        Args:
            images: how many each set has.
            settings: all on which values depend beside the files of images.
        """
        from srcore.evaluation.record import MeasuredRecord
        from srcore.evaluation.work import MeasuringWork

        is_large = max(images, default=0) >= _WORTH_PROCESSES
        usual = min(cores(), _MOST_PROCESSES) if is_large else 1
        record = None
        if self.resume or sum(images) >= _WORTH_KEEPING:
            described = json.dumps({**settings, **_versions()}, sort_keys=True, default=str)
            record = MeasuredRecord(described, resume=self.resume)
            if self.resume:
                say(f"srcore: values of {len(record)} images are known", err=True)
        return MeasuringWork(processes=self.workers or usual, record=record)


def contender_settings(contenders: Mapping[int, Sequence[Contender]]) -> list[Any]:
    """What tells contenders of the same names apart."""
    return [
        [scale, it.name, it.identity] for scale, entries in contenders.items() for it in entries
    ]


def metric_settings(measures: Sequence[Measure]) -> list[Any]:
    """Metrics as they were asked for, with the sums of files that their options name."""
    sums = {
        text: sha256_of(Path(text))
        for measure in measures
        for text in (pair.partition("=")[2] for pair in measure.label.split(":")[1:])
        if text and Path(text).is_file()
    }
    return [[(measure.label, measure.crop_border) for measure in measures], sums]


def _versions() -> dict[str, Any]:
    """Of what computes; bits may differ between them."""
    import cv2
    import numpy as np
    import torch

    import srcore

    return {
        "versions": [srcore.__version__, torch.__version__, np.__version__, cv2.__version__],
        "threads": torch.get_num_threads(),
    }
