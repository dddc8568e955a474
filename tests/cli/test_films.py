"""`srcore upscale film.mp4`: what is said, refused, skipped and gone on with."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from srcore.cli.main import main
from srcore.films.parts import parts_folder
from srcore.images import write_image
from srcore.testing.weights import write_weights

av = pytest.importorskip("av")


@pytest.fixture
def upscale(tmp_path, monkeypatch, capsys):
    """Runs the command in a folder of its own: arguments -> (exit code, out, err)."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    weights = tmp_path / "weights" / "tiny.safetensors"
    weights.parent.mkdir()
    write_weights(weights, "edsr", num_features=4, num_blocks=1)

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["upscale", "--weights", str(weights), "--device", "cpu", *arguments])
        return (caught.value.code, *capsys.readouterr())

    return run


def film(path, count=3, codec="libx264"):
    Path(path).parent.mkdir(exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = 32, 16
        for k in range(count):
            picture = np.full((16, 32, 3), 20 * k, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def photo(path):
    image = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    write_image(Path(path), image, durable=False)


def size_of(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream.codec_context.width, stream.codec_context.height, stream.frames


def test_a_film_is_enlarged_beside_itself_and_named_on_standard_output(upscale):
    film("a.mp4")
    assert upscale("a.mp4") == (0, "a_x2.mp4\n", "")
    assert size_of("a_x2.mp4") == (64, 32, 3)
    code, _, err = upscale("a.mp4")
    assert code == 2
    assert "a_x2.mp4: exists; --resume skips what is done" in err
    assert upscale("a.mp4", "--resume")[:2] == (0, "")
    assert upscale("a.mp4", "--overwrite")[0] == 0


def test_films_among_images_of_a_folder_are_taken(upscale):
    photo("in/a.png")
    film("in/b.mp4")
    film("in/c.avi", codec="mpeg4")
    code, out, _ = upscale("in", "-o", "out", "--crf", "30", "--compress-level", "1")
    assert (code, out) == (0, "out/a.png\nout/b.mp4\nout/c.mkv\n")


def test_without_the_package_films_of_folders_are_left_out_and_named_ones_refused(
    upscale, monkeypatch
):
    photo("in/a.png")
    film("in/b.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    code, out, err = upscale("in", "-o", "out")
    assert (code, out) == (0, "out/a.png\n")
    assert "in: left out 1 film; pip install 'srcore[video]' takes them too" in err
    code, _, err = upscale("in/b.mp4")
    assert code == 1
    assert "upscaling films needs an optional package: pip install 'srcore[video]'" in err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["a.mp4", "-o", "a.png"], "--output a.png: unknown film format; use .mp4, .mkv, .mov"),
        (["p.png", "-o", "a.mp4"], "--output a.mp4: unknown image format; use .png, .jpg"),
        (["a.mp4", "--quality", "3"], "--quality: of images only; every input is a film"),
        (["a.mp4", "--format", "png"], "--format: of images only; every input is a film"),
        (["p.png", "--crf", "3", "--deinterlace"], "--crf, --deinterlace: of films only; every"),
        (["a.mp4", "-o", "b.webm", "--codec", "h264"], "--codec h264: .webm does not hold it; use"),
        (["a.mp4", "--crf", "60"], "--crf 60: h264 takes at most 51"),
        (["a.mp4", "-o", "b.mkv", "--codec", "ffv1", "--crf", "1"], "--crf: ffv1 loses nothing"),
        (["a.mp4", "--preset", "quick"], "--preset quick: not one of h264; expected ultrafast"),
    ],
)
def test_what_does_not_go_together_is_refused(upscale, arguments, line):
    film("a.mp4", 1)
    photo("p.png")
    code, out, err = upscale(*arguments)
    assert (code, out) == (2, "")
    assert line in err
    assert len(err.splitlines()) == 1


def test_a_bad_film_is_reported_and_the_others_are_done(upscale):
    film("a.mp4", 1)
    Path("b.mp4").write_bytes(b"no film")
    code, out, err = upscale("a.mp4", "b.mp4", "--json")
    assert code == 1
    result = json.loads(out)
    assert (result["done"], result["failed"]) == (1, 1)
    assert "b.mp4: not a film that can be read, or cut off" in err
    assert "Traceback" not in err


def test_parts_are_gone_on_with_only_if_asked_and_tidied_up(upscale):
    film("a.mp4")
    assert upscale("a.mp4", "-o", "whole.mp4")[0] == 0
    folder = parts_folder(Path("a_x2.mp4"))
    folder.mkdir()
    (folder / "job.json").write_text("{}")
    code, _, err = upscale("a.mp4")
    assert code == 2
    assert "a_x2.mp4.parts: parts of a film that was not finished; --resume goes on" in err
    code, _, err = upscale("a.mp4", "--resume")
    assert code == 1
    assert "its parts were made with other " in err
    assert upscale("a.mp4", "--overwrite")[0] == 0
    assert Path("a_x2.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    folder.mkdir()
    (folder / "job.json").write_text("{}")
    assert upscale("a.mp4", "--resume")[0] == 0
    assert not folder.exists()


def test_the_model_is_chosen_by_the_size_of_films_too(upscale):
    film("a.mp4", 1)
    assert upscale("a.mp4", "--width", "50")[0] == 0
    assert size_of("a_w50.mp4")[:2] == (50, 26)
