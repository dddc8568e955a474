"""Ways by which a search for images comes to a place."""

import pytest

from srcore.images.searched_folders import FolderSet, searched_above, way_to


@pytest.fixture
def tree(tmp_path):
    """``images`` beside ``place``, which has a folder ``inner`` with an image."""
    (tmp_path / "images/below").mkdir(parents=True)
    (tmp_path / "place/inner").mkdir(parents=True)
    (tmp_path / "place/inner/0.png").write_bytes(b"")
    return tmp_path


def test_a_place_is_known_by_what_it_is(tree):
    (tree / "link").symlink_to("place")
    place = FolderSet([tree / "link"])
    assert place.holds(tree / "place")
    assert place.holds(tree / "images/../place/inner/0.png")
    assert place.holds(tree / "link/inner")
    assert not place.holds(tree)
    assert not place.holds(tree / "images")
    assert place.lies_in(tree)
    assert not place.lies_in(tree / "images")
    assert not place.lies_in(tree / "nowhere")


def test_a_place_may_be_yet_to_be_made(tree):
    place = FolderSet([tree / "images/below/new/inner"])
    assert way_to(place, tree / "images", recursive=True) == tree / "images"
    assert way_to(place, tree / "images") is None
    assert way_to(place, tree / "place", recursive=True) is None


@pytest.mark.parametrize(
    ("link", "target", "alone", "with_below"),
    [
        ("images/a", "place", None, "images/a"),
        ("images/a", "place/inner", None, "images/a"),
        ("images/below/a", "place/inner", None, "images/below/a"),
        ("images/a.png", "place/inner/0.png", "images/a.png", "images/a.png"),
        ("images/a.png", "place/inner/later.png", "images/a.png", "images/a.png"),
        ("images/below/a.png", "place/inner/0.png", None, "images/below/a.png"),
        ("images/a.txt", "place/inner/0.png", None, None),
        ("images/a.png", "images/a.png", None, None),
        ("images/a.png", "nowhere/0.png", None, None),
        ("images/a", ".", None, "images/a"),
        ("images/a", "images", None, None),
    ],
)
def test_links_are_ways(tree, link, target, alone, with_below):
    (tree / link).symlink_to(tree / target)
    place = FolderSet([tree / "place"])
    for recursive, expected in ((False, alone), (True, with_below)):
        way = way_to(place, tree / "images", recursive=recursive)
        assert way == (expected and tree / expected)


def test_a_link_to_a_link_is_followed(tree):
    (tree / "elsewhere").mkdir()
    (tree / "elsewhere/b.png").symlink_to(tree / "place/inner/0.png")
    (tree / "images/a.png").symlink_to("../elsewhere/b.png")
    assert way_to(FolderSet([tree / "place"]), tree / "images") == tree / "images/a.png"


def test_what_holds_the_place_is_searched_above_it(tree):
    (tree / "images/below/up").symlink_to(tree)
    place = FolderSet([tree / "place"])
    assert searched_above(place, tree / "images") == tree / "images/below/up"
    assert searched_above(place, tree) == tree
    assert searched_above(FolderSet([tree / "images"]), tree / "place") is None
    assert searched_above(place, tree / "nowhere") is None
    assert searched_above(place, tree / "\0") is None
