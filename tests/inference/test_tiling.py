import itertools

import pytest
import torch

from srcore.errors import SrcoreError
from srcore.inference.reach import Reach
from srcore.inference.tiling import choose_overlap, cut_axis


class _Network:
    def __init__(self, radius=None):
        self.receptive_radius = radius


@pytest.mark.parametrize("length", [1, 7, 16, 63, 64, 65, 100, 241, 1000])
@pytest.mark.parametrize(("tile", "overlap"), [(16, 0), (16, 6), (64, 6), (50, 16), (64, 40)])
@pytest.mark.parametrize("multiple", [1, 2, 8])
def test_weights_of_all_tiles_add_up_to_one_everywhere(length, tile, overlap, multiple):
    total = torch.zeros(2 * length)
    for span in cut_axis(length, tile, overlap, multiple):
        total[2 * span.kept_start : 2 * span.kept_stop] += span.weights(2)
    torch.testing.assert_close(total, torch.ones(2 * length))


@pytest.mark.parametrize("length", [100, 241, 1000])
@pytest.mark.parametrize("multiple", [1, 2, 8])
def test_tiles_are_equal_aligned_and_share_twice_the_overlap(length, multiple):
    spans = cut_axis(length, 48, 10, multiple)
    assert {span.start % multiple for span in spans} == {0}
    # Only the last one may be cut off by the edge of an image of another multiple.
    assert len({span.stop - span.start for span in spans[:-1]}) == 1
    assert spans[0].start == 0
    assert spans[-1].stop == length
    for left, right in itertools.pairwise(spans):
        assert left.stop - right.start >= 20
        assert left.fade_out == right.fade_in


def test_every_result_pixel_has_three_quarters_of_the_overlap_as_context():
    spans = cut_axis(500, 64, 16)
    for left, right in itertools.pairwise(spans):
        begin, end = right.fade_in
        assert begin - right.start >= 12
        assert left.stop - end >= 12


def test_an_image_that_fits_is_one_tile():
    (span,) = cut_axis(90, 64, 16, 8)
    assert (span.start, span.stop, span.fade_in, span.fade_out) == (0, 90, None, None)


@pytest.mark.parametrize(
    ("tile", "radius", "expected"),
    [(64, None, 7), (256, None, 8), (2048, None, 16), (512, 200, 16), (512, 3, 4), (64, 0, 0)],
)
def test_auto_overlap_grows_with_the_tile_and_stops_at_the_receptive_field(
    tile, radius, expected, monkeypatch
):
    monkeypatch.setattr("srcore.inference.tiling.measure_reach", lambda network: Reach(5))
    assert choose_overlap("auto", tile, _Network(radius)) == expected


def test_a_network_that_looks_at_the_whole_image_is_told_of_once(monkeypatch, caplog):
    monkeypatch.setattr("srcore.inference.tiling.measure_reach", lambda network: Reach(128, 7.3))
    for _ in range(2):
        assert choose_overlap("auto", 192, _Network()) == 171
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "_Network: a cut changes the result by up to 7 gray levels even 128" in record.message
    assert "tile=None runs it whole" in record.message


def test_a_given_overlap_is_kept_and_a_negative_one_refused():
    assert choose_overlap(33, 64, _Network(1)) == 33
    with pytest.raises(SrcoreError, match="overlap: expected a number of pixels >= 0, found -1"):
        choose_overlap(-1, 64, _Network())
