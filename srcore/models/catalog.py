"""All models that installed lists know: found by name, searched, and what each of them needs."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from functools import cached_property

import attrs

from srcore.errors import WeightsError
from srcore.messages import shown
from srcore.models.entry import PublishedModel
from srcore.models.licenses import is_noncommercial
from srcore.models.lists import Requirement, read_models
from srcore.plugin.known import comes_with, known_components
from srcore.plugin.registry import Registry, duplicate
from srcore.suggest import closest

#: Of architectures that no list names.
_UNREAD = "no package is known that reads it; take a model whose use is train or upscale"

_LEADING_SCALE = re.compile(r"^\d{1,2}x-?(?=.)")


class UnknownModelError(WeightsError):
    """No list has a model of that name, or several have one of a name like it."""

    exit_code = 2


@attrs.frozen
class Use:
    """What can be done with a model on this installation.

    Attributes:
        trains: whether an experiment can go on from it.
        upscales: whether images can be enlarged with it.
        needs: what to do for what cannot be done, in one phrase; empty: nothing.
    """

    trains: bool
    upscales: bool
    needs: str = ""


@attrs.define(slots=False)
class Catalog:
    """The models of all lists.

    Args:
        registry: knows the lists, networks and readers of weights.
    """

    registry: Registry

    @cached_property
    def models(self) -> dict[str, PublishedModel]:
        """All models by name.

        Raises:
            PluginError: a list cannot be read, or two lists have a model of one name.
        """
        models: dict[str, PublishedModel] = {}
        for file, owner in self.registry.model_lists():
            for model in read_models(file, owner).models:
                if model.name in models:
                    raise duplicate(f"model {shown(model.name)}", models[model.name].owner, owner)
                models[model.name] = model
        return dict(sorted(models.items()))

    @cached_property
    def architectures(self) -> dict[str, Requirement]:
        """What all lists say of architectures; the first one that names one is believed."""
        architectures: dict[str, Requirement] = {}
        for file, owner in self.registry.model_lists():
            for name, entry in read_models(file, owner).architectures.items():
                architectures.setdefault(name, entry)
        return architectures

    def get(self, name: str) -> PublishedModel:
        """The model of a name, a title or a name with its scale in front, in any case.

        Raises:
            UnknownModelError: there is none, or several; offers names.
        """
        if name in self.models:
            return self.models[name]
        alike: list[PublishedModel] = []
        for spelled in (plain(name), _LEADING_SCALE.sub("", plain(name))):
            alike = [it for it in self.models.values() if spelled in _spellings(it)]
            if len(alike) == 1:
                return alike[0]
        if alike:
            names = " or ".join(it.name for it in alike)
            raise UnknownModelError(f"model {shown(name)}: {names}? name one of them")
        hint = closest(plain(name), self.models) or "srcore models lists all"
        raise UnknownModelError(f"no model {shown(name)}; {hint}")

    def search(
        self,
        words: tuple[str, ...] = (),
        *,
        scale: int | None = None,
        architecture: str | None = None,
        license: str | None = None,
        purpose: str | None = None,
        commercial: bool = False,
    ) -> list[PublishedModel]:
        """The models that fit everything that is asked, by name.

        Args:
            words: each is part of name, title, author, architecture, license or a purpose.
            scale: of the output.
            architecture: its name.
            license: its name or the beginning of it, such as ``CC-BY``.
            purpose: part of one, such as ``anime``.
            commercial: leave out those whose license forbids commercial use.
        """
        return [
            model
            for model in self.models.values()
            if all(plain(word) in _text(model) for word in words)
            and scale in (None, model.scale)
            and (architecture is None or plain(architecture) == plain(model.architecture))
            and (license is None or plain(model.license).startswith(plain(license)))
            and (purpose is None or any(plain(purpose) in plain(it) for it in model.purposes))
            and not (commercial and is_noncommercial(model.license))
        ]

    def use(self, model: PublishedModel) -> Use:
        """What can be done with a model, and what to install for the rest."""
        needed = self.architectures.get(model.architecture)
        if needed is None:
            return Use(False, False, _UNREAD)
        advice = self._advice_on_network(needed.network)
        if not advice:
            return Use(True, True)
        if needed.reader not in self.registry.readers():
            return Use(False, False, advice)
        if not all(map(importlib.util.find_spec, filter(None, (needed.reader, needed.package)))):
            install = needed.package or f'"srcore[{needed.reader}]"'
            return Use(False, False, f"pip install {install} to upscale")
        return Use(False, True, f"to train it: {advice}")

    def _advice_on_network(self, name: str) -> str:
        """How to get a network that is not registered; empty if it is."""
        if any(it.name == name for it in self.registry.components("network")):
            return ""
        owner = known_components().get("network", {}).get(name)
        return comes_with(owner) if owner else "no plugin is known that does"


def plain(text: str) -> str:
    """A text as it is compared: in small letters, with hyphens between words."""
    return re.sub(r"[\s_]+", "-", text.strip().lower())


def _spellings(model: PublishedModel) -> Iterator[str]:
    for name in map(plain, (model.name, model.title, _page(model))):
        yield name
        yield _LEADING_SCALE.sub("", name)


def _page(model: PublishedModel) -> str:
    """The last part of the address of its page: what it is called there."""
    return model.source.rstrip("/").rpartition("/")[2]


def _text(model: PublishedModel) -> str:
    told = (model.name, model.title, _page(model), model.author, model.architecture, model.license)
    return "\n".join(map(plain, (*told, f"x{model.scale}", *model.purposes)))
