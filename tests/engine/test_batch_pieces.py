"""A batch in parts."""

import pytest
import torch

from srcore.engine.batch_pieces import in_channels_last, pieces


@pytest.mark.parametrize("parts", [1, 2, 3, 5])
def test_parts_together_are_the_batch_in_its_order(parts):
    batch = {"lr": torch.arange(10.0).reshape(5, 2), "path": list("abcde")}
    made = list(pieces(batch, parts))
    assert torch.equal(torch.cat([it["lr"] for it in made]), batch["lr"])
    assert [path for it in made for path in it["path"]] == batch["path"]
    assert [len(it["path"]) for it in made] == [len(it["lr"]) for it in made]


def test_one_part_is_the_batch_itself():
    batch = {"lr": torch.zeros(3, 1)}
    (only,) = pieces(batch, 1)
    assert only is batch


def test_images_alone_change_their_memory_format():
    batch = {"lr": torch.zeros(2, 3, 4, 5), "labels": torch.zeros(2, 3), "path": ["a", "b"]}
    made = in_channels_last(batch)
    assert made["lr"].is_contiguous(memory_format=torch.channels_last)
    assert made["labels"] is batch["labels"]
    assert made["path"] is batch["path"]
