"""What can be chosen on the page: models that are here, such that may be fetched, and runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from srcore.models.addressed_path import AddressedPath
from srcore.models.catalog import Catalog
from srcore.models.entry import PublishedModel
from srcore.models.licenses import described
from srcore.models.model_files import ListedModel
from srcore.plugin.registry import Registry
from srcore.runs.folder import RunFolder
from srcore.serving.offered_runs import offered_runs, scale_of, stage_folders

GIVEN, RUNS, HERE, FETCHED = "named at the start", "runs", "on this machine", "to be fetched"


@attrs.frozen(kw_only=True)
class OfferedModel:
    """A model that can be chosen.

    Attributes:
        id: what a client names it by; compared with this list, never opened.
        label: what people see.
        group: under which heading.
        weights: file or address of its weights.
        scale: of its output; None: not known before it is loaded.
        about: what is known of it, in one line.
        source: page that tells more; empty: none.
        offer: what fetching it means, in one line; empty: it is here.
    """

    id: str
    label: str
    group: str
    weights: str
    scale: int | None = None
    about: str = ""
    source: str = ""
    offer: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON; places of files are nobody's business."""
        return attrs.asdict(self, filter=lambda field, value: field.name != "weights")


@attrs.frozen
class Offered:
    """All that can be chosen.

    Attributes:
        registry: knows the lists of models.
        given: files of weights and folders of runs that were named at the start.
        runs: folder of further runs; looked at whenever somebody asks.
    """

    registry: Registry
    given: tuple[Path, ...] = ()
    runs: Path | None = None

    def models(self) -> dict[str, OfferedModel]:
        """Models by their id, in the order in which they are shown."""
        models: dict[str, OfferedModel] = {}
        for model in (*self._named(), *self._trained(), *self._published()):
            models.setdefault(model.id, model)
        return models

    def reports(self) -> dict[str, Path]:
        """Folders of runs by the name that a client uses."""
        return offered_runs([it for it in self.given if it.is_dir()], self.runs)

    def needing(self) -> int:
        """How many published models need a package that is missing."""
        catalog = Catalog(self.registry)
        return sum(not catalog.use(model).upscales for model in catalog.models.values())

    def _named(self) -> Iterator[OfferedModel]:
        catalog = Catalog(self.registry)
        runs = {folder: name for name, folder in self.reports().items()}
        names: list[str] = []
        for path in self.given:
            source = path.source if isinstance(path, AddressedPath) else None
            listed = catalog.models.get(source.label) if source is not None else None
            if path in runs:
                yield from _of_run(runs[path], path, GIVEN)
            elif listed is not None:
                yield _listed_model(listed, GIVEN)
            elif source is not None:
                address = source.address
                yield OfferedModel(
                    id=address, label=source.label, group=GIVEN, weights=address, about=address
                )
            elif path.is_file():
                number = names.count(path.name)
                names.append(path.name)
                label = f"{path.name} ({number + 1})" if number else path.name
                yield OfferedModel(id=f"file:{label}", label=label, group=GIVEN, weights=str(path))

    def _trained(self) -> Iterator[OfferedModel]:
        for name, folder in self.reports().items():
            yield from _of_run(name, folder, RUNS)

    def _published(self) -> Sequence[OfferedModel]:
        catalog = Catalog(self.registry)
        usable = [it for it in catalog.models.values() if catalog.use(it).upscales]
        models = [_listed_model(model, HERE) for model in usable]
        return sorted(models, key=lambda model: bool(model.offer))  # those that are here first


def _of_run(name: str, folder: Path, group: str) -> Iterator[OfferedModel]:
    """The models of a run, one for each stage that has one."""
    for stage, inside in stage_folders(folder):
        weights = _weights_in(RunFolder(inside))
        if weights is not None:
            label = "/".join(filter(None, (name, stage)))
            yield OfferedModel(
                id=f"run:{label}",
                label=label,
                group=group,
                weights=str(weights),
                scale=scale_of(inside),
            )


def _weights_in(run: RunFolder) -> Path | None:
    """The model of a run: of its best validation, else of its last iteration."""
    return next((it for it in (run.best_generator, run.generator) if it.is_file()), None)


def _listed_model(model: PublishedModel, group: str) -> OfferedModel:
    source = ListedModel(model)
    # Whether its content is right is seen before it is used; hashing a cache takes its time.
    is_here = model.file is not None or source.place().is_file()
    about = [f"by {model.author}", described(model.license), *model.purposes, model.remark]
    return OfferedModel(
        id=model.name,
        label=model.name,
        group=group if is_here else FETCHED,
        weights=source.address,
        scale=model.scale,
        about=", ".join(filter(None, about)),
        source=model.source if model.source.startswith("https://") else "",
        offer="" if is_here else f"{source.offer().line}, from {model.url}",
    )
