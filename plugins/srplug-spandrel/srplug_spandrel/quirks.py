"""What is peculiar to single networks: how their parameters are made and how they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from srcore.networks.padding import is_traced
from srplug_spandrel.architecture import Architecture

#: The standard deviation that DRUNet is told, of images in [0, 1]; spandrel calls it so.
NOISE_LEVEL = 15 / 255
RGB = 3


def parameters(
    architecture: Architecture, scale: int, channels: int, keys: Mapping[str, Any]
) -> dict[str, Any]:
    """Arguments of spandrel's class."""
    own = {architecture.renamed.get(key, key): _as_lists(value) for key, value in keys.items()}
    given = {**own, **architecture.fixed}
    given.update(dict.fromkeys(architecture.channels, channels))
    if architecture.scale:
        given[architecture.scale] = scale
    for adjust in ADJUSTMENTS.get(architecture.name, ()):
        adjust(given, scale, channels)
    return given


def _as_lists(value: Any) -> Any:
    """Tuples as the lists that the field's programs pass."""
    return list(value) if isinstance(value, tuple) else value


def _sees_noise(given: dict[str, Any], scale: int, channels: int) -> None:
    """One more channel says how much noise there is."""
    given["in_nc"] = channels + 1


def _keeps_the_mean(given: dict[str, Any], scale: int, channels: int) -> None:
    """The mean color is that of RGB images; spandrel reads others without it."""
    given["norm"] = given["norm"] and channels == RGB


def _upscales_nothing(given: dict[str, Any], scale: int, channels: int) -> None:
    """Nothing is enlarged at scale 1; spandrel reads it so."""
    given["upsampler"] = given["upsampler"] if scale > 1 else ""


def _divides_whole(given: dict[str, Any], scale: int, channels: int) -> None:
    """Channels are divided by these: whole ones where they are whole."""
    for key in ("compress_ratio", "squeeze_factor"):
        given[key] = int(given[key]) if float(given[key]).is_integer() else given[key]


#: What some parameters are beside what the keys say.
ADJUSTMENTS: dict[str, tuple[Callable[[dict[str, Any], int, int], None], ...]] = {
    "drunet": (_sees_noise,),
    "grl": (_upscales_nothing,),
    "hat": (_divides_whole,),
    "srformer": (_upscales_nothing,),
    "rcan": (_keeps_the_mean,),
    "span": (_keeps_the_mean,),
}


def _noise_map(model: nn.Module, image: Tensor) -> Tensor:
    level = image.new_full((image.shape[0], 1, *image.shape[-2:]), NOISE_LEVEL)
    made: Tensor = model(torch.cat((image, level), 1))
    return made


def _first_output(model: nn.Module, image: Tensor) -> Tensor:
    made: Tensor = model(image)[0]
    return made


def _from_signed(model: nn.Module, image: Tensor) -> Tensor:
    made: Tensor = model(image) * 0.5 + 0.5
    return made


def _in_own_precision(model: nn.Module, image: Tensor) -> Tensor:
    """KBNet's own backward pass mixes what autocast keeps apart: it is computed without."""
    with torch.autocast(image.device.type, enabled=False):
        made: Tensor = model(image.to(next(model.parameters()).dtype))
    return made


def _image_by_image(model: nn.Module, image: Tensor) -> Tensor:
    """In use SeemoRe chooses experts for one image; a running average sees whole batches so."""
    if model.training or len(image) == 1:
        return _output(model, image)
    return torch.cat([_output(model, image[n : n + 1]) for n in range(len(image))])


def _output(model: nn.Module, image: Tensor) -> Tensor:
    made: Tensor = model(image)
    return made


#: How networks are called that do more or give more than image for image.
CALLS: dict[str, Callable[[nn.Module, Tensor], Tensor]] = {
    "drunet": _noise_map,
    "fbcnn": _first_output,
    "kbnet_l": _in_own_precision,
    "kbnet_s": _in_own_precision,
    "mixdehazenet": _from_signed,
    "mmrealsr": _first_output,
    "mprnet": _first_output,
    "seemore": _image_by_image,
}


@attrs.frozen
class _Repeated:
    """Every channel so many times: ``(N, C, h, w) -> (N, times * C, h, w)``."""

    times: int

    def __call__(self, image: Tensor) -> Tensor:
        if not is_traced():
            return image.repeat_interleave(self.times, 1)
        # ncnn has no layer that repeats, but one that joins.
        return torch.cat([part for part in torch.split(image, 1, 1) for _ in range(self.times)], 1)


def _repeats_in_programs(model: Any) -> None:
    model.repeat_op = _Repeated(model.repeat_op.keywords["repeats"])


#: What is changed in networks once they are built.
CHANGES: dict[str, Callable[[nn.Module], None]] = {
    "plksr": _repeats_in_programs,
    "realplksr": _repeats_in_programs,
}
