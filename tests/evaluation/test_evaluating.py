import json
import math

import attrs
import numpy as np
import pytest

from srcore.errors import ConfigError, SrcoreError
from srcore.evaluation.comparison import error_map, strip
from srcore.evaluation.evaluating import (
    Contender,
    choose_measures,
    evaluate_set,
)
from srcore.evaluation.image_sets import find_sets
from srcore.evaluation.interpolation import interpolation
from srcore.evaluation.measure import Measure
from srcore.evaluation.result_tables import as_csv, as_json, as_markdown, as_text
from srcore.images import write_image
from srcore.metrics import psnr, ssim
from srcore.plugin.manager import plugins
from srcore.transforms.resize import resize_uint8


@pytest.fixture
def images(tmp_path):
    generator = np.random.default_rng(0)
    for name in ("a", "b"):
        small = generator.integers(0, 256, (10, 9, 3), np.uint8)
        hr = resize_uint8(small, size=(40, 37))
        write_image(tmp_path / "Toy" / f"{name}.png", hr)
    (image_set,) = find_sets(str(tmp_path / "Toy"), 2)
    return image_set


@attrs.frozen
class Pixels:
    """A metric of whole sets."""

    higher_is_better = False

    def __call__(self, sr, hr, *, crop_border):
        return np.array([sr.size - crop_border])

    def combine(self, values):
        return float(np.sum(values))


def test_the_bicubic_row_follows_the_rgb_file_protocol(images):
    result = evaluate_set(
        images,
        [interpolation("bicubic", 2)],
        choose_measures("psnr,ssim", registry=plugins().registry),
    )
    for index in range(2):
        lr, hr = images.pair(index)
        assert hr.shape == (40, 36, 3)
        sr = resize_uint8(lr, size=hr.shape[:2])
        row = result.rows[0]
        expected = psnr(sr, hr, crop_border=2, y_channel=True)
        assert row.values["psnr"][index] == expected
        assert row.values["ssim"][index] == ssim(sr, hr, crop_border=2, y_channel=True)
    assert row.totals["psnr"] == pytest.approx(np.mean(row.values["psnr"]))
    assert (result.images, result.crop_border) == (["a", "b"], 2)


def test_metrics_take_options_and_have_their_own_columns(images):
    measures = choose_measures("psnr, psnr:y_channel=false", registry=plugins().registry)
    result = evaluate_set(images, [interpolation("bicubic", 2)], measures)
    assert list(result.rows[0].totals) == ["psnr", "psnr:y_channel=false"]
    assert len(set(result.rows[0].totals.values())) == 2


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("psnrr", SrcoreError, 'no metric "psnrr"; did you mean "psnr"'),
        ("psnr:fast", SrcoreError, 'expected psnr:key=value, found "fast"'),
        ("psnr:y_chanel=true", ConfigError, "--metrics psnr.y_chanel.*y_channel"),
        ("psnr:y_channel=1", ConfigError, "--metrics psnr.y_channel"),
    ],
)
def test_unknown_metrics_and_options_are_explained(text, error, message):
    with pytest.raises(error, match=message):
        choose_measures(text, registry=plugins().registry)


def test_several_models_see_the_same_images_and_a_set_metric_is_combined(images):
    nearest = Contender("nearest", 2, lambda lr: lr.repeat(2, 0).repeat(2, 1))
    seen = []
    measures = [*choose_measures("psnr", registry=plugins().registry), Measure("pixels", Pixels())]
    result = evaluate_set(
        images, [interpolation("bicubic", 2), nearest], measures, crop_border=3, look=seen.append
    )
    assert [row.contender for row in result.rows] == ["bicubic", "nearest"]
    assert result.rows[0].totals["psnr"] > result.rows[1].totals["psnr"]
    assert result.rows[1].totals["pixels"] == 2 * (40 * 36 * 3 - 3)
    assert "pixels" not in result.rows[1].values
    assert [(entry.set_name, entry.image) for entry in seen] == [("Toy", "a"), ("Toy", "b")]
    assert list(seen[0].sr) == ["bicubic", "nearest"]


@pytest.fixture
def results(images):
    nearest = Contender("near", 2, lambda lr: lr.repeat(2, 0).repeat(2, 1))
    measures = [*choose_measures("psnr", registry=plugins().registry), Measure("pixels", Pixels())]
    return [evaluate_set(images, [interpolation("bicubic", 2), nearest], measures)], measures


def test_the_text_states_the_protocol_above_aligned_columns(results):
    lines = as_text(*results, per_image=True).splitlines()
    assert "Y of BT.601" in lines[0]
    assert "as many pixels as the scale cropped" in lines[0]
    assert lines[2].startswith("Toy x2, 2 images, LR made from HR")
    assert lines[3].split() == ["psnr", "pixels", "(lower", "is", "better)"]
    assert [line.split()[:2] for line in lines[4:]] == [
        ["a", "bicubic"],
        ["a", "near"],
        ["b", "bicubic"],
        ["b", "near"],
        ["mean", "bicubic"],
        ["mean", "near"],
    ]
    assert len({len(line) for line in lines[3:]}) == 1


def test_markdown_has_means_and_images(results):
    text = as_markdown(*results)
    total = results[0][0].rows[1].totals["psnr"]
    assert f"| near | {total:.4f} / 8636.0000 |" in text
    assert "|  | Toy (2) |" in text
    assert "| a near |" in text


def test_csv_has_a_line_per_image_and_one_for_the_set(results):
    lines = as_csv(*results).splitlines()
    assert lines[0] == "set,scale,model,image,psnr,pixels"
    assert [line.rpartition("image")[0] or line.split(",")[2:4] for line in lines[1:]] == [
        ["bicubic", "a"],
        ["bicubic", "b"],
        ["bicubic", "mean"],
        ["near", "a"],
        ["near", "b"],
        ["near", "mean"],
    ]
    assert lines[1].endswith(",")


def test_json_is_valid_for_identical_images(images):
    perfect = iter([images.pair(0)[1], images.pair(1)[1]])
    contender = Contender("perfect", 2, lambda lr: next(perfect))
    result = evaluate_set(images, [contender], choose_measures("psnr", registry=plugins().registry))
    content = json.loads(as_json([result]), parse_constant=pytest.fail)
    (model,) = content["sets"][0]["models"]
    assert model["mean"] == {"psnr": "inf"}
    assert model["per_image"] == {"psnr": ["inf", "inf"]}
    assert model["notes"] == []


def test_strips_show_all_pictures_in_order():
    columns = {
        "bicubic": np.full((9, 30, 3), 10, np.uint8),
        "HR": np.full((9, 30, 3), 90, np.uint8),
    }
    drawn = strip(columns)
    assert drawn.shape == (9 + 24, 30 + 8 + 30, 3)
    assert set(drawn[24:, :30].flat) == {10}
    assert set(drawn[24:, 38:].flat) == {90}
    assert drawn[:24, :30].min() < 100  # the name is written


def test_error_maps_are_black_without_error_and_grow_brighter():
    hr = np.full((4, 4, 3), 128, np.uint8)
    brightness = [error_map(hr + shift, hr).sum() for shift in (0, 10, 40, 100)]
    assert error_map(hr, hr).max() <= 4
    assert brightness == sorted(brightness)
    assert len(set(brightness)) == 4


def test_every_metric_may_have_its_own_border(images):
    measures = choose_measures("psnr, psnr:crop_border=0", registry=plugins().registry)
    result = evaluate_set(images, [interpolation("bicubic", 2)], measures)
    lr, hr = images.pair(0)
    sr = resize_uint8(lr, size=hr.shape[:2])
    values = result.rows[0].values
    assert values["psnr"][0] == psnr(sr, hr, crop_border=2, y_channel=True)
    assert values["psnr:crop_border=0"][0] == psnr(sr, hr, crop_border=0, y_channel=True)
    with pytest.raises(SrcoreError, match=r"crop_border: expected a number >= 0, found -1"):
        choose_measures("psnr:crop_border=-1", registry=plugins().registry)


def test_perfect_images_are_left_out_of_the_mean_as_in_a_validation(images):
    truth = [images.pair(0)[1]]

    def knows_the_first(lr):
        return truth.pop() if truth else lr.repeat(2, 0).repeat(2, 1)

    measures = choose_measures("psnr", registry=plugins().registry)
    (row,) = evaluate_set(images, [Contender("first", 2, knows_the_first)], measures).rows
    assert row.values["psnr"] == [math.inf, row.totals["psnr"]]
    assert 0 < row.totals["psnr"] < 100
    assert row.notes == ["psnr leaves out 1 of 2 images: infinite, they equal the original"]


class Large:
    """A metric that images are too small for."""

    higher_is_better = True

    def __init__(self, smallest):
        self.smallest = smallest

    def __call__(self, sr, hr, *, crop_border):
        if len(sr) < self.smallest:
            raise SrcoreError("the image is too small")
        return 1.0


def test_what_cannot_be_measured_is_left_out_and_said(images):
    nearest = Contender("near", 2, lambda lr: lr.repeat(2, 0).repeat(2, 1))
    measures = [*choose_measures("psnr", registry=plugins().registry), Measure("l", Large(999))]
    results = [evaluate_set(images, [nearest], measures)]
    (row,) = results[0].rows
    assert row.totals.keys() == {"psnr"}
    assert row.values["l"] == [None, None]
    assert row.notes == ["l leaves out 2 of 2 images: the image is too small"]
    assert "| mean near | " in as_markdown(results, measures)
    assert as_csv(results, measures).splitlines()[-1].endswith(f",mean,{row.totals['psnr']},")
    assert json.loads(as_json(results))["sets"][0]["models"][0]["notes"] == row.notes
