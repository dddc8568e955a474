"""Adversarial losses: values, gradients, order of the discriminator's forward passes."""

import math

import pytest
import torch

from srcore import SrcoreError, build
from srcore.contracts import DiscriminatorLoss, LossContext
from srcore.losses.adversarial import AdversarialLoss, adversarial_criterion

REAL = torch.tensor([[0.7], [-0.2], [1.4]], dtype=torch.float64)
FAKE = torch.tensor([[-0.5], [0.9], [0.1]], dtype=torch.float64)


class Game:
    """A discriminator whose logits are given; images of ones are real, of zeros generated."""

    def __init__(self, real=REAL, fake=FAKE, labels=(1.0, 0.0)):
        self.real = real.clone().requires_grad_()
        self.fake = fake.clone().requires_grad_()
        self.order = []
        self.context = LossContext(
            batch={"hr": torch.ones(1), "photo": torch.ones(2)},
            sr=torch.zeros(1),
            iteration=1,
            discriminate=self.discriminate,
            labels=labels,
        )

    def discriminate(self, images):
        is_real = bool(images.all())
        self.order.append("real" if is_real else "fake")
        return self.real if is_real else self.fake

    def discriminator_step(self, loss):
        terms = {}
        for name, term in loss.discriminator_terms(self.context):
            term.backward()
            terms[name] = float(term.detach())
        return terms


def bce(p, y):
    probability = 1 / (1 + math.exp(-p))
    return -(y * math.log(probability) + (1 - y) * math.log(1 - probability))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def scalar(p, mode, is_real, label, for_generator):
    sign = 1 if is_real else -1
    return {
        "vanilla": lambda: bce(p, label),
        "lsgan": lambda: (p - label) ** 2,
        "wgan": lambda: -sign * p,
        "wgan_softplus": lambda: math.log(1 + math.exp(-sign * p)),
        "hinge": lambda: -p if for_generator else max(0.0, 1 - sign * p),
    }[mode]()


@pytest.mark.parametrize("for_generator", [False, True])
@pytest.mark.parametrize("is_real", [False, True])
@pytest.mark.parametrize("mode", ["vanilla", "lsgan", "wgan", "wgan_softplus", "hinge"])
def test_criterion_is_the_mean_over_logits(mode, is_real, for_generator):
    settings = {"is_real": is_real, "label": 0.9 if is_real else 0.1}
    expected = mean(
        scalar(p, mode, for_generator=for_generator, **settings) for p in REAL.flatten().tolist()
    )
    value = adversarial_criterion(REAL, mode, for_generator=for_generator, **settings)
    assert float(value) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("shape", [(2, 1), (2, 1, 3, 4), (2,)])
def test_labels_may_differ_per_image(shape):
    logits = torch.linspace(-1, 1, math.prod(shape), dtype=torch.float64).reshape(shape)
    value = adversarial_criterion(logits, "vanilla", is_real=True, label=torch.tensor([0.9, 0.3]))
    rows = logits.reshape(2, -1).tolist()
    label = torch.tensor([0.9, 0.3]).double().tolist()
    expected = mean(bce(p, y) for row, y in zip(rows, label, strict=True) for p in row)
    assert float(value) == pytest.approx(expected, rel=1e-9)


def test_plain_loss_shows_the_discriminator_three_batches():
    game, loss = Game(), build("loss", "adversarial")
    assert loss(game.context).item() == pytest.approx(mean(bce(f, 1) for f in FAKE.flatten()))
    terms = game.discriminator_step(loss)
    assert game.order == ["fake", "real", "fake"]
    assert terms == {
        "real": pytest.approx(mean(bce(r, 1) for r in REAL.flatten())),
        "fake": pytest.approx(mean(bce(f, 0) for f in FAKE.flatten())),
    }


def test_fake_first_is_an_option():
    game = Game()
    terms = game.discriminator_step(AdversarialLoss(discriminator_order="fake_first"))
    assert game.order == list(terms) == ["fake", "real"]


def test_detached_average_shows_the_discriminator_five_batches():
    game, loss = Game(), build("loss", "adversarial", relativistic="average")
    loss(game.context)
    assert game.order == ["real", "fake"]
    game.discriminator_step(loss)
    assert game.order[2:] == ["fake", "real", "fake"]


@pytest.mark.parametrize("order", ["real_first", "fake_first"])
def test_average_with_gradient_through_the_means_takes_one_term(order):
    game = Game()
    loss = AdversarialLoss(relativistic="average", detach_means=False, discriminator_order=order)
    assert list(game.discriminator_step(loss)) == ["joint"]
    assert game.order == (["real", "fake"] if order == "real_first" else ["fake", "real"])


def average_value(real, fake, real_label, fake_label):
    real_mean, fake_mean = mean(real), mean(fake)
    return (
        mean(bce(r - fake_mean, real_label) for r in real)
        + mean(bce(f - real_mean, fake_label) for f in fake)
    ) / 2


@pytest.mark.parametrize("detach_means", [True, False])
def test_average_values_use_swapped_labels_for_the_generator(detach_means):
    game = Game(labels=(0.9, 0.1))
    loss = AdversarialLoss(relativistic="average", detach_means=detach_means)
    real, fake = REAL.flatten().tolist(), FAKE.flatten().tolist()
    assert loss(game.context).item() == pytest.approx(average_value(real, fake, 0.1, 0.9))
    total = sum(game.discriminator_step(loss).values())
    assert total == pytest.approx(average_value(real, fake, 0.9, 0.1))


def numeric_gradient(function, values, step=1e-6):
    gradient = []
    for index in range(len(values)):
        high, low = list(values), list(values)
        high[index] += step
        low[index] -= step
        gradient.append((function(high) - function(low)) / (2 * step))
    return torch.tensor(gradient, dtype=torch.float64).reshape(-1, 1)


def test_gradient_through_the_means_reaches_both_classes():
    game = Game()
    game.discriminator_step(AdversarialLoss(relativistic="average", detach_means=False))
    real, fake = REAL.flatten().tolist(), FAKE.flatten().tolist()
    torch.testing.assert_close(
        game.real.grad, numeric_gradient(lambda r: average_value(r, fake, 1, 0), real)
    )
    torch.testing.assert_close(
        game.fake.grad, numeric_gradient(lambda f: average_value(real, f, 1, 0), fake)
    )


def test_detached_means_leave_each_half_to_its_own_class():
    game = Game()
    game.discriminator_step(AdversarialLoss(relativistic="average"))
    real, fake = REAL.flatten().tolist(), FAKE.flatten().tolist()
    fake_mean = mean(fake)
    torch.testing.assert_close(
        game.real.grad,
        numeric_gradient(lambda r: mean(bce(x - fake_mean, 1) for x in r) / 2, real),
    )


def test_generator_gets_no_gradient_from_real_logits():
    game = Game()
    AdversarialLoss(relativistic="average")(game.context).backward()
    assert game.real.grad is None
    assert game.fake.grad is not None


def test_paired_compares_every_image_with_its_partner_and_uses_the_real_label_only():
    game = Game(labels=(0.9, float("nan")))
    loss = build("loss", "adversarial", relativistic="paired")
    pairs = list(zip(REAL.flatten().tolist(), FAKE.flatten().tolist(), strict=True))
    assert loss(game.context).item() == pytest.approx(mean(bce(f - r, 0.9) for r, f in pairs))
    terms = game.discriminator_step(loss)
    assert terms == {"joint": pytest.approx(mean(bce(r - f, 0.9) for r, f in pairs))}
    torch.testing.assert_close(game.real.grad, -game.fake.grad)


def test_discriminator_step_sees_detached_images_and_reports_mean_logits():
    game = Game()
    game.context.sr.requires_grad_()
    seen = []

    def discriminate(images):
        seen.append(images)
        return game.discriminate(images)

    game.context.discriminate = discriminate
    game.discriminator_step(AdversarialLoss())
    assert not any(images.requires_grad for images in seen)
    assert float(game.context.logged["d_real"]) == pytest.approx(mean(REAL.flatten()))
    assert float(game.context.logged["d_fake"]) == pytest.approx(mean(FAKE.flatten()))


def test_half_precision_logits_are_compared_in_single_precision():
    game = Game(REAL.bfloat16(), FAKE.bfloat16())
    assert AdversarialLoss(relativistic="average")(game.context).dtype == torch.float32


def test_real_images_come_from_the_entry_it_is_told():
    game = Game()
    seen = []

    def discriminate(images):
        seen.append(len(images))
        return game.real

    game.context.discriminate = discriminate
    game.discriminator_step(AdversarialLoss(real="photo"))
    assert seen == [2, 1]
    with pytest.raises(SrcoreError, match='loss "adversarial" needs the batch entry "film"'):
        game.discriminator_step(AdversarialLoss(real="film"))


def test_it_is_a_discriminator_loss():
    assert isinstance(AdversarialLoss(), DiscriminatorLoss)
