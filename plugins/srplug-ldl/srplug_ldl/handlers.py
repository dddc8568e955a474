"""Artifact maps of a run: a picture beside the usual ones in every validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from ignite.engine import Engine, Events

from srcore.images import to_image, to_tensor, write_image
from srplug_ldl.artifact_pictures import PictureArray, comparison, heat_picture, map_of_images
from srplug_ldl.options import LDLOptions

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.engine.validation_sets import ValidationImage


def attach_pictures(run: Run, parts: Parts, evaluator: Engine) -> None:
    """Write ``images/iteration_*/<set>_<image>_artifacts.png`` in every validation.

    Only where the experiment trains with the loss ``ldl``, and for the images that the validation
    shows anyway and that have a ground truth. Maps are those of 8-bit images.
    """
    options = next(
        (t.selected.options for t in run.experiment.losses if t.selected.type == "ldl"), None
    )
    if options is None or parts.ema is None:
        return

    def write(engine: Engine) -> None:
        state: Any = engine.state  # Ignite declares neither the engine's output nor our entries
        images, _ = state.batch
        picture = _comparison_of(parts, state.output, options)
        if picture is not None:
            folder = run.files.pictures_at(parts.iteration)
            path = folder / f"{images.name}_{state.output.name}_artifacts.png"
            write_image(path, picture)
            state.pictures.append(path)

    evaluator.add_event_handler(Events.ITERATION_COMPLETED, write)


def _comparison_of(
    parts: Parts, result: ValidationImage, options: LDLOptions
) -> PictureArray | None:
    """SR | EMA SR | HR | map; None for images that are not shown or have no ground truth."""
    lr, ema, hr = result.lr, result.sr, result.hr
    if lr is None or ema is None or hr is None or ema.shape != hr.shape:
        return None
    generator = parts.generator_module
    with torch.no_grad():
        sr = to_image(generator.eval()(to_tensor(lr, parts.device)[None])[0])
    generator.train()
    values = map_of_images(sr, ema, hr, window_size=options.window_size, exponent=options.exponent)
    return comparison(sr, ema, hr, values, heat_picture(values))
