import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import srcore
from srcore.cli.main import main
from srcore.images import origin_of, read_header, read_image, write_image


def _photos(folder, number=3):
    for index in range(number):
        image = np.random.default_rng(index).integers(0, 256, (6 + index, 9, 3), np.uint8)
        write_image(Path(folder) / f"{index}.png", image, durable=False)


def test_a_file_is_enlarged_beside_itself_and_named_on_standard_output(upscale):
    _photos(".", 1)
    assert upscale("0.png") == (0, "0_x2.png\n", "")
    assert read_image(Path("0_x2.png")).shape == (12, 18, 3)


def test_any_output_scale_and_format_can_be_asked_for(upscale):
    _photos(".", 1)
    code, out, _ = upscale("0.png", "--scale", "3", "--format", "jpeg", "--quality", "80")
    assert (code, out) == (0, "0_x3.jpg\n")
    assert read_image(Path("0_x3.jpg")).shape == (18, 27, 3)


def test_options_of_formats_reach_the_files_that_have_them(upscale):
    _photos(".", 2)
    write_image(Path("1.jpg"), read_image(Path("1.png")))
    Path("1.png").unlink()
    options = ["--progressive", "--subsampling", "4:4:4", "--compress-level", "0"]
    code, out, err = upscale("0.png", "1.jpg", "-o", "out/", "--format", "same", *options)
    assert (code, out, err) == (0, "out/0.png\nout/1.jpg\n", "srcore: 2 done\n")
    assert Path("out/0.png").stat().st_size > 12 * 18 * 3
    with Image.open("out/1.jpg") as image:
        assert image.info["progressive"] == 1
        assert image.layer[0][1:3] == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "name", "size"),
    [
        (["--width", "50"], "0_w50.png", (33, 50)),
        (["--height", "50"], "0_h50.png", (50, 75)),
        (["--max-side", "7"], "0_max7.png", (5, 7)),
        (["--max-side", "30", "--scale", "2"], "0_x2_max30.png", (12, 18)),
        (["--width", "50", "--height", "30"], "0_50x30.png", (30, 45)),
        (["--width", "50", "--height", "30", "--fit", "cover"], "0_50x30.png", (30, 50)),
        (["--width", "50", "--height", "30", "--fit", "stretch"], "0_50x30.png", (30, 50)),
    ],
)
def test_results_have_the_size_that_was_asked_for(upscale, arguments, name, size):
    _photos(".", 1)
    assert upscale("0.png", *arguments) == (0, f"{name}\n", "")
    assert read_image(Path(name)).shape[:2] == size


@pytest.mark.parametrize(("width", "model"), [("10", "x2"), ("18", "x2"), ("19", "x4")])
def test_the_model_is_chosen_by_the_size(upscale, monkeypatch, tmp_path, capsys, width, model):
    _photos(".", 1)
    monkeypatch.setattr("srcore.upscaling.shipped.shipped_model.__defaults__", (tmp_path,))
    with pytest.raises(SystemExit):
        main(["upscale", "0.png", "--width", width])
    assert f"no model {model}.safetensors" in capsys.readouterr().err


def test_sizes_that_a_format_does_not_hold_are_refused_before_the_network_runs(
    upscale, monkeypatch
):
    monkeypatch.setattr("srcore.upscaling.batch.upscale_bands", lambda *a, **b: pytest.fail("ran"))
    _photos(".", 1)
    code, _, err = upscale("0.png", "-o", "a.jpg", "--width", "65501")
    assert code == 1
    assert "0.png: a.jpg: 65501x43667 pixels; .jpg holds at most 65500 per side" in err


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_depth_and_channels_are_kept(upscale, channels, suffix):
    image = np.random.default_rng(0).integers(0, 65536, (7, 5, channels), np.uint16)
    write_image(Path("in.png"), image)
    assert upscale("in.png", "-o", f"out{suffix}")[0] == 0
    result = read_image(Path(f"out{suffix}"))
    assert (result.shape, result.dtype) == ((14, 10, channels), np.uint16)


def test_orientation_is_applied_and_the_profile_kept(upscale):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (20, 10), "red").save("in.jpg", exif=exif, icc_profile=profile)
    assert upscale("in.jpg")[0] == 0
    header = read_header(Path("in_x2.png"))
    assert (header.height, header.width, header.icc_profile) == (40, 20, profile)


def test_bad_files_are_one_line_each_and_the_others_are_done(upscale):
    _photos("in")
    Path("in/1.png").write_text("no image")
    code, out, err = upscale("in", "missing.png", "-o", "out/")
    assert code == 1
    assert out.split() == ["out/0.png", "out/2.png"]
    lines = err.splitlines()
    assert lines[0] == "srcore: in/1.png: not an image (or of an unknown format)"
    assert lines[1] == "srcore: missing.png: no such file"
    assert lines[2] == "srcore: 2 done, 2 failed: 1 not an image, 1 no such file"
    assert len(lines) == 3
    assert sorted(os.listdir("out")) == ["0.png", "2.png"]


def test_what_a_folder_leaves_out_is_said_and_equal_stems_are_told_apart(upscale):
    _photos("in", 1)
    write_image(Path("in/0.jpg"), np.zeros((4, 4, 3), np.uint8))
    Path("in/readme.txt").touch()
    code, out, err = upscale("in")
    assert (code, out.split()) == (0, ["in_x2/0_jpg.png", "in_x2/0_png.png"])
    assert err.splitlines() == [
        "srcore: in: left out 1 file, not images by name: 1 .txt",
        "srcore: inputs of equal names are told apart: in/0.jpg -> in_x2/0_jpg.png, "
        "in/0.png -> in_x2/0_png.png",
        "srcore: 2 done",
    ]


def test_names_of_any_length_and_bytes_are_done_or_one_line(upscale):
    _photos("in", 1)
    for name in ("x" * 251, "\udcff", "line\nbreak", " "):
        os.link("in/0.png", f"in/{name}.png")
    code, _, err = upscale("in")
    assert (code, err) == (0, "srcore: 5 done\n")
    assert len(os.listdir("in_x2")) == 5
    code, _, err = upscale(f"in/{'x' * 251}.png")
    assert code == 1
    assert err.splitlines()[0].endswith("_x2.png: cannot be written: File name too long")


def test_results_are_never_replaced_silently(upscale):
    _photos("in")
    assert upscale("in")[0] == 0
    before = {path: path.stat().st_mtime_ns for path in Path("in_x2").iterdir()}
    code, out, err = upscale("in")
    assert (code, out) == (2, "")
    assert err == (
        "srcore: in_x2/0.png: exists, and 2 more outputs; --resume skips what is done, "
        "--overwrite replaces it\n"
    )
    assert {path: path.stat().st_mtime_ns for path in Path("in_x2").iterdir()} == before
    assert upscale("in", "--overwrite")[0] == 0
    assert all(path.stat().st_mtime_ns > time_ for path, time_ in before.items())


def test_resume_repeats_nothing_and_loses_nothing(upscale):
    _photos("in", 4)
    assert upscale("in")[0] == 0
    Path("in_x2/2.png").unlink()
    before = {path: path.stat().st_mtime_ns for path in Path("in_x2").iterdir()}
    code, out, err = upscale("in", "--resume")
    assert (code, out, err) == (0, "in_x2/2.png\n", "srcore: 1 done, 3 skipped\n")
    after = {path: path.stat().st_mtime_ns for path in Path("in_x2").iterdir()}
    assert {path: after[path] for path in before} == before
    assert len(after) == 4


def test_json_tells_what_became_of_every_file(upscale):
    _photos("in", 2)
    Path("in/1.png").write_bytes(Path("in/1.png").read_bytes()[:60])
    code, out, _ = upscale("in", "--json")
    report = json.loads(out)
    assert code == 1
    assert [report[name] for name in ("done", "skipped", "failed")] == [1, 0, 1]
    done, failed = report["files"]
    assert (done["target"], done["size"]) == ("in_x2/0.png", [18, 12])
    assert "1.png" in failed["message"]


def test_variables_of_a_pod_are_said_and_not_followed(upscale, monkeypatch):
    _photos("in", 2)
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    code, out, err = upscale("in")
    assert code == 0
    assert len(out.split()) == 2
    assert "srcore: RANK and WORLD_SIZE in the environment are not followed: without" in err


def test_a_format_that_cannot_hold_the_image_is_refused_before_work(upscale):
    write_image(Path("in.png"), np.zeros((4, 4, 4), np.uint8))
    code, out, err = upscale("in.png", "-o", "out.jpg")
    assert (code, out) == (1, "")
    assert err.startswith(
        "srcore: in.png: out.jpg: .jpg cannot hold rgb_alpha; use .png, or --background COLOR\n"
    )
    assert not Path("out.jpg").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume", "--overwrite"], "--resume and --overwrite exclude each other"),
        (["--tile", "big"], 'expected a number of pixels or auto, found "big"'),
        (["--overlap", "none"], 'expected a number of pixels or auto, found "none"'),
        (["--width", "9", "--scale", "2"], "--width and --height exclude --scale and --max-side"),
        (["--fit", "cover", "--width", "9"], "--fit needs --width and --height"),
        (["--max-side", "0"], "expected 1 to 4294967295, found 0"),
        (["--quality", "0"], "--quality: expected 1 to 100, found 0"),
        (["--lossless"], "--lossless: not an option of PNG but of WebP, AVIF"),
        (["--quality", "90"], "--quality: not an option of PNG but of JPEG, WebP, AVIF"),
        (["--format", "jpg", "--lossless"], "--lossless: not an option of JPEG but of WebP, AVIF"),
        (["--subsampling", "4:1:1"], 'expected one of 4:4:4, 4:2:2, 4:2:0, found "4:1:1"'),
        (["--device", "gpu"], 'expected auto, cpu, cuda, cuda:N or mps, found "gpu"'),
    ],
)
def test_wrong_usage_is_explained(upscale, arguments, message):
    _photos(".", 1)
    code, out, err = upscale("0.png", *arguments)
    assert code in (1, 2)
    assert out == ""
    assert message in err


def test_without_models_the_command_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("srcore.upscaling.shipped.shipped_model.__defaults__", (tmp_path,))
    with pytest.raises(SystemExit) as caught:
        main(["upscale", str(tmp_path), "--scale", "3"])
    assert caught.value.code == 1
    assert "has no model x4.safetensors; name one with --weights FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        signal.SIGKILL,
    ],
)
def test_an_interrupted_job_is_completed_by_repeating_it(upscale, tmp_path, weights, number):
    for index in range(40):
        image = np.random.default_rng(index).integers(0, 256, (120, 120, 3), np.uint8)
        write_image(tmp_path / "in" / f"{index}.png", image, durable=False)
    command = [
        sys.executable, "-m", "srcore", "upscale", "in", "--weights", str(weights),
        "--device", "cpu", "--resume",
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    output = tmp_path / "in_x2"
    deadline = time.monotonic() + 60
    while len(_finished(output)) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    finished = _finished(output)
    assert 2 <= len(finished) < 40
    if number != signal.SIGKILL:
        assert process.returncode == 128 + number
        assert b"interrupted; finished files are complete" in err
        assert {path.name for path in output.iterdir()} == set(finished)
    code, out, _ = upscale("in", "--resume")
    assert (code, len(out.split())) == (0, 40 - len(finished))
    after = _finished(output)
    assert len(after) == 40
    assert {name: after[name] for name in finished} == finished
    for index in range(40):
        assert read_image(output / f"{index}.png").shape == (240, 240, 3)


def _finished(folder):
    if not folder.is_dir():
        return {}
    return {
        path.name: path.stat().st_mtime_ns
        for path in folder.iterdir()
        if not path.name.startswith(".")
    }


def test_16_bits_and_alpha_become_what_jpeg_holds_if_that_is_asked_for(upscale):
    image = np.full((8, 9, 4), 30000, np.uint16)
    write_image(Path("in.png"), image)
    code, _, error = upscale("in.png", "-o", "out.jpg")
    assert code == 1
    assert "--depth 8" in error
    code, _, error = upscale("in.png", "-o", "out.jpg", "--depth", "8")
    assert code == 1
    assert "--background COLOR" in error
    code, _, error = upscale("in.png", "-o", "out.jpg", "--depth", "8", "--background", "white")
    assert code == 0
    assert "not kept, with numbers of files: transparency, as asked (1)" in error
    assert read_image(Path("out.jpg")).shape == (16, 18, 3)


def test_what_is_not_kept_is_said_once_unless_it_is_stripped(upscale):
    for name in ("a.jpg", "b.jpg"):
        exif = Image.Exif()
        exif[0x010F] = "camera"
        Image.new("RGB", (9, 8)).save(name, exif=exif)
    code, _, error = upscale("a.jpg", "b.jpg", "-o", "out/", "--format", "bmp")
    assert code == 0
    assert error.count("EXIF data (2)") == 1
    code, _, error = upscale("a.jpg", "b.jpg", "-o", "png/")
    assert b"camera" in (read_header(Path("png/a.png")).metadata.exif or b"")
    code, _, error = upscale("a.jpg", "-o", "bare.png", "--strip")
    assert "not kept" not in error
    assert read_header(Path("bare.png")).metadata.exif is None
    assert origin_of(Path("png/a.png")) is not None
    assert origin_of(Path("bare.png")) is None


def test_a_backend_makes_the_same_picture(upscale, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    _photos(".", 2)
    assert upscale("0.png", "1.png", "-o", "torch/")[0] == 0
    code, out, err = upscale("0.png", "1.png", "-o", "ncnn/", "--backend", "ncnn", "--quiet")
    assert (code, out, err) == (0, "ncnn/0.png\nncnn/1.png\n", "srcore: 2 done\n")
    for name in ("0.png", "1.png"):
        pictures = [read_image(Path(folder, name)).astype(int) for folder in ("torch", "ncnn")]
        assert np.abs(pictures[0] - pictures[1]).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--backend", "ncn"], 'srcore: --backend: expected torch, compile, .* found "ncn"'),
        (["--precision", "int8"], "srcore: --precision int8: PyTorch has none here; use "),
        (
            ["--backend", "ncnn", "--precision", "float16"],
            "srcore: --backend ncnn: has no precision float16; it has float32; use --backend auto",
        ),
    ],
)
def test_backends_that_cannot_be_are_refused_before_anything_is_read(upscale, arguments, line):
    code, out, err = upscale("none.png", *arguments)
    assert (code, out) == (2, "")
    assert re.search(line, err)


def test_a_backend_that_cannot_compute_the_network_ends_the_job(upscale, monkeypatch):
    _photos(".", 2)
    monkeypatch.setattr("srcore.inference.backends.of_format.program_files", lambda *a: [b"0", b""])
    code, out, err = upscale("0.png", "1.png", "--backend", "ncnn")
    assert (code, out) == (2, "")
    assert "--backend ncnn: cannot compute this network: " in err
    assert "1.png" not in err


@pytest.mark.parametrize("slow", ["", "this precision is slow"])
def test_a_slow_precision_is_said_before_anything_is_computed(upscale, monkeypatch, slow):
    _photos(".", 1)
    monkeypatch.setattr("srcore.machine.devices.slow_precision", lambda device, precision: slow)
    code, out, err = upscale("0.png", "--precision", "bfloat16")
    assert (code, out.split()) == (0, ["0_x2.png"])
    assert ("srcore: warning: --precision: this precision is slow" in err) == bool(slow)


def test_the_picture_is_that_of_the_function(upscale, weights):
    """Without a flag or keyword, both give the same."""
    image = np.random.default_rng(5).integers(0, 256, (20, 30, 3), np.uint8)
    write_image(Path("0.png"), image)
    code, _, _ = upscale("0.png", "-o", "large.png")
    assert code == 0
    np.testing.assert_array_equal(read_image(Path("large.png")), srcore.upscale(weights, image))
