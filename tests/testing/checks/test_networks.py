"""Networks, discriminators and their inputs: one faulty part for every check, and what is said."""

import pytest
import torch
from torch import nn

#: Whatever counts itself is different every time.
COUNT = iter(range(1_000_000))


class Net(nn.Module):
    """A network without fault."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, lr):
        return nn.functional.interpolate(self.conv(lr), scale_factor=self.scale)


class Stacking(Net):
    """Sees its noise as further channels: as many images of it as of ``lr``."""

    def draw(self, size, generator):
        return {"noise": torch.randn(3, *size, generator=generator)}

    def forward(self, lr, noise):
        return super().forward(torch.cat([lr, noise], 1)[:, :3] + 0.1 * noise)


class Small(Net):
    def forward(self, lr):
        return super().forward(lr)[..., :-1]


class Silent(Net):
    def __init__(self, scale):
        super().__init__(scale)
        self.scale = None


class Overflowing(Net):
    def forward(self, lr):
        return super().forward(lr) / 0.0


class Lazy(Net):
    def __init__(self, scale):
        super().__init__(scale)
        self.spare = nn.Linear(2, 2)


class Forgetful(Net):
    def __init__(self, scale):
        super().__init__(scale)
        self.offset = torch.rand(())

    def forward(self, lr):
        return super().forward(lr) + self.offset


class Whimsical(Net):
    def __init__(self, scale):
        super().__init__(scale)
        nn.init.constant_(self.conv.bias, float(next(COUNT)))


class Drawing(Net):
    def draw(self, size, generator):
        return {"noise": torch.randn(1, *size)}

    def forward(self, lr, noise):
        return super().forward(lr + noise)


class Deterministic(Drawing):
    def draw(self, size, generator):
        return {"noise": torch.ones(1, *size)}


class Deployed(Net):
    def deploy(self):
        return type(self)(self.scale)


class Itself(Net):
    def deploy(self):
        return self


class Judge(nn.Module):
    """A discriminator without fault."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3)

    def forward(self, image):
        return self.conv(image)


class Infinite(Judge):
    def forward(self, image):
        return super().forward(image) / 0.0


class Detached(Judge):
    def forward(self, image):
        return super().forward(image.detach())


class Crowded(Judge):
    def __init__(self):
        super().__init__()
        self.more = nn.Linear(1, 1)


class Arbitrary(Judge):
    def __init__(self):
        super().__init__()
        nn.init.constant_(self.conv.bias, float(next(COUNT)))


class Noise:
    """A discriminator's input without fault."""

    def __call__(self, image, *, progress, generator):
        return image + torch.randn(image.shape, generator=generator)


class GlobalNoise(Noise):
    def __call__(self, image, *, progress, generator):
        return image + next(COUNT)


class InPlace(Noise):
    def __call__(self, image, *, progress, generator):
        with torch.no_grad():
            image.mul_(0.5)
        return image * 1


class Cut(Noise):
    def __call__(self, image, *, progress, generator):
        return image.detach()


class Half(Noise):
    def __call__(self, image, *, progress, generator):
        return image[:1]


FAULTS = [
    ("network", Small, {}, r"expected \(1, 3, 34, 46\) from \(1, 3, 17, 23\) at scale 2, found"),
    ("network", Silent, {}, "expected the attribute scale = 2, found None"),
    ("network", Overflowing, {}, "expected finite values, found others"),
    ("network", Lazy, {}, "expected a gradient for every parameter, found none for spare.weight"),
    ("network", Forgetful, {}, "expected equal images from equal states"),
    ("network", Whimsical, {}, "expected equal weights from equal seeds"),
    ("network", Drawing, {}, r"expected draw\(\) to give equal fields for equal generators"),
    ("network", Deterministic, {}, "to use its generator, found equal fields for two seeds"),
    ("network", Deployed, {}, r"expected the same images from deploy\(\)"),
    ("network", Itself, {}, r"expected deploy\(\) to return a new network"),
    ("discriminator", Infinite, {}, "expected finite logits"),
    ("discriminator", Detached, {}, "expected a finite gradient to the image, found none"),
    ("discriminator", Crowded, {}, "every parameter, found none for more.weight, more.bias"),
    ("discriminator", Arbitrary, {}, "expected equal weights from equal seeds"),
    ("discriminator", Judge, {"about": {"needs": ("mask",)}}, 'needs "mask": expected a value'),
    ("discriminator_input", GlobalNoise, {}, "expected equal images from equal generators"),
    ("discriminator_input", InPlace, {}, "found them changed in place"),
    ("discriminator_input", Cut, {}, "expected a differentiable result"),
    ("discriminator_input", Half, {}, r"expected 2 finite images, found \(1, 3, 32, 32\)"),
]


@pytest.mark.parametrize(("kind", "target", "how", "message"), FAULTS)
def test_a_faulty_part_is_refused_in_one_line_that_names_it(kind, target, how, message, refused):
    refused(kind, target, how, message)


@pytest.mark.parametrize(
    ("kind", "target", "how"),
    [
        ("network", Net, {}),
        ("network", Lazy, {"unused": ("spare.*",)}),
        ("discriminator", Judge, {}),
        ("discriminator_input", Noise, {}),
    ],
)
def test_a_part_without_fault_is_not_complained_of(kind, target, how, tried):
    assert tried(kind, target, **how) == []


def test_a_network_that_draws_is_given_as_many_fields_as_images(tried):
    assert tried("network", Stacking) == []
