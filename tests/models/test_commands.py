"""Commands take models by name: shown first, fetched once, refused where nobody can be asked."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from srcore.images import read_image, write_image

pytest.importorskip("pooch")


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    write_image(tmp_path / "photo.png", image, durable=False)
    return "photo.png"


def test_a_photo_is_enlarged_with_a_model_by_name(program, server, photo):
    arguments = ["upscale", photo, "--device", "cpu", "--quiet", "--overwrite"]
    code, out, err = program(*arguments, "--model", "tiny", "--yes")
    assert (code, out) == (0, "photo_x2.png\n")
    lines = err.splitlines()
    assert lines[0].startswith("srcore: tiny (Tiny) by somebody, CC-BY-4.0, ")
    assert lines[1:] == [f"  {server.url}", "  for photo", "  https://example.org/tiny"]
    first = read_image(Path("photo_x2.png"))
    assert program(*arguments, "--weights", "model:tiny") == (0, "photo_x2.png\n", "")
    assert (read_image(Path("photo_x2.png")) == first).all()
    assert len(server.requests) == 1


def test_where_nobody_can_be_asked_nothing_is_fetched(program, server, photo):
    code, out, err = program("upscale", photo, "--model", "tiny")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "srcore: tiny is to be fetched, and there is no terminal to ask at: add --yes"
    )
    assert server.requests == []


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("", 130)])
def test_at_a_terminal_the_user_is_asked(program, server, photo, monkeypatch, answer, code):
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    result, _, err = program("upscale", photo, "--model", "tiny", "--quiet")
    assert result == code
    assert "Fetch it? [y/N]: " in err
    assert len(server.requests) == (code == 0)


def test_a_model_and_weights_exclude_each_other(program, photo):
    code, _, err = program("upscale", photo, "--model", "tiny", "--weights", "x.pth")
    assert (code, "--weights and --model exclude each other" in err) == (2, True)


def test_a_misspelt_name_is_answered_with_the_nearest(program, photo):
    code, _, err = program("upscale", photo, "--model", "tinny")
    assert (code, err) == (2, 'srcore: no model "tinny"; did you mean "tiny"?\n')


def test_what_is_not_there_is_one_line(program, server, photo):
    server.faults = ["404"]
    code, _, err = program("upscale", photo, "--model", "tiny", "--yes")
    assert code == 1
    assert err.splitlines()[-1] == (
        f"srcore: tiny: {server.url}: 404 Not Found; the file has gone, or its address is wrong"
    )


def test_models_are_evaluated_by_name(program, photo, tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (tmp_path / photo).rename(folder / photo)
    code, out, err = program(
        "evaluate", "tiny", "mine=model:tiny", "x2", "--data", str(folder), "--yes", "--quiet"
    )
    assert code == 0, err
    assert all(name in out for name in ("tiny", "mine", "x2"))


def test_models_are_converted_by_name(program, tmp_path):
    target = tmp_path / "out.safetensors"
    code, out, err = program("convert", "tiny", str(target), "--to", "safetensors", "--yes")
    assert (code, target.is_file()) == (0, True), err
    assert "(edsr x2, " in out


def test_an_experiment_is_begun_with_a_model(program, tmp_path):
    code, out, err = program("new", "--from-weights", "model:tiny", "--yes")
    assert code == 0, err
    assert out.startswith("#:schema srcore.schema.json\n# Goes on from tiny: edsr x2\n")
    assert 'name = "from_tiny"' in out
    assert 'weights = "model:tiny"' in out


def test_files_come_before_models_of_their_name(program, photo, tmp_path):
    (tmp_path / "tiny").write_bytes(b"my own file")
    code, _, err = program("upscale", photo, "--weights", "tiny")
    assert (code, err.startswith("srcore: tiny: not a weights file")) == (1, True)


def test_models_are_listed_and_searched(program):
    code, out, err = program("models")
    assert (code, err.count("\n")) == (0, err.count("srcore: "))
    head, *rows = out.splitlines()
    assert head.split() == [
        "name", "scale", "architecture", "license", "size", "use", "here", "purposes",
    ]  # fmt: skip
    assert len(rows) > 100
    _, out, _ = program("models", "somebody", "photo", "--scale", "2", "--license", "cc-by")
    assert [row.split()[0] for row in out.splitlines()] == ["name", "tiny"]
    _, out, _ = program("models", "--architecture", "edsr", "--here")
    assert [row.split()[0] for row in out.splitlines()] == ["name", "x2", "x4"]
    _, out, _ = program("models", "--commercial", "--json")
    rows = json.loads(out)
    assert rows
    assert all(row["commercial"] and "-NC" not in row["license"] for row in rows)
    code, out, err = program("models", "photo", "--scale", "1", "--architecture", "hat")
    assert (code, out) == (0, "")
    assert err == "srcore: no model fits; without WORD and options all are listed\n"


@pytest.mark.parametrize(
    ("option", "asked", "hint"),
    [
        ("architecture", "realplks", 'did you mean "realplksr"?'),
        ("architecture", "", "there are atd, compact, dat, "),
        ("license", "apahce", 'did you mean "Apache"?'),
        ("license", "cc-bu", 'did you mean "CC-BY"?'),
        ("license", "XYZ", "there are Apache-2.0, BSD-3-Clause, "),
        ("purpose", "animee", 'did you mean "anime"?'),
        ("purpose", "xyz", "there are ai-generated, "),
        ("scale", "7", "there are 1, 2, "),
    ],
)
def test_what_no_model_has_is_answered_with_what_there_is(program, option, asked, hint):
    code, out, err = program("models", f"--{option}", asked)
    shown = asked if option == "scale" else f'"{asked}"'
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"srcore: models: no model of {option} {shown}; {hint}")


def test_all_that_no_model_has_is_said_at_once(program):
    code, _, err = program("models", "--architecture", "esrgam", "--purpose", "fotos")
    assert code == 2
    assert err.splitlines() == [
        'srcore: models: no model of architecture "esrgam"; did you mean "esrgan"?',
        'srcore: models: no model of purpose "fotos"; did you mean "photo"?',
    ]


@pytest.mark.parametrize(
    ("word", "rest"),
    [
        ("animee", 'did you mean "anime"?'),
        ("realesrgan-x4-plus", 'did you mean "realesrgan-x4plus"?'),
        ("xyzxyz", "without WORD and options all are listed"),
    ],
)
def test_a_word_that_no_model_has_is_said(program, word, rest):
    message = f'srcore: models: no model has "{word}" in what is told of it; {rest}'
    for arguments in ((word,), ("photo", word, "--json")):
        code, out, err = program("models", *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(message)


def test_a_whole_name_shows_all_that_is_known(program, server):
    _, out, _ = program("models", "tiny")
    told = dict(line.strip().split(":", 1) for line in out.splitlines()[1:])
    told = {key: value.strip() for key, value in told.items()}
    assert told["author"] == "somebody"
    assert told["use"] == "train and upscale"
    assert told["file"] == server.url
    assert (told["here"], told["list of"]) == ("no", "stranger")


def test_models_are_fetched_for_a_machine_without_a_network(program, server):
    code, out, _ = program("models", "--download", "tiny", "--yes")
    assert code == 0
    assert out.rstrip().endswith(".safetensors")
    _, listed, _ = program("models", "tiny", "--json")
    assert json.loads(listed)[0]["here"] == out.rstrip()
    assert program("models", "--download", "tiny") == (0, out, "")
    assert len(server.requests) == 1
