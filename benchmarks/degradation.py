"""Second-order degradation, HR 400 -> crop 256, batch 4, with separable and with dense sharpening.

python benchmarks/degradation.py [--device cuda]

Both run the same plans with the same random numbers; the only difference is how the 51-tap
Gaussian of the unsharp mask is applied: along rows and columns, or as one 51x51 filter. On a GPU
the separable one alone is measured, by the device's clock, for batches of 4 and 16.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from harness import measure, measure_for, print_table, print_times, write_results
from torch import Tensor

from srcore.transforms.blur import filter2d, gaussian_taps
from srcore.transforms.degradation import SecondOrderDegradation
from srcore.transforms.sharpen import detail_mask

BATCH, HR, CROP, SCALE, PLANS = 4, 400, 256, 4, 4
TOLERANCE = 1e-9


class DenseSharpening(SecondOrderDegradation):
    """The same transform with the dense filter, every plane an image of its own (as published)."""

    def sharpened(self, hr: Tensor) -> Tensor:
        """As :func:`srcore.transforms.sharpen.sharpen`."""
        column = torch.tensor(gaussian_taps(self.options.sharpen_size), dtype=torch.float64)
        kernel = torch.outer(column, column)[None].to(hr.dtype)
        detail = hr - self.filtered(hr, kernel)
        soft = self.filtered(detail_mask(detail, self.options.sharpen_threshold), kernel)
        bright = (hr + self.options.sharpen_weight * detail).clamp(0, 1)
        return soft * bright + (1 - soft) * hr

    def filtered(self, image: Tensor, kernel: Tensor) -> Tensor:
        """One-channel convolution over all planes."""
        padded = F.pad(image, (kernel.shape[-1] // 2,) * 4, mode="reflect")
        planes = padded.reshape(-1, 1, *padded.shape[-2:])
        return F.conv2d(planes, kernel[:, None]).reshape(image.shape)


class DepthwiseSharpening(DenseSharpening):
    """The dense filter in the depthwise form, which PyTorch runs faster."""

    def filtered(self, image: Tensor, kernel: Tensor) -> Tensor:
        """All planes as channels of one image."""
        return filter2d(image, kernel)


KINDS = {
    "separable": SecondOrderDegradation,
    "dense 51x51": DenseSharpening,
    "dense 51x51, depthwise": DepthwiseSharpening,
}


def smooth_images(batch: int = BATCH) -> Tensor:
    """Images in 8 bits with edges and texture."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(batch, 3, 25, 25, generator=generator)
    image = F.interpolate(coarse, size=(HR, HR), mode="bicubic").clamp(0, 1)
    noise = torch.randn(image.shape, generator=generator) * 0.02
    return ((image + noise).clamp(0, 1) * 255).round() / 255


def on_device(device: str, *, is_tiny: bool) -> None:
    """The pipeline, the sharpening and the JPEG of it where a training runs them."""
    results = {}
    transform = SecondOrderDegradation(scale=SCALE, hr_crop=64 if is_tiny else CROP)
    for size in (1,) if is_tiny else (4, 16):
        hr = smooth_images(size)[..., : 96 if is_tiny else HR, : 96 if is_tiny else HR].to(device)
        generator = torch.Generator(device)

        def run(hr: Tensor = hr, generator: torch.Generator = generator) -> None:
            for seed in range(1 if is_tiny else PLANS):
                transform({"hr": hr}, generator.manual_seed(seed))

        work: dict[str, Callable[[], Any]] = {
            f"{PLANS} batches of {size}": run,
            "sharpen": partial(transform.sharpened, hr),
        }
        times = measure_for(work, device=device, seconds=0.01 if is_tiny else 1.5)
        print_times(f"batch {size}", times)
        results[f"batch {size}"] = times
        write_results("degradation_device", results, hr=HR, hr_crop=CROP, batches_per_run=PLANS)


def main() -> None:
    """Check that the values agree, then time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cpu", "cuda"])
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    if options.device:
        on_device(options.device, is_tiny=options.tiny)
        return
    torch.set_num_threads(1)
    batch = {"hr": smooth_images()}
    difference = gate(batch["hr"])
    transforms = {name: kind(scale=SCALE, hr_crop=CROP) for name, kind in KINDS.items()}

    def run(transform: SecondOrderDegradation) -> None:
        for seed in range(PLANS):
            transform(batch, torch.Generator().manual_seed(seed))

    results = measure(
        {f"pipeline, {name}": partial(run, transform) for name, transform in transforms.items()},
        repeats=5,
        warmup=1,
    )
    parts = measure(
        {
            f"sharpen, {name}": partial(transform.sharpened, batch["hr"])
            for name, transform in transforms.items()
        },
        repeats=7,
        warmup=1,
    )
    print_table(results | parts)
    per_image = {
        name: results[f"pipeline, {name}"]["cpu_ms"]["median"] / (PLANS * BATCH)
        for name in transforms
    }
    speedups = {name: slow / per_image["separable"] for name, slow in per_image.items()}
    print({name: round(value, 2) for name, value in speedups.items()})
    path = write_results(
        "degradation",
        results | parts,
        batch=BATCH,
        hr=HR,
        hr_crop=CROP,
        scale=SCALE,
        batches_per_run=PLANS,
        dtype="float32",
        cpu_ms_per_image=per_image,
        images_per_cpu_second={name: 1e3 / value for name, value in per_image.items()},
        times_as_fast_as=speedups,
        largest_difference_in_float64=difference,
    )
    print(path.name)


def gate(hr: Tensor) -> float:
    """Assert that all give the same batch, in float64: no rounding crosses a threshold there.

    On a small window, because PyTorch unfolds dense filters in float64 at great cost of memory.
    """
    window = {"hr": hr[:1, :, :96, :96].double()}
    reference, *others = (
        kind(scale=SCALE, hr_crop=64)(window, torch.Generator().manual_seed(0))
        for kind in KINDS.values()
    )
    difference = max(
        (other[name] - reference[name]).abs().max().item() for other in others for name in other
    )
    assert difference < TOLERANCE, difference
    return difference


if __name__ == "__main__":
    main()
