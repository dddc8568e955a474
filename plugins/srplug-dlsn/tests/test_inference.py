import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from srplug_dlsn.inference import Rectangle, chop, owner_map, run_chopped
from srplug_dlsn.weights import OFFICIAL

import srcore
from srcore.cli.evaluate import command as evaluate
from srcore.images import write_image
from srcore.metrics import psnr
from srcore.testing.tiny_images import tiny_image


def upscale(lr):
    return lr.repeat_interleave(2, -1).repeat_interleave(2, -2)


@pytest.mark.parametrize("size", [(7, 10), (23, 32), (24, 31), (24, 32), (61, 75), (130, 97)])
@pytest.mark.parametrize("min_pixels", [1, 2500, 120_000])
def test_tiles_supply_every_pixel_once(size, min_pixels):
    lr = torch.arange(size[0] * size[1], dtype=torch.float32).view(1, 1, *size)
    assert torch.equal(run_chopped(upscale, lr, 2, min_pixels), upscale(lr))
    covered = torch.zeros(size, dtype=torch.int64)
    for tile in chop(*size, min_pixels):
        used = tile.used
        covered[used.top : used.bottom, used.left : used.right] += 1
        assert (
            tile.seen.intersect(used) == used or used.top == used.bottom or used.left == used.right
        )
    assert (covered == 1).all()


def test_small_images_are_not_cut():
    (tile,) = chop(20, 30)
    assert tile.seen == tile.used == Rectangle(0, 20, 0, 30)


def test_large_images_are_cut_until_tiles_are_small():
    tiles = list(chop(300, 420, 12_000))
    assert len(tiles) == 64
    assert all((t.seen.bottom - t.seen.top) * (t.seen.right - t.seen.left) < 12_000 for t in tiles)
    assert owner_map(300, 420, 1, tiles).max() == 63


def test_published_files_are_chopped_on_request(tmp_path):
    """``--chop`` of the published commands is an option of use, not of the weights."""
    torch.manual_seed(0)
    keys = {"num_features": 8, "num_groups": 1, "num_blocks": 1, "chunk_size": 16}
    network = srcore.build("network", "dlsn", scale=2, **keys).eval()
    path = tmp_path / "model_best.pt"
    torch.save(OFFICIAL.from_native(network.state_dict(), keys), path)
    lr, hr = tiny_image(0, 40, 36), tiny_image(1, 80, 72)
    image = torch.from_numpy(lr).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        chopped = run_chopped(network, image, 2, 500)
        whole = network(image)
    assert float((chopped - whole).abs().max()) > 1e-4
    loaded = srcore.load_generator(path, options={"chop_pixels": 500})
    with torch.no_grad():
        torch.testing.assert_close(loaded(image), chopped, rtol=0, atol=0)
    for name, picture in (("HR", hr), ("LR", lr)):
        write_image(tmp_path / name / "a.png", picture)
    given = [str(path), "--hr", str(tmp_path / "HR"), "--lr", str(tmp_path / "LR"), "--json"]
    given += ["--device", "cpu", "--metrics", "psnr:luma=edsr"]
    for chosen, answer in (([], whole), (["--network", "chop_pixels=500"], chopped)):
        done = CliRunner().invoke(evaluate, [*given, *chosen])
        assert done.exit_code == 0
        levels = (answer[0].clamp(0, 1) * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)
        expected = psnr(levels, hr, crop_border=2, y_channel=True, luma="edsr")
        model = json.loads(done.output)["sets"][0]["models"][1]
        assert model["mean"]["psnr:luma=edsr"] == pytest.approx(expected, abs=1e-9)
