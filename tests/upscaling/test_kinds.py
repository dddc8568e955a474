from pathlib import PurePath

from srcore.upscaling.kinds import by_kind


def _kinds(*names):
    return by_kind([PurePath(name) for name in names], lambda path: path)


def test_files_are_sorted_by_what_they_are():
    kinds = _kinds("10.png", "2.JPG", "a.mp4", "b.txt", "Makefile", ".x.png", ".y")
    assert [str(it) for it in kinds.images] == ["2.JPG", "10.png"]
    assert [str(it) for it in kinds.films] == ["a.mp4"]
    assert kinds.left_out("in") == [
        "in: left out 2 files, not images by name: 1 .txt, 1 without suffix"
    ]


def test_a_tar_file_beside_images_is_no_shard():
    kinds = _kinds("a/1.png", "a/1.tar", "b/s-10.tar", "b/s-2.tar", "b/s-2.index", "b/shards.json")
    assert [str(it) for it in kinds.shards] == ["b/s-2.tar", "b/s-10.tar"]
    assert kinds.others == {".tar": 1}
    assert _kinds("c/shards.json", "c/1.index").others == {".json": 1, ".index": 1}
