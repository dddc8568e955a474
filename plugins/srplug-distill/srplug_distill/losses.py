"""Losses that compare what student and teacher compute inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.errors import SrcoreError
from srcore.machine.devices import at_least_float32
from srcore.messages import shown
from srcore.options.declaration import defaults
from srplug_distill.affinities import Affinity, affinity
from srplug_distill.options import (
    FeatureDistillationOptions,
    LayerPair,
    RelationDistillationOptions,
)

_FEATURE = defaults(FeatureDistillationOptions)
_RELATION = defaults(RelationDistillationOptions)


class LayerLoss(nn.Module):
    """The mean over pairs of modules of what a subclass compares, in float32 at least.

    Features are those of ``context.extras["features"]``, a
    :class:`srplug_distill.features.LayerFeatures`, which the methods of this package put there.

    Args:
        pairs: a module of the student and one of the teacher.
    """

    def __init__(self, pairs: Sequence[LayerPair]) -> None:
        super().__init__()
        self.pairs = tuple(pairs)

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term, one value, of features ``(N, C, H, W)``."""
        features = context.extras["features"]
        with torch.autocast(context.sr.device.type, enabled=False):
            terms = [
                self.compare(index, *map(at_least_float32, features.maps(pair)))
                for index, pair in enumerate(self.pairs)
            ]
            # Of no value, but what comes behind the features has a gradient, for which several
            # processes wait.
            return torch.stack(terms).mean() + 0.0 * context.sr.sum()

    def compare(self, index: int, student: Tensor, teacher: Tensor) -> Tensor:
        """The distance of the features of one pair, ``(N, C, H, W)`` and ``(N, K, H, W)``."""
        raise NotImplementedError


class FeatureDistillation(LayerLoss):
    """Mean distance of features, through a trained 1x1 convolution where channels differ.

    The student is led by hidden layers of the teacher (Romero et al., "FitNets: Hints for Thin Deep
    Nets", ICLR 2015), whose regressor is the adapter here.

        [method]
        type = "distillation"
        [generator]
        type = "compact"
        num_features = 16
        [networks.teacher]
        type = "rrdbnet"
        weights = "teacher.safetensors"
        [[losses]]
        type = "feature_distillation"
        pairs = [{ student = "body.3", teacher = "body.10", channels = [16, 64] }]

    >>> from srplug_distill.features import LayerFeatures
    >>> pair = LayerPair(student="body.1", teacher="body.4")
    >>> ours, theirs = torch.zeros(1, 2, 4, 4), torch.ones(1, 2, 4, 4)
    >>> features = LayerFeatures({"body.1": ours}, {"body.4": theirs})
    >>> sr = torch.zeros(1, 3, 8, 8)
    >>> context = LossContext({}, sr, iteration=1, extras={"features": features})
    >>> FeatureDistillation([pair])(context)
    tensor(1.)

    Args:
        pairs: see :class:`LayerLoss`; those with ``channels`` have an adapter.
        distance: ``"l1"`` or ``"mse"``, mean over all elements.
        normalize: features of a position are divided by their length over the channels first.
    """

    def __init__(
        self,
        pairs: Sequence[LayerPair],
        distance: Literal["l1", "mse"] = _FEATURE.distance,
        normalize: bool = _FEATURE.normalize,
    ) -> None:
        super().__init__(pairs)
        self.distance, self.normalize = distance, normalize
        self.adapters = nn.ModuleList(
            nn.Conv2d(pair.channels[0], pair.channels[1], 1) if pair.channels else nn.Identity()
            for pair in self.pairs
        )

    def compare(self, index: int, student: Tensor, teacher: Tensor) -> Tensor:
        """The distance of the features of one pair, ``(N, C, H, W)`` and ``(N, K, H, W)``.

        Raises:
            SrcoreError: their numbers of channels do not fit.
        """
        pair, given = self.pairs[index], [student.shape[1], teacher.shape[1]]
        expected = list(pair.channels) or [given[1], given[1]]
        if given != expected:
            declared = f"channels = {expected}" if pair.channels else "no channels"
            raise SrcoreError(
                f"pairs: the student's {shown(pair.student)} gives {given[0]} channels and the "
                f"teacher's {shown(pair.teacher)} {given[1]}; expected channels = {given}, a "
                f"trained adapter, found {declared}"
            )
        student = self.adapters[index](student)
        if self.normalize:
            student, teacher = (F.normalize(it, dim=1) for it in (student, teacher))
        distance = F.l1_loss if self.distance == "l1" else F.mse_loss
        return distance(student, teacher)


class RelationDistillation(LayerLoss):
    """Mean absolute difference of the affinities within the features of both networks.

    He et al., ICIP 2020, see :func:`srplug_distill.affinities.affinity`: not the features
    themselves are to be alike, but which of them are alike. Needs no adapters.

        [method]
        type = "distillation"
        [generator]
        type = "compact"
        num_features = 16
        [networks.teacher]
        type = "rrdbnet"
        weights = "teacher.safetensors"
        [[losses]]
        type = "relation_distillation"
        pairs = [{ student = "body.3", teacher = "body.10" }]

    >>> from srplug_distill.features import LayerFeatures
    >>> pair = LayerPair(student="body.1", teacher="body.4")
    >>> few, many = torch.ones(1, 2, 4, 4), torch.ones(1, 8, 4, 4)  # all positions are alike
    >>> features = LayerFeatures({"body.1": few}, {"body.4": many})
    >>> context = LossContext({}, few, iteration=1, extras={"features": features})
    >>> bool(RelationDistillation([pair])(context) < 1e-6)
    True

    Args:
        pairs: see :class:`LayerLoss`.
        affinity: ``"spatial"``, ``"channel"`` or ``"instance"``.
        grid: positions along a side that spatial affinities are computed of; 0: all.
    """

    def __init__(
        self,
        pairs: Sequence[LayerPair],
        affinity: Affinity = _RELATION.affinity,
        grid: int = _RELATION.grid,
    ) -> None:
        super().__init__(pairs)
        self.affinity, self.grid = affinity, grid

    def compare(self, index: int, student: Tensor, teacher: Tensor) -> Tensor:
        """The distance of the affinities of one pair, ``(N, C, H, W)`` and ``(N, K, H, W)``.

        Raises:
            SrcoreError: their numbers of channels do not fit.
        """
        given = student.shape[1], teacher.shape[1]
        if self.affinity == "channel" and given[0] != given[1]:
            pair = self.pairs[index]
            raise SrcoreError(
                f"pairs: the student's {shown(pair.student)} gives {given[0]} channels and the "
                f'teacher\'s {shown(pair.teacher)} {given[1]}; affinity = "channel" needs equal '
                'numbers; name other modules, or set affinity = "spatial"'
            )
        ours, theirs = (affinity(it, self.affinity, self.grid) for it in (student, teacher))
        return F.l1_loss(ours, theirs)
