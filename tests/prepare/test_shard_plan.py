"""Which image goes into which shard."""

import os

import pytest

from srcore.errors import DataError
from srcore.prepare.shard_plan import planned, samples_of
from srcore.testing import write_tiny_images


@pytest.fixture
def folder(tmp_path):
    return write_tiny_images(tmp_path / "hr", 12, height=16, width=16)


def test_samples_come_in_natural_order_and_pairs_by_name(folder, tmp_path):
    for path in folder.iterdir():
        path.rename(path.with_name(f"{int(path.stem)}.png"))
    for path in write_tiny_images(tmp_path / "lr", 12).iterdir():
        path.rename(path.with_name(f"{int(path.stem)}x4.png"))
    paths, samples = samples_of(folder, tmp_path / "lr", "{}x4", recursive=False)
    assert [sample.key for sample in samples] == [str(number) for number in range(12)]
    assert samples[11].names() == ["11.hr.png", "11.lr.png"]
    assert [path.name for path in paths[:2]] == ["0.png", "0x4.png"]
    assert samples_of(folder, None, "{}", recursive=False)[1][3].names() == ["3.png"]


def test_a_shard_ends_before_it_is_too_large(folder):
    _, samples = samples_of(folder, None, "{}", recursive=False)
    sizes = [sample.size([path.stat().st_size for _, path in sample.files]) for sample in samples]
    plan = planned(samples, sizes[0] + sizes[1] + sizes[2])
    assert [name for name, _ in plan.shards] == [f"shard-{n:06}.tar" for n in range(4)]
    assert [it for _, members in plan.shards for it in members] == samples
    one_each = planned(samples, 1)
    assert [len(members) for _, members in one_each.shards] == [1] * 12
    assert len(planned(samples, 1e9).shards) == 1
    assert len({plan.identity, one_each.identity, planned(samples, 1e9).identity}) == 3


def test_a_plan_is_another_when_a_file_is(folder):
    _, samples = samples_of(folder, None, "{}", recursive=False)
    before = planned(samples, 1e9).identity
    assert planned(samples, 1e9).identity == before
    os.utime(folder / "03.png", ns=(1, 1))
    assert planned(samples, 1e9).identity != before
    (folder / "03.png").unlink()
    with pytest.raises(DataError, match=r"03\.png: cannot be read: No such file"):
        planned(samples, 1e9)


def test_names_that_others_would_read_otherwise_are_refused(folder, tmp_path):
    (folder / "03.png").rename(folder / "3.5.png")
    with pytest.raises(DataError, match=r"a name ends at its first dot; rename 1 .*: 3\.5\.png"):
        samples_of(folder, None, "{}", recursive=False)
    (folder / "3.5.png").rename(folder / "02.jpg")
    with pytest.raises(DataError, match=r"would get the same name: 02\.\w+ and 02\.\w+"):
        samples_of(folder, None, "{}", recursive=False)
    (folder / "02.jpg").unlink()
    lr = write_tiny_images(tmp_path / "lr", 3)
    with pytest.raises(DataError, match="no partner for 8 of 11 images"):
        samples_of(folder, lr, "{}", recursive=False)
