"""Makes srcore and its plugins usable from a plain checkout, entry points and all.

Nothing is built and nothing is fetched: wheels of a folder are unpacked into a temporary one, each
distribution of the checkout gets the metadata there that an editable installation would write, and
``PYTHONPATH`` names the sources. Compiled libraries of srplug-dlsn come from a folder that the
variable ``SRPLUG_DLSN_LIBDIR`` names.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(site: Path, wheels: Path | None, libraries: Path | None) -> dict[str, str]:
    """Variables for programs that import srcore; what they need is put into ``site``."""
    site.mkdir(parents=True, exist_ok=True)
    if wheels is not None:
        install(sorted(wheels.glob("*.whl")), site)
    sources = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
    for source in sources:
        write_metadata(source, site)
    given = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    variables = dict(os.environ)
    variables["PYTHONPATH"] = os.pathsep.join(map(str, [site, *sources, *given]))
    variables["PYTHONUNBUFFERED"] = "1"
    if libraries is not None:
        variables["SRPLUG_DLSN_LIBDIR"] = str(libraries.resolve())
    return variables


def install(wheels: list[Path], site: Path) -> None:
    """Unpack wheels; nothing else is looked for anywhere."""
    if not wheels:
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-compile", "--disable-pip-version-check", "--root-user-action=ignore"]
    subprocess.run([*command, "--target", str(site), *map(str, wheels)], check=True)


def write_metadata(source: Path, site: Path) -> None:
    """What ``importlib.metadata`` knows of the distribution whose sources these are."""
    import tomllib

    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    folder = site / f"{re.sub('[-_.]+', '_', name)}-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {need}" for need in project.get("dependencies", ())]
    (folder / "METADATA").write_text("\n".join(lines) + "\n", "utf-8")
    groups = dict(project.get("entry-points", {}))
    groups["console_scripts"] = project.get("scripts", {})
    text = ""
    for group, points in groups.items():
        if points:
            text += f"[{group}]\n" + "".join(f"{key} = {to}\n" for key, to in points.items())
    (folder / "entry_points.txt").write_text(text, "utf-8")
