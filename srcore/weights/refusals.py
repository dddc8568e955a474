"""What making a part says of the weights file that it reads, before it is made for use.

What loads the file is called on networks without memory, and only names and shapes are read, so
that the answer and its words are the run's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from srcore.errors import WeightsError
from srcore.weights.containers import left_on_disk
from srcore.weights.without_memory import without_memory


def refused_weights(build: Callable[[], Any], *, on_cpu: bool = False) -> Iterator[str]:
    """What making a part says of the weights that it reads; nothing if they fit.

    For ``unfit_weights`` of options:

        def unfit_weights(self, experiment):
            from srcore.weights.refusals import refused_weights
            from srplug_mine.losses import Features

            if self.file is not None:
                for message in refused_weights(lambda: Features(self.file)):
                    yield "file", message

    Args:
        build: makes the part and reads its file by
            :func:`srcore.weights.containers.read_checkpoint`; what it raises beside
            :class:`srcore.errors.WeightsError` is left to the run.
        on_cpu: it needs values, so it is made with memory: for small networks.
    """
    try:
        with left_on_disk() if on_cpu else without_memory():
            build()
    except WeightsError as error:
        yield str(error)
    except Exception:  # what looks at values that are not there; the run will build it
        return
