"""Losses of features against loops, and what they say of features that do not fit."""

import math

import pytest
import torch
from srplug_distill.features import LayerFeatures
from srplug_distill.losses import FeatureDistillation, RelationDistillation
from srplug_distill.options import LayerPair

from srcore.contracts import LossContext
from srcore.errors import SrcoreError
from srcore.testing import assert_close

SAME = LayerPair(student="body.1", teacher="body.4")
ADAPTED = LayerPair(student="body.3", teacher="body.8", channels=(2, 3))


def context_of(student, teacher):
    sr = torch.zeros(1, 3, 2, 2)
    return LossContext({}, sr, iteration=1, extras={"features": LayerFeatures(student, teacher)})


@pytest.fixture
def context(features):
    return context_of(
        {"body.1": features(2, 3, 4, 3), "body.3": features(2, 2, 4, 3, seed=1)},
        {"body.4": features(2, 3, 4, 3, seed=2), "body.8": features(2, 3, 4, 3, seed=3)},
    )


def adapted(convolution, maps):
    weight, bias = convolution.weight[:, :, 0, 0], convolution.bias
    result = torch.empty(len(maps), len(weight), *maps.shape[2:], dtype=maps.dtype)
    for n in range(len(maps)):
        for y in range(maps.shape[2]):
            for x in range(maps.shape[3]):
                result[n, :, y, x] = weight @ maps[n, :, y, x] + bias
    return result


def distance_of(student, teacher, distance, normalize):
    total = 0.0
    for n in range(len(student)):
        for y in range(student.shape[2]):
            for x in range(student.shape[3]):
                rows = [maps[n, :, y, x].tolist() for maps in (student, teacher)]
                if normalize:
                    rows = [[v / math.sqrt(sum(w * w for w in row)) for v in row] for row in rows]
                for a, b in zip(*rows, strict=True):
                    total += abs(a - b) if distance == "l1" else (a - b) ** 2
    return total / student.numel()


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("distance", ["l1", "mse"])
def test_features_are_compared_by_the_formula(context, distance, normalize):
    loss = FeatureDistillation([SAME, ADAPTED], distance, normalize).double()
    maps = context.extras["features"]
    with torch.no_grad():
        ours = adapted(loss.adapters[1], maps.student["body.3"])
    first = distance_of(maps.student["body.1"], maps.teacher["body.4"], distance, normalize)
    second = distance_of(ours, maps.teacher["body.8"], distance, normalize)
    expected = torch.tensor((first + second) / 2, dtype=torch.float64)
    assert_close(loss(context), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["spatial", "channel", "instance"])
def test_relations_are_compared_by_the_formula(context, naive_affinity, kind):
    pair = SAME if kind == "channel" else LayerPair(student="body.3", teacher="body.8")
    maps = context.extras["features"]
    ours, theirs = maps.student[pair.student], maps.teacher[pair.teacher]
    expected = (naive_affinity(ours, kind) - naive_affinity(theirs, kind)).abs().mean()
    assert_close(RelationDistillation([pair], kind)(context), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "loss",
    [
        FeatureDistillation([ADAPTED], "l1"),
        FeatureDistillation([ADAPTED], "mse", normalize=True),
        RelationDistillation([ADAPTED]),
        RelationDistillation([ADAPTED], "spatial", 2),
        RelationDistillation([ADAPTED], "instance"),
    ],
    ids=["l1", "mse", "spatial", "grid", "instance"],
)
def test_gradients_are_those_of_differences(features, loss):
    loss = loss.double()
    teacher = features(2, 3, 4, 3, seed=3)
    weights = dict(loss.named_parameters())

    def term(student, *values):
        context = context_of({"body.3": student}, {"body.8": teacher})
        changed = dict(zip(weights, values, strict=True))
        return torch.func.functional_call(loss, changed, (context,))

    student = features(2, 2, 4, 3, seed=1).requires_grad_(True)
    assert torch.autograd.gradcheck(term, (student, *weights.values()))


def test_is_computed_in_float32_under_autocast(context):
    maps = context.extras["features"]
    half = context_of(
        {name: value.bfloat16() for name, value in maps.student.items()},
        {name: value.bfloat16() for name, value in maps.teacher.items()},
    )
    for loss in (FeatureDistillation([SAME, ADAPTED]), RelationDistillation([SAME, ADAPTED])):
        with torch.autocast("cpu", torch.bfloat16):
            value = loss(half)
        exact = context_of(
            {name: value.float() for name, value in half.extras["features"].student.items()},
            {name: value.float() for name, value in half.extras["features"].teacher.items()},
        )
        assert value.dtype == torch.float32
        assert torch.equal(value, loss(exact))


@pytest.mark.parametrize(
    ("loss", "student", "teacher", "message"),
    [
        (
            FeatureDistillation([SAME]),
            torch.zeros(1, 2, 4, 3),
            torch.zeros(1, 3, 4, 3),
            r'the student\'s "body.1" gives 2 channels and the teacher\'s "body.4" 3; expected '
            r"channels = \[2, 3\], a trained adapter, found no channels",
        ),
        (
            FeatureDistillation([LayerPair(student="body.1", teacher="body.4", channels=(2, 4))]),
            torch.zeros(1, 2, 4, 3),
            torch.zeros(1, 3, 4, 3),
            r"expected channels = \[2, 3\].*found channels = \[2, 4\]",
        ),
        (
            RelationDistillation([SAME], "channel"),
            torch.zeros(1, 2, 4, 3),
            torch.zeros(1, 3, 4, 3),
            r'2 channels .* 3; affinity = "channel" needs equal numbers',
        ),
        (
            RelationDistillation([SAME]),
            torch.zeros(1, 2, 4, 3),
            torch.zeros(1, 3, 8, 6),
            r'"body.1" gives 3x4 and the teacher\'s "body.4" 6x8; expected equal heights',
        ),
        (
            RelationDistillation([SAME]),
            torch.zeros(1, 12, 3),
            torch.zeros(1, 3, 8, 6),
            r"student's module \"body.1\" gives Tensor \(1, 12, 3\).*expected features \(N, C, H",
        ),
        (
            FeatureDistillation([SAME]),
            (torch.zeros(1, 2, 3, 4),),
            torch.zeros(1, 3, 8, 6),
            r"student's module \"body.1\" gives \(Tensor",
        ),
    ],
)
def test_what_does_not_fit_is_said(loss, student, teacher, message):
    with pytest.raises(SrcoreError, match=message) as caught:
        loss(context_of({"body.1": student}, {"body.4": teacher}))
    assert len(caught.value.lines) == 1


def test_a_module_that_was_not_called_is_named():
    with pytest.raises(SrcoreError, match=r'teacher\'s module "body.4" is not called in use'):
        RelationDistillation([SAME])(context_of({"body.1": torch.zeros(1, 2, 3, 3)}, {}))
