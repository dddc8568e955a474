"""The one place where the name of a model becomes a file of weights.

Nothing is fetched unless the caller's ``consent`` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srcore.errors import WeightsError
from srcore.models.addressed_path import AddressedPath, complaint_about
from srcore.models.addresses import MODEL, OnHub, OnWeb, is_address, parse
from srcore.models.catalog import Catalog
from srcore.models.hub import HubModel
from srcore.models.model_files import ListedModel, ShippedModel, WebModel
from srcore.models.source import ModelSource, Offer
from srcore.plugin.registry import Registry

Consent = Callable[[Offer], bool]
_HERE = Path()


def source_of(address: str, registry: Registry) -> ModelSource:
    """Where the model of an address comes from.

    Raises:
        WeightsError: it is written wrongly, or no list has a model of that name.
    """
    at = parse(address)
    if isinstance(at, OnHub):
        return HubModel(at)
    if isinstance(at, OnWeb):
        return WebModel(at)
    model = Catalog(registry).get(at)
    return ListedModel(model) if model.file is None else ShippedModel(model)


def as_address(text: str, registry: Registry) -> str:
    """The address that the name of a model stands for; addresses stay what they are.

    Raises:
        WeightsError: no list has a model of that name.
    """
    if is_address(text):
        return text
    return MODEL + Catalog(registry).get(text).name


def address_in(text: str, registry: Registry, folder: Path = _HERE) -> str:
    """The address that a text names, also as the bare name of a model; empty: it is a path.

    A file is taken before a model of that name.

    Args:
        text: as somebody wrote it.
        registry: knows the lists of models.
        folder: that relative paths start from.

    Raises:
        PluginError: a list of models cannot be read.
    """
    if is_address(text):
        return text
    # the name first: not every text is one that a file system can be asked for
    is_model = text in Catalog(registry).models and not (folder / text).exists()
    return MODEL + text if is_model else ""


def weights_file(weights: str | Path, registry: Registry, consent: Consent | None = None) -> Path:
    """The file that a text, or a path of an experiment, names; models are looked up and fetched.

    Args:
        weights: a path, an address (:mod:`srcore.models.addresses`), or as text the bare name of a
            model, such as ``"x4"``.
        registry: knows the lists of models.
        consent: told what is to be fetched; says whether it may be. None: nothing is fetched.

    Raises:
        WeightsError: there is no such model, it is not here and may not be fetched, or its content
            is not what was announced.
    """
    address = address_in(weights, registry) if isinstance(weights, str) else ""
    if not address:
        return Path(weights)
    source = source_of(address, registry)
    if not source.fault():
        return AddressedPath.of(source)
    if consent is None:
        raise WeightsError(complaint_about(AddressedPath.of(source)))
    offer = source.offer()
    if not consent(offer):
        raise WeightsError(f"{source.address}: not fetched")
    source.fetch()
    return AddressedPath.of(source)
