"""Paths of an experiment that were named by the address of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srcore.models.source import ModelSource


class AddressedPath(type(Path())):  # type: ignore[misc]  # what a path is depends on the system
    """The place of a model's file, which need not be there yet.

    Resolved experiments hold the address, so that they mean the same on other machines.

    Attributes:
        source: where the model comes from; None of paths that were made from another one.
    """

    source: ModelSource | None = None

    @classmethod
    def of(cls, source: ModelSource) -> AddressedPath:
        """The place of a model."""
        path: AddressedPath = cls(source.place())
        path.source = source
        return path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path, (str(self),)) if self.source is None else (AddressedPath.of, (self.source,))


def written(path: Path) -> str:
    """A path as an experiment writes it: the address of a model where it was named by one."""
    source = path.source if isinstance(path, AddressedPath) else None
    return str(path) if source is None else source.address


def complaint_about(path: Path) -> str:
    """Why the model that a path was named by cannot be used, and what to do; empty if it can."""
    source = path.source if isinstance(path, AddressedPath) else None
    fault = "" if source is None else source.fault()
    return f"{source.address} {fault}; {advice(source)}" if source is not None and fault else ""


def advice(source: ModelSource) -> str:
    """How to get a model that is not here."""
    return f"to fetch it: srcore models --download {source.address}"
