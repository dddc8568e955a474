"""The reference holds everything that there is, and what it says is what the code says."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from generate import OURS, PLUGINS, ours
from writers.api import public_names
from writers.components import TABLES
from writers.lists import lists
from writers.plugin_index import plugin_index
from writers.program import hook_names
from writers.site import expanded

import srcore
from srcore import hookspecs
from srcore.config import schema
from srcore.options.declaration import KIND, is_inline
from srcore.options.describing import is_inner_table
from srcore.plugin.manager import plugins

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"


def read(name):
    return (REFERENCE / f"{name}.md").read_text("utf-8")


def section(text, heading):
    """Text below a heading, up to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    match = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^#{{2,{level}}} |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert match, f"no heading {heading}"
    return match[1]


def test_generated_pages_are_current(tmp_path):
    # In a new process: click's commands remember how an earlier test called them.
    subprocess.run([sys.executable, ROOT / "docs/generate.py", tmp_path], check=True)
    made = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    for name, text in made.items():
        assert (REFERENCE / name).read_text("utf-8") == text, (
            f"docs/reference/{name} differs from the code: run  python docs/generate.py"
        )
    assert {path.name for path in REFERENCE.iterdir()} == set(made)


def test_what_plugins_bring_is_known_where_they_are_not_installed():
    for file, text in plugin_index(ours()).items():
        assert file.read_text("utf-8") == text, "run  python docs/generate.py"


def test_lists_of_plugins_are_current():
    for file, text in lists().items():
        assert file.read_text("utf-8") == text, f"{file.name}: run  python docs/generate.py"
        assert all(plugin.removeprefix("srplug-") in text for plugin in PLUGINS)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_has_a_page(plugin):
    assert (ROOT / f"docs/methods/{plugin.removeprefix('srplug-')}.md").is_file()


@pytest.mark.parametrize("name", hook_names())
def test_hook_is_documented_with_its_real_signature(name):
    text = section(read("hooks"), f"## {name}")
    (shown,) = ast.parse(re.search(r"```py\n(.*?)```", text, re.DOTALL)[1]).body
    real = inspect.signature(getattr(hookspecs, name))
    arguments = {argument.arg: ast.unparse(argument.annotation) for argument in shown.args.args}
    assert arguments == {key: value.annotation for key, value in real.parameters.items()}
    assert ast.unparse(shown.returns) == real.return_annotation
    for what in ("When", "Do", "Parameters", "Returns", "Errors", "Since"):
        assert f"**{what}:** " in text
    assert re.search(r"\*\*Called by:\*\* `srcore/[\w/]+\.py`\.", text)


@pytest.mark.parametrize("name", hook_names())
def test_hook_has_a_test(name):
    folders = [ROOT / "tests", *ROOT.glob("plugins/*/tests")]
    files = [path for folder in folders for path in folder.rglob("test_*.py")]
    assert any(name in path.read_text("utf-8") for path in files if path != Path(__file__))


def test_every_table_of_an_experiment_is_in_the_reference():
    tables = {
        value
        for value in vars(schema).values()
        if inspect.isclass(value) and attrs.has(value) and value.__module__ == schema.__name__
    }
    assert tables - set(TABLES.values()) == {schema.DataTable}  # [data] has tables only


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_of_an_experiment_is_in_the_reference(heading):
    shown = heading if heading[0] != "[" else f"`{heading}`"
    text = section(read("configuration"), f"## {shown}")
    for field in attrs.fields(TABLES[heading]):
        key = field.name
        if is_inline(field):  # a component's keys, or any others
            key = "type" if KIND in field.metadata else "any other"
        assert f"\n| `{key}` | " in text, key


def test_every_component_and_key_is_in_the_reference():
    text = read("components")
    for component in plugins().registry.components():
        if component.owner in OURS:
            heading = f"### {component.name} {{ #{component.kind}-{component.name} }}"
            below = section(text, heading)
            assert f"`{component.owner}`" in below
            for key in keys(component.options):
                assert f"\n| `{key}` | " in below, f"{component.name}: {key}"


def keys(options, prefix=""):
    attrs.resolve_types(options)
    for field in attrs.fields(options):
        if is_inner_table(field):
            yield from keys(field.type, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def test_every_public_name_is_in_the_reference():
    text = read("api")
    for name in public_names():
        assert re.search(rf"^###? {re.escape(name)}$", text, re.MULTILINE), name
    assert srcore.__all__


def test_every_shipped_experiment_of_a_plugin_is_on_its_page_and_no_other_is_named():
    shipped = set(plugins().registry.experiments())
    prefixes = {name.split("/")[0] for name in shipped if "/" in name} & {
        owner.removeprefix("srplug-") for owner in OURS
    }
    for prefix in prefixes:
        text = (ROOT / f"docs/methods/{prefix}.md").read_text("utf-8")
        for name in shipped:
            stem = name.removesuffix("_x2") + "_x4"
            if name.startswith(f"{prefix}/") and not (stem in text and "`_x2`" in text):
                assert f"`{name}`" in text, name
    for page in {*ROOT.glob("docs/**/*.md")} - {ROOT / "docs/design.md"}:  # golden cases there
        for name in re.findall(rf"`((?:{'|'.join(sorted(prefixes))})/\w+)`", page.read_text()):
            assert name in shipped, f"{page}: {name}"


def test_every_page_is_in_the_navigation():
    config = pytest.importorskip("yaml").safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    docs = ROOT / "docs"
    listed = list(leaves(expanded(config["nav"], docs)))
    assert sorted(listed) == sorted(str(path.relative_to(docs)) for path in docs.rglob("*.md"))


def leaves(entry):
    if isinstance(entry, str):
        yield entry
    else:
        for item in entry.values() if isinstance(entry, dict) else entry:
            yield from leaves(item)


@pytest.mark.slow
def test_the_site_builds_strictly_and_asks_nobody_else(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = sorted(tmp_path.rglob("*.html"))
    assert len(built) > 20
    for page in built:
        text = page.read_text("utf-8")
        assert not re.search(r"<(?:script|img|iframe)[^>]* src=\"?(?:https?:)?//", text), page
        assert not re.search(r"<link[^>]* rel=\"?(?:stylesheet|preconnect)\"?[^>]*//", text), page
        assert r'class="arithmatex">\(' not in text, page
        assert r'class="arithmatex">\[' not in text, page
    assert "<math" in (tmp_path / "methods/ldl.html").read_text("utf-8")
