"""Modules and names that have moved: what they were called works for one minor version.

Whoever uses an old name reads a DeprecationWarning.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

#: Where the modules of 0.1 are now.
MOVED = {
    "srcore.atomic": "srcore.files.atomic",
    "srcore.building": "srcore.plugin.building",
    "srcore.calling": "srcore.plugin.calling",
    "srcore.cli.evaluation.pictures": "srcore.cli.evaluation.written_pictures",
    "srcore.cli.evaluation.tables": "srcore.cli.evaluation.written_tables",
    "srcore.config.channel_checks": "srcore.checking.channel_checks",
    "srcore.config.checks": "srcore.checking.checks",
    "srcore.config.data_remarks": "srcore.checking.data_remarks",
    "srcore.config.entry_checks": "srcore.checking.entry_checks",
    "srcore.config.experiment": "srcore.checking.experiment",
    "srcore.config.interval_remarks": "srcore.checking.interval_remarks",
    "srcore.config.layout": "srcore.runs.folder",
    "srcore.config.metric_checks": "srcore.checking.metric_checks",
    "srcore.config.names": "srcore.files.names",
    "srcore.config.need_checks": "srcore.checking.need_checks",
    "srcore.config.output_checks": "srcore.checking.output_checks",
    "srcore.config.parameter_checks": "srcore.checking.parameter_checks",
    "srcore.config.remarks": "srcore.checking.remarks",
    "srcore.config.role_checks": "srcore.checking.role_checks",
    "srcore.config.stage_checks": "srcore.checking.stage_checks",
    "srcore.config.stage_tables": "srcore.checking.stage_tables",
    "srcore.config.starting": "srcore.config.start_weights",
    "srcore.config.suggest": "srcore.suggest",
    "srcore.config.telling": "srcore.checking.generator_telling",
    "srcore.config.toml": "srcore.files.toml",
    "srcore.config.training_remarks": "srcore.checking.training_remarks",
    "srcore.config.unread_overrides": "srcore.checking.unread_overrides",
    "srcore.config.unread_values": "srcore.checking.unread_values",
    "srcore.data.aligned": "srcore.datasets.aligned",
    "srcore.data.cache": "srcore.sources.cache",
    "srcore.data.checks": "srcore.datasets.checks",
    "srcore.data.concat": "srcore.datasets.concat",
    "srcore.data.degrading": "srcore.prepare.degrading",
    "srcore.data.downscaled": "srcore.datasets.downscaled",
    "srcore.data.hr_folder": "srcore.datasets.hr_folder",
    "srcore.data.images": "srcore.images",
    "srcore.data.listing": "srcore.images",
    "srcore.data.lmdb_dataset": "srcore.datasets.lmdb",
    "srcore.data.lr_folder": "srcore.datasets.lr_folder",
    "srcore.data.options": "srcore.datasets.options",
    "srcore.data.ordering": "srcore.samplers.ordering",
    "srcore.data.padding": "srcore.datasets.padding",
    "srcore.data.paired_folder": "srcore.datasets.paired_folder",
    "srcore.data.pairs": "srcore.datasets.pairs",
    "srcore.data.prepare": "srcore.prepare.jobs",
    "srcore.data.source_checks": "srcore.datasets.source_checks",
    "srcore.data.sourced": "srcore.datasets.images",
    "srcore.data.sources": "srcore.sources",
    "srcore.data.subimages": "srcore.prepare.subimages",
    "srcore.data.tensors": "srcore.images",
    "srcore.data.unpaired_folders": "srcore.datasets.unpaired_folders",
    "srcore.data.verifying": "srcore.checking.image_files",
    "srcore.deleting": "srcore.files.deleting",
    "srcore.describing": "srcore.options.describing",
    "srcore.devices": "srcore.machine.devices",
    "srcore.discovery": "srcore.plugin.discovery",
    "srcore.engine.beginning": "srcore.launching.beginning",
    "srcore.engine.changes": "srcore.runs.changes",
    "srcore.engine.checkpoint": "srcore.runs.checkpoint",
    "srcore.engine.ending": "srcore.runs.ending",
    "srcore.engine.exports": "srcore.runs.exports",
    "srcore.engine.folder": "srcore.runs.opening",
    "srcore.engine.head": "srcore.engine.log_heading",
    "srcore.engine.lock": "srcore.runs.lock",
    "srcore.engine.measuring": "srcore.evaluation.measure",
    "srcore.engine.meeting": "srcore.launching.rendezvous",
    "srcore.engine.overwriting": "srcore.runs.overwriting",
    "srcore.engine.pictures": "srcore.runs.strips",
    "srcore.engine.pieces": "srcore.engine.batch_pieces",
    "srcore.engine.provenance": "srcore.runs.provenance",
    "srcore.engine.proving": "srcore.runs.proving",
    "srcore.engine.records": "srcore.runs.records",
    "srcore.engine.recovery": "srcore.runs.recovery",
    "srcore.engine.results": "srcore.runs.results",
    "srcore.engine.runner": "srcore.launching.stages",
    "srcore.engine.seeding": "srcore.seeding",
    "srcore.engine.shared_memory": "srcore.machine.shared_memory",
    "srcore.engine.stages": "srcore.launching.stages",
    "srcore.engine.startable": "srcore.launching.startable",
    "srcore.engine.tables": "srcore.config.plain_tables",
    "srcore.engine.validator": "srcore.engine.validation",
    "srcore.estimating.telling": "srcore.estimating.in_words",
    "srcore.estimating.trial": "srcore.estimating.probe",
    "srcore.estimating.trial_run": "srcore.estimating.probe_run",
    "srcore.evaluation.measuring": "srcore.evaluation.evaluating",
    "srcore.evaluation.pictures": "srcore.evaluation.given_pictures",
    "srcore.evaluation.tables": "srcore.evaluation.result_tables",
    "srcore.films.batch": "srcore.upscaling.film_batch",
    "srcore.films.enlarging": "srcore.upscaling.film_job",
    "srcore.films.job": "srcore.upscaling.film_job",
    "srcore.films.jobs": "srcore.upscaling.film_batch",
    "srcore.films.upscaling": "srcore.upscaling.film_upscaling",
    "srcore.images.bmp_runs": "srcore.images.formats.bmp_runs",
    "srcore.images.gif_walking": "srcore.images.formats.gif_walking",
    "srcore.images.opencv": "srcore.images.formats.opencv",
    "srcore.images.png_chunks": "srcore.images.png.chunks",
    "srcore.images.png_frames": "srcore.images.png.frames",
    "srcore.images.png_rows": "srcore.images.png.rows",
    "srcore.images.png_stream": "srcore.images.png.stream",
    "srcore.images.png_walking": "srcore.images.png.walking",
    "srcore.images.tiff_directory": "srcore.images.tiff.directory",
    "srcore.images.tiff_layout": "srcore.images.tiff.layout",
    "srcore.images.tiff_metadata": "srcore.images.tiff.metadata",
    "srcore.images.tiff_pages": "srcore.images.tiff.pages",
    "srcore.images.tiff_pixels": "srcore.images.tiff.pixels",
    "srcore.images.tiff_rows": "srcore.images.tiff.rows",
    "srcore.images.tiff_writing": "srcore.images.tiff.written_pages",
    "srcore.images.ways": "srcore.images.searched_folders",
    "srcore.images.webp_walking": "srcore.images.formats.webp_walking",
    "srcore.inference.batch": "srcore.upscaling.batch",
    "srcore.inference.comparison": "srcore.evaluation.comparison",
    "srcore.inference.distinct": "srcore.upscaling.result_names",
    "srcore.inference.evaluation": "srcore.evaluation.evaluating",
    "srcore.inference.finding": "srcore.upscaling.finding",
    "srcore.inference.fitting": "srcore.upscaling.fitting",
    "srcore.inference.frames": "srcore.upscaling.frames",
    "srcore.inference.image_sets": "srcore.evaluation.image_sets",
    "srcore.inference.jobs": "srcore.upscaling.jobs",
    "srcore.inference.output": "srcore.upscaling.output",
    "srcore.inference.resuming": "srcore.upscaling.resuming",
    "srcore.inference.shipped": "srcore.upscaling.shipped",
    "srcore.inference.sizing": "srcore.upscaling.sizing",
    "srcore.inference.streaming.operations": "srcore.recording.operations",
    "srcore.inference.streaming.recording": "srcore.recording.recording",
    "srcore.inference.streaming.trial": "srcore.inference.streaming.verification",
    "srcore.inference.tables": "srcore.evaluation.result_tables",
    "srcore.inference.tile_runner": "srcore.inference.windowed_network",
    "srcore.machine.resident": "srcore.machine.resident_memory",
    "srcore.memory": "srcore.machine.memory",
    "srcore.metrics.images": "srcore.metrics.pairs",
    "srcore.models.addressed": "srcore.models.addressed_path",
    "srcore.models.direct": "srcore.models.model_files",
    "srcore.patience": "srcore.plugin.patience",
    "srcore.plugin.builtin": "srcore.builtin",
    "srcore.plugin_manager": "srcore.plugin.manager",
    "srcore.pretrained": "srcore.weights.pretrained",
    "srcore.processes": "srcore.machine.processes",
    "srcore.registry": "srcore.plugin.registry",
    "srcore.replacing": "srcore.files.replacing",
    "srcore.report.pictures": "srcore.report.picture_crops",
    "srcore.report.tables": "srcore.report.facts",
    "srcore.runs.pictures": "srcore.runs.strips",
    "srcore.runs.plain_tables": "srcore.config.plain_tables",
    "srcore.runs.tables": "srcore.config.plain_tables",
    "srcore.selection": "srcore.options.selection",
    "srcore.sources.lmdb_list": "srcore.data.lmdb_list",
    "srcore.strict_json": "srcore.files.strict_json",
    "srcore.sweeps.listing": "srcore.trials.listing",
    "srcore.sweeps.metric": "srcore.trials.metric",
    "srcore.sweeps.options": "srcore.config.sweep_table",
    "srcore.sweeps.parameters": "srcore.trials.parameters",
    "srcore.sweeps.trial_checks": "srcore.trials.sweep_problems",
    "srcore.terminal": "srcore.machine.terminal",
    "srcore.testing.images": "srcore.testing.tiny_images",
    "srcore.testing.trial": "srcore.testing.specimen",
    "srcore.texts": "srcore.files.texts",
    "srcore.weights.compact": "srcore.networks.dialects.compact",
    "srcore.weights.conversion": "srcore.converting.conversion",
    "srcore.weights.edsr": "srcore.networks.dialects.edsr",
    "srcore.weights.export": "srcore.exporting.export",
    "srcore.weights.export_formats": "srcore.exporting.formats",
    "srcore.weights.export_ncnn": "srcore.exporting.ncnn",
    "srcore.weights.export_openvino": "srcore.exporting.openvino",
    "srcore.weights.export_reduced": "srcore.exporting.reduced",
    "srcore.weights.msrresnet": "srcore.networks.dialects.msrresnet",
    "srcore.weights.ncnn_layers": "srcore.exporting.ncnn_layers",
    "srcore.weights.ncnn_program": "srcore.exporting.ncnn_program",
    "srcore.weights.programs": "srcore.exporting.programs",
    "srcore.weights.quantizing": "srcore.exporting.quantizing",
    "srcore.weights.remarks": "srcore.checking.weights_remarks",
    "srcore.weights.rrdbnet": "srcore.networks.dialects.rrdbnet",
    "srcore.weights.succession": "srcore.checking.succession",
    "srcore.weights.swinir": "srcore.networks.dialects.swinir",
}


#: What the kinds of components of 0.1 are called now.
KINDS = {"stage": "task"}


class OldNames(MetaPathFinder, Loader):
    """Finds a module by the name that it had in srcore 0.1: the same module object."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A specification for old names only; asked after Python's own finders."""
        return ModuleSpec(name, self) if name in MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Python's usual empty module, for a moment."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Put the module at its new place where Python looks after execution."""
        old, new = module.__name__, MOVED[module.__name__]
        text = f"{old} is now {new}; the old name goes away in srcore 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        sys.modules[old] = importlib.import_module(new)


def current_kind(kind: str) -> str:
    """The name that a kind of components has now."""
    if kind not in KINDS:
        return kind
    text = f'the kind "{kind}" is now "{KINDS[kind]}"; the old name goes away in srcore 0.3'
    warnings.warn(text, DeprecationWarning, stacklevel=3)
    return KINDS[kind]


def renamed(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module some of whose names have changed, see PEP 562.

        __getattr__ = renamed(__name__, {"Metadata": "GeneratorMetadata"})

    Args:
        module: its dotted name.
        names: what is used now by what was used in srcore 0.1.
    """

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f'module "{module}" has no attribute "{name}"')
        text = f"{module}.{name} is now {names[name]}; the old name goes away in srcore 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[module], names[name])

    return find
