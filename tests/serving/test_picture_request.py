"""What a client asks for is looked up in lists; what it calls its picture is never a path."""

from pathlib import Path

import pytest

from srcore.serving.offered_models import OfferedModel
from srcore.serving.picture_request import PictureRequestError, plain_name, request_of

MODELS = {
    "x2": OfferedModel(id="x2", label="x2", group="here", weights="model:x2", scale=2),
    "far": OfferedModel(id="far", label="far", group="f", weights="model:far", offer="far, 5 MB"),
}


def request_for(**query):
    return request_of({name: [value] for name, value in query.items()}, MODELS)


def test_what_is_left_out_is_as_the_model_and_the_command_have_it():
    asked = request_for(model="x2")
    assert (asked.scale, asked.format, asked.name) == (None, "png", "picture")
    order = asked.order_in(Path("folder"))
    assert (order.weights, order.target, order.viewable) == (
        "model:x2",
        Path("folder/result.png"),
        None,
    )


def test_files_have_names_of_the_server():
    order = request_for(model="x2", name="../../etc/passwd", format="jpeg", viewable="1").order_in(
        Path("a/b")
    )
    assert {order.source.parent, order.target.parent, order.viewable.parent} == {Path("a/b")}
    assert order.name == "passwd"


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({}, "model: expected one, found 0"),
        ({"model": "farr"}, 'model: no model "farr" is offered; did you mean "far"?'),
        ({"model": "/etc/passwd"}, 'no model "/etc/passwd" is offered; GET /offered lists all'),
        ({"model": "model:x2"}, 'no model "model:x2" is offered'),
        ({"model": "x2", "modle": "x2"}, 'modle: unknown key; did you mean "model"?'),
        ({"model": "x2", "scale": "0"}, 'scale: expected a factor > 0 up to 64, found "0"'),
        ({"model": "x2", "scale": "nan"}, 'found "nan"'),
        ({"model": "x2", "scale": "1e9"}, 'found "1e9"'),
        ({"model": "x2", "scale": "\n"}, r'found "\n"'),
        ({"model": "x2", "format": "exe"}, "format: expected png, jpeg, webp"),
        ({"model": "x2", "viewable": "yes"}, 'viewable: expected 0 or 1, found "yes"'),
        ({"model": "far"}, "model: far is to be fetched first, which needs fetch=1: far, 5 MB"),
    ],
)
def test_what_is_not_there_is_said(query, complaint):
    with pytest.raises(PictureRequestError) as caught:
        request_for(**query)
    assert complaint in caught.value.lines[0]


def test_a_key_stands_once():
    with pytest.raises(PictureRequestError, match="model: expected one, found 2"):
        request_of({"model": ["x2", "x2"]}, MODELS)


def test_a_model_is_fetched_once_that_was_asked_for():
    assert request_for(model="far", fetch="1").fetch


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("photo.jpg", "photo.jpg"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("/", "picture"),
        ("", "picture"),
        ("a\nb\x1b[31m.png", r"a\nb\x1b[31m.png"),
        ("..", ".."),
    ],
)
def test_names_are_one_line_without_folders(given, name):
    assert plain_name(given) == name
    assert len(plain_name("x" * 10_000)) <= 120
