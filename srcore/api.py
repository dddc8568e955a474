"""The stable Python API; everything here is also reachable as ``srcore.<name>``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import nn

from srcore.checking.experiment import LoadedExperiment, check_experiment
from srcore.config.invalid import Invalid
from srcore.config.structure import Structurer
from srcore.errors import ConfigError, Problem
from srcore.inference.options import BORDER_FOR_VIEWERS, Overlap, Tile, UpscaleOptions
from srcore.inference.upscaler import upscale_array
from srcore.machine.device_names import UsePrecision
from srcore.machine.devices import pick_device
from srcore.models.resolving import weights_file
from srcore.options.declaration import defaults
from srcore.plugin.blame import naming_exits
from srcore.plugin.building import Component
from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry
from srcore.report.run_result import RunResult
from srcore.runs.columns import read_metrics
from srcore.runs.options import RunsOptions
from srcore.upscaling.any_image import AnyImage, as_arrays
from srcore.upscaling.film_upscaling import upscale_film
from srcore.upscaling.sizing import renamed_scale
from srcore.weights.containers import Checkpoint, read_checkpoint
from srcore.weights.loading import build_generator

__all__ = [
    "build",
    "components",
    "load_experiment",
    "load_generator",
    "read_metrics",
    "run",
    "upscale",
    "upscale_film",
]

_RUNS, _UPSCALING = defaults(RunsOptions), UpscaleOptions()


@naming_exits(of_plugins_only=True)
def build(kind: str, type: str, **options: Any) -> Any:
    """Build a component from keyword arguments, checked like the keys of an experiment file.

    Context of its kind (such as ``scale`` for networks) is passed along with the options:

    >>> import srcore
    >>> network = srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1)
    >>> network.scale
    2

    Args:
        kind: kind of component, such as ``"network"`` or ``"loss"``.
        type: its name.
        options: keys of the component and context of the kind.

    Raises:
        ConfigError: unknown keys, wrong types or values out of range.
    """
    registry = plugins().registry
    component = registry.get(kind, type)
    own = {field.name for field in attrs.fields(component.options)}
    context = {
        name: options.pop(name)
        for name in ("scale", "parameters", "iterations")
        if name in options and name not in own
    }
    try:
        typed = Structurer(registry).structure_table(options, component.options)
    except Invalid as error:
        raise ConfigError(problem.below(f"{kind} {type}") for problem in error.problems) from None
    return component.build(typed, **context)


@naming_exits(of_plugins_only=True)
def components(kind: str | None = None) -> list[Component]:
    """Registered components, all or of one kind.

    >>> import srcore
    >>> "rrdbnet" in [component.name for component in srcore.components("network")]
    True
    """
    return list(plugins().registry.components(kind))


@naming_exits(of_plugins_only=True)
def load_generator(
    weights: str | Path | Checkpoint,
    device: str | torch.device = "cpu",
    *,
    key: str | None = None,
    scale: int | None = None,
    options: Mapping[str, Any] | None = None,
    download: bool = False,
) -> nn.Module:
    """Build the generator that a weights file holds; architecture and scale are inferred.

    Files of architectures that srcore does not know are left to spandrel, if it is installed.

    >>> import pathlib, tempfile, srcore, torch
    >>> network = srcore.build("network", "edsr", scale=3, num_features=8, num_blocks=2)
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "edsr.pth"
    >>> torch.save(network.state_dict(), file)
    >>> loaded = srcore.load_generator(file)
    >>> loaded.scale, loaded.training
    (3, False)

    Args:
        weights: ``.pth``, ``.pt``, ``.ckpt`` or ``.safetensors`` file, of srcore or another
            program; what was read of one; or the name or address of a published model: ``"x2"``
            and ``"x4"``, which come with srcore, ``"realesrgan-x4plus"``, ``"hf://owner/name"``.
        device: where the network goes.
        key: entry of the file, such as ``"params"``; by default EMA weights come first.
        scale: expected scale; tells x3 from x2 where a file does not.
        options: of the network, those that can be chosen when it is used
            (``option(..., inference=True)``).
        download: fetch a model that is not in the user's cache; whoever says so has looked at its
            license (``srcore models NAME``).

    Returns:
        The network in evaluation mode, a ``srcore.contracts.Network``.

    Raises:
        WeightsError: unreadable, unknown or incomplete file, or another scale than expected; a
            model that is unknown, not here, or not what was announced.
    """
    registry = plugins().registry
    if not isinstance(weights, Checkpoint):
        file = weights_file(weights, registry, (lambda offer: True) if download else None)
        weights = read_checkpoint(file, key=key)
    return build_generator(weights, registry, device, scale=scale, options=options)


@naming_exits(of_plugins_only=True)
def load_experiment(
    path: str | Path | Mapping[str, Any], overrides: Iterable[str] | Mapping[str, Any] = ()
) -> LoadedExperiment:
    """Read and check an experiment: a TOML file, the name of a shipped one, or a table.

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images")
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... generator = { type = "edsr", num_features = 8, num_blocks = 1 }
    ... losses = [{ type = "l1" }]
    ... train = { iterations = 2, batch_size = 2, device = "cpu" }
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... ''')
    >>> experiment = srcore.load_experiment(folder / "tiny.toml", ["seed=7"])
    >>> len(experiment.stages)
    1
    >>> table = {"extends": str(folder / "tiny.toml"), "seed": 8}
    >>> srcore.load_experiment(table, {"train.iterations": 5}).name
    'experiment'

    Args:
        path: file, name, or the table that a file would hold: its relative paths start from the
            working directory, and its ``name`` is ``experiment`` where it has none.
        overrides: ``table.key=value`` assignments, or values by dotted key.

    Raises:
        ConfigError: all problems at once.
    """
    return check_experiment(path, overrides, plugins=plugins())


@naming_exits(of_plugins_only=True)
def run(
    experiment: LoadedExperiment | str | Path | Mapping[str, Any],
    output: str | Path = _RUNS.output,
    *,
    overrides: Iterable[str] | Mapping[str, Any] = (),
    resume: bool = False,
    overwrite: bool = False,
    recover: bool = False,
    accept_changes: bool = False,
    quiet: bool = False,
) -> RunResult | None:
    """Run an experiment as ``srcore run`` does; returns what it measured and made.

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... generator = { type = "edsr", num_features = 8, num_blocks = 1 }
    ... losses = [{ type = "l1" }]
    ... train = { iterations = 1, batch_size = 2, device = "cpu", tensorboard = false }
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... ''')
    >>> result = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> srcore.load_generator(result.last).scale
    2

    Args:
        experiment: loaded experiment, file, name, or the table that a file would hold.
        output: folder of runs.
        overrides: as of :func:`load_experiment`.
        resume: continue an interrupted run.
        overwrite: delete an earlier run of this name first.
        recover: resume, and where the last checkpoint is damaged or missing from the newest good.
        accept_changes: resume although other files or processes than before feed the training.
        quiet: say only what is a warning.

    Returns:
        The result; None on all but the main process.

    Raises:
        ConfigError: all problems of the experiment, or overrides of a loaded one.
        SrcoreError: what went wrong, in one line.
        Interrupted: a signal to stop came; everything is saved.
    """
    from srcore.launching.stages import run_experiment

    if not isinstance(experiment, LoadedExperiment):
        experiment = load_experiment(experiment, overrides)
    elif overrides:
        message = "the experiment is loaded already; give them to load_experiment"
        raise ConfigError([Problem("", message, "overrides")])
    table = run_experiment(
        experiment,
        Path(output),
        resume=resume,
        overwrite=overwrite,
        recover=recover,
        accept_changes=accept_changes,
        quiet=quiet,
    )
    return None if table is None else RunResult(Path(output) / experiment.name, table)


@naming_exits(of_plugins_only=True)
def upscale(
    network: nn.Module | str | Path,
    image: AnyImage,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    device: str = "auto",
    tile: Tile = _UPSCALING.tile,
    overlap: Overlap = _UPSCALING.overlap,
    border: int = BORDER_FOR_VIEWERS,
    batch: int = _UPSCALING.batch,
    precision: UsePrecision = _UPSCALING.precision,
    backend: str = _UPSCALING.backend,
    calibration: Path | None = _UPSCALING.calibration,
    self_ensemble: bool = _UPSCALING.self_ensemble,
    seed: int = _UPSCALING.seed,
    progress: Callable[[int], object] | None = None,
    registry: Registry | None = None,
    outscale: float | None = None,
) -> Any:
    """Upscale an image; words and defaults are those of ``srcore upscale``.

    >>> import numpy as np, srcore
    >>> srcore.upscale("x2", np.zeros((5, 7, 3), np.uint8)).shape
    (10, 14, 3)
    >>> srcore.upscale("x4", np.zeros((5, 7)), scale=3).shape
    (15, 21)

    Args:
        network: a generator (:class:`srcore.contracts.Network`), which works where it is and whose
            mode is kept; or its weights as :func:`srcore.load_generator` takes them: ``"x2"`` and
            ``"x4"`` come with srcore.
        image: the path of an image file; an array ``(H, W, C)`` or ``(H, W)``, uint8, uint16, or of
            floats in [0, 1], where C is 1 gray, 2 gray + alpha, 3 RGB, 4 RGB + alpha; a tensor
            ``(N, C, H, W)``, ``(C, H, W)`` or ``(H, W)`` of the same; a PIL image. Pixels of alpha
            0 take the colors of the nearest visible one first.
        scale: output side / input side; differing from the network's scale, its result is resampled
            with MATLAB's bicubic kernel. None: the network's scale.
        size: height and width of the result, instead of ``scale``; the proportions may change.
        device: where a network goes that is named by its weights: ``"cpu"``, ``"cuda"``,
            ``"cuda:N"``, ``"mps"``, or ``"auto"``, the first of cuda, mps, cpu that is there.
        tile: low-resolution pixels per side that a tile contributes; ``"auto"`` chooses by the
            free memory; None runs the whole image at once. If memory runs out, smaller tiles are
            tried. Networks of convolutions take bands of as many pixels instead, and where memory
            does not hold the whole, bands that make the same.
        overlap: context in low-resolution pixels on either side of a seam; ``"auto"``: none for
            networks that are computed by rows (:mod:`srcore.inference.streaming`), else see
            :func:`srcore.inference.tiling.choose_overlap`.
        border: low-resolution pixels by which the image is continued (mirrored) beyond its edges
            while the network runs, against colored rims; with 0 networks see their own zeros there,
            as in the papers' measurements.
        batch: number of equal tiles that run together.
        precision: what the network computes in; ``"bfloat16"`` and ``"float16"`` by autocast,
            ``"int8"`` by a backend that has it.
        backend: what computes the network: ``"torch"``, ``"compile"``, ``"onnxruntime"``,
            ``"openvino"``, ``"ncnn"``, on a GPU ``"cudagraphs"``, or ``"auto"``, the fastest of
            those that are quickly ready; compared with PyTorch on a part of the first image.
        calibration: folder of images by which the steps of ``"int8"`` are chosen.
        self_ensemble: average over eight flipped and turned inputs, at eight times the cost.
        seed: of what a sampling network draws; equal seeds give equal pictures, in tiles or whole.
        progress: called with the number of input pixels finished since the last call.
        registry: knows backends of plugins; None: that of all installed plugins where weights are
            named, else the core's own.
        outscale: what ``scale`` was called; it goes away in the next minor version.

    Returns:
        The enlarged image as the given one was: an array of its dtype and dimensions, a tensor of
        its dtype, dimensions and device, a PIL image (of RGB or RGBA for palettes and other
        colors); an array for a file. A network of gray images makes colors gray (BT.601).

    Raises:
        SrcoreError: unsuitable image or settings, weights that cannot be had, output that is not
            finite.
        OutOfMemoryError: not even the smallest tile fits; the original error is its cause.
    """
    scale = renamed_scale(scale, outscale)
    given = as_arrays(image)
    if not isinstance(network, nn.Module):
        registry = registry or plugins().registry
        file = weights_file(network, registry)
        network = build_generator(read_checkpoint(file), registry, pick_device(device))
    options = UpscaleOptions(
        tile=tile,
        overlap=overlap,
        border=border,
        batch=batch,
        precision=precision,
        backend=backend,
        calibration=calibration,
        self_ensemble=self_ensemble,
        seed=seed,
    )
    results = [
        upscale_array(
            network,
            array,
            options,
            scale=scale,
            size=size,
            progress=progress,
            registry=registry,
        )
        for array in given.arrays
    ]
    return given.back(results)
