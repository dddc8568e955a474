"""Images of tar shards are those of the files that were packed."""

import io
import multiprocessing
import os
import pickle
import tarfile

import attrs
import numpy as np
import pytest
from safetensors.torch import load_file

import srcore
import srcore.engine.training  # forked processes do not load it again
from srcore.data.cropping import Window
from srcore.datasets.images import images_dataset
from srcore.engine.feed import ordering_of
from srcore.engine.sampling import StreamSampler
from srcore.errors import ConfigError, DataError
from srcore.images import to_rgba, write_image
from srcore.launching.stages import run_experiment
from srcore.seeding import sample_generator
from srcore.shards.storage import LocalShards
from srcore.sources.channels import with_channels
from srcore.sources.folder import folder_source
from srcore.sources.tar import TarSource, tar_source
from srcore.testing import assert_same_state, write_tiny_images
from srcore.testing.experiments import load_checked
from srcore.testing.forked_runs import content_of_run
from srcore.testing.killing import KilledAt, wait
from srcore.testing.ranks import fork_ranks


class Ready:
    """A selected source that is built."""

    def __init__(self, source):
        self.source = source

    def build(self):
        return self.source


class NoSampler:
    """A table of data that names none."""

    sampler = None


def shards_of(folder, output, count, *fields):
    """Pack the images of a folder, ``count`` a shard, in natural order."""
    output.mkdir(exist_ok=True)
    paths = sorted(folder.iterdir())
    for number in range(0, len(paths), count):
        with tarfile.open(output / f"shard-{number // count:06}.tar", "w") as shard:
            for path in paths[number : number + count]:
                for field in fields or ("",):
                    name = f"{path.stem}{'.' if field else ''}{field}{path.suffix}"
                    content = path if not field else folder.parent / field / path.name
                    shard.add(content, name)
    return output


@pytest.fixture
def folder(tmp_path):
    """Images of several kinds."""
    folder = write_tiny_images(tmp_path / "hr", 5, height=20, width=24)
    generator = np.random.default_rng(0)
    for name, shape, dtype in (
        ("05.png", (20, 30, 4), np.uint8),
        ("06.tif", (22, 20, 3), np.uint16),
        ("07.jpg", (24, 20, 3), np.uint8),
        ("08.webp", (20, 20, 1), np.uint8),
    ):
        pixels = generator.integers(0, np.iinfo(dtype).max, shape, dtype)
        write_image(folder / name, pixels if shape[2] > 1 else np.repeat(pixels, 3, 2))
    return folder


@pytest.fixture
def shards(folder):
    return shards_of(folder, folder.with_name("shards"), 2)


def test_images_equal_those_of_the_folder(folder, shards):
    files, source = folder_source(path=folder), tar_source(path=shards)
    assert len(source) == len(files) == 9
    window = Window(1, 2, 5, 4)
    for _ in range(2):
        for index in range(9):
            assert source.name(index) == files.name(index)
            assert source.header(index) == files.header(index)
            np.testing.assert_array_equal(source.read(index), files.read(index))
            np.testing.assert_array_equal(source.read_stored(index), files.read_stored(index))
            np.testing.assert_array_equal(
                source.read_window(index, window), files.read_window(index, window)
            )
        source = pickle.loads(pickle.dumps(source))
    assert source.where(8) == f"{shards / 'shard-000004.tar'}: 08"
    np.testing.assert_array_equal(with_channels(source, 4).read(5), to_rgba(files.read_stored(5)))
    assert source.sizes().tolist() == [
        [files.header(index).height, files.header(index).width] for index in range(9)
    ]
    with pytest.raises(IndexError, match="9"):
        source.name(9)


def test_one_set_of_shards_serves_both_images_of_pairs(folder):
    write_tiny_images(folder.with_name("lr"), 9, height=10, width=12)
    for path in sorted(folder.iterdir())[5:]:
        path.unlink()
    shards = shards_of(folder, folder.with_name("shards"), 2, "hr", "lr")
    hr, lr = (tar_source(path=shards, field=field) for field in ("hr", "LR"))
    assert len(hr) == len(lr) == 5
    assert hr.is_named_as(lr)
    np.testing.assert_array_equal(lr.read(3), srcore.testing.tiny_image(3, 10, 12))
    assert lr.where(3).endswith("shard-000001.tar: 03.lr")
    with pytest.raises(
        DataError, match=r"expected images NAME\.\* .*found NAME\.hr\.\*, NAME\.lr\.\*"
    ):
        tar_source(path=shards)


def test_names_are_compared_across_shards_of_other_sizes(folder, shards):
    other = tar_source(path=shards_of(folder, folder.with_name("larger"), 4))
    source, paths = tar_source(path=shards), sorted(shards.glob("*.tar"))
    assert source.is_named_as(other)
    assert not source.is_named_as(TarSource(LocalShards(paths[:-1])))
    assert not TarSource(LocalShards(paths[:2])).is_named_as(TarSource(LocalShards(paths[1:3])))


def test_the_order_keeps_to_few_shards(shards):
    source = tar_source(path=shards, window=2)
    order = source.order(0, np.random.default_rng(1))
    assert sorted(order) == list(range(9))
    assert len(set(order[:3] // 2)) <= 2
    whole = tar_source(path=shards).order(0, np.random.default_rng(1))
    assert np.array_equal(whole, np.random.default_rng(1).permutation(9))


def test_several_folders_are_one_source_and_a_name_is_in_one_of_them(folder, shards):
    write_tiny_images(folder.with_name("more"), 3)
    more = shards_of(folder.with_name("more"), folder.with_name("more_shards"), 8)
    with pytest.raises(DataError, match=r'shard-000000\.tar: "00" is also in .*shard-000000\.tar'):
        tar_source(path=(shards, more))
    for path in folder.with_name("more").iterdir():
        path.rename(path.with_name(f"m{path.name}"))
    shards_of(folder.with_name("more"), more, 8)
    assert len(tar_source(path=(shards, more))) == 12


def test_several_processes_read_at_once(folder, shards):
    source, files = tar_source(path=shards), folder_source(path=folder)
    source.read(0)  # what is open then is shared
    with multiprocessing.get_context("fork").Pool(4) as pool:
        read = pool.map(source.read, list(range(9)) * 10)
    for number, image in enumerate(read):
        np.testing.assert_array_equal(image, files.read(number % 9))


def test_bad_images_are_told_when_they_are_read(folder, shards):
    (folder / "03.png").write_bytes(b"no image")
    shards_of(folder, shards, 2)
    source = tar_source(path=shards)
    assert source.read(2).shape == (20, 24, 3)
    for ask in (source.header, source.read):
        with pytest.raises(DataError, match=r"shard-000001\.tar: 03: not an image"):
            ask(3)


def test_a_shard_that_was_cut_after_it_was_opened_is_one_line(shards):
    source = tar_source(path=shards)
    last = shards / "shard-000000.tar"
    os.truncate(last, 1000)
    with pytest.raises(DataError, match=r"shard-000000\.tar: ends \d+ bytes before"):
        source.read(1)
    last.unlink()
    with pytest.raises(DataError, match=r"shard-000000\.tar: no such file"):
        TarSource(LocalShards([last]))


def test_processes_share_an_order_that_can_begin_anywhere(shards):
    """Two of them see together, batch by batch, what one sees; a late start what came then."""
    part = srcore.build("source", "tar", path=shards, window=2)
    dataset = images_dataset(scale=2, hr=Ready(part))

    def batches(size, start=0, **rank):
        sampler = StreamSampler(
            dataset,
            size,
            seed=3,
            start=start,
            stop=12,
            ordering=ordering_of(NoSampler, dataset),
            **rank,
        )
        return list(sampler)

    whole = batches(4)
    first, second = (batches(2, rank=rank, world_size=2) for rank in (0, 1))
    assert [one + other for one, other in zip(first, second, strict=True)] == whole
    assert batches(4, start=7) == whole[7:]
    assert {epoch for keys in whole for epoch, _ in keys} > {0, 1, 2}
    seen = [index for keys in whole for _, index in keys]
    assert seen[:9] == part.order(0, sample_generator(3, 2, 0)).tolist()


def experiment(folder, train):
    text = (folder / "tiny.toml").read_text()
    old = '[data.train]\ntype = "hr_folder"\nhr = "train"\n'
    assert old in text
    file = folder / "shards.toml"
    file.write_text(text.replace(old, f'[data.train]\ntype = "images"\n{train}\n'))
    return file


def test_a_training_on_shards_equals_one_on_the_folder(tiny_experiment, tmp_path):
    place = tiny_experiment.parent
    shards_of(place / "train", place / "shards", 2)
    weights = []
    for kind, path in (("folder", "train"), ("tar", "shards")):
        file = experiment(place, f'hr = {{ type = "{kind}", path = "{path}" }}')
        run_experiment(load_checked(file), tmp_path / kind, quiet=True)
        weights.append(load_file(tmp_path / kind / "tiny/generator.safetensors"))
    assert_same_state(*weights)


@pytest.mark.slow
@pytest.mark.parametrize("who", [0, 1])
def test_two_processes_on_shards_killed_within_an_epoch_resume_bit_identically(
    tiny_experiment, tmp_path, who
):
    place = tiny_experiment.parent
    write_tiny_images(place / "train", 17)
    shards_of(place / "train", place / "shards", 3)
    file = experiment(place, 'hr = { type = "tar", path = "shards", window = 2 }')
    # an epoch is a bit more than 4 iterations, so that no checkpoint is at its end
    settings = ("train.iterations=20", "train.batch_size=2", "train.checkpoint_every=6")

    def start(output, *, workers=1, victim=None, resume=False):
        def work(rank):
            loaded = load_checked(file, [*settings, f"data.train.workers={workers}"])
            if rank == victim:
                loaded = attrs.evolve(loaded, plugins=loaded.plugins.extended(KilledAt(11)))
            run_experiment(loaded, tmp_path / output, resume=resume, quiet=True)

        logs = [tmp_path / f"{output}_{rank}.log" for rank in range(2)]
        codes = [wait(child, 120) for child in fork_ranks(work, logs)]
        assert codes == ([0, 0] if victim is None else [-9 if it == victim else 1 for it in (0, 1)])
        return content_of_run(tmp_path / output / "tiny")

    whole = start("whole")
    assert start("killed", workers=2, victim=who)["checkpoints/last.pt"]["iteration"] < 11
    resumed = start("killed", resume=True)
    assert resumed.keys() == whole.keys()
    for name, expected in whole.items():
        if isinstance(expected, dict):
            assert_same_state(resumed[name], expected)
        else:
            assert resumed[name] == expected, name


def test_the_check_tells_sizes_that_do_not_fit(tiny_experiment):
    place = tiny_experiment.parent
    write_tiny_images(place / "small", 6, height=24, width=24)
    write_tiny_images(place / "tiny", 6, height=23, width=24)
    for name in ("train", "small", "tiny"):
        shards_of(place / name, place / f"{name}_shards", 4)

    def source(name):
        return f'{{ type = "tar", path = "{name}_shards" }}'

    load_checked(experiment(place, f"hr = {source('train')}\nlr = {source('small')}"))
    with pytest.raises(ConfigError) as error:
        load_checked(experiment(place, f"hr = {source('small')}"))
    assert "shard-000000.tar: 00: 24x24 pixels (width x height); expected 32" in str(error.value)
    with pytest.raises(ConfigError, match=r"24x23 pixels \(width x height\) for 48x48; expected"):
        load_checked(experiment(place, f"hr = {source('train')}\nlr = {source('tiny')}"))
    with pytest.raises(ConfigError, match=r"expected images NAME\.x\.\* in the shards"):
        load_checked(experiment(place, 'hr = { type = "tar", path = "train_shards", field = "x" }'))
    with pytest.raises(ConfigError, match="expected what stands between name and suffix"):
        load_checked(experiment(place, 'hr = { type = "tar", path = "train_shards", field = "." }'))
    content = io.BytesIO((place / "train_shards/shard-000001.tar").read_bytes()[:5000])
    (place / "train_shards/shard-000001.tar").write_bytes(content.getvalue())
    with pytest.raises(ConfigError, match=r"shard-000001\.tar: is cut off in \"04\.png\""):
        load_checked(experiment(place, f"hr = {source('train')}"))
