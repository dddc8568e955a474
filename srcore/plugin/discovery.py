"""Which plugins are installed and whether they fit this core: from metadata, before any import."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, PackageMetadata, distributions

from srcore import __version__

#: Entry-point group of plugins.
GROUP = "srcore"

_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?(?P<range>[^;)]*)\)?\s*(?:;\s*(?P<marker>.*))?$"
)


class Installed:
    """An installed distribution, whose metadata is read once: importlib does so for every question.

    Args:
        distribution: as importlib found it.
    """

    def __init__(self, distribution: Distribution) -> None:
        self._distribution = distribution

    @functools.cached_property
    def _metadata(self) -> PackageMetadata:
        return self._distribution.metadata

    @property
    def name(self) -> str:
        """Its name; a folder that pip left half deleted has none."""
        return self._first("Name") or "unnamed"

    @property
    def version(self) -> str:
        """Its version; empty if it says none."""
        return self._first("Version")

    @property
    def requires(self) -> list[str]:
        """What it requires, a line each, as the package wrote it."""
        wanted = self._metadata.get_all("Requires-Dist")
        return wanted or self._distribution.requires or []  # eggs have a file of their own for it

    def _first(self, field: str) -> str:
        return next(map(str, self._metadata.get_all(field) or ()), "")


def entry_points() -> Iterator[tuple[Installed, EntryPoint]]:
    """Entry points of the group, sorted by distribution so that the order never depends on disk.

    Of a distribution that is found twice, the one that comes first on ``sys.path`` counts, as for
    an import.
    """
    by_name: dict[str, list[tuple[Installed, EntryPoint]]] = {}
    for distribution in distributions():
        # Looked at as text first: parsing those of hundreds of packages is what takes the time.
        if f"[{GROUP}]" not in (distribution.read_text("entry_points.txt") or ""):
            continue
        entries = [entry for entry in distribution.entry_points if entry.group == GROUP]
        if entries:
            installed = Installed(distribution)
            name = normalized_name(installed.name)
            by_name.setdefault(name, [(installed, entry) for entry in entries])
    for name in sorted(by_name):
        yield from sorted(by_name[name], key=lambda pair: pair[1].name)


def normalized_name(name: str) -> str:
    """A distribution's name as package indexes compare it: ``SRPlug_x`` is ``srplug-x``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def version_of(name: str) -> str:
    """Version of an installed distribution; ``(not installed)`` if there is none."""
    for distribution in distributions(name=name):
        return str(distribution.version)
    return "(not installed)"


def label(name: str) -> str:
    """Distribution and version, as error messages name it."""
    version = version_of(name)
    return name if version == "(not installed)" else f"{name} {version}"


def version_misfit(distribution: Distribution | Installed, running: str = __version__) -> str:
    """Why a plugin's declared range of core versions excludes this one; empty if it does not.

    A pre-release of the core counts as itself or as the release that it becomes: a plugin that
    wants ``>=0.1,<0.2`` works with 0.1.0rc1, and is refused by 0.2.0.dev1, whose interfaces are
    those of 0.2.

    Args:
        distribution: the plugin's distribution.
        running: version of the core.
    """
    # Not packaging.requirements: its parser would be half of what this costs at start-up.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import Version

    version = Version(running)
    release = Version(version.base_version)
    for wanted in core_ranges(distribution):
        try:
            specifiers = SpecifierSet(wanted)
        except InvalidSpecifier:
            continue  # nothing that can be compared; pip complains about it at installation
        if any(specifiers.contains(it, prereleases=True) for it in {version, release}):
            continue
        outdated = any(
            specifier.operator in (">=", ">", "~=", "==", "===")
            and Version(specifier.version.removesuffix(".*")) > release
            for specifier in specifiers
        )
        upgrade = "srcore" if outdated else distribution.name
        return f"wants srcore {wanted}, installed is {running}; pip install --upgrade {upgrade}"
    return ""


def core_ranges(distribution: Distribution | Installed) -> Iterator[str]:
    """The ranges of core versions that a distribution requires; an empty one admits all."""
    for line in distribution.requires or ():
        match = _REQUIREMENT.match(line)
        if match is None or normalized_name(match["name"]) != "srcore":
            continue
        if match["marker"]:
            if "extra" in match["marker"]:
                continue
            from packaging.markers import Marker

            if not Marker(match["marker"]).evaluate():
                continue
        yield match["range"].strip()
