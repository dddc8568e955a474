"""Second-order degradation: LR images as real cameras, editors and the internet make them.

Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data",
ICCVW 2021. Everything random is drawn first (:func:`draw_plan`); what follows the draws is plain
image processing (:func:`degrade_by_plan`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.errors import SrcoreError
from srcore.options.declaration import defaults
from srcore.transforms.batch import happens, image_of, uniform
from srcore.transforms.blur import filter2d
from srcore.transforms.jpeg import LumaTable, jpeg
from srcore.transforms.kernels import draw_kernels, draw_sinc_or_impulse
from srcore.transforms.noise import add_gaussian_noise, add_poisson_noise, quantized
from srcore.transforms.options import FirstPassOptions, SecondOrderDegradationOptions
from srcore.transforms.sharpen import sharpen

if TYPE_CHECKING:
    from srcore.contracts import Batch

_DEFAULT = defaults(SecondOrderDegradationOptions)


@attrs.frozen(eq=False)
class PassPlan:
    """What happens in one pass.

    Attributes:
        kernels: blur kernels ``(N, k, k)``; None: no blur.
        factor: resize factor; 1 keeps the size.
        mode: interpolation of the resize: area, bilinear or bicubic (PyTorch's, not antialiased).
        noise: images -> noisy images in [0, 1].
        quality: JPEG qualities ``(N,)``.
    """

    kernels: Tensor | None
    factor: float
    mode: str
    noise: Callable[[Tensor], Tensor]
    quality: Tensor


@attrs.frozen(eq=False)
class DegradationPlan:
    """All decisions for a batch.

    Attributes:
        first: first pass.
        second: second pass; its factor is relative to the LR size.
        final_mode: interpolation of the resize to the LR size.
        final_kernels: sinc kernels or impulses ``(N, k, k)``.
        jpeg_last: resize and filter before the second JPEG, else after it.
    """

    first: PassPlan
    second: PassPlan
    final_mode: str
    final_kernels: Tensor
    jpeg_last: bool


def degrade_by_plan(
    image: Tensor,
    size: tuple[int, int],
    plan: DegradationPlan,
    luma_table: LumaTable = _DEFAULT.luma_table,
) -> Iterator[tuple[str, Tensor]]:
    """Degrade images step by step.

    Args:
        image: HR images ``(N, 3, H, W)`` in [0, 1].
        size: (height, width) of the LR images.
        plan: the decisions.
        luma_table: see :func:`srcore.transforms.jpeg.jpeg`.

    Yields:
        (``filter``, ``resize``, ``noise`` or ``jpeg``, the images after that step); the last ones,
        not clamped, are the result.
    """
    compress = partial(jpeg, luma_table=luma_table)
    for number, step in enumerate((plan.first, plan.second)):
        if step.kernels is not None:
            image = filter2d(image, step.kernels)
            yield "filter", image
        image = _resize_first(image, step) if number == 0 else _resize_second(image, size, step)
        yield "resize", image
        image = step.noise(image)
        yield "noise", image
        if number == 0:
            image = compress(image.clamp(0, 1), step.quality)
            yield "jpeg", image
    if not plan.jpeg_last:
        image = compress(image.clamp(0, 1), plan.second.quality)
        yield "jpeg", image
    image = F.interpolate(image, size=size, mode=plan.final_mode)
    yield "resize", image
    image = filter2d(image, plan.final_kernels)
    yield "filter", image
    if plan.jpeg_last:
        image = compress(image.clamp(0, 1), plan.second.quality)
        yield "jpeg", image


def draw_plan(
    options: SecondOrderDegradationOptions, count: int, generator: torch.Generator
) -> DegradationPlan:
    """Draw all decisions for ``count`` images, on the generator's device."""
    return DegradationPlan(
        first=_draw_pass(options.first, options.resize_modes, count, generator),
        second=_draw_pass(options.second, options.resize_modes, count, generator),
        final_mode=_draw_choice(options.resize_modes, generator),
        final_kernels=draw_sinc_or_impulse(
            options.sinc_probability, options.sinc_sizes, options.sinc_cutoff, count, generator
        ),
        jpeg_last=bool(happens(0.5, 1, generator)),
    )


class SecondOrderDegradation:
    """Transform ``second_order_degradation``.

    Reads ``hr``; writes ``lr`` (multiples of 1/255), ``hr`` cropped to ``hr_crop``, and
    ``hr_sharpened``, the sharpened crop.

    >>> import torch
    >>> degrade = SecondOrderDegradation(scale=4, hr_crop=32)
    >>> batch = {"hr": torch.rand(1, 3, 48, 48)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> for name, image in sorted(degrade(batch, generator).items()):
    ...     print(name, tuple(image.shape))
    hr (1, 3, 32, 32)
    hr_sharpened (1, 3, 32, 32)
    lr (1, 3, 8, 8)
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.scale = scale
        self.options = SecondOrderDegradationOptions(**options)
        if self.options.hr_crop % scale:
            raise SrcoreError(
                "transform second_order_degradation: hr_crop must be a multiple of the scale "
                f"{scale}, found {self.options.hr_crop}"
            )

    @torch.no_grad()
    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Degrade and crop."""
        hr = image_of(batch, "hr", "second_order_degradation")
        height, width = (side // self.scale for side in hr.shape[-2:])
        plan = draw_plan(self.options, len(hr), generator)
        lr = self.degraded(hr, (height, width), plan)
        side = self.options.hr_crop // self.scale
        if side:
            if min(height, width) < side:
                raise SrcoreError(
                    "transform second_order_degradation: HR images of "
                    f"{hr.shape[-2]}x{hr.shape[-1]} are smaller than hr_crop "
                    f"{self.options.hr_crop}; load larger crops or lower hr_crop"
                )
            places = torch.rand(2, generator=generator, device=generator.device).tolist()
            top, left = (
                int(place * (free - side + 1))
                for place, free in zip(places, (height, width), strict=True)
            )
            lr, hr = self.crop(lr, hr, top, left)
        return batch | {"lr": lr, "hr": hr, "hr_sharpened": self.sharpened(hr)}

    def degraded(self, hr: Tensor, size: tuple[int, int], plan: DegradationPlan) -> Tensor:
        """LR images ``(N, 3, *size)`` of a plan, rounded to 1/255."""
        source = self.sharpened(hr) if self.options.degrade_sharpened else hr
        steps = degrade_by_plan(source, size, plan, self.options.luma_table)
        _, image = deque(steps, maxlen=1).pop()
        return quantized(image)

    def sharpened(self, hr: Tensor) -> Tensor:
        """HR images ``(N, 3, H, W)`` after unsharp masking."""
        options = self.options
        return sharpen(
            hr,
            size=options.sharpen_size,
            weight=options.sharpen_weight,
            threshold=options.sharpen_threshold,
        )

    def crop(self, lr: Tensor, hr: Tensor, top: int, left: int) -> tuple[Tensor, Tensor]:
        """Corresponding windows of ``(N, 3, h, w)`` twice; ``top`` and ``left`` count LR pixels."""
        scale, side = self.scale, self.options.hr_crop // self.scale
        window = lr[..., top : top + side, left : left + side]
        top, left, side = top * scale, left * scale, side * scale
        return window.contiguous(), hr[..., top : top + side, left : left + side].contiguous()


def _draw_pass(
    options: FirstPassOptions, modes: tuple[str, ...], count: int, generator: torch.Generator
) -> PassPlan:
    kernels = draw_kernels(options.kernel, count, generator)
    # One transfer from the device for all decisions of the batch.
    blur, direction, amount, kind = torch.rand(
        4, generator=generator, device=generator.device
    ).tolist()
    gray = happens(options.gray_probability, count, generator)
    sigma = uniform(options.gaussian_sigma, count, generator)
    strength = uniform(options.poisson_scale, count, generator)
    if kind < options.gaussian_probability:
        noise = partial(add_gaussian_noise, sigma=sigma, gray=gray, generator=generator)
    else:
        noise = partial(add_poisson_noise, scale=strength, gray=gray, generator=generator)
    return PassPlan(
        kernels=kernels if blur < options.blur_probability else None,
        factor=_factor(options, direction, amount),
        mode=_draw_choice(modes, generator),
        noise=noise,
        quality=uniform(options.jpeg_quality, count, generator),
    )


def _factor(options: FirstPassOptions, direction: float, amount: float) -> float:
    up, down, keep = options.resize_probabilities
    direction *= up + down + keep
    if direction >= up + down:
        return 1.0
    low, high = options.resize_up if direction < up else options.resize_down
    return low + (high - low) * amount


def _draw_choice(choices: tuple[str, ...], generator: torch.Generator) -> str:
    index = torch.randint(len(choices), (1,), generator=generator, device=generator.device)
    return choices[int(index)]


def _resize_first(image: Tensor, step: PassPlan) -> Tensor:
    if step.factor == 1:
        return image
    return F.interpolate(image, scale_factor=step.factor, mode=step.mode)


def _resize_second(image: Tensor, size: tuple[int, int], step: PassPlan) -> Tensor:
    height, width = (max(1, int(side * step.factor)) for side in size)
    return F.interpolate(image, size=(height, width), mode=step.mode)
