"""The list of published models is made of facts: names, the best file, no archives."""

import json

import pytest
import write_models

from srcore.models.lists import read_models


def entry(identity, *, type="pth", url="https://a.org/x.pth", bytes=10, scale=4):
    file = {"type": type, "bytes": bytes, "sha256": f"{bytes:064x}", "url": url}
    return {
        "id": identity, "name": f" {identity} ", "author": ["a", "b"], "license": "MIT",
        "architecture": "realplksr-dysample", "scale": scale, "tags": ["photo"],
        "date": "2024-01-02", "file": file,
    }  # fmt: skip


@pytest.fixture
def written(tmp_path, capsys):
    def write(*entries):
        facts, target = tmp_path / "facts.json", tmp_path / "list.toml"
        facts.write_text(json.dumps({"models": entries}), "utf-8")
        write_models.main(facts, target)
        return read_models.__wrapped__(target, "srcore")

    return write


def test_names_are_those_of_the_field_in_small_letters(written):
    made = written(entry("4x-Some_Model"), entry("2x-Same", scale=2), entry("4x-Same"))
    assert [model.name for model in made.models] == ["same-x2", "same-x4", "some_model"]
    assert made.models[0].author == "a, b"
    assert made.models[2].title == "4x-Some_Model"
    assert made.models[2].source == "https://openmodeldb.info/models/4x-Some_Model"
    assert made.architectures["realplksr-dysample"].network == "spandrel_realplksr"


def test_safetensors_come_first_and_then_the_larger_file(written):
    small = entry("4x-A", type="safetensors", url="https://a.org/a.safetensors", bytes=5)
    assert written(entry("4x-A"), small).models[0].bytes == 5
    assert written(entry("4x-A"), entry("4x-A", bytes=20)).models[0].bytes == 20


def test_archives_are_left_out_and_said(written, capsys):
    assert written(entry("4x-A", url="https://a.org/all.zip")).models == ()
    assert capsys.readouterr().out == "left out: 4x-A: https://a.org/all.zip is an archive\n"
