"""CHANGELOG.md has the form that docs/compatibility.md promises."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADINGS = ["Added", "Changed", "Deprecated", "Removed", "Fixed"]
PACKAGES = {"srcore", *(path.name for path in (ROOT / "plugins").iterdir())}
TEXT = (ROOT / "CHANGELOG.md").read_text("utf-8")
VERSIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def complaints(body):
    """What in the text of one version is otherwise than promised."""
    headings = re.findall(r"^### (.+)$", body, re.MULTILINE)
    if headings != [it for it in HEADINGS if it in headings]:
        yield f"headings {headings}; expected some of {HEADINGS}, each once and in this order"
    if re.search(r"\n\n\n|^- .*\n\n- ", body, re.MULTILINE):
        yield "blank lines between entries, or several after another"
    entries = [line for line in body.splitlines() if line.strip() and not line.startswith("### ")]
    for entry in entries:
        named = re.match(r"- (all packages|`[\w-]+`(?:, `[\w-]+`)*): \S", entry)
        if not named:
            yield f"does not begin with its packages: {entry[:80]}"
        elif unknown := set(re.findall(r"`([\w-]+)`", named[1])) - PACKAGES:
            yield f"no package {unknown}: {entry[:80]}"
        if entries.count(entry) > 1:
            yield f"stands twice: {entry[:80]}"


@pytest.mark.parametrize("version", VERSIONS)
def test_entries_are_sorted_under_the_promised_headings(version):
    assert re.fullmatch(r"\d+\.\d+\.\d+ \((unreleased|\d{4}-\d\d-\d\d)\)", version)
    assert not list(complaints(VERSIONS[version]))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("### Fixed\n\n- `srcore`: x.\n\n### Added\n\n- `srcore`: y.\n", "in this order"),
        ("### New\n\n- `srcore`: x.\n", "expected some of"),
        ("### Added\n\n- something: x.\n", "does not begin"),
        ("### Added\n\n- `srplug-none`: x.\n", "no package"),
        ("### Added\n\n- `srcore`: x.\n- `srcore`: x.\n", "stands twice"),
        ("### Added\n\n- `srcore`: x.\n\n- `srcore`: y.\n", "blank lines"),
    ],
)
def test_other_forms_are_refused(body, told):
    assert any(told in complaint for complaint in complaints(body))


def test_the_promise_names_these_headings():
    promised = (ROOT / "docs/compatibility.md").read_text("utf-8")
    assert "under Added, Changed, Deprecated, Removed or Fixed" in promised
