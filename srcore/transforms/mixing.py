"""Images of a batch mixed with one another, in low and high resolution alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from srcore.errors import SrcoreError
from srcore.transforms.augmenting import Box, draw_box, draw_partners, draw_share, images_of_pairs
from srcore.transforms.batch import happens, image_of
from srcore.transforms.options import (
    CutBlurOptions,
    CutMixOptions,
    MixUpOptions,
    ResizeMixOptions,
)
from srcore.transforms.resize import resize

if TYPE_CHECKING:
    from srcore.contracts import Batch


class MixUp:
    """Transform ``mixup``: every image is blended with another one of the batch.

    ``m x_i + (1 - m) x_j`` with m by Beta(alpha, alpha), drawn per image (Zhang et al., "mixup:
    Beyond Empirical Risk Minimization", ICLR 2018; for super-resolution: Feng et al., "Suppressing
    Model Overfitting for Image Super-Resolution Networks", CVPRW 2019). As down-scaling is linear,
    blended pairs are pairs.

        [[data.train.transforms]]
        type = "mixup"
        probability = 0.5

    >>> import torch
    >>> mixup = MixUp(scale=2, probability=1.0)
    >>> batch = {"hr": torch.stack([torch.zeros(3, 8, 8), torch.ones(3, 8, 8)])}
    >>> generator = torch.Generator().manual_seed(1)
    >>> mixed = mixup(batch, generator)["hr"]
    >>> [len(image.unique()) for image in mixed], bool((mixed > 0).all()), bool((mixed < 1).all())
    ([1, 1], True, True)
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = MixUpOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Blend all images of the batch alike."""
        pairs = images_of_pairs(batch, "mixup")
        count = len(pairs)
        chosen = happens(self.options.probability, count, generator)
        shares = torch.where(chosen, draw_share(self.options.alpha, count, generator), 1.0)
        partners = draw_partners(count, generator)
        mixed = {
            name: _blended(image, image[partners], shares) for name, image in pairs.images.items()
        }
        return batch | mixed


class CutMix:
    """Transform ``cutmix``: a box of every image is that of another one of the batch.

    Yun et al., "CutMix", ICCV 2019; for super-resolution: Yoo, Ahn, Sohn, "Rethinking Data
    Augmentation for Image Super-Resolution", CVPR 2020. The box has the shape of the image and lies
    anywhere inside it; its side is drawn uniformly, where Yun et al. draw its area by Beta(1, 1)
    and cut at the border. It begins and ends between pixels of the low resolution.

        [[data.train.transforms]]
        type = "cutmix"
        probability = 0.5

    >>> import torch
    >>> cutmix = CutMix(scale=2, probability=1.0)
    >>> batch = {"hr": torch.stack([torch.zeros(3, 8, 8), torch.ones(3, 8, 8)])}
    >>> generator = torch.Generator().manual_seed(1)
    >>> mixed = cutmix(batch, generator)["hr"]
    >>> mixed[0].unique(), mixed[1].unique()  # either has a box of the other
    (tensor([0., 1.]), tensor([0., 1.]))
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = CutMixOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Cut all images of the batch alike."""
        return _with_boxes(batch, "cutmix", self.options, generator, _same_place)


class ResizeMix:
    """Transform ``resizemix``: another image of the batch is shrunk and put into every image.

    Qin et al., "ResizeMix: Mixing Data with Preserved Object Information and True Labels", 2020
    (arXiv 2012.11101). All images of the pair are shrunk by one factor (bicubic with antialiasing,
    clipped to [0, 1]), so that noise and blur of a low resolution are shrunk with it.

        [[data.train.transforms]]
        type = "resizemix"
        probability = 0.5

    >>> import torch
    >>> resizemix = ResizeMix(scale=2, probability=1.0)
    >>> batch = {"hr": torch.stack([torch.zeros(3, 8, 8), torch.ones(3, 8, 8)])}
    >>> generator = torch.Generator().manual_seed(1)
    >>> mixed = resizemix(batch, generator)["hr"]
    >>> bool(mixed[0].max() > 0.9), bool(mixed[1].min() < 0.1)  # either has the other in it
    (True, True)
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = ResizeMixOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change all images of the batch alike."""
        return _with_boxes(batch, "resizemix", self.options, generator, _shrunk)


def _with_boxes(
    batch: Batch,
    name: str,
    options: CutMixOptions | ResizeMixOptions,
    generator: torch.Generator,
    content: Callable[[Tensor, Box, int], Tensor],
) -> Batch:
    """The batch with a box in every chosen image.

    Args:
        batch: images in low and high resolution.
        name: of the transform, for messages.
        options: how often, and how large boxes are.
        generator: of chance.
        content: (another image ``(C, H, W)``, box, pixels per pixel of the box) -> what is in it.
    """
    pairs = images_of_pairs(batch, name)
    chosen = happens(options.probability, len(pairs), generator).tolist()
    partners = draw_partners(len(pairs), generator).tolist()
    mixed = {entry: image.clone() for entry, image in pairs.images.items()}
    for number, partner in enumerate(partners):
        box = draw_box(pairs.height, pairs.width, options.side, generator)
        if not chosen[number]:
            continue
        for entry, image in mixed.items():
            factor = pairs.factors[entry]
            rows, columns = box.of(factor)
            image[number, :, rows, columns] = content(pairs.images[entry][partner], box, factor)
    return batch | mixed


def _same_place(other: Tensor, box: Box, factor: int) -> Tensor:
    rows, columns = box.of(factor)
    return other[:, rows, columns]


def _shrunk(other: Tensor, box: Box, factor: int) -> Tensor:
    return resize(other, size=box.size(factor)).clamp(0, 1)


class CutBlur:
    """Transform ``cutblur``: a box of the low resolution, or all but it, has no damage.

    ``M D(hr) + (1 - M) lr`` with M the box or, half the time, its inside out, and D the bicubic
    down-scaling to the size of ``lr``, which does nothing at scale 1 (Yoo, Ahn, Sohn, "Rethinking
    Data Augmentation for Image Super-Resolution", CVPR 2020). So a network learns how much
    to restore, and where nothing is to do. The high resolution stays as it is.

    Other than in the paper: their networks see an enlarged low resolution, into which pixels of
    ``hr`` are put; here the low resolution keeps its size, so that any network fits, and at scales
    above 1 its box is what a clean down-scaling would have made. Images whose low resolution is
    that already, with no noise or blur, stay as they are.

        [[data.train.transforms]]
        type = "cutblur"
        probability = 0.5

    >>> import torch
    >>> cutblur = CutBlur(scale=2, probability=1.0)
    >>> batch = {"lr": torch.zeros(1, 3, 8, 8), "hr": torch.ones(1, 3, 16, 16)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> cutblur(batch, generator)["lr"].unique()  # damaged and clean
    tensor([0., 1.])
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.scale = scale
        self.options = CutBlurOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change ``lr`` only."""
        lr, hr = (image_of(batch, name, "cutblur") for name in ("lr", "hr"))
        clean = self._clean(lr, hr)
        chosen = happens(self.options.probability, len(lr), generator).tolist()
        inside = happens(0.5, len(lr), generator).tolist()
        mixed, (height, width) = lr.clone(), lr.shape[-2:]
        for number in range(len(lr)):
            box = draw_box(height, width, self.options.side, generator)
            if chosen[number]:
                mixed[number] = _pasted(lr[number], clean[number], box, inside=inside[number])
        return batch | {"lr": mixed}

    def _clean(self, lr: Tensor, hr: Tensor) -> Tensor:
        height, width = lr.shape[-2:]
        if hr.shape != (*lr.shape[:2], height * self.scale, width * self.scale):
            raise SrcoreError(
                f"transform cutblur: expected hr {self.scale} times as large as lr, found "
                f"{tuple(hr.shape)} and {tuple(lr.shape)}; it works on pairs"
            )
        return hr if self.scale == 1 else resize(hr, scale=1 / self.scale).clamp(0, 1)


def _blended(image: Tensor, other: Tensor, shares: Tensor) -> Tensor:
    if not image.is_floating_point():
        return image
    per_image = shares.to(image)[:, None, None, None]
    # With a share of 1 the image stays as it was to the bit.
    return torch.where(per_image == 1, image, per_image * image + (1 - per_image) * other)


def _pasted(image: Tensor, other: Tensor, box: Box, *, inside: bool) -> Tensor:
    """``other`` inside the box and ``image`` outside of it, or the reverse."""
    mixed, source = (image.clone(), other) if inside else (other.clone(), image)
    rows, columns = box.of(1)
    mixed[:, rows, columns] = source[:, rows, columns]
    return mixed
