"""Images of shards behind a web server are those of the folder that was packed."""

import multiprocessing
import pickle

import numpy as np
import pytest
from safetensors.torch import load_file

from srcore.errors import ConfigError, DataError
from srcore.launching.stages import run_experiment
from srcore.prepare.shards import prepare_shards
from srcore.shards import remote_reading, remote_shards
from srcore.sources.folder import folder_source
from srcore.sources.tar import tar_source
from srcore.testing import assert_same_state, write_tiny_images
from srcore.testing.experiments import load_checked

pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(remote_reading, "_WAITS", (0, 0, 0))


@pytest.fixture
def folder(tmp_path, server):
    """Images, which the server has as shards, 20 ms away."""
    folder = write_tiny_images(tmp_path / "hr", 9)
    server.folder.rmdir()
    prepare_shards(folder, server.folder, shard_size=0.025)
    server.seconds = 0.02
    return folder


@pytest.fixture
def opened(server, tmp_path):
    def source(**more):
        return tar_source(url=server.url, cache_folder=tmp_path / "cache", **more)

    return source


def assert_equal_images(source, folder):
    files = folder_source(path=folder)
    assert [source.name(n) for n in range(len(source))] == [
        files.name(n) for n in range(len(files))
    ]
    for number in range(len(files)):
        assert source.header(number) == files.header(number)
        np.testing.assert_array_equal(source.read(number), files.read(number))


def test_images_equal_those_of_the_folder_and_are_fetched_once(folder, server, opened, monkeypatch):
    monkeypatch.setattr(remote_shards, "members_in", None)  # indexes are fetched
    assert_equal_images(opened(), folder)
    assert len(server.asked) == 1 + 2 * len(list(server.folder.glob("*.tar")))
    assert_equal_images(pickle.loads(pickle.dumps(opened())), folder)
    assert [path for path, _ in server.asked[-2:]] != ["/shards.json"] * 2
    server.asked.clear()
    assert_equal_images(opened(), folder)
    assert server.asked == [("/shards.json", None)]
    assert opened().where(0) == f"{server.url}/shard-000000.tar: 00"


def test_a_shard_without_index_is_gone_through_once(folder, server, opened):
    for index in server.folder.glob("*.index"):
        index.unlink()
    (server.folder / "shards.json").unlink()
    for _ in range(2):
        assert_equal_images(opened(), folder)
    parts = [wanted for path, wanted in server.asked if wanted]
    assert len(parts) == len(list(server.folder.glob("*.tar")))


def test_an_index_of_another_shard_is_not_believed(folder, server, opened):
    first, second = sorted(server.folder.glob("*.index"))[:2]
    first.write_bytes(second.read_bytes())
    assert_equal_images(opened(), folder)


def test_other_shards_under_the_same_address_are_other_shards(folder, server, opened):
    opened().read(0)
    write_tiny_images(folder, 9, seed=50)
    prepare_shards(folder, server.folder, shard_size=0.025, overwrite=True)
    assert_equal_images(opened(), folder)


def test_little_room_is_enough(folder, opened, tmp_path, monkeypatch):
    monkeypatch.setattr("srcore.shards.block_cache.BlockCache.__init__.__defaults__", (4096,))
    source = opened(cache_size=2e-5)
    for _ in range(2):
        assert_equal_images(source, folder)
        blocks = list((tmp_path / "cache/blocks").iterdir())
        assert 0 < sum(path.stat().st_size for path in blocks) <= 20_000


def test_processes_that_were_forked_ask_for_themselves(folder, opened):
    source = opened()
    source.read(0)  # connections of this process are open
    with multiprocessing.get_context("fork").Pool(3) as pool:
        read = pool.map(source.read, list(range(9)) * 3)
    files = folder_source(path=folder)
    for number, image in enumerate(read):
        np.testing.assert_array_equal(image, files.read(number % 9))


def test_a_training_equals_one_on_the_folder(folder, server, tiny_experiment, tmp_path):
    place, weights = tiny_experiment.parent, []
    cache = f'cache_folder = "{tmp_path / "cache"}"'
    for kind, train in (
        ("folder", f'{{ type = "folder", path = "{folder}" }}'),
        ("remote", f'{{ type = "tar", url = "{server.url}", {cache} }}'),
    ):
        text = tiny_experiment.read_text().replace(
            'type = "hr_folder"\nhr = "train"', f'type = "images"\nhr = {train}'
        )
        file = place / f"{kind}.toml"
        file.write_text(text.replace("workers = 0", "workers = 2"))
        run_experiment(load_checked(file), tmp_path / kind, quiet=True)
        weights.append(load_file(tmp_path / kind / "tiny/generator.safetensors"))
    assert_same_state(*weights)


def test_what_fails_is_one_line_of_the_check(folder, server, tiny_experiment, tmp_path):
    def check(train):
        text = tiny_experiment.read_text().replace(
            'type = "hr_folder"\nhr = "train"', f'type = "images"\nhr = {{ type = "tar", {train} }}'
        )
        tiny_experiment.with_name("other.toml").write_text(text)
        with pytest.raises(ConfigError) as error:
            load_checked(tiny_experiment.with_name("other.toml"))
        return str(error.value)

    server.failing = 999
    told = check(f'url = "{server.url}", cache_folder = "{tmp_path}"')
    assert "shards.json: cannot be fetched in 4 tries: " in told
    assert "expected path or url, found neither" in check('field = "hr"')
    assert "expected path or url, found both" in check('path = "train", url = "s3://a"')
    for url in ("shards", "simplecache::s3://a"):
        assert f'expected an address such as s3://bucket/shards, found "{url}"' in check(
            f'url = "{url}"'
        )


def test_images_that_cannot_be_fetched_are_one_line(folder, server, opened):
    source = opened()
    server.cutting = 999
    with pytest.raises(DataError, match=r"shard-000000\.tar: bytes 0 to \d+: cannot be fetched in"):
        source.read(0)
