"""The whole box of tricks at work in a GAN experiment of the core's networks.

Labels and noise themselves are tested beside their modules.
"""

import numpy as np
import pytest
import torch

from srcore.engine.parts import Parts
from srcore.images import write_image
from srcore.plugin.manager import plugins
from srcore.testing.experiments import typed
from srcore.transforms.resize import resize_uint8

ITERATIONS = 10


def experiment(**tables):
    adam = {"type": "adam", "learning_rate": 1e-3}
    table = {
        "scale": 2,
        "generator": {"type": "edsr", "num_features": 4, "num_blocks": 1},
        "discriminator": {"type": "unet", "num_features": 4},
        "method": {"type": "gan"},
        "losses": [{"type": "adversarial"}],
        "optimizer": {"generator": adam, "discriminator": adam},
        "train": {"iterations": ITERATIONS, "ema_decay": 0.0},
    }
    return typed(table | tables)


class Steps:
    """Single iterations of an experiment; remembers what the discriminator saw."""

    def __init__(self, **tables):
        self.parts = Parts(experiment(**tables), torch.device("cpu"), registry=plugins().registry)
        self.method = self.parts.experiment.method.selected.build(parts=self.parts)
        self.seen, self.sr = [], []
        self.parts.discriminator_module.register_forward_pre_hook(
            lambda _, inputs: self.seen.append(inputs[0].detach())
        )
        self.parts.generator_module.register_forward_hook(
            lambda *call: self.sr.append(call[2].detach())
        )
        self.hr = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))

    def __call__(self, iteration):
        self.seen.clear()
        self.sr.clear()
        self.parts.begin(iteration, watch_norm=False)
        return self.method.step({"hr": self.hr, "lr": self.hr[:, :, ::2, ::2]})


def test_labels_reach_both_losses():
    plain = Steps()
    smooth = Steps(method={"type": "gan", "labels": {"type": "esrdgan", "smoothing": 1.0}})
    swapped = Steps(method={"type": "gan", "labels": {"type": "esrdgan", "flip_probability": 1.0}})
    first, second, third = (steps(1) for steps in (plain, smooth, swapped))
    names = ("adversarial", "adversarial_real")
    for name in names:
        assert first[name] != second[name]
        # BCE(p, 0) - BCE(p, 1) is the mean logit, before either network has changed
        assert third[name] == pytest.approx(float(second[name]), abs=1e-5), name
    assert first["adversarial_fake"] == second["adversarial_fake"] != third["adversarial_fake"]


def test_noisy_labels_change_with_the_iteration_and_repeat_with_the_seed():
    method = {"type": "gan", "labels": {"type": "esrdgan", "smoothing": 0.5, "noise": 0.05}}
    drawn = [[], []]

    def keeping(labels, kept):
        def draw(*arguments, **named):
            kept.append(labels(*arguments, **named))
            return kept[-1]

        return draw

    for kept in drawn:
        steps = Steps(method=method)
        steps.method.labels = keeping(steps.method.labels, kept)
        steps(1)
        steps(2)
    assert not torch.equal(drawn[0][0][0], drawn[0][1][0])
    assert torch.equal(drawn[0][1][0], drawn[1][1][0])


def test_instance_noise_is_drawn_anew_for_every_pass_and_gone_at_the_last_iteration():
    table = {"type": "unet", "num_features": 4, "inputs": [{"type": "instance_noise"}]}
    steps = Steps(discriminator=table, losses=[{"type": "adversarial", "relativistic": "paired"}])
    steps(5)
    (sr,) = steps.sr
    clean = [steps.hr, sr, steps.hr, sr]  # generator's pass, then the discriminator's
    noise = [seen - image for seen, image in zip(steps.seen, clean, strict=True)]
    for number, one in enumerate(noise):
        assert float(one.std()) == pytest.approx(0.5**0.5, rel=0.1)
        assert all(not torch.allclose(one, other) for other in noise[:number])
    steps(ITERATIONS)
    (sr,) = steps.sr
    for seen, image in zip(steps.seen, [steps.hr, sr, steps.hr, sr], strict=True):
        assert torch.equal(seen, image)


def test_the_generator_is_updated_in_every_second_iteration_only():
    steps = Steps(method={"type": "gan", "generator_every": 2})

    def changes(iteration):
        networks = steps.parts.generator_module, steps.parts.discriminator_module
        before = [[p.detach().clone() for p in network.parameters()] for network in networks]
        steps(iteration)
        return [
            any(not torch.equal(*pair) for pair in zip(network.parameters(), old, strict=True))
            for network, old in zip(networks, before, strict=True)
        ]

    assert [changes(iteration) for iteration in (1, 2, 3, 4)] == [
        [False, True],
        [True, True],
        [False, True],
        [True, True],
    ]


@pytest.mark.parametrize(("early", "expected"), [(True, [1e-3, 5e-4]), (False, [1e-3, 1e-3])])
def test_a_milestone_already_acts_on_its_own_iteration(early, expected):
    schedule = {"type": "multistep", "milestones": [3], "advance_before_first": early}
    steps = Steps(schedule={"generator": schedule, "discriminator": schedule})
    for name in ("generator", "discriminator"):
        rates = []
        for iteration in (2, 3):
            steps.parts.begin(iteration, watch_norm=False)
            rates.append(steps.parts.updaters[name].learning_rate)
        assert rates == pytest.approx(expected)


def test_flips_and_rotations_give_all_eight_orientations_of_a_pair(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    write_image(tmp_path / "a.png", image)
    registry = plugins().registry
    entry = registry.get("dataset", "hr_folder")

    def dataset(**keys):
        options = entry.options(hr=tmp_path, hr_patch_size=16, downscale="opencv", **keys)
        return entry.build(options, scale=4)

    counts = {}
    augmented = dataset()
    for seed in range(400):
        sample = augmented.sample(0, np.random.default_rng(seed))
        counts[sample["hr"].tobytes()] = counts.get(sample["hr"].tobytes(), 0) + 1
        # the published program flips hr and lr independently; here they stay aligned
        aligned = resize_uint8(np.ascontiguousarray(sample["hr"]), scale=1 / 4, dialect="opencv")
        assert np.abs(aligned.astype(int) - sample["lr"].astype(int)).max() <= 1
    quarter_turns = [np.rot90(image, turns) for turns in range(4)]
    wanted = {np.ascontiguousarray(turned).tobytes() for turned in quarter_turns}
    mirrored = {np.ascontiguousarray(turned[:, ::-1]).tobytes() for turned in quarter_turns}
    assert counts.keys() == wanted | mirrored
    assert min(counts.values()) > 400 / 8 * 0.5
    plain = dataset(flip=False, rotate=False)
    assert np.array_equal(plain.sample(0, np.random.default_rng(0))["hr"], image)


def test_gaussian_noise_on_lr_has_the_stated_deviation_and_is_rounded_not_cut():
    entry = plugins().registry.get("transform", "gaussian_noise")
    options = entry.options(image="lr", sigma=(2.55, 2.55), quantize=True)
    transform = entry.build(options, scale=4)
    batch = {"lr": torch.full((4, 3, 64, 64), 100 / 255), "hr": torch.zeros(4, 3, 4, 4)}
    noisy = transform(dict(batch), torch.Generator().manual_seed(0))
    levels = noisy["lr"] * 255
    assert torch.allclose(levels, levels.round(), atol=1e-3)
    # rounding adds 1/12 to the variance; cutting off would take 0.5 from the mean
    assert float(levels.std()) == pytest.approx((2.55**2 + 1 / 12) ** 0.5, rel=0.02)
    assert float(levels.mean()) == pytest.approx(100, abs=0.05)
    assert torch.equal(noisy["hr"], batch["hr"])
