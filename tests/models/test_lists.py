"""Lists of models are read strictly; everything that is wrong is said at once, with its owner."""

import attrs
import pytest

from srcore.errors import PluginError
from srcore.models.entry import PublishedModel
from srcore.models.lists import read_models

GOOD = {
    "author": '"me"',
    "license": '"MIT"',
    "architecture": '"edsr"',
    "scale": "2",
    "url": '"https://example.org/x.pth"',
    "sha256": f'"{"0" * 64}"',
    "bytes": "10",
}


def text(name="x", **changes):
    keys = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return f"[models.{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def read(tmp_path, content):
    file = tmp_path / "models.toml"
    file.write_text(content, "utf-8")
    return read_models.__wrapped__(file, "srplug-x")


def test_a_list_is_read(tmp_path):
    architecture = '[architectures.edsr]\nnetwork = "edsr"\n'
    content = read(tmp_path, architecture + text(purposes='["photo"]'))
    (model,) = content.models
    assert (model.name, model.title, model.scale, model.owner) == ("x", "x", 2, "srplug-x")
    assert (model.purposes, model.bytes, model.file) == (("photo",), 10, None)
    assert content.architectures["edsr"].network == "edsr"


def test_a_model_may_come_with_the_list(tmp_path):
    (tmp_path / "own.safetensors").write_bytes(b"x")
    gone = dict.fromkeys(("url", "sha256", "bytes"))
    (model,) = read(tmp_path, text(file='"own.safetensors"', **gone)).models
    assert model.file == tmp_path / "own.safetensors"


FAULTY = {
    "no text": (text(author="3"), "models.x.author: expected a text, found 3"),
    "missing": (text(license=None), "models.x.license: is missing"),
    "unknown key": (text(licens='"MIT"'), 'models.x.licens: unknown key; did you mean "license"?'),
    "scale": (text(scale="0"), "models.x.scale: expected a whole number of at least 1, found 0"),
    "hash": (text(sha256='"AB"'), "models.x.sha256: expected 64 hexadecimal digits in small"),
    "no hash": (text(sha256=None), "models.x.sha256: expected 64 hexadecimal digits in small"),
    "no size": (text(bytes=None), "models.x.bytes: is missing"),
    "address": (text(url='"ftp://x"'), "models.x.url: expected an address that begins with https"),
    "both": (text(file='"x"'), "models.x: expected either url, with sha256 and bytes, or file"),
    "neither": (text(url=None), "models.x: expected either url, with sha256 and bytes, or file"),
    "file": (text(url=None, file='"../x"'), "models.x.file: expected the name of a file in "),
    "name": (text('"Big Name"'), "models.Big Name: expected a name of small letters, digits"),
    "purposes": (text(purposes='"photo"'), "models.x.purposes: expected a list of texts"),
    "table": ("[model.x]\n", "model: unknown table; tables of a list are architectures and models"),
    "no table": ("models = 3\n", "models: expected a table, found 3"),
    "architecture": (
        "[architectures.x]\nname = 1\n",
        "architectures.x: expected texts network and reader",
    ),
    "no TOML": ("[models\n", "malformed TOML"),
}


@pytest.mark.parametrize("case", FAULTY)
def test_faulty_lists_are_refused_in_one_line(tmp_path, case):
    content, expected = FAULTY[case]
    with pytest.raises(PluginError) as caught:
        read(tmp_path, content)
    message = str(caught.value)
    assert message.startswith(f"srplug-x: {tmp_path / 'models.toml'}: ")
    assert expected in message
    assert "\n" not in message


def test_every_key_of_a_model_is_looked_at(tmp_path):
    """Each is known, and none takes what its type does not allow."""
    keys = {field.name for field in attrs.fields(PublishedModel)} - {"name", "owner"}
    with pytest.raises(PluginError) as caught:
        read(tmp_path, text(**dict.fromkeys(keys, "1.5")))
    told = str(caught.value)
    assert "unknown key" not in told
    assert {key for key in keys if f"models.x.{key}: expected" in told} == keys - {"file"}
    with pytest.raises(PluginError, match=r"models\.x\.file: expected the name of a file"):
        read(tmp_path, text(file="1.5", url=None))


def test_all_faults_are_said_at_once(tmp_path):
    with pytest.raises(
        PluginError, match=r"models\.x\.bytes: is missing; models\.y\.scale: expected"
    ):
        read(tmp_path, text(bytes=None) + text("y", scale="0"))
