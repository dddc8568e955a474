"""Pictures on the page: the right ones, small enough."""

import base64
import json

import cv2
import numpy as np
import pytest

from srcore.images import encode_image, with_png_text, write_image
from srcore.report.picture_crops import gallery
from srcore.report.reading import read_run
from srcore.runs.strips import read_strip


def decoded(uri):
    assert uri.startswith("data:image/jpeg;base64,")
    data = np.frombuffer(base64.b64decode(uri.partition(",")[2]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def runs_of(*folders):
    return [run for folder in folders for run in read_run(folder)]


def test_a_figure_has_bicubic_result_truth_and_their_values(make_run):
    shown = gallery(runs_of(make_run("a", images=("one",))))
    (figure,) = shown.figures
    assert (figure.image, figure.set_name, figure.note) == ("one", "photos", "")
    assert [(s.label, dict(s.values)) for s in figure.versions] == [
        ("bicubic", {"psnr": 30.5}),
        ("trained", {"psnr": 31.25}),
    ]
    assert figure.truth is not None
    assert {decoded(s.uri).shape for s in (*figure.versions, figure.truth)} == {(48, 48, 3)}


def test_an_image_of_several_runs_is_one_figure(make_run):
    first, second = make_run("a", images=("one", "two")), make_run("b", images=("one",))
    one, two = gallery(runs_of(first, second)).figures
    assert [shown.label for shown in one.versions] == ["bicubic", "a", "b"]
    assert [shown.label for shown in two.versions] == ["bicubic", "a"]


def test_images_of_another_scale_are_not_mixed(make_run):
    first, second = make_run("a", images=("one",)), make_run("b", images=("one",), side=64)
    assert [figure.width for figure in gallery(runs_of(first, second)).figures] == [48, 64]


def test_large_pictures_are_cropped_until_they_fit_and_the_page_says_so(make_run):
    runs = runs_of(make_run("a", images=("one", "two"), side=700))  # noise: nothing is larger
    shown = gallery(runs, budget=1_000_000)
    assert all(f.note == f"center {f.width} x {f.width} of 700 x 700 pixels" for f in shown.figures)
    assert all(f.width < 512 for f in shown.figures)
    used = [s.uri for f in shown.figures for s in (*f.versions, f.truth)]
    assert sum(map(len, used)) <= 1_000_000
    assert gallery(runs, budget=100_000_000).figures[0].width == 512


def test_crops_of_all_versions_show_the_same_place(make_run, tmp_path):
    folder = make_run("a", images=("one",), side=700)
    (figure,) = gallery(runs_of(folder)).figures
    strip = read_strip(next((folder / "images").rglob("*.png")))
    edge = (700 - figure.width) // 2
    for shown, column in zip((*figure.versions, figure.truth), strip.columns, strict=True):
        wanted = column.picture[edge : edge + figure.width, edge : edge + figure.width, ::-1]
        error = np.abs(decoded(shown.uri).astype(int) - wanted).mean()
        assert error < 8, "JPEG of noise, but of this noise"


def test_what_plugins_drew_is_shown_whole(make_run):
    folder = make_run("a", images=("one",))
    wide = np.zeros((50, 2400, 3), np.uint8)
    write_image(folder / "images/iteration_00000100/photos_one_artifacts.png", wide)
    shown = gallery(runs_of(folder))
    ((name, uri),) = shown.further
    assert name == "photos_one_artifacts"
    assert decoded(uri).shape == (25, 1200, 3)


def test_damaged_and_missing_pictures_leave_the_others(make_run):
    folder = make_run("a", images=("one", "two"))
    file = folder / "images/iteration_00000100/photos_one.png"
    file.write_bytes(file.read_bytes()[:2000])
    shown = gallery(runs_of(folder))
    assert [figure.image for figure in shown.figures] == ["two"]
    assert shown.notes == ("1 pictures could not be read",)
    assert gallery(runs_of(make_run("b"))).figures == ()


def test_many_images_are_limited_and_the_page_says_so(make_run):
    folder = make_run("a", images=[f"{i:02}" for i in range(30)], side=16)
    shown = gallery(runs_of(folder))
    assert len(shown.figures) == 24
    assert shown.notes == ("24 of 30 images are shown",)


GOOD = {
    "set": "s",
    "image": "i",
    "columns": [{"name": n, "size": [8, 8], "values": {"psnr": 1.0}} for n in ("a", "b")],
}


def changed(**keys):
    return json.dumps({**GOOD, **keys})


def column(**keys):
    return changed(columns=[GOOD["columns"][0], {**GOOD["columns"][1], **keys}])


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "3", "[]", "{}", "[" * 100_000, json.dumps({}), changed(set=3),
        changed(image=None), changed(columns=3), changed(columns=[]), changed(columns=[3]),
        changed(columns=GOOD["columns"][:1]), changed(columns=GOOD["columns"] * 2), column(name=1),
        column(size=8), column(size=[8]), column(size=[8, -8]), column(size=[0, 8]),
        column(size=["8", 8]), column(size=[8, 10**9]), column(size=[True, 8]), column(values=[1]),
        column(values={"psnr": "high"}), column(values={"psnr": [1]}),
    ],
)  # fmt: skip
def test_a_foreign_picture_that_calls_itself_a_strip_is_counted_and_left_out(make_run, text):
    folder = make_run("a", images=("one",))
    (strip,) = (folder / "images").rglob("*.png")
    pixels = encode_image(np.zeros((32, 24, 3), np.uint8), ".png", "x")
    strip.with_name("foreign.png").write_bytes(with_png_text(pixels, "srcore-strip", text))
    shown = gallery(runs_of(folder))
    assert [figure.image for figure in shown.figures] == ["one"]
    assert shown.notes == ("1 pictures could not be read",)
    strip.with_name("foreign.png").write_bytes(
        with_png_text(pixels, "srcore-strip", json.dumps(GOOD))
    )
    assert [figure.image for figure in gallery(runs_of(folder)).figures] == ["i", "one"]


@pytest.mark.parametrize("shape", [(1, 70_000), (70_000, 1), (1, 1), (3, 2000)])
def test_a_foreign_picture_of_any_shape_is_shown(make_run, shape):
    folder = make_run("a", images=("one",))
    (strip,) = (folder / "images").rglob("*.png")
    write_image(strip.with_name("foreign.png"), np.zeros((*shape, 3), np.uint8))
    ((name, uri),) = gallery(runs_of(folder)).further
    assert name == "foreign"
    assert max(decoded(uri).shape) <= 4800
