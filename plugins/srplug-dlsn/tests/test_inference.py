import pytest
import torch
from srplug_dlsn.inference import Rectangle, chop, owner_map, run_chopped


def enlarge(lr):
    return lr.repeat_interleave(2, -1).repeat_interleave(2, -2)


@pytest.mark.parametrize("size", [(7, 10), (23, 32), (24, 31), (24, 32), (61, 75), (130, 97)])
@pytest.mark.parametrize("min_pixels", [1, 2500, 120_000])
def test_tiles_supply_every_pixel_once(size, min_pixels):
    lr = torch.arange(size[0] * size[1], dtype=torch.float32).view(1, 1, *size)
    assert torch.equal(run_chopped(enlarge, lr, 2, min_pixels), enlarge(lr))
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
