"""Models whose file lies at an address with a known hash, or comes with a distribution."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import attrs

from srcore.errors import WeightsError
from srcore.models.addresses import MODEL, OnWeb
from srcore.models.cache import cache_folder, hash_fault
from srcore.models.entry import PublishedModel
from srcore.models.source import Offer


@attrs.frozen
class ShippedModel:
    """A model that is here already."""

    model: PublishedModel

    @property
    def address(self) -> str:
        """As ``model:NAME``."""
        return MODEL + self.model.name

    @property
    def label(self) -> str:
        """Its name."""
        return self.model.name

    def place(self) -> Path:
        """Its file."""
        assert self.model.file is not None
        return self.model.file

    def fault(self) -> str:
        """Empty, unless somebody has deleted the file since the list was read."""
        return "" if self.place().is_file() else f"has lost its file {self.place()}"

    def offer(self) -> Offer:
        """Only of what is to be fetched.

        Raises:
            WeightsError: always: the file comes with the distribution of the list.
        """
        raise WeightsError(f"model {self.label}: {self.fault()}; install {self.model.owner} again")

    def fetch(self) -> Path:
        """Nothing is fetched."""
        return self.place()


@attrs.frozen
class ListedModel:
    """A model of a list, fetched once into the user's cache."""

    model: PublishedModel

    @property
    def address(self) -> str:
        """As ``model:NAME``."""
        return MODEL + self.model.name

    @property
    def label(self) -> str:
        """Its name."""
        return self.model.name

    def place(self) -> Path:
        """Named for people, and by the hash: another version is another file."""
        suffix = _name_in(self.model.url).suffix
        return cache_folder() / f"{self.model.name}-{self.model.sha256[:12]}{suffix}"

    def fault(self) -> str:
        """Why its file cannot be used."""
        return hash_fault(self.place(), self.model.sha256)

    def offer(self) -> Offer:
        """What the list says."""
        model = self.model
        about = [f"for {', '.join(model.purposes)}"] * bool(model.purposes)
        about += [it for it in (model.remark, model.source) if it]
        return Offer(
            what=model.name,
            title=model.title,
            author=model.author,
            license=model.license,
            place=model.url,
            bytes=model.bytes,
            about=tuple(about),
            instead=self.fault() if self.place().is_file() else "",
        )

    def fetch(self) -> Path:
        """By the address of the list."""
        from srcore.models.downloading import download

        model = self.model
        return download(model.url, self.place(), model.sha256, model.bytes, what=model.name)


@attrs.frozen
class WebModel:
    """A file at an address, fetched once into the user's cache."""

    at: OnWeb

    @property
    def address(self) -> str:
        """With its hash."""
        return f"{self.at.url}#sha256={self.at.sha256}"

    @property
    def label(self) -> str:
        """The name of the file, without suffixes."""
        return _name_in(self.at.url).stem

    def place(self) -> Path:
        """Named as it is there, and by the hash."""
        name = _name_in(self.at.url)
        return cache_folder() / f"{name.stem[:80]}-{self.at.sha256[:12]}{name.suffix[:16]}"

    def fault(self) -> str:
        """Why its file cannot be used."""
        return hash_fault(self.place(), self.at.sha256)

    def offer(self) -> Offer:
        """Addresses say nothing of author and license."""
        instead = self.fault() if self.place().is_file() else ""
        return Offer(what=self.label, place=self.at.url, instead=instead)

    def fetch(self) -> Path:
        """By its address."""
        from srcore.models.downloading import download

        return download(self.at.url, self.place(), self.at.sha256, what=self.label)


def _name_in(url: str) -> PurePosixPath:
    name = unquote(PurePosixPath(urlsplit(url).path).name).replace("/", "_").lstrip(".")
    return PurePosixPath(name or "weights")
