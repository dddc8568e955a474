import json
from pathlib import Path

import numpy as np
import pytest
import torch

import srcore
from srcore.cli.main import main
from srcore.images import read_image, to_gray, to_rgb, write_image
from srcore.metrics import psnr
from srcore.testing.weights import write_weights
from srcore.transforms.resize import resize_uint8

OPTIONS = {"num_features": 4, "num_blocks": 1}


@pytest.fixture
def evaluate(tmp_path, monkeypatch, capsys):
    """Runs the command in a folder with a data set and two models."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("a", "b")):
        small = np.random.default_rng(seed).integers(0, 256, (11, 9, 3), np.uint8)
        hr = resize_uint8(small, size=(36, 36))
        write_image(Path("sets/Toy/HR_x2") / f"{name}.png", hr, durable=False)
        write_image(Path("sets/Toy/LR_x2") / f"{name}.png", resize_uint8(hr, size=(18, 18)))
    for seed, name in enumerate(("one", "two")):
        torch.manual_seed(seed)
        write_weights(Path(f"{name}/generator.safetensors"), "edsr", **OPTIONS)

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["evaluate", *arguments])
        return (caught.value.code, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        (1, "makes gray images; what is not measured on Y counts the colors that they lack"),
        (4, "sees alpha and makes it; measured are the colors alone"),
    ],
)
def test_networks_of_other_channels_are_measured_on_colors(evaluate, channels, said):
    for path in Path("sets").rglob("*.png"):
        image = read_image(path)
        alpha = np.linspace(0, 255, image[..., 0].size).reshape(image[..., :1].shape)
        write_image(path, np.concatenate([image, alpha.astype(np.uint8)], axis=-1))
    options = {"num_features": 4, "num_convs": 1, "channels": channels}
    torch.manual_seed(0)
    network = write_weights("x.safetensors", "compact", **options)
    given = ("x.safetensors", ONE, "--data", "sets", "--device", "cpu", "--json")
    code, out, err = evaluate(*given, "--metrics", "psnr,psnr:y_channel=false", "--strips", "seen")
    assert (code, err) == (0, f"srcore: x: {said}\n")
    models = {model["name"]: model for model in json.loads(out)["sets"][0]["models"]}
    lr, hr = (read_image(Path(f"sets/Toy/{name}_x2/a.png")) for name in ("LR", "HR"))
    seen = lr if channels == 4 else to_gray(lr[..., :3])
    made = to_rgb(srcore.upscale(network, seen, border=0))
    for label, on_y in (("psnr", True), ("psnr:y_channel=false", False)):
        expected = psnr(made, hr[..., :3], crop_border=2, y_channel=on_y)
        assert models["x"]["per_image"][label][0] == pytest.approx(expected)
    colors = srcore.upscale(srcore.load_generator(ONE), lr[..., :3], border=0)
    expected = psnr(colors, hr[..., :3], crop_border=2, y_channel=True)
    assert models["one"]["per_image"]["psnr"][0] == pytest.approx(expected), "the others see colors"
    assert read_image(Path("seen/Toy_x2/a.png")).shape[2] == 3


ONE, TWO = "one/generator.safetensors", "two/generator.safetensors"


def test_the_table_has_bicubic_and_all_models_side_by_side(evaluate):
    code, out, err = evaluate(ONE, f"other={TWO}", "--data", "sets", "--device", "cpu")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "BT.601" in lines[0]
    assert lines[2] == "Toy x2, 2 images, HR_x2 and LR_x2"
    assert [line.split()[0] for line in lines[3:]] == ["psnr", "bicubic", "one", "other"]


def test_bicubic_alone_needs_only_a_scale(evaluate):
    code, out, _ = evaluate("--scale", "2", "--data", "Mine=sets/Toy", "--json")
    assert code == 0
    (content,) = json.loads(out)["sets"]
    assert (content["name"], content["crop_border"]) == ("Mine", 2)
    (model,) = content["models"]
    hr = read_image(Path("sets/Toy/HR_x2/b.png"))
    sr = resize_uint8(read_image(Path("sets/Toy/LR_x2/b.png")), size=(36, 36))
    assert model["per_image"]["psnr"][1] == psnr(sr, hr, crop_border=2, y_channel=True)


def test_tables_and_pictures_are_written_on_request_only(evaluate):
    code, _, _ = evaluate(
        ONE, "--data", "sets/Toy", "--device", "cpu", "--crop-border", "0",
        "--csv", "t.csv", "--markdown", "t.md", "--json-file", "t.json",
        "--save-images", "sr", "--strips", "strips", "--error-maps", "maps",
    )  # fmt: skip
    assert code == 0
    content = json.loads(Path("t.json").read_text())
    sr = read_image(Path("sr/Toy_x2/one/a.png"))
    hr = read_image(Path("sets/Toy/HR_x2/a.png"))
    model = content["sets"][0]["models"][1]
    assert model["per_image"]["psnr"][0] == psnr(sr, hr, crop_border=0, y_channel=True)
    assert len(Path("t.csv").read_text().splitlines()) == 1 + 2 * 3
    assert "## x2: psnr / ssim" in Path("t.md").read_text()
    assert read_image(Path("strips/Toy_x2/b.png")).shape == (36 + 24, 3 * 36 + 2 * 8, 3)
    assert read_image(Path("maps/Toy_x2/bicubic/b.png")).shape == (36, 36, 3)


def test_pictures_are_of_the_format_and_written_as_its_options_say(evaluate):
    def written(folder, *options):
        code, _, _ = evaluate(
            "--scale", "2", "--data", "sets", "--save-images", f"{folder}/sr",
            "--strips", f"{folder}/strips", "--error-maps", f"{folder}/maps", *options,
        )  # fmt: skip
        assert code == 0
        return sorted(path for path in Path(folder).rglob("*") if path.is_file())

    plain = written("plain")
    exact = written("exact", "--format", "webp", "--lossless")
    assert len(plain) == len(exact) == 6
    for png, webp in zip(plain, exact, strict=True):
        assert webp.suffix == ".webp"
        np.testing.assert_array_equal(read_image(png), read_image(webp))
    coarse = written("coarse", "--format", "jpg", "--quality", "5")
    fine = written("fine", "--format", "jpg", "--quality", "99")
    for small, large in zip(coarse, fine, strict=True):
        assert small.suffix == ".jpg"
        assert small.stat().st_size < large.stat().st_size


def test_options_of_pictures_need_pictures_of_their_format(evaluate):
    table = ["--scale", "2", "--data", "sets"]
    code, _, err = evaluate(*table, "--strips", "strips", "--quality", "90")
    assert code == 2
    assert "--quality: not an option of PNG but of JPEG, WebP, AVIF" in err
    assert not Path("strips").exists()
    code, _, err = evaluate(*table, "--format", "jpg", "--quality", "90")
    assert code == 2
    assert "options of pictures need --save-images, --strips or --error-maps" in err


@pytest.mark.parametrize("option", ["--csv", "--markdown", "--json-file"])
def test_tables_are_not_replaced_silently(evaluate, option):
    Path("table").write_text("mine")
    arguments = ["--scale", "2", "--data", "sets/Toy", option, "table"]
    code, _, err = evaluate(*arguments)
    assert code == 2
    assert "table: exists; --overwrite replaces it" in err
    assert Path("table").read_text() == "mine"
    assert evaluate(*arguments, "--overwrite")[0] == 0
    assert Path("table").read_text() != "mine"


def test_pictures_are_not_replaced_silently(evaluate):
    arguments = ["--scale", "2", "--data", "sets/Toy", "--strips", "strips"]
    assert evaluate(*arguments)[0] == 0
    code, _, err = evaluate(*arguments)
    assert code == 2
    assert "strips/Toy_x2: exists" in err


def test_two_folders_can_be_named(evaluate):
    code, out, _ = evaluate(
        "--scale", "2", "--hr", "sets/Toy/HR_x2", "--lr", "sets/Toy/LR_x2", "--metrics",
        "psnr,psnr:y_channel=false", "--per-image",
    )  # fmt: skip
    assert code == 0
    assert out.count("bicubic") == 1 + 3  # the protocol and three lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "sets"], "name a MODEL, or --scale N"),
        ([ONE], "name images: --data DIR"),
        ([ONE, "--hr", "sets"], "--hr and --lr belong together"),
        ([ONE, f"x/../{ONE}", "--data", "sets"], "two models are called one; use NAME=MODEL"),
        (
            ["--scale", "3", "--data", "nowhere"],
            "--data: expected a folder; nowhere does not exist",
        ),
        (["--scale", "3", "--data", "sets"], "no images for scale 3"),
        (["--scale", "2", "--data", "sets", "--metrics", "psn"], 'did you mean "psnr"'),
        (["nothing.pth", "--data", "sets"], "nothing.pth: no such file or published model; "),
    ],
)
def test_wrong_usage_is_explained(evaluate, arguments, message):
    Path("x").mkdir()
    code, out, err = evaluate(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert message in err


@pytest.mark.parametrize("kept", [b"", b"no image", 100, 300])
def test_images_that_cannot_be_read_are_said_and_the_others_measured(evaluate, kept):
    code, out, err = evaluate("--scale", "2", "--data", "sets/Toy", "--json")
    assert (code, err) == (0, "")
    (whole,) = json.loads(out)["sets"]
    path = Path("sets/Toy/LR_x2/b.png")
    path.write_bytes(kept if isinstance(kept, bytes) else path.read_bytes()[:kept])
    code, out, err = evaluate("--scale", "2", "--data", "sets/Toy", "--json")
    assert code == 1
    line, count = err.splitlines()
    assert line.startswith("srcore: ")
    assert "sets/Toy/LR_x2/b.png" in line
    assert count == "srcore: 1 images measured, 1 failed and left out"
    (content,) = json.loads(out)["sets"]
    assert content["images"] == ["a"]
    per_image = [it["models"][0]["per_image"]["psnr"] for it in (content, whole)]
    assert per_image[0] == per_image[1][:1]


def test_a_set_without_a_readable_image_is_named(evaluate):
    for path in Path("sets/Toy/LR_x2").iterdir():
        path.write_bytes(b"no image")
    code, out, err = evaluate("--scale", "2", "--data", "sets/Toy")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].endswith("Toy: none of its 2 images can be measured")


def test_sets_and_images_of_one_name_have_pictures_of_their_own(evaluate):
    for folder, value in (("x/Toy", 10), ("y/Toy", 90)):
        write_image(Path(folder) / "a.png", np.full((24, 24, 3), value, np.uint8))
        write_image(Path(folder) / "a.bmp", np.full((24, 24, 3), value + 50, np.uint8))
    data = ["--data", "x/Toy", "--data", "y/Toy", "--scale", "2"]
    assert evaluate(*data, "--strips", "strips", "--save-images", "sr")[0] == 0
    pictures = {
        str(file.relative_to("strips")): int(read_image(file)[-1, 0, 0])
        for file in Path("strips").rglob("*.png")
    }
    assert pictures == {
        "Toy_x2/a_png.png": 10,
        "Toy_x2/a_bmp.png": 60,
        "Toy_2_x2/a_png.png": 90,
        "Toy_2_x2/a_bmp.png": 140,
    }
    assert len(list(Path("sr").rglob("*.png"))) == 4
