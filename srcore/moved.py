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
    "srcore.builtin": "srcore.plugin.builtin",
    "srcore.calling": "srcore.plugin.calling",
    "srcore.cli.evaluation.pictures": "srcore.cli.evaluation.written_pictures",
    "srcore.cli.evaluation.tables": "srcore.cli.evaluation.written_tables",
    "srcore.config.layout": "srcore.runs.folder",
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
    "srcore.deleting": "srcore.files.deleting",
    "srcore.describing": "srcore.options.describing",
    "srcore.devices": "srcore.machine.devices",
    "srcore.discovery": "srcore.plugin.discovery",
    "srcore.engine.changes": "srcore.runs.changes",
    "srcore.engine.checkpoint": "srcore.runs.checkpoint",
    "srcore.engine.ending": "srcore.runs.ending",
    "srcore.engine.exports": "srcore.runs.exports",
    "srcore.engine.folder": "srcore.runs.opening",
    "srcore.engine.lock": "srcore.runs.lock",
    "srcore.engine.measuring": "srcore.evaluation.measure",
    "srcore.engine.overwriting": "srcore.runs.overwriting",
    "srcore.engine.pictures": "srcore.runs.strips",
    "srcore.engine.provenance": "srcore.runs.provenance",
    "srcore.engine.proving": "srcore.runs.proving",
    "srcore.engine.records": "srcore.runs.records",
    "srcore.engine.recovery": "srcore.runs.recovery",
    "srcore.engine.results": "srcore.runs.results",
    "srcore.engine.runner": "srcore.engine.stages",
    "srcore.engine.shared_memory": "srcore.machine.shared_memory",
    "srcore.engine.tables": "srcore.runs.plain_tables",
    "srcore.engine.validator": "srcore.engine.validation",
    "srcore.evaluation.measuring": "srcore.evaluation.evaluating",
    "srcore.evaluation.pictures": "srcore.evaluation.given_pictures",
    "srcore.evaluation.tables": "srcore.evaluation.result_tables",
    "srcore.films.enlarging": "srcore.films.job",
    "srcore.films.jobs": "srcore.films.batch",
    "srcore.inference.batch": "srcore.upscaling.batch",
    "srcore.inference.comparison": "srcore.evaluation.comparison",
    "srcore.inference.distinct": "srcore.upscaling.distinct",
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
    "srcore.inference.tables": "srcore.evaluation.result_tables",
    "srcore.inference.tile_runner": "srcore.inference.windowed_network",
    "srcore.memory": "srcore.machine.memory",
    "srcore.metrics.images": "srcore.metrics.pairs",
    "srcore.models.addressed": "srcore.models.addressed_path",
    "srcore.models.direct": "srcore.models.model_files",
    "srcore.patience": "srcore.plugin.patience",
    "srcore.plugin_manager": "srcore.plugin.manager",
    "srcore.pretrained": "srcore.weights.pretrained",
    "srcore.processes": "srcore.machine.processes",
    "srcore.registry": "srcore.plugin.registry",
    "srcore.replacing": "srcore.files.replacing",
    "srcore.report.pictures": "srcore.report.picture_crops",
    "srcore.report.tables": "srcore.report.facts",
    "srcore.runs.pictures": "srcore.runs.strips",
    "srcore.runs.tables": "srcore.runs.plain_tables",
    "srcore.selection": "srcore.options.selection",
    "srcore.strict_json": "srcore.files.strict_json",
    "srcore.terminal": "srcore.machine.terminal",
    "srcore.testing.images": "srcore.testing.tiny_images",
    "srcore.texts": "srcore.files.texts",
}


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
