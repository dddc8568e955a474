"""Images in shards and behind addresses become what they become as files of a folder."""

import json
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest

from srcore.images import write_image
from srcore.prepare.shards import prepare_shards
from srcore.shards import remote_reading

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(remote_reading, "_WAITS", (0, 0, 0))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def store():
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture
def photos(upscale, server, store):
    """Images in the folder ``in``, as shards, behind addresses, and shards behind addresses."""
    for number, name in enumerate(("0.png", "1.png", "deep/2.jpg", "deep/3.png", "ä b.png")):
        image = np.random.default_rng(number).integers(0, 256, (7 + number, 60, 3), np.uint8)
        write_image(Path("in") / name, image, durable=False)
    prepare_shards(Path("in"), Path("shards"), shard_size=0.01, recursive=True)
    assert len(list(Path("shards").glob("*.tar"))) > 1
    for folder in ("in", "shards"):
        for file in Path(folder).rglob("*.*"):
            content = file.read_bytes()
            place = server.folder / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            store.pipe_file(f"/b/{file.as_posix()}", content)
    assert upscale("in", "-o", "files", "--recursive")[0] == 0
    return content_of("files")


def content_of(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in Path(folder).rglob("*")
        if file.is_file()
    }


PLACES = [
    "shards",
    "shards/*.tar",
    "shards/shards.json",
    "memory://b/in",
    "memory://b/shards/",
    "memory://b/shards/shards.json",
    "memory://b/shards/*.tar",
    "WEB/in/",
    "WEB/shards/",
]


@pytest.mark.parametrize("place", PLACES)
def test_results_equal_those_of_the_folder_to_the_byte(photos, upscale, server, place):
    place = place.replace("WEB", server.url)
    code, out, err = upscale(place, "-o", "out", "--recursive")
    assert (code, err.splitlines()) == (0, ["srcore: 5 done"])
    assert content_of("out") == photos
    assert len(out.splitlines()) == 5


def test_the_format_of_each_is_kept_by_the_names_in_shards(photos, upscale):
    for place in ("in", "shards"):
        assert upscale(place, "-o", f"{place}_same", "--recursive", "--format", "same")[0] == 0
    assert content_of("in_same") == content_of("shards_same")
    assert "deep/2.jpg" in content_of("shards_same")


def test_a_list_names_whatever_there_is(photos, upscale, server):
    shards = sorted(Path("shards").glob("*.tar"))
    names = [
        "in/0.png",
        "memory://b/in/1.png",
        f"{server.url}/in/deep/2.jpg?token=ab",
        *(f"{server.url}/shards/{shard.name}" for shard in shards),
    ]
    Path("list.txt").write_text("\n".join(names), encoding="utf-8")
    code, _, err = upscale("--list", "list.txt", "-o", "out")
    assert (code, err.splitlines()[-1]) == (0, "srcore: 8 done")
    assert "inputs of equal names are told apart" in err
    made = content_of("out")
    assert made["2.png"] == photos["deep/2.jpg".replace("jpg", "png")]
    assert set(photos.values()) == set(made.values())


@pytest.mark.parametrize("place", ["shards", "memory://b/in", "memory://b/shards"])
def test_what_was_made_is_skipped(photos, upscale, place, monkeypatch):
    assert upscale("in", "-o", "out", "--recursive")[0] == 0
    Path("out/1.png").unlink()
    arguments = (place, "-o", "out", "--recursive")
    code, _, err = upscale(*arguments)
    assert code == 2
    assert "exists, and 3 more outputs; --resume skips what is done" in err
    code, out, err = upscale(*arguments, "--resume")
    assert (code, out, err) == (0, f"{Path('out/1.png')}\n", "srcore: 1 done, 4 skipped\n")
    assert content_of("out") == photos


@pytest.mark.parametrize("options", [[], ["--shared"]])
def test_what_cannot_be_read_is_a_line_each_and_the_others_are_done(
    photos, upscale, server, options
):
    with tarfile.open("mixed.tar", "w") as shard:
        for name, content in (("good.png", Path("in/0.png").read_bytes()), ("bad.png", b"no")):
            Path(name).write_bytes(content)
            shard.add(name)
    Path("broken.tar").write_bytes(b"x" * 700)
    server.forbidden.add("/in/1.png")
    inputs = [
        "mixed.tar",
        "broken.tar",
        f"{server.url}/in/1.png",
        f"{server.url}/none.png",
        f"{server.url}/none/",
        f"{server.url}/film.mp4",
        "memory://none",
        "nowhere://a/b.png",
        "http://127.0.0.1:9/a.png",
        "in/0.png",
    ]
    code, out, err = upscale(*inputs, "-o", "out", "--failures", "failed.jsonl", *options)
    assert (code, len(out.splitlines())) == (1, 2)
    failed = [json.loads(line) for line in Path("failed.jsonl").read_text().splitlines()]
    told = {it["source"]: it["message"] for it in failed}
    assert set(told) == {"mixed.tar:bad.png", *(name.rstrip("/") for name in inputs[1:-1])}
    assert told["mixed.tar:bad.png"] == (
        "mixed.tar:bad.png: not an image (or of an unknown format)"
    )
    assert told[inputs[2]].startswith(f"{inputs[2]}: cannot be fetched: 403")
    assert told[inputs[3]] == f"{inputs[3]}: is not there"
    assert told[inputs[5]] == (
        f"{inputs[5]}: films are read from files of this machine; copy them first"
    )
    assert told["nowhere://a/b.png"] == "nowhere://a/b.png: Protocol not known: nowhere"
    for line in told.values():
        assert err.count(line) == 1
    assert "Traceback" not in err


@pytest.mark.parametrize("place", ["shards", "shards/*.tar", "memory://b/in/0.png"])
def test_results_need_a_folder(photos, upscale, place):
    code, _, err = upscale(place)
    assert code == 2
    assert err.endswith("need a folder; name it, such as --output enlarged/\n")
    assert len(err.splitlines()) == 1


def test_results_go_to_this_machine(photos, upscale):
    code, _, err = upscale("in", "-o", "s3://bucket/out")
    assert code == 2
    assert "--output s3://bucket/out: expected a place on this machine, found an address" in err


def test_one_image_may_become_one_file(photos, upscale):
    assert upscale("memory://b/in/0.png", "-o", "one.png")[0] == 0
    assert Path("one.png").read_bytes() == photos["0.png"]


def test_a_size_chooses_the_same_model_for_all_places(photos, tmp_path, capsys):
    from srcore.cli.main import main

    made = []
    for place in ("in/0.png", "memory://b/in/0.png"):
        with pytest.raises(SystemExit) as ended:
            main(["upscale", place, "-o", "out.png", "--overwrite", "--width", "200"])
        assert not ended.value.code
        made.append(Path("out.png").read_bytes())
    assert made[0] == made[1]


def test_equal_names_in_shards_are_told_apart_and_in_a_template_refused(photos, upscale):
    for name in ("a.tar", "b.tar"):
        with tarfile.open(name, "w") as shard:
            shard.add("in/0.png", "x/0.png")
    code, _, err = upscale("a.tar", "b.tar", "-o", "out")
    assert code == 0
    assert set(content_of("out")) == {"x/a/x/0.png", "x/b/x/0.png"}
    assert "inputs of equal names are told apart: a.tar:x/0.png -> out/x/a/x/0.png" in err
    code, _, err = upscale("a.tar", "b.tar", "-o", "other/{stem}.png")
    assert code == 2
    assert "a.tar:x/0.png and b.tar:x/0.png would both become other/0.png" in err


def test_a_set_that_is_not_whole_is_told_and_what_is_there_done(photos, upscale):
    shards = sorted(Path("shards").glob("*.tar"))
    shards[-1].unlink()
    code, out, err = upscale("shards", "-o", "out")
    assert code == 1
    assert out
    assert re.search(r"shards: 1 of \d shards are not there, first shard-0", err)


def test_what_is_left_out_is_said(photos, upscale, store):
    store.pipe_file("/b/in/film.mov", b"")
    store.pipe_file("/b/in/notes.txt", b"")
    code, _, err = upscale("memory://b/in", "-o", "out")
    assert code == 0
    assert err.splitlines()[:3] == [
        "srcore: memory://b/in: left out 1 folder below; --recursive takes them",
        "srcore: memory://b/in: left out 1 film: films are read from files of this machine; "
        "copy them first",
        "srcore: memory://b/in: left out 1 file, not images by name: 1 .txt",
    ]


def test_what_is_not_installed_is_said_once(upscale, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    code, _, err = upscale("s3://bucket/a.png", "s3://bucket/b.png", "-o", "out")
    assert code == 1
    assert err == (
        "srcore: reading s3:// addresses needs an optional package: pip install 'srcore[s3]'\n"
    )
