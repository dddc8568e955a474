"""What a card tells, as one record of which Markdown and JSON are made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from srcore.cards.about import About
from srcore.cards.recipe import Recipe, recipe_of
from srcore.errors import SrcoreError
from srcore.files.hashing import sha256_of
from srcore.plugin.manager import PluginManager
from srcore.report.facts import protocol_of_run
from srcore.report.reading import RunRecord, read_run
from srcore.runs.exports import exported
from srcore.runs.folder import TRAINING_PHASE, RunFolder
from srcore.runs.provenance import read_provenance


@attrs.frozen
class Card:
    """All that a card tells.

    Attributes:
        about: what its author says.
        run: what the run left behind; of several stages the last one with a generator.
        recipe: what makes it again.
        weights: the file of the generator, of the best validation where one was chosen.
        sha256: of it.
        network: registered name of the network.
        options: of the network.
        scale: factor between input and output sides.
        experiment: hash of the resolved experiment, as the file of weights has it.
        iteration: how long it was trained.
        programs: versions and threads that the run had.
        weights_of_others: hashes of the files that trained networks started from, by key.
    """

    about: About
    run: RunRecord
    recipe: Recipe
    weights: Path
    sha256: str
    network: str
    options: dict[str, Any]
    scale: int
    experiment: str
    iteration: int
    programs: dict[str, Any]
    weights_of_others: dict[str, str]

    @property
    def title(self) -> str:
        """What the model is called."""
        return self.about.title or self.run.name

    @property
    def protocol(self) -> str:
        """How the results were measured."""
        return protocol_of_run(self.run)

    def at(self, url: str) -> Card:
        """The same card of weights that will lie elsewhere."""
        return attrs.evolve(self, about=attrs.evolve(self.about, url=url))

    def results(self) -> list[tuple[str, str, float | None, float]]:
        """Set, metric, bicubic's value, the value of these weights when they were validated."""
        return [
            (it.phase, it.name, self.run.bicubic.get(it.phase, {}).get(it.name), float(value))
            for it in self.run.series
            if it.phase != TRAINING_PHASE
            for iteration, value in zip(it.iterations, it.values, strict=True)
            if iteration == self.iteration
        ]

    def as_json(self) -> dict[str, Any]:
        """The whole card; texts, numbers and lists only."""
        return {
            "title": self.title,
            **{key: value for key, value in attrs.asdict(self.about).items() if key != "title"},
            "network": self.network,
            "options": self.options,
            "scale": self.scale,
            "parameters": self.run.parameters,
            "iteration": self.iteration,
            "date": self.run.dates[-1] if self.run.dates else "",
            "weights": {
                "file": self.weights.name,
                "bytes": self.weights.stat().st_size,
                "sha256": self.sha256,
            },
            "experiment": {"sha256": self.experiment, "toml": self.recipe.toml},
            "data": [attrs.asdict(it) for it in self.recipe.data],
            "start_weights": self.weights_of_others,
            "results": [
                {"set": name, "metric": metric, "bicubic": bicubic, "value": value}
                for name, metric, bicubic, value in self.results()
            ],
            "protocol": self.protocol,
            "performance": self.run.performance,
            "programs": self.programs,
            "pictures": [f"images/{it.name}" for it in self.run.pictures],
        }


def card_of(folder: Path, about: About, plugins: PluginManager) -> Card:
    """The card of a run.

    Raises:
        NoRunError: the folder holds no run.
        SrcoreError: the run has no generator.
    """
    run = _last_with_generator(read_run(folder), folder)
    files = RunFolder(run.folder)
    weights = files.best_generator if files.best_generator.is_file() else files.generator
    metadata = exported(weights)
    assert metadata is not None  # it was chosen for that
    fed = read_provenance(run.folder)
    return Card(
        about,
        run,
        recipe_of(folder, plugins),
        weights,
        sha256_of(weights),
        metadata.network,
        metadata.options,
        metadata.scale,
        metadata.experiment,
        metadata.iteration or 0,
        {**fed.get("versions", {}), **fed.get("threads", {}), **fed.get("processes", {})},
        fed.get("weights", {}),
    )


def _last_with_generator(records: Iterable[RunRecord], folder: Path) -> RunRecord:
    having = [it for it in records if exported(RunFolder(it.folder).generator) is not None]
    if not having:
        raise SrcoreError(
            f"{folder}: has no {RunFolder.generator} yet; a card is of a run that was trained"
        )
    return having[-1]
