"""What metrics are tried for."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from srcore.capabilities import capability
from srcore.contracts import SetMetric
from srcore.plugin.calling import call
from srcore.testing.specimen import Specimen
from srcore.testing.tiny_images import tiny_image

_SIDE = 200


def measures_images(specimen: Specimen) -> Iterator[str]:
    """A number, the same every time, better for the truth than for noise where it is given."""
    metric = specimen.build()
    hr = tiny_image(0, _SIDE, _SIDE)
    noise = np.random.default_rng(0).integers(-40, 41, hr.shape)
    noisy = (hr.astype(int) + noise).clip(0, 255).astype(np.uint8)
    reference = hr if "hr" in specimen.component.needs else None
    good, again, bad = (
        call("metric", metric, image.copy(), reference, crop_border=2) for image in (hr, hr, noisy)
    )
    if not np.array_equal(good, again):
        yield "expected the same value for the same images, found another"
    if isinstance(metric, SetMetric):
        value = metric.combine([good, again, bad, bad])
        if not math.isfinite(float(value)):
            yield f"expected a finite value of the set, found {value}"
        return
    if math.isnan(float(good)) or math.isnan(float(bad)):
        yield "expected a number, found NaN"
    better = float(good) > float(bad)
    if reference is not None and better != capability("metric", metric, "higher_is_better"):
        word = "higher" if better else "lower"
        yield (
            f"says higher_is_better = {not better}; found {word} values for the truth "
            f"({float(good):.4g}) than for noise ({float(bad):.4g})"
        )
