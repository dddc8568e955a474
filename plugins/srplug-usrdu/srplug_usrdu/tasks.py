"""Tasks of stages that do not train: writing low-resolution images, estimating blur kernels."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from srcore.data.cropping import multiple_of
from srcore.errors import DataError
from srcore.files.atomic import writing
from srcore.files.hashing import sha256_of
from srcore.images import (
    image_size,
    list_images,
    read_rgb,
    to_tensor,
    write_image,
)
from srcore.messages import some
from srcore.options.declaration import defaults
from srcore.tasks import delete_outdated, own_share, wait_for_all
from srplug_usrdu.generation import distribution_of, heat_map, to_png_levels
from srplug_usrdu.kernelgan import KernelGanSettings, estimate_kernel
from srplug_usrdu.kernelgan.training import Variant
from srplug_usrdu.kernels import finished_kernels, write_kernels
from srplug_usrdu.options import GenerateOptions, KernelsOptions, hr_folder
from srplug_usrdu.weights import load_dsn

if TYPE_CHECKING:
    from srcore.engine.run import Run
    from srplug_usrdu.networks import Downsampler

_GENERATE = defaults(GenerateOptions)
_KERNELS = defaults(KernelsOptions)

_OUTPUTS = ("lr", "scale_maps", "heat_maps")

logger = logging.getLogger("srcore")


class Generate:
    """Task ``usrdu_generate``: mean images of a DSN as PNG files, named like the HR images.

    Files that are there are kept if they come from the same weights, so that an interrupted stage
    goes on where it was; several processes share the images. Sides are cut to multiples of the
    scale first.

        [[stages]]
        name = "dsn"
        [[stages]]
        name = "generate"
        [stages.task]
        type = "usrdu_generate"
        weights = "stage:dsn/generator.safetensors"

    Arguments: the keys of :class:`srplug_usrdu.options.GenerateOptions`.
    """

    def __init__(
        self,
        *,
        weights: Path,
        hr: Path | None = _GENERATE.hr,
        recursive: bool = _GENERATE.recursive,
        tile: int = _GENERATE.tile,
        scale_maps: bool = _GENERATE.scale_maps,
        heat_maps: bool = _GENERATE.heat_maps,
    ) -> None:
        self.hr = hr
        self.weights = weights
        self.recursive = recursive
        self.tile = tile
        self.scale_maps = scale_maps
        self.heat_maps = heat_maps

    def run(self, run: Run) -> None:
        """Write ``lr/<stem>.png``, and what else is asked for, into the stage's folder.

        Raises:
            DataError: no images, equal stems, an unreadable or too small image.
            WeightsError: not a DSN of the experiment's scale.
            Interrupted: a signal came.
        """
        folder = hr_folder(self.hr, run.experiment)
        if folder is None:
            raise DataError("usrdu_generate: no folder of images; set task.hr")
        images = list_images(folder, recursive=self.recursive)
        names = _relative_names(images, folder)
        scale = run.experiment.scale
        _report_cuts(images, scale)
        network = load_dsn(self.weights, scale=scale).to(run.device)
        delete_outdated(run, sha256_of(self.weights), _OUTPUTS, ("*.png", "*.npy"))

        def is_written(pair: tuple[Path, str]) -> bool:
            return all(file.is_file() for file in self._files(run.folder, pair[1]).values())

        pairs = list(zip(images, names, strict=True))
        for image, name in own_share(pairs, is_written, "low-resolution images", run):
            self._write(network, image, self._files(run.folder, name))
        wait_for_all()
        run.results = {"generated": {"images": float(len(images))}}

    def _files(self, folder: Path, name: str) -> dict[str, Path]:
        files = {"lr": folder / "lr" / f"{name}.png"}
        if self.scale_maps:
            files["scale"] = folder / "scale_maps" / f"{name}.npy"
        if self.heat_maps:
            files["heat"] = folder / "heat_maps" / f"{name}.png"
        return files

    def _write(self, network: Downsampler, image: Path, files: dict[str, Path]) -> None:
        device = next(network.parameters()).device
        hr = to_tensor(multiple_of(read_rgb(image), network.scale), device)[None]
        distribution = distribution_of(network, hr, tile=self.tile, scale_map=len(files) > 1)
        if distribution.log_scale is not None:
            log_scale = distribution.log_scale[0].cpu().numpy()
            if "scale" in files:
                with writing(files["scale"]) as temporary, temporary.open("wb") as stream:
                    np.save(stream, log_scale)
            if "heat" in files:
                write_image(files["heat"], heat_map(log_scale[0]))
        write_image(files["lr"], to_png_levels(distribution.mean[0]))


class EstimateKernels:
    """Task ``usrdu_kernels``: a blur kernel per real low-resolution image, by KernelGAN.

        [[stages]]
        name = "kernels"
        [stages.task]
        type = "usrdu_kernels"
        lr = "phone"

    Transform ``usrdu_reference`` then takes ``kernels = "stage:kernels/kernels"``. Arguments: the
    keys of :class:`srplug_usrdu.options.KernelsOptions`.
    """

    def __init__(
        self,
        *,
        lr: Path,
        iterations: int = _KERNELS.iterations,
        num_features: int = _KERNELS.num_features,
        variant: Variant = _KERNELS.variant,
        mat: bool = _KERNELS.mat,
    ) -> None:
        self.lr = lr
        self.settings = KernelGanSettings(
            variant=variant, iterations=iterations, num_features=num_features
        )
        self.mat = mat

    def run(self, run: Run) -> None:
        """Write ``kernels/<stem>/<stem>_kernel_x2.npy`` and ``_x4.npy``; keep those there are."""
        write_missing_kernels(
            self.lr,
            run.folder / "kernels",
            self.settings,
            seed=run.experiment.seed,
            device=run.device,
            mat=self.mat,
            run=run,
        )
        wait_for_all()
        run.results = {"kernels": {"images": float(len(list_images(self.lr)))}}


def write_missing_kernels(
    lr: Path,
    folder: Path,
    settings: KernelGanSettings,
    *,
    seed: int,
    device: torch.device,
    mat: bool,
    run: Run | None = None,
) -> int:
    """Estimate the kernels of all images of ``lr`` that ``folder`` does not hold yet.

    Returns:
        Number of images that this process worked on.

    Raises:
        DataError: no images, equal stems, or an unreadable or too small one.
        Interrupted: the run was told to stop.
    """
    images = list_images(lr)
    pairs = list(zip(images, _relative_names(images, lr), strict=True))
    written = 0
    for image, name in own_share(pairs, partial(_has_kernels, folder), "kernels", run):
        pixels = to_tensor(read_rgb(image), device)[None]
        raw = estimate_kernel(pixels, settings, seed=seed, source=str(image))
        write_kernels(folder, name, finished_kernels(raw), mat=mat)
        written += 1
    return written


def _has_kernels(folder: Path, pair: tuple[Path, str]) -> bool:
    _, name = pair
    return all((folder / name / f"{name}_kernel_x{scale}.npy").is_file() for scale in (2, 4))


def _relative_names(images: Sequence[Path], folder: Path) -> list[str]:
    """Paths without suffix, relative to the folder; all different."""
    names = [image.relative_to(folder).with_suffix("").as_posix() for image in images]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{folder}: several images are called {some(twice)} but for the suffix; what is made "
            "of them is named by the stem: rename them"
        )
    return names


def _report_cuts(images: Sequence[Path], scale: int) -> None:
    """Warn of sizes that do not divide; refuse images without a low-resolution pixel."""
    sizes = [(image, image_size(image)) for image in images]
    small = [str(image) for image, size in sizes if min(size) < scale]
    if small:
        raise DataError(f"{some(small)}: smaller than one low-resolution pixel; leave them out")
    cut = [image.name for image, size in sizes if size[0] % scale or size[1] % scale]
    if cut:
        logger.info(
            "%s: sides are no multiples of %d; the last rows and columns are left out",
            some(cut),
            scale,
        )
