"""Where is it? File names answer, as the table in CONTRIBUTING.md says; versions agree."""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import click
import pytest

import srcore
from srcore import hookspecs
from srcore.cli.main import SrcoreGroup
from srcore.plugin.manager import PluginManager

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "network": "networks",
    "discriminator": "networks",
    "loss": "losses",
    "labels": "losses",
    "transform": "transforms",
    "source": "sources",
    "dataset": "datasets",
    "sampler": "samplers",
    "method": "methods",
    "metric": "metrics",
    "optimizer": "optimization",
    "schedule": "optimization",
    "handler": "handlers",
    "srcore.backend": "inference.backends",
}
#: Names of files in plugins; other kinds choose their own.
FILES = {
    "network": {"networks"},
    "discriminator": {"networks", "discriminators"},
    "loss": {"losses"},
    "labels": {"labels"},
    "transform": {"transforms"},
    "method": {"method"},
    "task": {"tasks"},
    "metric": {"metrics"},
    "dataset": {"data"},
    "handler": {"handlers"},
}
MANAGER = PluginManager()
REGISTRY = MANAGER.registry
COMMANDS = SrcoreGroup()
MANAGER.hook.srcore_register_commands(cli=COMMANDS)
PROJECTS = [ROOT, *sorted((ROOT / "plugins").iterdir())]


def module_of(target):
    return target.partition(":")[0] if isinstance(target, str) else target.__module__


CORE = [entry for entry in REGISTRY.components() if entry.owner == "srcore"]
OURS = [
    entry
    for entry in REGISTRY.components()
    if entry.owner.startswith("srplug-") and (ROOT / "plugins" / entry.owner).is_dir()
]


@pytest.mark.parametrize("component", CORE, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_component_of_the_core_lies_in_the_folder_of_its_kind(component):
    package = f"srcore.{FOLDERS[component.kind]}"
    module = module_of(component.target)
    assert module.rpartition(".")[0] == package
    assert component.options.__module__ in (f"{package}.options", "srcore.options.declaration")


@pytest.mark.parametrize(
    "component",
    [entry for entry in CORE if entry.kind in ("network", "discriminator", "method", "handler")],
    ids=lambda entry: f"{entry.kind}-{entry.name}",
)
def test_networks_methods_and_handlers_have_files_of_their_own_name(component):
    stem = component.name + ("_discriminator" if component.kind == "discriminator" else "")
    assert module_of(component.target) == f"srcore.{FOLDERS[component.kind]}.{stem}"


@pytest.mark.parametrize("component", OURS, ids=lambda entry: f"{entry.owner}-{entry.name}")
def test_component_of_a_plugin_lies_in_the_file_of_its_kind(component):
    package, _, stem = module_of(component.target).rpartition(".")
    assert package == component.owner.replace("-", "_")
    files = FILES.get(component.kind, {stem})
    folder = ROOT / "plugins" / component.owner / package
    # Where one file would be too long, files of sorts stand in its place.
    assert stem in files or not any((folder / f"{name}.py").exists() for name in files)
    room = f"{package}.options"  # a file, or a folder of many
    module = component.options.__module__
    assert module in (room, "srcore.options.declaration") or module.rpartition(".")[0] == room


def test_hooks_are_declared_in_hookspecs_and_implemented_in_plugin_files():
    declared = {name for name in vars(hookspecs) if name.startswith("srcore_")}
    assert declared
    for plugin in MANAGER.plugins:
        assert declared >= set(MANAGER.hooks_of(plugin))
        if (ROOT / "plugins" / plugin.distribution).is_dir():
            assert plugin.module.__name__ == f"{plugin.distribution.replace('-', '_')}.plugin"


def test_commands_of_the_core_are_files():
    core = [name for name, owner in COMMANDS.owners.items() if owner == "srcore"]
    assert len(core) > 10
    for name in core:
        assert (ROOT / "srcore" / "cli" / f"{name.replace('-', '_')}.py").is_file()


def test_commands_of_plugins_lie_in_commands_files():
    for name, owner in COMMANDS.owners.items():
        if (ROOT / "plugins" / owner).is_dir():
            command = COMMANDS.get_command(click.Context(COMMANDS), name)
            modules = {leaf.callback.__module__ for leaf in leaves(command)}
            assert modules == {f"{owner.replace('-', '_')}.commands"}


def leaves(command):
    children = getattr(command, "commands", {}).values()
    return [leaf for child in children for leaf in leaves(child)] or [command]


def test_checkpoint_dialects_lie_beside_their_networks():
    for name, (target, owner) in REGISTRY.dialects().items():
        package = owner.replace("-", "_")
        ours = f"srcore.networks.dialects.{name.partition('_')[0]}"
        if owner == "srcore" or (ROOT / "plugins" / owner).is_dir():
            assert module_of(target) == (ours if owner == "srcore" else f"{package}.weights")


def test_experiments_are_found_by_their_address():
    for name, (path, owner) in REGISTRY.experiments().items():
        prefix, _, stem = name.rpartition("/")
        assert (path.parent.name, path.stem) == ("experiments", stem)
        if owner == "srcore" or (ROOT / "plugins" / owner).is_dir():
            assert owner == (f"srplug-{prefix}" if prefix else "srcore")


def test_tests_lie_where_their_modules_lie():
    """A folder of tests is one of srcore or of the repository; its files are test_<what>.py."""
    own_data = {"golden", "golden_handlers", "guard", "stress"}
    for folder in (ROOT / "tests").iterdir():
        if folder.is_dir() and folder.name not in own_data | {"__pycache__"}:
            tested = (ROOT / "srcore" / folder.name, ROOT / folder.name)
            assert any(it.is_dir() for it in tested), folder
            stray = [
                path.name
                for path in folder.glob("*.py")
                if not path.name.startswith(("test_", "conftest"))
            ]
            assert not stray, f"{folder}: {stray}"
    assert not [path for path in ROOT.glob("**/tests/**/__init__.py") if ".venv" not in str(path)]


#: Longer files hold more than one thing.
_LONGEST = 400


def test_modules_are_short():
    modules = [*ROOT.glob("srcore/**/*.py"), *ROOT.glob("plugins/*/srplug_*/**/*.py")]
    assert len(modules) > 300
    long = []
    for module in modules:
        lines = module.read_text("utf-8").splitlines()
        if len(lines) > _LONGEST and "written by" not in lines[0]:
            long.append(module.relative_to(ROOT).as_posix())
    assert not long


#: The same part of many rooms: keys of components, how many channels images may have there.
_EVERYWHERE = {"__init__", "channels", "options"}


def test_file_names_say_what_they_hold_and_not_only_of_which_sort_it_is():
    """``strips.py`` and ``picture_crops.py`` instead of one ``pictures.py`` a room."""
    modules = Counter(path.stem for path in ROOT.glob("srcore/**/*.py"))
    assert not [name for name, count in modules.items() if count > 3 and name not in _EVERYWHERE]


def test_image_files_have_one_public_face():
    """Whoever is outside srcore/images imports its names from there, not from its modules."""
    inside = ROOT / "srcore" / "images", ROOT / "tests" / "images"
    folders = [ROOT / name for name in ("srcore", "tests", "plugins", "benchmarks", "docs")]
    for path in [file for folder in folders for file in folder.rglob("*.py")]:
        if not set(inside) & set(path.parents):
            imports = re.findall(r"(?:from|import) srcore\.images\.\w+", path.read_text("utf-8"))
            assert not imports, f"{path}: {imports}"


def test_golden_values_lie_beside_a_manifest_of_their_method():
    folders = {*ROOT.glob("tests/golden/*/"), *ROOT.glob("plugins/*/tests/golden/*/")}
    folders -= {ROOT / "tests/golden" / name for name in ("formulas", "__pycache__")}
    assert folders
    for folder in folders:
        assert (folder / "manifest.json").is_file(), folder


#: Files and folders of the repository; folders of runs and of the cache have such names, too.
NAMED_PLACE = re.compile(
    r"`((?:srcore/[^` ]*(?:\.\w+|/)"
    r"|(?:plugins/srplug-|tests/|docs/|benchmarks/|examples/|\.ci/)[^` ]*))`"
)


def test_results_of_stress_tests_say_when_and_where_they_ran():
    for file in (ROOT / "tests" / "stress" / "results").glob("*.json"):
        result = json.loads(file.read_text("utf-8"))
        assert result["test"].partition("::")[2], file
        for key in ("when", "commit", "processor", "python", "torch", "seconds", "figures"):
            assert result.get(key) not in (None, ""), f"{file}: {key}"


def test_every_place_that_pages_name_exists():
    """A page of a plugin may name places from its own folder on."""
    missing, count = [], 0
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/*/README.md")]
    for page in pages:
        if page.name in ("CHANGELOG.md", "first-plugin.md"):  # names of the past, and of a reader
            continue
        for name in NAMED_PLACE.findall(page.read_text("utf-8")):
            count += 1
            place = re.sub(r"<\w+>", "*", name.partition("::")[0]).rstrip("/")
            if not (list(ROOT.glob(place)) or list(page.parent.glob(place))):
                missing.append(f"{page.relative_to(ROOT)}: {name}")
    assert count > 150
    assert not missing


def test_every_example_is_listed_and_typed():
    examples = [folder.name for folder in ROOT.glob("examples/srplug-*")]
    assert len(examples) > 3
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]
    typed = {module for entry in mypy["overrides"] for module in entry["module"]}
    for name in examples:
        assert f"(examples/{name})" in (ROOT / "README.md").read_text("utf-8")
        assert f"(../examples/{name}/README.md)" in (ROOT / "docs/index.md").read_text("utf-8")
        assert f"{name.replace('-', '_')}.*" in typed


def test_everything_but_tests_is_typed():
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]
    assert mypy["strict"]
    assert not [
        it for it in mypy["overrides"] if "disable_error_code" in it or "ignore_errors" in it
    ]
    seen = {path for pattern in mypy["files"] for path in ROOT.glob(pattern)}
    seen |= {path for folder in seen if folder.is_dir() for path in folder.rglob("*.py")}
    command = ["git", "ls-files", "*.py", ".ci/*.py"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    unseen = [name for name in files.split() if ROOT / name not in seen]
    assert [name for name in unseen if "tests" not in Path(name).parts] == []


def test_only_code_of_strangers_may_leave_out_types():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    untyped = [it for it in tools["mypy"]["overrides"] if "disallow_untyped_defs" in it]
    assert {name for it in untyped for name in it["module"]} == {
        f"{folder.name.replace('-', '_')}.*" for folder in ROOT.glob("examples/srplug-*")
    }
    ignored = tools["ruff"]["lint"]["per-file-ignores"]
    assert {place for place, rules in ignored.items() if "ANN" in rules} == {
        "tests/**",
        "plugins/*/tests/**",
        "examples/**",
    }


@pytest.mark.parametrize("plugin", [*ROOT.glob("plugins/*"), *ROOT.glob("examples/srplug-*")])
def test_plugins_are_tested_by_files_of_the_same_name(plugin):
    tests = {path.name: path.read_text("utf-8") for path in plugin.glob("tests/test_*.py")}
    contracts = [name for name, text in tests.items() if "(PluginContract)" in text]
    assert contracts == ["test_contract.py"]
    has_commands = any(plugin.glob("srplug_*/commands.py"))
    assert ("test_commands.py" in tests) == has_commands


@pytest.mark.parametrize("plugin", [*ROOT.glob("plugins/*")], ids=lambda it: it.name)
def test_readmes_of_plugins_have_the_same_headings_in_the_same_order(plugin):
    text = re.sub(
        r"^```.*?^```",
        "",
        (plugin / "README.md").read_text("utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [it for it in headings if it != "Differences"] == [
        "Use",
        "Parts",
        "Citation and license",
    ]
    assert "Differences" not in headings or headings.index("Differences") == 2
    assert "[srcore](https://github.com/srcore/srcore)" in text  # packages show it outside, too
    assert "(../../README.md)" not in text
    # tables of keys are generated, in docs/reference
    assert not re.search(r"^\| key \|", text, re.MULTILINE)


def test_versions_of_plugins_are_those_of_their_distributions_alone():
    files = [*ROOT.glob("plugins/*/srplug_*/**/*.py"), *ROOT.glob("examples/*/srplug_*/**/*.py")]
    assert len(files) > 40
    repeated = [
        it for it in files if re.search(r"^__version__", it.read_text("utf-8"), re.MULTILINE)
    ]
    assert not repeated


def test_versions_of_all_distributions_agree():
    projects = [tomllib.loads((it / "pyproject.toml").read_text("utf-8")) for it in PROJECTS]
    assert {it["project"]["version"] for it in projects} == {srcore.__version__}


def test_plugins_declare_the_range_of_this_minor_version():
    major, minor = srcore.__version__.split(".")[:2]
    wanted = f'"srcore>={major}.{minor},<{major}.{int(minor) + 1}"'
    files = [
        *ROOT.glob("plugins/*/pyproject.toml"),
        ROOT / "srcore" / "scaffold" / "shared" / "pyproject.toml.in",
        *ROOT.glob("examples/*/pyproject.toml"),
    ]
    assert len(files) > 9
    for file in files:
        assert wanted in file.read_text("utf-8"), file


#: Modules that are tested in files of other names, by what uses them. No name may be added: a new
#: module has its tests in a file of its name.
UNTESTED_BY_NAME = {
    ".": "__main__ contracts errors hookspecs lazy",
    "cards": "about card_folder hub_page openmodeldb recipe",
    "checking": "experiment image_files parameter_checks role_checks training_remarks "
    "weights_problems",
    "cli": "card loading models push writing",
    "cli/evaluation": "benchmark contenders written_pictures written_tables",
    "config": "file_keys group_table invalid overrides paths plain_tables schema "
    "selections start_weights sweep_table",
    "data": "lmdb_list",
    "datasets": "aligned downscaled options pairs source_checks",
    "engine": "contents feed parts training validation",
    "estimating": "bounding estimate few_images in_words options probe reading_time "
    "stages_to_try",
    "evaluation": "comparison measure result_tables",
    "exporting": "formats ncnn_program programs quantizing",
    "files": "deleting strict_json",
    "films": "copying facts joining library names options",
    "handlers": "checkpoint log options pictures progress records validation",
    "images": "format",
    "images/formats": "gif_walking webp_walking",
    "images/png": "walking",
    "images/tiff": "layout metadata pixels rows written_pages",
    "inference/backends": "backend compiled ncnn onnxruntime openvino running",
    "launching": "stages",
    "losses": "entries options",
    "machine": "device_names shared_memory",
    "methods": "options",
    "metrics": "lpips lpips_choice options own_weights pairs",
    "models": "addressed_path addresses cache entry licenses model_files source "
    "unknown_words",
    "networks": "feature_network initialization pixel_shuffle residual_block "
    "vgg_layers",
    "optimization": "building matching options overriding trying",
    "options": "selection shared_keys",
    "plugin": "blame handing patience",
    "prepare": "options working",
    "profiling": "observer options",
    "runs": "experiment_hash options records results used_plugins",
    "samplers": "options",
    "scaffold": "options",
    "serving": "offered_runs options policies processes site uploads",
    "sources": "channels checked folder lmdb options partners source",
    "testing": "commands comparison experiments forked_runs golden pytest_plugin "
    "ranks reading_memory resources specimen tiny_films tiny_images "
    "weights",
    "transforms": "banded batch bicubic_dialect",
    "upscaling": "failure_report film_batch film_job film_upscaling finding frames "
    "options rates result_names",
    "weights": "channels deploying",
}  # fmt: skip


def test_modules_are_tested_in_files_of_their_names():
    without = set()
    for path in (ROOT / "srcore").rglob("*.py"):
        place = path.relative_to(ROOT / "srcore")
        file = ROOT / "tests" / place.with_name(f"test_{place.name}")
        if path.name != "__init__.py" and not file.is_file():
            without.add(place.with_suffix("").as_posix())
    known = {
        Path(room, name).as_posix()
        for room, names in UNTESTED_BY_NAME.items()
        for name in names.split()
    }
    assert without - known == set(), "write tests/<room>/test_<module>.py"
    assert known - without == set(), "these have a file now; take them out of the list"


@pytest.mark.parametrize("file", sorted(ROOT.glob("plugins/*/srplug_*/plugin.py")), ids=str)
def test_plugins_register_by_name(file):
    """What is registered is named, so that listing components imports no module of theirs."""
    package = file.parent.name
    text = file.read_text("utf-8")
    imported = re.findall(rf"^    from {package}\S* import .*", text, re.MULTILINE)
    assert [it for it in imported if "options" in it] == []
    for name, owner in COMMANDS.owners.items():
        if owner.replace("-", "_") == package:
            assert COMMANDS.targets[name] == f"{package}.commands:command"
