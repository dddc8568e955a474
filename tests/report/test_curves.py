"""Charts: thinned without losing extremes, smoothed, one color per run."""

import re

import numpy as np
import pytest

from srcore.report.curves import moving_average, thin, training_charts, validation_charts
from srcore.report.reading import read_run


def test_short_series_are_not_thinned():
    assert thin(np.arange(500.0)).tolist() == list(range(500))


def test_thinning_keeps_ends_and_extremes():
    values = np.random.default_rng(0).normal(size=300_000)
    values[123_456], values[234_567] = 50, -50
    kept = thin(values)
    assert len(kept) <= 500
    assert {0, 299_999, 123_456, 234_567} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_moving_average_is_centered_and_keeps_straight_lines():
    line = np.linspace(3, 7, 1000)
    np.testing.assert_allclose(moving_average(line), line)
    noise = np.random.default_rng(0).normal(size=1000)
    assert moving_average(noise).std() < 0.3
    half = 1000 // 80
    np.testing.assert_allclose(
        moving_average(noise)[500], noise[500 - half : 500 + half + 1].mean()
    )


def test_validation_has_a_line_for_bicubic(make_run, results):
    (chart,) = validation_charts(read_run(make_run("a", results=results)))
    assert (chart.title, chart.subtitle) == ("psnr", "photos")
    (level,) = chart.baselines
    assert (level.label, level.value) == ("bicubic", "30.5")
    low, high = (chart.y.share(np.array([value]))[0] for value in (30.0, 31.0))
    assert level.share == pytest.approx((low + high) / 2)
    assert chart.lines[0].points[-1][:2] == (100, 31.0)


def test_a_path_goes_through_the_values(make_run):
    (chart,) = validation_charts(read_run(make_run("a")))
    numbers = [float(text) for text in re.findall(r"[-\d.]+", chart.lines[0].path)]
    (x0, y0), (x1, y1) = zip(numbers[::2], numbers[1::2], strict=True)
    assert (x0, x1) == (500, 1000)  # iterations 50 and 100 of 0 to 100
    assert y0 > y1, "y points down in an SVG: 30 lies below 31"


def test_a_single_value_is_a_dot(make_run):
    rows = [{"iteration": 5, "phase": "photos", "values": {"psnr": 30.0}}]
    (chart,) = validation_charts(read_run(make_run("a", rows=rows)))
    first, second = chart.lines[0].path.removeprefix("M").split("L")
    assert first == second


def test_terms_of_one_group_share_a_chart_losses_first(make_run):
    names = ("learning_rate/generator", "learning_rate/discriminator", "l1", "d_real")
    rows = [{"iteration": i, "phase": "train", "values": dict.fromkeys(names, 1.0)} for i in (1, 2)]
    charts = training_charts(read_run(make_run("a", rows=rows)))
    assert [chart.title for chart in charts] == ["l1", "d_real", "learning rate"]
    assert [line.label for line in charts[-1].lines] == ["generator", "discriminator"]
    assert [line.color for line in charts[-1].lines] == [0, 1]


def test_runs_keep_their_color_where_others_have_no_line(make_run):
    first = make_run("a", rows=[{"iteration": 1, "phase": "train", "values": {"l1": 1.0}}])
    rows = [{"iteration": 1, "phase": "train", "values": {"l1": 2.0, "gan": 3.0}}]
    runs = [*read_run(first), *read_run(make_run("b", rows=rows))]
    charts = {chart.title: chart for chart in training_charts(runs)}
    assert [(line.label, line.color) for line in charts["l1"].lines] == [("a", 0), ("b", 1)]
    assert [(line.label, line.color) for line in charts["gan"].lines] == [("b", 1)]


def test_a_long_noisy_run_is_smoothed_and_stays_small(make_run):
    values = np.random.default_rng(0).uniform(0.5, 1, 200_000)
    rows = [
        {"iteration": i, "phase": "train", "values": {"l1": v}}
        for i, v in enumerate(values.tolist())
    ]
    (chart,) = training_charts(read_run(make_run("a", rows=rows)))
    (line,) = chart.lines
    assert len(line.points) <= 500
    assert line.faint.count("L") < 500
    assert "moving average" in chart.notes[0]
    assert len(line.path) + len(line.faint) < 20_000
