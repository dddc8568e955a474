"""Networks written down."""

from fractions import Fraction

import torch
from torch import nn

import srcore
from srcore.recording.recording import record


@torch.inference_mode()
def test_a_chain_is_recorded_in_its_order():
    network = nn.Sequential(
        nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(inplace=True), nn.PixelShuffle(2)
    )
    recording = record(network, torch.rand(1, 3, 6, 4))
    assert [step.sources for step in recording.steps] == [(), (0,), (1,), (2,)]
    assert [step.rate for step in recording.steps] == [1, 1, 1, Fraction(2)]
    assert [step.values for step in recording.steps] == [3, 12, 12, 12]
    assert [step.is_in_place for step in recording.steps] == [False, False, True, False]
    assert recording.steps[1].work == 12 * 27
    assert (recording.output, recording.users) == (3, ((1,), (2,), (3,), ()))


@torch.inference_mode()
def test_of_a_convolution_two_rows_of_its_source_are_kept():
    recording = record(nn.Conv2d(3, 5, 3, padding=1), torch.rand(1, 3, 6, 4))
    assert recording.kept_values() == 2 * 3


@torch.inference_mode()
def test_copies_for_one_user_are_not_kept():
    network = srcore.build("network", "rrdbnet", scale=4, num_features=8, num_blocks=1).eval()
    recording = record(network, torch.rand(1, 3, 8, 8))
    # Four concatenations in each of three blocks, two enlargements.
    assert len(recording.copied) == 4 * 3 + 2
