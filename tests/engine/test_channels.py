"""Gray images and images with alpha: trained, validated, exported, converted and enlarged."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import srcore
from srcore.cli.upscale import command as upscale_command
from srcore.converting.conversion import convert
from srcore.errors import WeightsError
from srcore.images import read_image, read_series, to_gray, to_rgba, write_image
from srcore.inference.channels import shown_to
from srcore.plugin.manager import plugins
from srcore.prepare.lmdb import prepare_lmdb
from srcore.seeding import sample_generator
from srcore.testing import assert_same_state, tiny_image, write_tiny_images
from srcore.testing.experiments import load_unchecked
from srcore.testing.weights import write_weights
from srcore.weights.dialects import dialects
from srcore.weights.loading import load_into


@pytest.fixture
def in_folder(tiny_experiment, monkeypatch):
    monkeypatch.chdir(tiny_experiment.parent)
    for folder in ("train", "validation"):
        for path in (tiny_experiment.parent / folder).iterdir():
            image = read_image(path)
            alpha = np.linspace(0, 255, image[..., :1].size).reshape(image[..., :1].shape)
            write_image(path, np.concatenate([image, alpha.astype(np.uint8)], axis=-1))
    return tiny_experiment


SIZES = {
    "compact": {"num_features": 8, "num_convs": 1},
    "edsr": {"num_features": 8, "num_blocks": 1},
    "msrresnet": {"num_features": 8, "num_blocks": 1},
    "rrdbnet": {"num_features": 8, "num_blocks": 1, "growth_channels": 4},
    "swinir": {"embed_dim": 12, "depths": [2], "num_heads": [2], "num_features": 8},
}


def settings(channels, network="edsr", **further):
    size = ", ".join(f"{key}={value}" for key, value in SIZES[network].items())
    return [
        f'generator={{type="{network}", channels={channels}, {size}}}',
        f"data.train.channels={channels}",
        f"data.validation.tiny.channels={channels}",
        *(f"{key}={value}" for key, value in further.items()),
    ]


@pytest.mark.parametrize("network", SIZES)
@pytest.mark.parametrize("channels", [1, 4])
def test_they_are_trained_validated_exported_and_enlarged(in_folder, channels, network, tmp_path):
    loaded = load_unchecked(in_folder, settings(channels, network))
    srcore.run(loaded, tmp_path / "runs")
    run = tmp_path / "runs/tiny"
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert all(np.isfinite(row["psnr"]) for row in rows if "psnr" in row)
    trained = srcore.load_generator(run / "generator.safetensors")
    assert trained.in_channels == channels
    state = torch.load(run / "checkpoints/last.pt", weights_only=True)["networks"]["ema"]
    assert all(torch.equal(trained.state_dict()[name], value) for name, value in state.items())
    for shape, wanted in {(9, 7): (), (9, 7, 1): (1,), (9, 7, 3): (3,), (9, 7, 4): (4,)}.items():
        image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        seen = {(3,): (1,), (4,): (2,)}.get(wanted, wanted) if channels == 1 else wanted
        assert srcore.upscale(trained, image, tile=None, border=0).shape == (18, 14, *seen)
    assert list((run / "images").rglob("*.png"))


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("network", SIZES)
def test_their_weights_tell_their_channels_in_every_format(network, channels, tmp_path):
    options = {"channels": channels, **SIZES[network]}
    source = tmp_path / "source.safetensors"
    made = write_weights(source, network, **options).eval()
    lr = torch.rand(1, channels, 9, 7)
    for name in dialects(plugins().registry, network):
        file = tmp_path / f"{name}.pth"
        assert (
            convert(
                source, file, name.removeprefix(f"{network}_"), registry=plugins().registry
            ).lost
            == {}
        )
        again = srcore.load_generator(file, scale=2).eval()
        with torch.no_grad():
            assert torch.allclose(made(lr), again(lr), atol=1e-5)
    agreement = convert(
        source, tmp_path / "program.ts", "torchscript", registry=plugins().registry
    ).agreement
    assert agreement is not None


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("network", ["compact", "rrdbnet"])
def test_they_are_written_as_onnx(network, channels, tmp_path):
    pytest.importorskip("onnxruntime")
    options = {"channels": channels, **SIZES[network]}
    source = tmp_path / "source.safetensors"
    write_weights(source, network, **options)
    assert (
        convert(
            source, tmp_path / "program.onnx", "onnx", registry=plugins().registry
        ).agreement.difference
        < 1e-4
    )


@pytest.mark.parametrize("network", SIZES)
def test_weights_of_other_channels_are_refused_with_the_reason(network):
    made = {
        channels: srcore.build("network", network, scale=2, channels=channels, **SIZES[network])
        for channels in (1, 3)
    }
    for file, own in ((1, 3), (3, 1)):
        wanted = rf"the file has channels {file} \(network: {own}\);"
        with pytest.raises(WeightsError, match=wanted):
            load_into(
                made[own],
                made[file].state_dict(),
                network_type=network,
                registry=plugins().registry,
            )


def test_gray_of_colors_is_their_luma():
    image = tiny_image(1)
    expected = 0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2]
    assert np.array_equal(to_gray(image)[..., 0], np.rint(expected).astype(np.uint8))
    deep = (image.astype(np.uint16) * 257)[:4, :4]
    assert to_gray(deep).dtype == np.uint16


def test_a_gray_network_enlarges_the_luma(tmp_path):
    network = srcore.build("network", "compact", scale=2, channels=1, num_features=4, num_convs=0)
    image = tiny_image(2, 12, 10)
    once = srcore.upscale(network, image, border=0)
    assert np.array_equal(once, srcore.upscale(network, to_gray(image), border=0))
    assert np.array_equal(shown_to(network, image), to_gray(image))
    tiled = srcore.upscale(network, tiny_image(3, 80, 70), tile=32, overlap=8, border=0)
    whole = srcore.upscale(network, tiny_image(3, 80, 70), tile=None, border=0)
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    for border, ensemble in ((0, True), (2, False)):
        result = srcore.upscale(network, image, border=border, self_ensemble=ensemble)
        assert result.shape == (24, 20, 1)


def test_a_network_of_four_sees_alpha_beside_the_colors():
    network = srcore.build("network", "compact", scale=2, channels=4, num_features=4, num_convs=0)
    image = to_rgba(tiny_image(2, 12, 10))
    with torch.no_grad():
        seen = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
        expected = (network(seen)[0].clamp(0, 1) * 255).round().permute(1, 2, 0).byte().numpy()
    result = srcore.upscale(network, image, tile=None, border=0)
    assert np.abs(result.astype(int) - expected).max() <= 1
    without = srcore.upscale(network, image[..., :3], tile=None, border=0)
    assert np.array_equal(without, result[..., :3])  # what has no alpha is opaque


def test_the_command_writes_gray_and_says_that_colors_are_lost(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_weights("gray.safetensors", "compact", channels=1, num_features=4, num_convs=0)
    write_tiny_images(tmp_path / "in", 1, height=20, width=16)
    done = CliRunner().invoke(
        upscale_command,
        ["in/00.png", "--weights", "gray.safetensors", "-o", "out.png", "--device", "cpu"],
    )
    assert done.exit_code == 0, done.output
    assert "colors, which the network does not know" in done.output
    assert read_image(tmp_path / "out.png").shape == (40, 32, 1)


def problems(experiment, overrides):
    loaded = load_unchecked(experiment, overrides)
    return [(problem.path, problem.message) for problem in loaded.examine(loaded.stages[0])[1]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_fits_passes_the_check(in_folder, channels):
    assert problems(in_folder, settings(channels)) == []


def test_data_of_other_channels_are_refused(in_folder):
    messages = problems(in_folder, [*settings(1), "data.validation.tiny.channels=3"])
    wanted = '"hr_folder" works on images of 3 channels; expected 1, those of generator "edsr"'
    assert messages == [("data.validation.tiny.channels", wanted)]
    assert [path for path, _ in problems(in_folder, settings(1)[:1])] == [
        "data.train.channels",
        "data.validation.tiny.channels",
    ]


@pytest.mark.parametrize(
    ("further", "path"),
    [
        ('losses=[{type="perceptual", weights="random"}]', "losses[0].type"),
        ('data.train.transforms=[{type="jpeg"}]', "data.train.transforms[0].type"),
    ],
)
def test_parts_that_work_on_colors_only_are_refused(in_folder, further, path):
    messages = dict(problems(in_folder, [*settings(1), further]))
    assert "works on images of 3 channels; expected 1" in messages[path]
    assert path not in dict(problems(in_folder, [*settings(3), further]))


def test_discriminators_say_their_own_channels(in_folder):
    judge = ['method.type="gan"', 'discriminator={type="patch", num_features=4}']
    judge += ['losses=[{type="l1"}, {type="adversarial"}]']
    messages = problems(in_folder, [*settings(1), *judge])
    assert [path for path, _ in messages] == ["discriminator.in_channels"]
    assert problems(in_folder, [*settings(1), *judge, "discriminator.in_channels=1"]) == []


@pytest.mark.parametrize("cache", ["memory", "disk"])
@pytest.mark.parametrize("channels", [1, 4])
def test_caches_change_nothing(in_folder, channels, cache, tmp_path):
    states = []
    for how in ("none", cache):
        overrides = [
            *settings(channels),
            "data.train.workers=1",
            f'data.train.cache="{how}"',
            f'data.train.cache_folder="{(tmp_path / "cache").as_posix()}"',
        ]
        srcore.run(load_unchecked(in_folder, overrides), tmp_path / how)
        states.append(torch.load(tmp_path / how / "tiny/checkpoints/last.pt", weights_only=True))
    assert_same_state(*(state["networks"] for state in states))


@pytest.mark.parametrize("channels", [1, 4])
def test_samples_of_an_lmdb_are_those_of_its_folder(in_folder, channels, tmp_path):
    pytest.importorskip("lmdb")
    prepare_lmdb(Path("train"), tmp_path / "train.lmdb")
    options = {"scale": 2, "hr_patch_size": 16, "channels": channels}
    folder = srcore.build("dataset", "hr_folder", hr="train", **options)
    for dataset in (
        srcore.build("dataset", "lmdb", hr=str(tmp_path / "train.lmdb"), **options),
        srcore.build(
            "dataset",
            "images",
            hr={"type": "lmdb", "path": str(tmp_path / "train.lmdb")},
            cache="memory",
            **options,
        ),
    ):
        for index in range(len(folder)):
            samples, wanted = (
                part.sample(index, sample_generator(index)) for part in (dataset, folder)
            )
            assert samples["hr"].shape == (16, 16, channels)
            assert np.array_equal(samples["hr"], wanted["hr"])
            assert np.array_equal(samples["lr"], wanted["lr"])


def upscaled(*arguments, channels):
    """Run ``srcore upscale`` with a small network; what it said."""
    options = {"channels": channels, "num_features": 4, "num_convs": 0}
    torch.manual_seed(0)
    network = write_weights("x.safetensors", "compact", **options)
    given = [*arguments, "--weights", "x.safetensors", "--border", "0", "--device", "cpu"]
    done = CliRunner().invoke(upscale_command, given)
    assert done.exit_code == 0, done.output
    return network, done.output


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("colors", [1, 2, 3, 4])
def test_images_of_all_channels_are_written_with_what_the_network_knows(
    channels, colors, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (9, 7, colors), np.uint8)
    write_image(Path("in.png"), image)
    network, said = upscaled("in.png", "-o", "out.png", channels=channels)
    written = read_image(Path("out.png"))
    assert written.shape == (18, 14, {1: {3: 1, 4: 2}.get(colors, colors)}.get(channels, colors))
    assert np.array_equal(written, srcore.upscale(network, image, border=0))
    assert ("colors, which the network does not know" in said) == (channels == 1 and colors > 2)


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("name", ["frames.gif", "frames.png", "pages.tif"])
def test_series_are_enlarged(channels, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    frames = [generator.integers(0, 4, (9, 7, 4)).astype(np.uint8) * 85 for _ in range(3)]
    for frame in frames:
        frame[..., 3] = np.where(frame[..., 3] > 99, 255, 0)
    first, *others = (Image.fromarray(frame[..., : 3 if "gif" in name else 4]) for frame in frames)
    first.save(name, save_all=True, append_images=others)
    output = name.replace("gif", "png")
    network, _ = upscaled(name, "-o", f"out_{output}", "--frames", "all", channels=channels)
    kept = list(read_series(Path(name)).pictures)
    made = list(read_series(Path(f"out_{output}")).pictures)
    assert len(made) == len(kept) == 3
    for before, after in zip(kept, made, strict=True):
        assert np.array_equal(
            to_rgba(after.image), to_rgba(srcore.upscale(network, before.image, border=0))
        )


@pytest.mark.parametrize("cache", ["none", "memory", "disk"])
def test_gray_crops_are_the_luma_of_color_crops(in_folder, cache, tmp_path):
    options = {"hr": "train", "hr_patch_size": 16, "cache": cache, "downscale": "none"}
    options["cache_folder"] = str(tmp_path / "cache")
    color, gray = (
        srcore.build("dataset", "hr_folder", scale=2, channels=channels, **options)
        for channels in (3, 1)
    )
    for index in range(2):
        crops = [part.sample(index, sample_generator(index))["hr"] for part in (color, gray)]
        assert np.array_equal(to_gray(crops[0]), crops[1])


@pytest.mark.parametrize("network", SIZES)
def test_a_default_changes_nothing(network):
    built = []
    for channels in ({}, {"channels": 3}):
        torch.manual_seed(0)
        built.append(srcore.build("network", network, scale=2, **channels, **SIZES[network]))
    assert [made.in_channels for made in built] == [3, 3]
    lr = torch.rand(1, 3, 9, 7)
    with torch.no_grad():
        assert torch.equal(*(made.eval()(lr) for made in built))
    ((_, dialect),) = [
        made for made in dialects(plugins().registry, network).items() if made[1].exported
    ]
    assert "channels" not in dialect.infer_options(built[0].state_dict(), 2)  # as files always were
