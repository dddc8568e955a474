"""Numbers of things in prose are those of the things: each one is counted, or is not said."""

import re
from pathlib import Path

from srplug_spandrel.licenses import LICENSES, UNKNOWN

from srcore import hookspecs
from srcore.plugin.manager import PluginManager
from srcore.sources.source import ImageSource

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks/README.md",
    *ROOT.glob("plugins/*/README.md"),
    *(it for it in ROOT.glob("docs/**/*.md") if "reference" not in it.parts),
]
#: Smaller ones count what a sentence itself names.
WORDS = ["four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
NUMBER = re.compile(
    rf"\b({'|'.join(WORDS)}|\d+) (?:of the |shipped )?"
    r"(`srplug-\*`|plugins|packages|distributions|`pyproject\.toml`|commands|hooks|kinds|sources"
    r"|networks|optimizers|handlers|methods|metrics|losses|dialects|recipes|architectures)",
    re.IGNORECASE,
)
REGISTRY = PluginManager().registry


def components(kind, owner):
    return [it.name for it in REGISTRY.components() if (it.kind, it.owner) == (kind, owner)]


def listed(script, name):
    """How many texts a list at the top of a benchmark holds."""
    text = (ROOT / "benchmarks" / script).read_text("utf-8")
    body = re.search(rf"^{name}[^=\n]*= [(\[{{](.*?)^[)\]}}]", text, re.DOTALL | re.MULTILINE)[1]
    return len(re.findall(r'"[^"]+"', body))


#: Where what is counted is told, and how many there are.
COUNTED = {
    # one is any optimizer by name
    "README.md: optimizers": lambda: len(components("optimizer", "srplug-optimizers")) - 1,
    "README.md: networks": lambda: len(components("network", "srplug-spandrel")),
    "benchmarks/README.md: recipes": lambda: listed("estimates.py", "RECIPES"),
    "docs/design.md: hooks": lambda: sum(it.startswith("srcore_") for it in vars(hookspecs)),
    "docs/how-to/building-blocks.md: methods": lambda: sum(
        not name.startswith("_") or name == "__len__" for name in vars(ImageSource)
    ),
    "docs/how-to/estimate.md: recipes": lambda: listed("estimates.py", "RECIPES"),
    "docs/methods/spandrel.md: networks": lambda: sum(
        it.name == UNKNOWN for it in LICENSES.values()
    ),
    "docs/quickstart.md: methods": lambda: sum(
        (ROOT / "plugins" / f"srplug-{name}").is_dir()
        for name in ("esrdgan", "ldl", "sed", "dlsn", "usrdu")
    ),
}


def told():
    """(place, number) of what prose counts."""
    for page in PAGES:
        for number, what in NUMBER.findall(page.read_text("utf-8")):
            count = int(number) if number.isdigit() else WORDS.index(number.lower()) + 4
            yield f"{page.relative_to(ROOT).as_posix()}: {what.lower()}", count


def test_what_prose_counts_is_counted():
    places = dict(told())
    assert places.keys() == COUNTED.keys(), "say it without a number, or count it here"
    assert places == {place: count() for place, count in COUNTED.items()}
