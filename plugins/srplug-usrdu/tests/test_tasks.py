import numpy as np
import pytest
import torch
from click.testing import CliRunner
from srplug_usrdu.commands import command as usrdu
from srplug_usrdu.generation import to_png_levels
from srplug_usrdu.kernels import list_kernels, read_kernel
from srplug_usrdu.networks import Downsampler
from srplug_usrdu.tasks import EstimateKernels, Generate

from srcore.engine.run import Run
from srcore.errors import DataError, Interrupted, WeightsError
from srcore.images import read_rgb, write_image
from srcore.plugin.manager import plugins
from srcore.testing.experiments import typed
from srcore.testing.tiny_images import tiny_image, write_tiny_images
from srcore.weights.saving import GeneratorMetadata, save_safetensors

OPTIONS = {"num_features": 2, "num_blocks": 1, "feature_head": False}


def save_dsn(path, seed=0):
    torch.manual_seed(seed)
    network = Downsampler(4, **OPTIONS).eval()
    save_safetensors(
        path,
        network.state_dict(),
        GeneratorMetadata("usrdu_dsn", OPTIONS, 4),
        registry=plugins().registry,
    )
    return network


def new_run(folder, scale=4):
    table = {"name": "run", "scale": scale}
    experiment = typed(table)
    return Run(
        folder, experiment, "generate", {}, torch.device("cpu"), quiet=True, plugins=plugins()
    )


@pytest.fixture
def images(tmp_path):
    return write_tiny_images(tmp_path / "hr", 3, height=50, width=41)


@pytest.fixture
def weights(tmp_path):
    save_dsn(tmp_path / "dsn.safetensors")
    return tmp_path / "dsn.safetensors"


def test_every_image_gets_a_partner_cut_to_whole_pixels(tmp_path, images):
    network = save_dsn(tmp_path / "dsn.safetensors")
    run = new_run(tmp_path / "run")
    Generate(hr=images, weights=tmp_path / "dsn.safetensors", tile=16).run(run)
    written = sorted(path.name for path in (run.folder / "lr").iterdir())
    assert written == ["00.png", "01.png", "02.png"]
    hr = torch.from_numpy(read_rgb(images / "01.png")[:48, :40]).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        expected = to_png_levels(network(hr)[0])
    image = read_rgb(run.folder / "lr" / "01.png")
    assert image.shape == (12, 10, 3)
    assert np.abs(image.astype(int) - expected.astype(int)).max() <= 1
    assert run.results["generated"]["images"] == 3


def test_maps_are_written_when_asked_for(tmp_path, images, weights):
    run = new_run(tmp_path / "run")
    Generate(hr=images, weights=weights, scale_maps=True, heat_maps=True).run(run)
    log_scale = np.load(run.folder / "scale_maps" / "00.npy")
    assert log_scale.shape == (3, 12, 10)
    assert log_scale.dtype == np.float32
    assert log_scale.min() > -1
    assert read_rgb(run.folder / "heat_maps" / "00.png").shape == (12, 10, 3)


def test_images_that_are_there_are_kept(tmp_path, images, weights):
    run = new_run(tmp_path / "run")
    Generate(hr=images, weights=weights).run(run)
    marked = run.folder / "lr" / "00.png"
    write_image(marked, np.zeros((12, 10, 3), np.uint8))
    (run.folder / "lr" / "02.png").unlink()
    Generate(hr=images, weights=weights).run(run)
    assert read_rgb(marked).max() == 0
    assert (run.folder / "lr" / "02.png").is_file()


def test_images_of_other_weights_are_made_again(tmp_path, images, weights):
    run = new_run(tmp_path / "run")
    Generate(hr=images, weights=weights).run(run)
    before = read_rgb(run.folder / "lr" / "00.png")
    save_dsn(weights, seed=7)
    Generate(hr=images, weights=weights).run(run)
    assert not np.array_equal(before, read_rgb(run.folder / "lr" / "00.png"))


def test_equal_stems_are_refused(tmp_path, images, weights):
    write_image(images / "00.bmp", tiny_image())
    with pytest.raises(DataError, match="several images are called 00 but for the suffix"):
        Generate(hr=images, weights=weights).run(new_run(tmp_path / "run"))


def test_images_below_one_pixel_are_refused(tmp_path, images, weights):
    write_image(images / "thin.png", tiny_image(height=3, width=20))
    with pytest.raises(DataError, match=r"thin\.png: smaller than one low-resolution pixel"):
        Generate(hr=images, weights=weights).run(new_run(tmp_path / "run"))


def test_dsn_of_another_scale_is_refused(tmp_path, images, weights):
    with pytest.raises(WeightsError, match="holds x4 weights; expected x2"):
        Generate(hr=images, weights=weights).run(new_run(tmp_path / "run", scale=2))


def test_signal_stops_between_images(tmp_path, images, weights):
    run = new_run(tmp_path / "run")
    run.stop.signal_number = 15
    with pytest.raises(Interrupted, match=r"interrupted after 0 of 3 images.*--resume") as caught:
        Generate(hr=images, weights=weights).run(run)
    assert caught.value.exit_code == 143


def test_kernels_are_estimated_once_per_image(tmp_path):
    images = write_tiny_images(tmp_path / "lr", 2, height=70, width=80)
    run = new_run(tmp_path / "run")
    stage = EstimateKernels(lr=images, iterations=2, num_features=4, mat=True)
    stage.run(run)
    kernels = list_kernels(run.folder / "kernels", 4)
    assert [path.parent.name for path in kernels] == ["00", "01"]
    assert kernels[0].with_suffix(".mat").is_file()
    assert read_kernel(kernels[0]).sum() == pytest.approx(1)
    before = kernels[0].stat().st_mtime_ns
    stage.run(run)
    assert kernels[0].stat().st_mtime_ns == before


def test_command_estimates_kernels(tmp_path):
    images = write_tiny_images(tmp_path / "lr", 1, height=64, width=64)
    arguments = ["kernels", str(images), "-o", str(tmp_path / "k"), "--iterations", "1"]
    command = [*arguments, "--device", "cpu"]
    result = CliRunner().invoke(usrdu, command, catch_exceptions=False)
    assert result.output.endswith("kernels of 1 images written\n")
    assert CliRunner().invoke(usrdu, command).output.endswith("kernels of 0 images written\n")
