"""Every TOML block of the documentation: experiments pass the check, entry points lead on."""

import functools
import re
import sys
from pathlib import Path

import pytest
from writers.blocks import blocks

from srcore.checking import experiment
from srcore.errors import ConfigError
from srcore.images import write_image
from srcore.models.lists import read_models
from srcore.prepare.lmdb import prepare_lmdb
from srcore.prepare.shards import prepare_shards
from srcore.testing import tiny_image
from srcore.testing.experiments import load_checked

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
#: Pages whose blocks are checked by another test.
ELSEWHERE = {"docs/tutorial/first-plugin.md": "test_tutorial.py follows it"}

#: What a block that shows a part of an experiment is completed with.
BASE = """
name = "base"
scale = 4

[generator]
type = "edsr"
num_features = 8
num_blocks = 1

[discriminator]
type = "unet"
num_features = 8

[method]
type = "gan"

[[losses]]
type = "l1"

[[losses]]
type = "adversarial"
weight = 0.01

[data.train]
type = "hr_folder"
hr = "examples/images/train"
hr_patch_size = 128
"""
#: What completes losses of a block, which replace those of the base.
ADVERSARIAL = '\n[[losses]]\ntype = "adversarial"\n'
#: The same without a discriminator, for parts that name the method "supervised".
SUPERVISED = (
    re.sub(
        r"\[discriminator\].*?(?=\[\[losses)",
        "",
        BASE.split('[[losses]]\ntype = "adv')[0],
        flags=re.DOTALL,
    )
    + BASE[BASE.index("[data.train]") :]
)
#: For parts that train a down-sampling network.
DOWNSAMPLING = """
scale = 4

[generator]
type = "usrdu_dsn"
num_features = 8

[discriminator]
type = "unet"
num_features = 8

[data.train]
type = "unpaired_folders"
hr = "examples/images/train"
lr = "examples/images/validation"
hr_patch_size = 128

[[data.train.transforms]]
type = "usrdu_reference"

[[losses]]
type = "usrdu_data"

[[losses]]
type = "usrdu_feature"

[[losses]]
type = "adversarial"
real = "lr"
"""
#: For parts that train in both directions.
CYCLES = """
extends = "cyclegan/tiny"
data.train.lr = "examples/images/validation"
"""
BASES = {
    "supervised": SUPERVISED,
    "distillation": SUPERVISED,
    "flow_matching": SUPERVISED,
    "flow_distillation": SUPERVISED,
    "osediff": SUPERVISED,
    "usrdu_dsn": DOWNSAMPLING,
    "cyclegan": CYCLES,
}
SIDE = 480
_MISSING = re.compile(r"expected (a file|a folder)[^;]*; (.+?) does not exist")


def names(table):
    return [
        pytest.param(block, id=f"{block.page.relative_to(ROOT)}:{block.line}") for block in table
    ]


ALL = [
    block
    for page in PAGES
    if str(page.relative_to(ROOT)) not in ELSEWHERE
    for block in blocks(page, "toml")
]
PROJECTS = [
    block
    for block in ALL
    if re.search(r"^(\[(project|build-system)|dependencies =)", block.code, re.MULTILINE)
]
LISTS = [block for block in ALL if block.code.startswith(("[models.", "[architectures."))]
EXPERIMENTS = [block for block in ALL if block not in PROJECTS + LISTS]


@pytest.mark.parametrize("block", names(LISTS))
def test_lists_of_models_are_read(block, tmp_path):
    file = tmp_path / "models.toml"
    file.write_text(block.code, "utf-8")
    assert read_models(file, "srplug-x").models


@pytest.mark.parametrize("block", names(EXPERIMENTS))
def test_experiments_pass_the_check(block, workspace, monkeypatch):
    # Files that an experiment names are made here, and are empty.
    monkeypatch.setattr(experiment, "_unfit_weights", lambda *stage: [])
    for earlier in blocks(block.page, "toml"):
        if earlier.place[0] is not None and earlier.line < block.line:
            earlier.write(workspace)  # a later block may extend it
    table = tomllib.loads(block.code)
    text = block.code
    if "extends" not in table and "scale" not in table:
        base = BASES.get(table.get("method", {}).get("type"), BASE)
        (workspace / "base.toml").write_text(base)
        text = 'extends = "base.toml"\n' + text
        losses = {loss["type"] for loss in table.get("losses", ())}
        if base is BASE and losses and "adversarial" not in losses:
            text += ADVERSARIAL
    file = workspace / (block.place[0] or "block.toml")
    file.write_text(text)
    check_with_data(file, text)


def check_with_data(file, text):
    """Check an experiment; folders and files that it names and that are missing are made."""
    for _ in range(5):
        try:
            return load_checked(file)
        except ConfigError as error:
            others = [str(p) for p in error.problems if not _MISSING.search(p.message)]
            assert not others, "\n".join(others)
            for problem in error.problems:
                kind, path = _MISSING.search(problem.message).groups()
                make(kind, Path(path), text, is_lr="lr" in problem.path.split("."))
    raise AssertionError(f"{file}: names more and more files")


def make(kind, path, text, *, is_lr):
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "a file":
        path.touch()
        return
    if any(path.glob("*.tar")):  # pairs, which both keys name
        return
    path.mkdir(exist_ok=True)
    partner = re.search(r'^lr_name = "(.+)"', text, re.MULTILINE)
    scale = next((int(number) for number in re.findall(r"^scale = (\d+)", text, re.MULTILINE)), 4)
    for name in ("a", "b"):
        if is_lr and partner:
            name = partner[1].format(name)
        (path / f"{name}.png").write_bytes(png(SIDE // scale if is_lr else SIDE))
    if path.suffix == ".lmdb":
        plain = path.rename(path.with_suffix(".images"))
        prepare_lmdb(plain, path)
    if re.search(rf'"tar", path = "{re.escape(path.name)}"', text):
        plain = path.rename(path.with_suffix(".images"))
        lr = path.with_suffix(".lr")
        if 'field = "lr"' in text:
            make(kind, lr, f"scale = {scale}", is_lr=True)
        prepare_shards(plain, path, lr=lr if lr.is_dir() else None)


@functools.cache
def png(side):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_image(Path(folder) / "x.png", tiny_image(0, side, side))
        return (Path(folder) / "x.png").read_bytes()


@pytest.mark.parametrize("block", names(PROJECTS))
def test_entry_points_name_modules_of_the_page(block):
    table = tomllib.loads(block.code)
    if "project" not in table:  # a single key of it
        assert any(entry.startswith("srcore") for entry in table["dependencies"])
        return
    points = table["project"]["entry-points"]["srcore"]
    shown = {str(other.place[0]) for other in blocks(block.page, "python") if other.place[0]}
    assert points
    for target in points.values():
        assert f"{target.replace('.', '/')}.py" in shown


def test_pages_that_are_left_out_exist():
    for page in ELSEWHERE:
        assert blocks(ROOT / page, "toml")
