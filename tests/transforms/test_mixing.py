"""Mixing of images against loops over pixels."""

import pytest
import torch

from srcore import SrcoreError
from srcore.transforms.augmenting import draw_box, draw_partners, draw_share
from srcore.transforms.batch import happens
from srcore.transforms.mixing import CutBlur, CutMix, MixUp, ResizeMix
from srcore.transforms.resize import resize


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pairs(scale=2, count=3):
    shape = (count, 3, 6, 8)
    lr = torch.rand(shape, generator=generator(1), dtype=torch.float64)
    hr = torch.rand((count, 3, 6 * scale, 8 * scale), generator=generator(2), dtype=torch.float64)
    return {"lr": lr, "hr": hr}


def drawn(seed, count=3):
    """What is drawn before the boxes."""
    twin = generator(seed)
    happens(1.0, count, twin)
    return twin


@pytest.mark.parametrize("seed", range(3))
def test_mixup_blends_with_the_partner(seed):
    batch, twin = pairs(), drawn(seed)
    shares, partners = draw_share(0.4, 3, twin).tolist(), draw_partners(3, twin).tolist()
    result = MixUp(scale=2, probability=1.0, alpha=0.4)(batch, generator(seed))
    for name, images in batch.items():
        for number, (share, partner) in enumerate(zip(shares, partners, strict=True)):
            expected = share * images[number] + (1 - share) * images[partner]
            torch.testing.assert_close(result[name][number], expected)


def _reference_cut(image, other, box, factor):
    """Pixel by pixel."""
    result = image.clone()
    for y in range(image.shape[-2]):
        for x in range(image.shape[-1]):
            row, column = y // factor - box.top, x // factor - box.left
            if 0 <= row < box.height and 0 <= column < box.width:
                result[:, y, x] = other[:, y, x]
    return result


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_cutmix_puts_a_box_of_the_partner_at_its_place(scale, seed):
    batch, twin = pairs(scale), drawn(seed)
    partners = draw_partners(3, twin).tolist()
    result = CutMix(scale=scale, probability=1.0)(batch, generator(seed))
    for number, partner in enumerate(partners):
        box = draw_box(6, 8, (0.2, 0.8), twin)
        for name, factor in (("lr", 1), ("hr", scale)):
            expected = _reference_cut(batch[name][number], batch[name][partner], box, factor)
            assert torch.equal(result[name][number], expected)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_resizemix_puts_in_the_whole_partner(scale):
    batch, twin = pairs(scale), drawn(0)
    partners = draw_partners(3, twin).tolist()
    result = ResizeMix(scale=scale, probability=1.0)(batch, generator())
    for number, partner in enumerate(partners):
        box = draw_box(6, 8, (0.1, 0.8), twin)
        for name, factor in (("lr", 1), ("hr", scale)):
            rows, columns = box.of(factor)
            small = resize(batch[name][partner], size=(box.height * factor, box.width * factor))
            assert torch.equal(result[name][number, :, rows, columns], small.clamp(0, 1))
            outside = torch.ones(batch[name].shape[-2:], dtype=torch.bool)
            outside[rows, columns] = False
            kept = batch[name][number][:, outside]
            assert torch.equal(result[name][number][:, outside], kept)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_cutblur_takes_the_damage_from_a_box_or_from_all_but_it(scale, seed):
    batch, twin = pairs(scale), drawn(seed)
    inside = happens(0.5, 3, twin).tolist()
    clean = batch["hr"] if scale == 1 else resize(batch["hr"], scale=1 / scale).clamp(0, 1)
    result = CutBlur(scale=scale, probability=1.0)(batch, generator(seed))
    for number in range(3):
        box = draw_box(6, 8, (0.2, 0.8), twin)
        images = batch["lr"][number], clean[number]
        image, other = images if inside[number] else images[::-1]
        assert torch.equal(result["lr"][number], _reference_cut(image, other, box, 1))


def test_cutblur_refuses_what_are_no_pairs():
    batch = pairs(2)
    with pytest.raises(
        SrcoreError, match=r"^transform cutblur: expected hr 4 times as large as lr"
    ):
        CutBlur(scale=4)(batch, generator())
    with pytest.raises(
        SrcoreError, match=r'^transform cutblur: needs "hr", but the batch holds lr'
    ):
        CutBlur(scale=4)({"lr": batch["lr"]}, generator())
