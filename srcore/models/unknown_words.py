"""What is asked for that no model of any list has: a slip of the pen, answered with near names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from srcore.messages import shown
from srcore.models.catalog import Catalog, plain
from srcore.suggest import nearest

_VERSION = re.compile(r"-\d.*")


def unknown_values(catalog: Catalog, asked: Mapping[str, str | int | None]) -> Iterator[str]:
    """Complaints about what :meth:`Catalog.search` finds nothing of, whatever else is asked.

    Args:
        catalog: of all models.
        asked: ``scale``, ``architecture``, ``license`` and ``purpose`` as they were asked for.
    """
    for key, value in asked.items():
        known = _known(catalog, key)
        is_known = plain(str(value)) in map(plain, map(str, known))
        if value is None or is_known or catalog.search(**{key: value}):  # type: ignore[arg-type]  # the argument of the key
            continue
        hint = _hint(value, [*known, *_families(known)]) if isinstance(value, str) else ""
        there_are = ", ".join(map(str, known))
        yield f"no model of {key} {shown(value)}; {hint or f'there are {there_are}'}"


def unknown_words(catalog: Catalog, words: Sequence[str]) -> Iterator[str]:
    """Complaints about words that are part of nothing that is told of any model."""
    models = catalog.models.values()
    authors = {model.author for model in models}
    of_models = [*_known(catalog, "architecture"), *_known(catalog, "purpose"), *authors]
    for word in words:
        if not catalog.search((word,)):
            hint = _hint(word, of_models) or _hint(word, catalog.models)
            rest = hint or "without WORD and options all are listed"
            yield f"no model has {shown(word)} in what is told of it; {rest}"


def _known(catalog: Catalog, key: str) -> list[str | int]:
    """All values of a key, in order."""
    models = catalog.models.values()
    if key == "purpose":
        return sorted({purpose for model in models for purpose in model.purposes})
    further = catalog.architectures if key == "architecture" else ()
    return sorted({*(getattr(model, key) for model in models), *further})


def _families(licenses: Sequence[str | int]) -> Iterator[str]:
    """Beginnings of licenses, such as ``CC-BY`` of ``CC-BY-4.0``."""
    for name in licenses:
        yield _VERSION.sub("", str(name))


def _hint(value: str, known: Sequence[str | int] | Mapping[str, object]) -> str:
    spelled = {plain(str(name)): str(name) for name in known}
    meant = nearest(plain(value), spelled)
    return f'did you mean "{spelled[meant]}"?' if meant else ""
