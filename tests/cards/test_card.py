"""Cards tell what a model is, for the hub and for OpenModelDB, and make its run again."""

import copy
import hashlib
import json
import re
import shutil

import attrs
import pytest

import srcore
from srcore.cards.about import About
from srcore.cards.card import card_of
from srcore.cards.card_folder import write_card
from srcore.cards.openmodeldb import entry_name, openmodeldb_entry
from srcore.cards.recipe import listing
from srcore.errors import SrcoreError
from srcore.plugin.manager import PluginManager
from srcore.weights.saving import read_metadata

ABOUT = About(
    title="My 2x | tiny",
    author="Some Body",
    license="CC-BY-NC-SA-4.0",
    description="For tests.",
    tags=("photo",),
    url="https://example.org/generator.safetensors",
)


@pytest.fixture(scope="module")
def manager():
    return PluginManager(discover=False)


@pytest.fixture
def card(run, manager):
    return card_of(run, ABOUT, manager)


@pytest.fixture
def folder(card, tmp_path, manager):
    write_card(card, tmp_path / "card", manager.registry)
    return tmp_path / "card"


def test_the_folder_is_what_a_repository_consists_of(folder, run):
    names = sorted(it.relative_to(folder).as_posix() for it in folder.rglob("*") if it.is_file())
    pictures = [name for name in names if name.startswith("images/")]
    assert pictures
    assert [it for it in names if it not in pictures] == [
        "2x-My-2x-tiny.json",
        "README.md",
        "card.json",
        "experiment.toml",
        "generator_best.safetensors",
    ]


def test_nothing_names_a_place_on_the_machine(folder, workplace):
    for file in folder.rglob("*"):
        if file.is_file():
            assert str(workplace).encode() not in file.read_bytes(), file


def test_the_hub_reads_the_head_of_the_page(folder, card):
    hub = pytest.importorskip("huggingface_hub")
    read = hub.ModelCard.load(folder / "README.md")
    assert read.data.license == "cc-by-nc-sa-4.0"
    assert read.data.library_name == "srcore"
    assert read.data.pipeline_tag == "image-to-image"
    assert read.data.tags == ["super-resolution", "edsr", "x2", "photo"]
    assert read.data.model_name == "My 2x | tiny"
    measured = {(it.dataset_name, it.metric_type): it.metric_value for it in read.data.eval_results}
    assert measured == {(name, metric): value for name, metric, _, value in card.results()}
    assert {metric for _, metric in measured} == {"psnr", "ssim"}
    again = hub.ModelCard(str(read))
    assert again.data.to_dict() == read.data.to_dict()


@pytest.mark.parametrize(
    ("license", "expected"),
    [
        ("", {}),
        ("My own", {"license": "other", "license_name": "my-own"}),
        ("MIT", {"license": "mit"}),
    ],
)
def test_licenses_are_told_as_the_hub_asks_for(run, manager, tmp_path, license, expected):
    hub = pytest.importorskip("huggingface_hub")
    write_card(card_of(run, About(license=license), manager), tmp_path, manager.registry)
    told = hub.ModelCard.load(tmp_path / "README.md").data.to_dict()
    assert {key: value for key, value in told.items() if key.startswith("license")} == expected


def test_the_page_tells_what_whoever_finds_it_asks(folder, card):
    page = (folder / "README.md").read_text("utf-8")
    for text in (
        "# My 2x \\| tiny", "For tests.", "| author | Some Body |",
        "CC-BY-NC-SA-4.0, not for commercial use", f"`edsr`, {card.run.parameters:,} parameters",
        f"SHA-256 `{card.sha256}`", "| own | psnr |", "Measured on 8-bit images: psnr",
        "iterations/s",        "`train/images`", "![", "```toml",
    ):  # fmt: skip
        assert text in page, text


def test_data_has_the_hash_that_sha256sum_gives(card, workplace):
    by_key = {it.key: it for it in card.recipe.data}
    data = by_key["data.train.hr"]
    files = sorted((workplace / "train/images").iterdir())
    lines = [f"{hashlib.sha256(it.read_bytes()).hexdigest()}  {it.name}\n" for it in files]
    assert data.sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert (data.name, data.files) == ("train/images", len(files))
    assert by_key["data.validation.own.hr"].name == "validation/images"


def test_files_are_listed_as_sha256sum_lists_them(tmp_path):
    (tmp_path / "a").mkdir()
    names = ("a/b.png", "a.png", "a-b.png", "B.png")
    for name in names:
        (tmp_path / name).write_text(name, "utf-8")
    listed = listing(tmp_path, [tmp_path / name for name in names]).splitlines()
    assert [line.split("  ")[1] for line in listed] == ["B.png", "a-b.png", "a.png", "a/b.png"]


def problems_of_entry(identity, entry):
    """What OpenModelDB would refuse: its types, patterns and required keys."""
    identifier = re.compile(r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*")
    rules = {
        "name": lambda it: isinstance(it, str) and it,
        "author": lambda it: identifier.fullmatch(it),
        "license": lambda it: it is None or isinstance(it, str),
        "tags": lambda it: all(identifier.fullmatch(tag) for tag in it),
        "description": lambda it: isinstance(it, str),
        "date": lambda it: re.fullmatch(r"\d{4}-\d{2}-\d{2}", it),
        "architecture": lambda it: identifier.fullmatch(it),
        "size": lambda it: it is None or all(isinstance(part, str) for part in it),
        "scale": lambda it: isinstance(it, int) and it >= 1,
        "inputChannels": lambda it: isinstance(it, int) and it >= 1,
        "outputChannels": lambda it: isinstance(it, int) and it >= 1,
        "resources": lambda it: it and all(map(is_resource, it)),
        "images": lambda it: it == [],
    }
    optional = {
        "trainingIterations": int,
        "trainingBatchSize": int,
        "trainingHRSize": int,
        "trainingOTF": bool,
        "dataset": str,
        "datasetSize": int,
        "pretrainedModelG": str,
    }
    yield from (key for key, holds in rules.items() if key not in entry or not holds(entry[key]))
    yield from (key for key in entry if key not in rules and key not in optional)
    yield from (k for k, kind in optional.items() if k in entry and not isinstance(entry[k], kind))
    if not re.fullmatch(rf"{entry['scale']}x-[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*", identity):
        yield identity


def is_resource(resource):
    return (
        resource.keys() == {"platform", "type", "size", "sha256", "urls"}
        and resource["platform"] == "pytorch"
        and resource["type"] in ("pth", "safetensors")
        and isinstance(resource["size"], int)
        and re.fullmatch(r"[0-9a-f]{64}", resource["sha256"])
        and all(url.startswith("https://") for url in resource["urls"])
    )


def test_the_entry_is_one_of_openmodeldb(folder, card, manager):
    told = json.loads((folder / f"{entry_name(card)}.json").read_text("utf-8"))
    assert list(problems_of_entry(entry_name(card), told)) == []
    assert (told["architecture"], told["size"]) == ("edsr", ["4nf", "1nb"])
    assert (told["trainingIterations"], told["trainingHRSize"]) == (3, 32)
    assert told["resources"][0]["urls"] == [ABOUT.url]
    assert told["datasetSize"] == 6


def test_the_entry_says_whether_images_were_degraded_while_training(card, manager):
    entry = openmodeldb_entry(card, manager.registry)
    assert entry["trainingOTF"] is False
    table = copy.deepcopy(card.run.experiment)
    table["data"]["train"]["transforms"] = [{"type": "bicubic"}]
    degraded = attrs.evolve(card, run=attrs.evolve(card.run, experiment=table))
    assert openmodeldb_entry(degraded, manager.registry)["trainingOTF"] is True


def test_an_entry_without_a_word_of_its_author_is_valid_too(run, manager):
    card = card_of(run, About(), manager)
    assert (
        list(problems_of_entry(entry_name(card), openmodeldb_entry(card, manager.registry))) == []
    )
    assert entry_name(card) == "2x-tiny"


def test_from_card_and_data_alone_the_run_repeats_bit_for_bit(folder, run, workplace, tmp_path):
    told = json.loads((folder / "card.json").read_text("utf-8"))
    place = tmp_path / "elsewhere"
    for name in ("train", "validation"):
        shutil.copytree(workplace / name, place / name)
    (place / "again.toml").write_text(told["experiment"]["toml"], "utf-8")
    srcore.run(place / "again.toml", place / "runs", overwrite=True)
    again = place / "runs/tiny/generator_best.safetensors"
    assert hashlib.sha256(again.read_bytes()).hexdigest() == told["weights"]["sha256"]
    assert (folder / "generator_best.safetensors").read_bytes() == again.read_bytes()
    assert read_metadata(again).experiment == told["experiment"]["sha256"]
    assert len(told["experiment"]["sha256"]) == 64


def test_another_experiment_has_another_hash(run, workplace, tmp_path):
    srcore.run(
        srcore.load_experiment(workplace / "tiny.toml", ["seed=4", "name=other"]), tmp_path / "runs"
    )
    other = read_metadata(tmp_path / "runs/other/generator.safetensors").experiment
    assert other != read_metadata(run / "generator.safetensors").experiment
    srcore.run(srcore.load_experiment(workplace / "tiny.toml", ["name=x"]), tmp_path / "runs")
    same = read_metadata(tmp_path / "runs/x/generator.safetensors").experiment
    assert same == read_metadata(run / "generator.safetensors").experiment


def test_results_are_those_of_the_weights_and_not_of_the_end(workplace, tmp_path, manager):
    overrides = ["name=worse", "train.validate_every=1", "optimizer.generator.learning_rate=0.5"]
    srcore.run(srcore.load_experiment(workplace / "tiny.toml", overrides), tmp_path / "runs")
    card = card_of(tmp_path / "runs/worse", About(), manager)
    assert card.iteration < 3
    rows = map(json.loads, (card.run.folder / "metrics.jsonl").read_text("utf-8").splitlines())
    (row,) = (it for it in rows if it["phase"] == "own" and it["iteration"] == card.iteration)
    assert {metric: value for _, metric, _, value in card.results()} == row["values"]
    assert card.run.validation["own"] != row["values"]


def test_a_folder_without_a_trained_run_is_refused(tmp_path, manager):
    with pytest.raises(SrcoreError, match="is not a run of srcore"):
        card_of(tmp_path, About(), manager)
