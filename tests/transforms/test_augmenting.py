"""Augmentations of pairs: whatever is drawn, pairs stay pairs, at every scale, and resume."""

import pytest
import torch
import torch.nn.functional as F

from srcore import SrcoreError, build
from srcore.errors import ConfigError
from srcore.testing import assert_same_state, runs, write_tiny_images
from srcore.testing.experiments import load_checked
from srcore.transforms.augmenting import draw_box, draw_partners, draw_share, images_of_pairs

#: Of all images of the pair, and of the low resolution alone.
PAIRED = ("mixup", "cutmix", "resizemix", "channel_shuffle")
ALL = (*PAIRED, "cutblur", "down_up")
SCALES = (1, 2, 3, 4)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pairs(scale, count=3, channels=3, height=7, width=9, seed=0):
    """Pairs in which lr is the mean of squares of hr, with what travels with them."""
    shape = (count, channels, height * scale, width * scale)
    hr = torch.rand(shape, generator=generator(seed), dtype=torch.float64)
    return {
        "hr": hr,
        "lr": F.avg_pool2d(hr, scale),
        "hr_sharpened": 1 - hr,
        "mask": hr.mean(1, keepdim=True),
        "index": torch.arange(count),
        "kernel": torch.rand(count, 5, 5, generator=generator()),
        "name": [f"{number}" for number in range(count)],
    }


def applied(name, batch, scale, seed=0, **keys):
    return build("transform", name, scale=scale, **{"probability": 1.0, **keys})(
        dict(batch), generator(seed)
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", ["mixup", "cutmix", "channel_shuffle"])
def test_the_low_resolution_is_still_that_of_the_high_one(name, scale, seed):
    batch = pairs(scale, seed=seed)
    result = applied(name, batch, scale, seed)
    assert not torch.equal(result["hr"], batch["hr"])
    torch.testing.assert_close(F.avg_pool2d(result["hr"], scale), result["lr"])
    torch.testing.assert_close(result["hr_sharpened"], 1 - result["hr"])
    torch.testing.assert_close(result["mask"], result["hr"].mean(1, keepdim=True))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scale", SCALES)
def test_what_resizemix_puts_in_covers_the_same_part_of_both(scale, seed):
    """Images of one color each, so that shrinking changes nothing."""
    colors = torch.tensor([0.2, 0.5, 0.8], dtype=torch.float64).view(3, 1, 1, 1)
    hr = colors.expand(3, 3, 7 * scale, 9 * scale).contiguous()
    batch = {"hr": hr, "lr": F.avg_pool2d(hr, scale)}
    result = applied("resizemix", batch, scale, seed)
    assert (result["hr"] != hr).any((1, 2, 3)).all()
    torch.testing.assert_close(F.avg_pool2d(result["hr"], scale), result["lr"])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", ALL)
def test_what_is_no_image_stays_and_so_do_types_sizes_and_what_was_given(name, scale):
    batch = pairs(scale)
    before = {
        key: value.clone() if torch.is_tensor(value) else value for key, value in batch.items()
    }
    result = applied(name, batch, scale)
    assert result.keys() == batch.keys()
    assert_same_state(batch, before)
    for key in ("index", "kernel", "name"):
        assert result[key] is batch[key]
    for key in ("hr", "lr", "hr_sharpened", "mask"):
        assert (result[key].shape, result[key].dtype) == (batch[key].shape, batch[key].dtype)
        assert 0 <= float(result[key].min()) <= float(result[key].max()) <= 1


@pytest.mark.parametrize("name", ["cutblur", "down_up"])
def test_of_some_the_high_resolution_stays_as_it_is(name):
    batch = pairs(2)
    batch["lr"] = torch.rand(batch["lr"].shape, generator=generator(3), dtype=torch.float64)
    result = applied(name, batch, 2)
    assert result["hr"] is batch["hr"]
    assert not torch.equal(result["lr"], batch["lr"])


@pytest.mark.parametrize("name", ALL)
def test_probability_is_how_often_an_image_is_changed(name):
    batch = pairs(2, count=400, height=4, width=4)
    batch["lr"] = torch.rand(batch["lr"].shape, generator=generator(3), dtype=torch.float64)
    assert_same_state(applied(name, batch, 2, probability=0.0), batch)
    result = applied(name, batch, 2, probability=0.3)
    changed = (result["lr"] != batch["lr"]).any(1).flatten(1).any(1).float().mean()
    # a sixth of the orders of colors is the usual one, a factor near 1 keeps 4 pixels
    usual = {"channel_shuffle": 5 / 6, "down_up": 0.75}.get(name, 1.0)
    assert float(changed) == pytest.approx(0.3 * usual, abs=0.08)


@pytest.mark.parametrize("name", ALL)
def test_the_generator_alone_decides(name):
    batch = pairs(2)
    torch.manual_seed(1)
    first = applied(name, batch, 2, seed=7)
    torch.manual_seed(2)
    assert_same_state(applied(name, batch, 2, seed=7), first)
    others = [applied(name, batch, 2, seed=seed)["lr"] for seed in range(8, 12)]
    assert not all(torch.equal(other, first["lr"]) for other in others)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", ALL)
def test_gray_images_and_alpha_are_images_too(name, channels):
    batch = pairs(2, channels=channels)
    result = applied(name, batch, 2)
    assert result["lr"].shape == batch["lr"].shape
    if name == "channel_shuffle":
        assert torch.equal(result["hr"][:, 3:], batch["hr"][:, 3:])
        if channels == 1:
            assert torch.equal(result["hr"], batch["hr"])


@pytest.mark.parametrize("name", ["mixup", "cutmix", "resizemix"])
def test_a_batch_of_one_image_stays(name):
    batch = pairs(2, count=1, height=8, width=8)
    result = applied(name, batch, 2)
    if name == "resizemix":  # which is put into itself
        assert result["hr"].shape == batch["hr"].shape
    else:
        torch.testing.assert_close(result["hr"], batch["hr"])


@pytest.mark.parametrize("name", PAIRED)
def test_works_before_the_low_resolution_is_made(name):
    batch = {"hr": pairs(2)["hr"]}
    result = applied(name, batch, 2)
    assert result.keys() == {"hr"}
    assert not torch.equal(result["hr"], batch["hr"])


@pytest.mark.parametrize("name", PAIRED)
def test_images_that_are_no_pairs_are_refused(name):
    batch = pairs(2)
    batch["lr"] = batch["lr"][..., :-2]
    with pytest.raises(
        SrcoreError, match=rf"^transform {name}: expected images whose sides are who"
    ):
        applied(name, batch, 2)
    with pytest.raises(
        SrcoreError, match=f"^transform {name}: needs lr or hr, but the batch holds"
    ):
        applied(name, {"index": torch.arange(2)}, 2)


def test_partners_are_others_and_each_is_taken_once():
    seen = set()
    for seed in range(40):
        partners = draw_partners(4, generator(seed)).tolist()
        assert sorted(partners) == [0, 1, 2, 3]
        assert all(partner != number for number, partner in enumerate(partners))
        seen.add(tuple(partners))
    assert len(seen) == 6  # all turns of 4 that are one cycle


def test_boxes_lie_inside_have_their_sides_and_reach_every_edge():
    boxes = [draw_box(10, 20, (0.2, 0.5), generator(seed)) for seed in range(400)]
    assert {box.height for box in boxes} == set(range(2, 6))
    assert all(abs(box.width - 2 * box.height) <= 1 for box in boxes)
    assert min(box.top for box in boxes) == min(box.left for box in boxes) == 0
    assert max(box.top + box.height for box in boxes) == 10
    assert max(box.left + box.width for box in boxes) == 20
    assert boxes[0].of(3)[0] == slice(3 * boxes[0].top, 3 * (boxes[0].top + boxes[0].height))


def test_the_smallest_box_is_a_pixel_and_the_largest_the_image():
    assert draw_box(4, 4, (0.01, 0.01), generator()).size(1) == (1, 1)
    assert draw_box(4, 6, (1.0, 1.0), generator()).size(2) == (8, 12)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_have_mean_and_variance_of_their_distribution(alpha):
    shares = draw_share(alpha, 20_000, generator()).double()
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(shares.var()) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.05)


def test_entries_of_the_size_of_either_image_are_images():
    images = images_of_pairs(pairs(4), "mixup")
    assert images.factors == {"hr": 4, "lr": 1, "hr_sharpened": 4, "mask": 4}
    assert (images.height, images.width, len(images)) == (7, 9, 3)


def test_runs_that_were_killed_go_on_to_the_bit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "images/hr", height=96, width=96)
    noise = {"type": "gaussian_noise"}
    transforms = [noise, *({"type": name} for name in ALL)]
    data = {"type": "hr_folder", "hr": "images/hr", "hr_patch_size": 32, "workers": 0}
    loaded = runs.own_experiment(tmp_path, {"data": {"train": data | {"transforms": transforms}}})
    whole, resumed = runs.killed_and_resumed(loaded, tmp_path)
    assert list(runs.differing_ends(whole, resumed)) == []


def checked(tiny_experiment, text, *overrides):
    file = tiny_experiment.with_name("augmented.toml")
    file.write_text(f'extends = "tiny.toml"\n{text}\n')
    return load_checked(file, overrides)


@pytest.mark.parametrize("name", [*PAIRED, "cutblur"])
def test_what_is_measured_is_not_augmented(tiny_experiment, name):
    table = tiny_experiment.read_text("utf-8").partition("[data.validation.")[2].partition("]")[0]
    text = f'[[data.validation.{table}.transforms]]\ntype = "{name}"'
    with pytest.raises(ConfigError, match=f'changes what "{table}" measures; use it in data.train'):
        checked(tiny_experiment, text)
    checked(tiny_experiment, f'[[data.train.transforms]]\ntype = "{name}"')


def test_what_changes_nothing_is_told(tiny_experiment):
    cutblur = '[[data.train.transforms]]\ntype = "cutblur"'
    noise = '[[data.train.transforms]]\ntype = "gaussian_noise"\n'
    mixup = '[[data.train.transforms]]\ntype = "mixup"'
    remarks = [
        [it.message for it in checked(tiny_experiment, *given).remarks()]
        for given in ((cutblur,), (noise + cutblur,), (mixup, "train.batch_size=1"), (mixup,))
    ]
    assert any("it is for noise and blur" in text for text in remarks[0])
    assert any("there is no other one" in text for text in remarks[2])
    assert not [
        text for text in (*remarks[1], *remarks[3]) if "other one" in text or "noise" in text
    ]
