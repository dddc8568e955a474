import os
from pathlib import Path

import pytest

from srcore.errors import DataError
from srcore.images import (
    list_images,
    listed_images,
    names_of,
    natural_key,
    pair_by_name,
    read_list,
    read_meta_info,
)
from srcore.images.folder_files import FolderFiles
from srcore.images.listing import Listed, in_natural_order, partners_below
from srcore.messages import some


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(paths):
    return [path.name for path in paths]


def test_images_are_sorted_naturally_and_others_left_out(tmp_path):
    touch(tmp_path, "10.png", "2.PNG", "a1.jpg", "notes.txt", ".DS_Store", "._2.png", "sub/3.png")
    assert names(list_images(tmp_path)) == ["2.PNG", "10.png", "a1.jpg"]
    assert names(list_images(tmp_path, recursive=True)) == ["2.PNG", "10.png", "a1.jpg", "3.png"]


def test_empty_missing_and_file_folders_are_named(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name, message in (
        ("empty", r"empty: no images \(folders below it are not searched\)"),
        ("file", "file: is a file; expected a folder of images"),
        ("gone", "gone: no such folder; expected a folder of images"),
    ):
        with pytest.raises(DataError, match=message):
            list_images(tmp_path / name)


def test_meta_info_gives_first_fields_with_spaces(tmp_path):
    path = tmp_path / "meta.txt"
    path.write_text("b.png (480,480,3) 1\n\nmy photo.png (3,4,3)\nplain.png\n")
    assert read_meta_info(path) == ["b.png", "my photo.png", "plain.png"]


def test_empty_meta_info_is_named(tmp_path):
    path = touch(tmp_path, "meta.txt") / "meta.txt"
    with pytest.raises(DataError, match=r"meta\.txt: the list names no images"):
        read_meta_info(path)
    with pytest.raises(DataError, match=r"gone\.txt: the list of images cannot be read"):
        read_meta_info(tmp_path / "gone.txt")


def test_listed_images_follow_the_list_and_missing_ones_are_named(tmp_path):
    touch(tmp_path, "a.png", "b.png")
    meta = tmp_path / "meta.txt"
    meta.write_text("b.png\na.png\n")
    assert names(listed_images(tmp_path, meta)) == ["b.png", "a.png"]
    meta.write_text("b.png\nc.png\n")
    with pytest.raises(DataError, match=r"c\.png of .*meta\.txt not found"):
        listed_images(tmp_path, meta)


def test_pairs_are_found_through_the_template_and_below(tmp_path):
    hr = touch(tmp_path / "hr", "0001.png", "sub/0002.png")
    lr = touch(tmp_path / "lr", "0001x4.jpg", "sub/0002x4.png", "other.png")
    pairs = pair_by_name(list_images(hr, recursive=True), hr, lr, "{}x4")
    assert [(a.name, b.name) for a, b in pairs] == [
        ("0001.png", "0001x4.jpg"),
        ("0002.png", "0002x4.png"),
    ]


def test_dots_in_stems_do_not_confuse_pairing(tmp_path):
    hr = touch(tmp_path / "hr", "a.b.png", "a.png")
    lr = touch(tmp_path / "lr", "a.b.png", "a.png")
    assert all(a.name == b.name for a, b in pair_by_name(list_images(hr), hr, lr, "{}"))


def test_missing_partners_are_listed(tmp_path):
    hr = touch(tmp_path / "hr", "a.png", "b.png", "c.png")
    lr = touch(tmp_path / "lr", "ax2.png")
    with pytest.raises(DataError, match=r'no partner for 2 of 3 .*"\{\}x2" expected bx2, cx2'):
        pair_by_name(list_images(hr), hr, lr, "{}x2")


def test_long_lists_are_cut():
    assert some("abc") == "a, b, c"
    assert some("abcdefghijkl") == "a, b, c, d, e, f, g, h and 4 more"


@pytest.mark.parametrize(
    "name",
    [
        "photo (1)", "photo (1,2,3) 4", "a b", " leading", "x(2)", "a.b", "ü", "\u2028line",
        "\x85", "\uff12", "\udcff", "(1,2,3)", "a\r",
    ],
)  # fmt: skip
def test_any_name_in_a_list_is_found_again(tmp_path, name):
    line = f"{name}.png (4,5,3) 1\n".encode("utf-8", "surrogateescape")
    (tmp_path / "meta.txt").write_bytes(b"first.png\n" + line)
    (tmp_path / "bare.txt").write_bytes(f"{name}.png\n".encode("utf-8", "surrogateescape"))
    assert read_list(tmp_path / "meta.txt") == [
        Listed("first.png"),
        Listed(f"{name}.png", (4, 5)),
    ]
    touch(tmp_path, f"{name}.png")
    assert names(listed_images(tmp_path, tmp_path / "bare.txt")) == [f"{name}.png"]


@pytest.mark.parametrize(
    "names",
    [
        ["2.png", "10.png"],
        ["002.png", "010.png"],
        ["a1/01.png", "a1/02.png", "a2/01.png"],
        ["x9y10.png", "x10y9.png"],
        ["é2.png", "é10.png"],
        ["01.png", "1.png"],
    ],
)
def test_names_numbered_alike_are_sorted_as_others(names):
    assert in_natural_order(names[::-1]) == sorted(names, key=natural_key) == names


def test_a_partner_lies_where_its_template_says(tmp_path):
    touch(tmp_path, "hr/a.b.png", "hr/deep/c.png", "lr/x2/a.b_s.jpg", "lr/deep/x2/c_s.jpg")
    hr = FolderFiles(tmp_path / "hr", ["a.b.png", "deep/c.png"])
    partners = partners_below(tmp_path / "lr", hr, "./x2/{}_s")
    assert list(partners.names) == ["x2/a.b_s.jpg", "deep/x2/c_s.jpg"]
    assert partners.folder == tmp_path / "lr"


def test_names_beyond_the_folder_are_found_where_they_are(tmp_path):
    touch(tmp_path, "hr/0.png", "other/1.png")
    (tmp_path / "list.txt").write_text(f"../other/1.png\n{tmp_path}/other/1.png\n0.png\n")
    files = listed_images(tmp_path / "hr", tmp_path / "list.txt")
    assert all(path.is_file() for path in files)
    assert [os.path.isfile(text) for text in files.texts()] == [True] * 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_lists_are_read_as_windows_writes_them(tmp_path, encoding):
    touch(tmp_path, "0.png", "sub/é.png")
    (tmp_path / "list.txt").write_bytes("0.png\r\n  sub\\é.png \r\n\r\n".encode(encoding))
    listed = listed_images(tmp_path, tmp_path / "list.txt")
    assert list(listed) == [tmp_path / "0.png", tmp_path / "sub/é.png"]


def test_a_list_that_is_no_text_is_named(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\r")
    with pytest.raises(DataError, match=r"list\.txt: not a list of images"):
        read_list(tmp_path / "list.txt")


def test_digits_of_any_script_and_length_have_an_order():
    ordered = ["2", "٣", "10", "a2", "a10", "a" + "9" * 5000, "b", "x²", "x①", "²"]
    shuffled = ordered[::-1]
    assert sorted(shuffled, key=natural_key) == ordered
    assert sorted(["01", "1", "001"], key=natural_key) == ["001", "01", "1"]


def test_names_tell_files_of_any_folders_apart(tmp_path):
    assert names_of([]) == []
    assert names_of([Path("a.png"), tmp_path / "b.x.png"])[1].endswith("b.x")
    paths = [Path("d/x/1.png"), Path("d/x/y/1.png"), Path("d/1.png"), Path("d/1.PNG")]
    assert names_of(paths) == ["x/1", "x/y/1", "1_png", "1_PNG"]
    assert names_of([Path("d/../d/1.png"), Path("d/e/1.png")]) == ["1", "e/1"]


def test_partners_are_looked_for_only_where_they_may_be(tmp_path, monkeypatch):
    for name in ("hr/a.png", "hr/deep/b.png", "lr/ax2.png", "lr/deep/bx2.png", "lr/huge/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    hr, lr = tmp_path / "hr", tmp_path / "lr"
    looked_at, scandir = [], os.scandir

    def scan(place):
        looked_at.append(Path(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", scan)
    pairs = pair_by_name([hr / "a.png", hr / "deep/b.png"], hr, lr, "{}x2")
    assert pairs == [(hr / "a.png", lr / "ax2.png"), (hr / "deep/b.png", lr / "deep/bx2.png")]
    assert sorted(looked_at) == [lr, lr / "deep"]


@pytest.mark.parametrize(
    ("hr", "lr", "template", "partners"),
    [
        (["a.png", "b.png"], ["b.png", "a.png"], "{}", ["a.png", "b.png"]),
        (["a.png", "b.png"], ["a.jpg", "b.png"], "{}", ["a.jpg", "b.png"]),
        (["a.png", "b.png"], ["a.png", "b.png", "c.png"], "{}", ["a.png", "b.png"]),
        (["a.png", "b.jpg"], ["b.jpg", "a.png"], "{}", ["a.png", "b.jpg"]),
        (["a.png"], ["ax2.png", "a.png"], "{}x2", ["ax2.png"]),
    ],
)
def test_partners_are_found_whether_or_not_all_names_are_equal(
    tmp_path, hr, lr, template, partners
):
    (tmp_path / "lr").mkdir()
    files = FolderFiles(tmp_path / "hr", hr)
    belonging = partners_below(tmp_path / "lr", files, template, names_in=lambda folder: lr)
    assert list(belonging) == [tmp_path / "lr" / name for name in partners]
