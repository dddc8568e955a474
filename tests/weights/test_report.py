import attrs
import torch

from srcore.weights.report import report_keys


def _tensors(**shapes):
    return {name: torch.zeros(shape) for name, shape in shapes.items()}


def test_both_directions_and_shapes_are_reported():
    report = report_keys(
        _tensors(same=(2,), other=(4, 2), only_file=(1,)),
        _tensors(same=(2,), other=(4, 3), only_network=(1,)),
    )
    assert report.fitting == ("same",)
    assert report.missing == ("only_network",)
    assert report.unexpected == ("only_file",)
    assert str(report.reshaped[0]) == "other is (4, 2), in the network (4, 3)"
    assert not report.complete
    assert str(report) == (
        "1 tensors fit; 1 missing in the file (only_network); 1 unknown to the network "
        "(only_file); 1 of another shape (other is (4, 2), in the network (4, 3))"
    )


def test_convolutions_that_differ_in_input_channels_say_so():
    report = report_keys(_tensors(first=(8, 12, 3, 3)), _tensors(first=(8, 3, 3, 3)))
    assert str(report.reshaped[0]) == "first has 12 input channels, the network 3"


def test_long_lists_are_cut():
    report = report_keys({}, _tensors(a=(1,), b=(1,), c=(1,), d=(1,), e=(1,)))
    assert "5 missing in the file (a, b, c, ... 2 more)" in str(report)


def test_a_complete_report_is_short():
    report = report_keys(_tensors(a=(1,)), _tensors(a=(1,)))
    assert report.complete
    assert str(report) == "all 1 tensors fit"


def test_the_scale_comes_first_in_an_explanation():
    report = report_keys({}, _tensors(a=(1,)), source="x.pth", network="rrdbnet")
    report = attrs.evolve(report, differences={"num_blocks": (23, 6), "scale": (2, 4)})
    assert report.explanation().startswith(
        "x.pth: holds x2 weights, but the network is x4; the file has num_blocks 23 (network: 6); "
    )
