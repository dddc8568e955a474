"""Keys of what looks through a frozen classifier; losses, metrics and networks have them alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.options.declaration import option
from srcore.weights.pretrained import check_file

if TYPE_CHECKING:
    from srcore.config.schema import Experiment


def classifier_weights() -> Any:
    """Which weights a frozen classifier has."""
    return option(
        "imagenet", "torchvision's weights (downloaded once), those of file, or random for tests"
    )


@attrs.frozen(kw_only=True, slots=False)  # a second base of slotted classes
class OwnWeights:
    """Weights of a classifier, which may be a file of one's own."""

    weights: Literal["imagenet", "file", "random"] = classifier_weights()
    file: Path | None = option(None, 'weights of the network for weights = "file"', path="file")

    def __attrs_post_init__(self) -> None:
        """Check what concerns both keys."""
        check_file(self.weights, self.file)

    @property
    def source(self) -> Any:
        """What both keys say together."""
        return self.weights if self.file is None else self.file

    def features(self) -> Any:
        """The classifier with the maps that are compared, as the loss or metric builds it."""
        raise NotImplementedError

    def unfit_weights(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A file that does not hold the classifier."""
        if self.file is not None:
            from srcore.weights.refusals import refused_weights  # torch

            yield from (("file", message) for message in refused_weights(self.features))


@attrs.frozen(kw_only=True, slots=False)
class ClassifierInput:
    """What images become before a classifier sees them."""

    use_input_norm: bool = option(True, "normalize with ImageNet's mean and deviation")
    range_norm: bool = option(False, "images are in [-1, 1]: map them to [0, 1] first")
