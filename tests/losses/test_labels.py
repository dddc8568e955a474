"""Target values of adversarial losses."""

import torch

from srcore import build


def test_constant_labels_are_one_and_zero_unless_told():
    settings = {"progress": 0.5, "generator": torch.Generator()}
    assert build("labels", "constant")(4, **settings) == (1.0, 0.0)
    assert build("labels", "constant", real=0.9, fake=0.1)(4, **settings) == (0.9, 0.1)
