"""Write the list of published models from a JSON file of facts about them.

    python docs/write_models.py FACTS.json

``FACTS.json`` holds ``models``, each with the entries that OpenModelDB publishes: id, name, author,
license, architecture, scale, tags, date and one file with type, bytes, sha256 and url. Facts only
are taken: no descriptions. Of several files of a model the safetensors one is taken, then the
largest. Left out are files inside of archives, whose own hash nobody has published.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomli_w

LIST = Path(__file__).parents[1] / "srcore" / "models" / "published.toml"
PAGE = "https://openmodeldb.info/models/{}"
HEAD = """\
# Facts about published models with a direct address and a known hash, written by
# docs/write_models.py from entries of OpenModelDB (August 2026). Licenses are as authors state.

"""
_CORE = {"compact": "compact", "edsr": "edsr", "esrgan": "rrdbnet", "swinir": "swinir"}
_SPANDREL = (
    "atd", "dat", "ditn", "drct", "grl", "hat", "mosr", "omnisr", "rcan", "realplksr", "rgt",
    "span", "srformer", "swift-srgan",
)  # fmt: skip
#: Those that spandrel reads only with this package beside it.
_EXTRA = {"srformer": "spandrel_extra_arches"}
#: Variants that are the same network with another option.
_VARIANTS = {"realplksr-dysample": "realplksr"}


def main(facts: Path, target: Path = LIST) -> None:
    """Write the list; print what is left out."""
    entries = json.loads(facts.read_text("utf-8"))["models"]
    target.write_text(HEAD + tomli_w.dumps(listed(entries)), "utf-8")


def listed(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The tables of a list."""
    by_id = defaultdict(list)
    for entry in entries:
        if urlsplit(entry["file"]["url"]).path.endswith((".zip", ".7z", ".rar")):
            print(f"left out: {entry['id']}: {entry['file']['url']} is an archive")
        else:
            by_id[entry["id"]].append(entry)
    chosen = [max(files, key=_preference) for files in by_id.values()]
    bare = defaultdict(list)
    for entry in chosen:
        bare[_bare(entry["id"])].append(entry)
    named = {}
    for name, same in bare.items():
        for entry in same:
            named[name if len(same) == 1 else f"{name}-x{entry['scale']}"] = table(entry)
    kinds = {entry["architecture"] for entry in chosen}
    return {"architectures": architectures(kinds), "models": dict(sorted(named.items()))}


def architectures(kinds: set[str]) -> dict[str, Any]:
    """What is needed for each architecture; those that nothing reads have no entry."""
    known = {}
    for kind in sorted(kinds):
        of = _VARIANTS.get(kind, kind)
        if of in _CORE:
            known[kind] = {"network": _CORE[of]}
        elif of in _SPANDREL:
            network = f"spandrel_{of.replace('-', '_')}"
            package = {"package": _EXTRA[of]} if of in _EXTRA else {}
            known[kind] = {"network": network, "reader": "spandrel"} | package
    return known


def table(entry: dict[str, Any]) -> dict[str, Any]:
    """The table of one model."""
    author = entry["author"]
    file = entry["file"]
    return {
        "title": entry["name"].strip(),
        "author": author if isinstance(author, str) else ", ".join(author),
        "license": entry["license"],
        "architecture": entry["architecture"],
        "scale": entry["scale"],
        "purposes": entry["tags"],
        "date": entry["date"],
        "source": PAGE.format(entry["id"]),
        "url": file["url"],
        "sha256": file["sha256"],
        "bytes": file["bytes"],
    }


def _preference(entry: dict[str, Any]) -> tuple[bool, int]:
    return entry["file"]["type"] == "safetensors", entry["file"]["bytes"]


def _bare(identity: str) -> str:
    """The id without the scale in front, in small letters."""
    name = re.sub(r"[^a-z0-9._-]+", "-", identity.lower())
    return re.sub(r"^\d+x-", "", name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
