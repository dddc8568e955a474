"""Every Python block of the documentation runs; plugins that a page shows are loaded and used."""

import ast
import doctest
import importlib
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest
from writers.blocks import blocks

import srcore
from srcore.cli.main import SrcoreGroup
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.plugin.targets import resolve
from srcore.testing import write_tiny_images
from srcore.testing.checks import complaints, dialect_complaints
from srcore.testing.specimen import Specimen, options_for

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
]
#: Modules whose docstrings have examples: those stand in the reference, too.
MODULES = [
    ".".join(file.relative_to(root).with_suffix("").parts)
    for root in (ROOT, *sorted((ROOT / "plugins").iterdir()))
    for package in (*root.glob("srcore"), *root.glob("srplug_*"))
    for file in sorted(package.rglob("*.py"))
    if re.search(r"^ +>>> ", file.read_text("utf-8"), re.MULTILINE)
]
#: Pages whose blocks are checked by another test.
ELSEWHERE = {"docs/tutorial/first-plugin.md": "test_tutorial.py follows it"}
#: A fence without a language shows output or a drawing.
LANGUAGES = {"python", "pycon", "py", "toml", "bash", "sh", "text", "bibtex", ""}
#: What components of the pages are built with, in the folder that the page is tried in.
KEYS = {
    ("source", "zip"): {"path": "images.zip"},
    ("loss", "uncertain"): {"first": {"type": "l1"}, "second": {"type": "mse"}},
    ("dataset", "repeat"): {"images": {"type": "hr_folder", "hr": "examples/images/train"}},
}
#: What a method of the documentation is trained with.
ADVERSARIAL = (
    'discriminator={type="patch", num_features=4}',
    'losses=[{type="l1"}, {type="adversarial"}]',
)


def with_blocks(*languages):
    return [
        pytest.param(page, id=str(page.relative_to(ROOT)))
        for page in PAGES
        if str(page.relative_to(ROOT)) not in ELSEWHERE and blocks(page, *languages)
    ]


@pytest.fixture
def strangers(workspace, monkeypatch):
    """Packages in the workspace can be imported, and are forgotten afterwards."""
    monkeypatch.syspath_prepend(workspace)
    before = set(sys.modules)
    yield workspace
    for name in set(sys.modules) - before:
        if name.startswith("srplug_"):
            del sys.modules[name]


@pytest.mark.parametrize("page", with_blocks("python"))
def test_python_blocks_run(page, strangers):
    python = blocks(page, "python")
    files = [block for block in python if block.place[0] is not None]
    with ZipFile(strangers / "images.zip", "w") as archive:
        for image in write_tiny_images(strangers / "zipped", 2).iterdir():
            archive.write(image, image.name)
    for block in files:
        block.write(strangers)
    if files:
        use_plugin(page, strangers)
    scope = {"__name__": "page"}
    for block in python:
        if block.place[0] is None:
            if "film" in block.code and find_spec("av") is None:
                continue  # an optional package
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
            exec(code, scope)


def use_plugin(page, folder):
    """Install the page's plugin as a distribution, build what it registers, call its hooks."""
    projects = [block for block in blocks(page, "toml") if "[project" in block.code]
    if not projects:  # of one file, which needs none
        (file,) = (block.place[0] for block in blocks(page, "python") if block.place[0])
        command = [sys.executable, "-m", "srcore", "--plugin", str(folder / file), "plugins"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert Path(file).stem in done.stdout, done.stderr
        return
    (project,) = projects
    points = tomllib.loads(project.code)["project"]["entry-points"]["srcore"]
    info = folder / "srplug_page-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: srplug-page\nVersion: 0.1\n")
    lines = "".join(f"{name} = {target}\n" for name, target in points.items())
    (info / "entry_points.txt").write_text(f"[srcore]\n{lines}")
    importlib.invalidate_caches()
    with using(PluginManager()) as manager:
        plugin = next(plugin for plugin in manager.plugins if plugin.name in points)
        hooks = manager.hooks_of(plugin)
        assert hooks
        for component in manager.registry.components():
            if component.owner == "srplug-page":
                use_component(component, folder)
        use_dialects(manager)
        if "srcore_register_commands" in hooks:
            group = SrcoreGroup()
            manager.hook.srcore_register_commands(cli=group)
            assert plugin.name in group.owners
        if {"srcore_engines_created", "srcore_run_finished"} & set(hooks):
            train(folder)


def use_component(component, folder):
    """Try it as the contract of plugins does; a handler of the documentation is also resumed."""
    if component.kind == "handler":
        use_handler(component, folder)
        return
    keys = KEYS.get((component.kind, component.name), {})
    used = frozenset({("method", component.name)})  # it is trained below
    faults = complaints(Specimen(component, options_for(component, keys), keys, folder, used=used))
    assert faults == []
    if component.kind == "method":
        write_tiny_experiment(folder)
        settings = [f'method.type="{component.name}"', "train.iterations=2", *ADVERSARIAL]
        run_experiment(srcore.load_experiment(folder / "tiny.toml", settings), folder, quiet=True)


def use_dialects(manager):
    """Write and read back."""
    for name, (target, owner) in manager.registry.dialects().items():
        if owner == "srplug-page":
            dialect = resolve(target)
            network = manager.registry.get("network", dialect.network)
            specimen = Specimen(network, network.options(), {}, Path.cwd())
            assert dialect_complaints(name, owner, dialect, specimen) == []


def use_handler(component, folder):
    """Train twice as long after a resume; what is there then goes on from its state."""
    write_tiny_experiment(folder)
    for iterations in (2, 4):
        settings = [f"train.iterations={iterations}", "train.validate_every=1"]
        settings.append(f'handlers=[{{type="{component.name}"}}]')
        loaded = srcore.load_experiment(folder / "tiny.toml", settings)
        run_experiment(loaded, folder / "runs", quiet=True, resume=True)
    lines = (folder / "runs/tiny/plugins/diary.txt").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [[str(n), "tiny/psnr"] for n in (1, 2, 3, 4)]


def write_tiny_experiment(folder):
    from srcore.testing.pytest_plugin import TINY_EXPERIMENT

    write_tiny_images(folder / "train", 2)
    write_tiny_images(folder / "validation", 1)
    (folder / "tiny.toml").write_text(TINY_EXPERIMENT)


def train(folder):
    write_tiny_experiment(folder)
    with pytest.raises(srcore.SrcoreError, match="patience needs validations"):
        srcore.load_experiment(folder / "tiny.toml", ["train.validate_every=0"])
    settings = ["train.validate_every=1", "train.iterations=30", "train.log_every=10"]
    loaded = srcore.load_experiment(folder / "tiny.toml", settings)
    run_experiment(loaded, folder / "runs", quiet=True)
    assert (folder / "runs/tiny/plugins/state.txt").read_text() == "done\n"


@pytest.mark.parametrize("page", with_blocks("pycon"))
def test_sessions_give_what_they_show(page, workspace):
    # Examples of docstrings take the names of their modules for granted.
    scope = {}
    for module in MODULES:
        scope |= vars(importlib.import_module(module))
    for block in blocks(page, "pycon"):
        if "film" in block.code and find_spec("av") is None:
            continue  # an optional package
        name = f"{page.name}:{block.line}"
        test = doctest.DocTestParser().get_doctest(block.code, dict(scope), name, str(page), 0)
        output = []
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=output.append)
        assert not output, "".join(output)


@pytest.mark.parametrize("page", with_blocks("py"))
def test_signatures_are_python(page):
    for block in blocks(page, "py"):
        ast.parse(block.code)


def test_every_block_has_a_language_that_is_checked():
    for page in PAGES:
        for block in blocks(page):
            assert block.language in LANGUAGES, f"{page}:{block.line}: {block.language!r}"
