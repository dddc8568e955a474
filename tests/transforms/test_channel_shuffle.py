"""Colors in other channels."""

import itertools

import torch

from srcore.transforms.channel_shuffle import ChannelShuffle


def test_all_orders_come_and_are_those_of_both_images():
    hr = torch.arange(3.0).view(1, 3, 1, 1).expand(60, 3, 4, 4)
    generator = torch.Generator().manual_seed(0)
    transform = ChannelShuffle(scale=2, probability=1.0)
    result = transform({"hr": hr, "lr": hr[..., ::2, ::2]}, generator)
    orders = [tuple(map(int, image[:, 0, 0])) for image in result["hr"]]
    assert set(orders) == set(itertools.permutations(range(3)))
    assert torch.equal(result["lr"], result["hr"][..., ::2, ::2])
    assert (result["hr"] == result["hr"][..., :1, :1]).all()
