"""Images shrunk and enlarged again."""

import pytest
import torch
import torch.nn.functional as F

from srcore.transforms.down_up import DownUp


def image(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_detail_is_lost_by_the_drawn_factor():
    batch = {"lr": image(4, 3, 8, 8), "hr": image(4, 3, 16, 16)}
    transform = DownUp(scale=2, probability=1.0, factor=(0.5, 0.5), modes=("area",))
    result = transform(batch, torch.Generator().manual_seed(0))
    blocks = F.avg_pool2d(batch["lr"], 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(result["lr"], blocks)
    assert result["hr"] is batch["hr"]


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3)])
@pytest.mark.parametrize("mode", ["area", "bilinear", "bicubic"])
def test_any_size_works_and_stays(size, mode):
    batch = {"lr": image(2, 3, *size)}
    transform = DownUp(scale=2, probability=1.0, factor=(0.1, 1.0), modes=(mode,))
    result = transform(batch, torch.Generator().manual_seed(0))
    assert result["lr"].shape == batch["lr"].shape
    assert torch.isfinite(result["lr"]).all()


def test_the_high_resolution_can_be_chosen():
    batch = {"lr": image(2, 3, 4, 4), "hr": image(2, 3, 8, 8)}
    transform = DownUp(scale=2, image="hr", probability=1.0)
    result = transform(batch, torch.Generator().manual_seed(0))
    assert result["lr"] is batch["lr"]
    assert not torch.equal(result["hr"], batch["hr"])
