"""The whole step against a loop written without the engine; resume; several processes."""

import copy
import functools
from pathlib import Path

import pytest
import torch

import srcore
from srcore.engine.parts import Parts
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.testing import assert_close, assert_same_state
from srcore.testing.killing import wait
from srcore.testing.ranks import fork_ranks
from srcore.transforms.resize import resize

NETWORKS = ("generator", "degradation", "discriminator", "lr_discriminator")
RATES = {"generator": 2e-3, "degradation": 3e-3, "discriminator": 4e-3, "lr_discriminator": 5e-3}
SGD = tuple(
    f"optimizer.{name}={{type='sgd', learning_rate={rate}}}" for name, rate in RATES.items()
)


def parts_and_method(experiment, *overrides):
    loaded = srcore.load_experiment(experiment, (*SGD, *overrides))
    stage = loaded.experiment(loaded.stages[0])
    parts = Parts(stage, torch.device("cpu"), registry=plugins().registry)
    return parts, stage.method.selected.build(parts=parts)


def unpaired(seed):
    generator = torch.Generator().manual_seed(seed)
    return {
        "lr": torch.rand(2, 3, 16, 16, generator=generator),
        "hr": torch.rand(2, 3, 32, 32, generator=generator),
    }


def mean_square(values, wanted):
    return ((values - wanted) ** 2).sum() / values.numel()


def mean_distance(first, second):
    return (first - second).abs().sum() / first.numel()


def descend(network, rate):
    with torch.no_grad():
        for parameter in network.parameters():
            parameter -= rate * parameter.grad
            parameter.grad = None


def naive_training(networks, batches, *, judged="real", cycle_trains="both", identity=0.0):
    """Plain PyTorch, with nothing of the engine: gradients of every iteration, and the terms.

    The pools are off; G and F are updated by the sum of all their terms, then both discriminators.
    """
    upscale, degrade, judge, lr_judge = (networks[name] for name in NETWORKS)
    recorded = []
    for batch in batches:
        x, y = batch["lr"], batch["hr"]

        def passed(image):
            return image if cycle_trains == "both" else image.detach()

        fake_y, fake_x = upscale(x), degrade(y)
        cycled_y, cycled_x = upscale(passed(fake_x)), degrade(passed(fake_y))
        shown = fake_y if judged == "real" else cycled_y
        terms = {
            "l1": 10.0 * mean_distance(cycled_y, y),
            "adversarial": 0.5 * mean_square(judge(shown), 1.0),
            "lr_mse": 20.0 * mean_square(cycled_x, x),
            "lr_adversarial": mean_square(lr_judge(fake_x), 1.0),
        }
        if identity:
            same_y = upscale(resize(y, scale=0.5, dialect="matlab"))
            same_x = degrade(resize(x, scale=2, dialect="matlab"))
            terms["cyclegan_identity"] = identity * mean_distance(same_y, y)
            terms["cyclegan_lr_identity"] = identity * mean_distance(same_x, x)
        gradients = {}
        own = {
            name: torch.autograd.grad(
                sum(terms.values()), list(networks[name].parameters()), retain_graph=True
            )
            for name in ("generator", "degradation")
        }
        terms |= {
            "adversarial_real": mean_square(judge(y), 1.0),
            "adversarial_fake": mean_square(judge(shown.detach()), 0.0),
            "lr_adversarial_real": mean_square(lr_judge(x), 1.0),
            "lr_adversarial_fake": mean_square(lr_judge(fake_x.detach()), 0.0),
        }
        for name, prefix in (("discriminator", ""), ("lr_discriminator", "lr_")):
            loss = terms[f"{prefix}adversarial_real"] + terms[f"{prefix}adversarial_fake"]
            own[name] = torch.autograd.grad(loss, list(networks[name].parameters()))
        for name, network in networks.items():
            gradients[name] = own[name]
            for parameter, gradient in zip(network.parameters(), own[name], strict=True):
                parameter.grad = gradient
            descend(network, RATES[name])
        recorded.append((gradients, {name: value.item() for name, value in terms.items()}))
    return recorded


def recorded_gradients(parts):
    """Gradients of every network right before its latest update."""
    seen = {}

    def recording(name, updater, step):
        def record():
            seen[name] = [parameter.grad.clone() for parameter in updater.network.parameters()]
            step()

        return record

    for name, updater in parts.updaters.items():
        updater.step = recording(name, updater, updater.step)
    return seen


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"identity": 5.0},
        {"judged": "cycle"},
        {"cycle_trains": "last"},
        {"judged": "cycle", "cycle_trains": "last", "identity": 2.0},
    ],
    ids=str,
)
def test_step_agrees_with_a_naive_loop(experiment, settings):
    overrides = [f"method.{key}={value}" for key, value in settings.items()]
    parts, method = parts_and_method(experiment, "method.pool_size=0", *overrides)
    twins = {name: copy.deepcopy(parts.roles[name].network) for name in NETWORKS}
    batches = [unpaired(seed) for seed in (1, 2)]
    recorded = naive_training(twins, batches, **settings)
    seen = recorded_gradients(parts)
    for number, (batch, (gradients, terms)) in enumerate(
        zip(batches, recorded, strict=True), start=1
    ):
        parts.begin(number, watch_norm=False)
        with parts.piece(0):
            logs = method.step(batch)
        for name, value in terms.items():
            assert_close(logs[name], torch.tensor(value), rtol=1e-5, atol=1e-6)
        for name in NETWORKS:
            for ours, wanted in zip(seen[name], gradients[name], strict=True):
                assert_close(ours, wanted, rtol=1e-4, atol=1e-6)
    for name, network in twins.items():
        wanted = network.state_dict()
        for key, value in parts.roles[name].network.state_dict().items():
            assert_close(value, wanted[key], rtol=1e-5, atol=1e-6)


def test_logs_tell_the_discriminators_apart(experiment):
    parts, method = parts_and_method(experiment)
    parts.begin(1, watch_norm=False)
    with parts.piece(0):
        logs = method.step(unpaired(1))
    assert {"d_real", "d_fake", "lr_discriminator_d_real", "lr_discriminator_d_fake"} <= set(logs)
    assert not torch.equal(logs["d_real"], logs["lr_discriminator_d_real"])
    assert not any(value.requires_grad for value in logs.values())


def test_cycles_that_train_the_last_network_leave_the_first_alone(experiment):
    losses = "losses=[{type='l1'}, {type='adversarial', weight=0.0}, " + (
        "{type='adversarial', name='a', for='degradation', weight=0.0}]"
    )
    for how, moves in (("both", True), ("last", False)):
        parts, method = parts_and_method(experiment, losses, f"method.cycle_trains={how}")
        before = copy.deepcopy(parts.roles["degradation"].network.state_dict())
        parts.begin(1, watch_norm=False)
        with parts.piece(0):
            method.step(unpaired(1))
        after = parts.roles["degradation"].network.state_dict()
        changed = any(not torch.equal(before[name], after[name]) for name in after)
        assert changed == moves, how


def test_discriminators_are_shown_what_their_pools_give(experiment):
    parts, method = parts_and_method(experiment, "method.pool_size=2")
    made, shown, stored, earlier = [], [], [], 0
    parts.generator_module.register_forward_hook(
        lambda module, given, output: made.append(output.detach().clone())
    )
    parts.discriminator_module.register_forward_pre_hook(
        lambda module, given: shown.append(given[0].detach().clone())
    )
    for number in range(1, 9):
        made.clear()
        shown.clear()
        parts.begin(number, watch_norm=False)
        with parts.piece(0):
            method.step(unpaired(number))
        upscaled, judged = made[0], shown[-1]  # G(x) comes first, fakes are judged last
        assert torch.equal(shown[0], upscaled), "the generator is told of its own images"
        if number == 1:
            assert torch.equal(judged, upscaled), "the pool fills"
        for image in judged:
            if not is_among(image, upscaled):
                assert is_among(image, stored)
                earlier += 1
        stored += list(upscaled)
    assert earlier > 0


def is_among(image, images):
    return any(torch.equal(image, it) for it in images)


@pytest.mark.parametrize(
    "settings",
    [
        ("method.pool_size=3",),
        ("method.pool_size=3", "train.precision=bfloat16"),
        ("method.pool_size=3", "train.accumulate=2"),
        ("method.identity=2.0", "train.ema_decay=0.9"),
    ],
    ids=" ".join,
)
def test_resumed_run_is_bit_identical(experiment, tmp_path, settings):
    def train(name, iterations, **options):
        loaded = srcore.load_experiment(experiment, (*settings, f"train.iterations={iterations}"))
        run_experiment(loaded, tmp_path / name, quiet=True, **options)
        return last(tmp_path / name)

    whole = train("whole", 6)
    train("parts", 1)
    train("parts", 3, resume=True)
    assert_same_state(train("parts", 6, resume=True), whole)
    assert set(whole["networks"]) >= set(NETWORKS)
    if "method.pool_size=3" in settings:
        pools = whole["others"]["method"]
        assert {name: len(pool["images"]) for name, pool in pools.items()} == {
            "generator": 3,
            "degradation": 3,
        }


def last(folder):
    return torch.load(folder / "small/checkpoints/last.pt", weights_only=True)


def train_on_ranks(experiment, output, overrides, tmp_path, ranks=2):
    logs = [tmp_path / f"{output.name}_{rank}.log" for rank in range(ranks)]
    for log in logs:
        log.touch()
    work = functools.partial(_train, experiment, output, overrides)
    ended = [wait(process) for process in fork_ranks(lambda rank: work(), logs)]
    assert ended == [0] * ranks, "\n".join(log.read_text()[-3000:] for log in logs)
    return last(output)


def _train(experiment, output, overrides):
    loaded = srcore.load_experiment(experiment, overrides)
    run_experiment(loaded, output, quiet=True, resume=True)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="forks processes")
def test_two_processes_resume_bit_identically(experiment, tmp_path):
    common = ("method.pool_size=3", "method.identity=1.0")
    whole = train_on_ranks(
        experiment, tmp_path / "whole", (*common, "train.iterations=5"), tmp_path
    )
    train_on_ranks(experiment, tmp_path / "parts", (*common, "train.iterations=2"), tmp_path)
    parts = train_on_ranks(
        experiment, tmp_path / "parts", (*common, "train.iterations=5"), tmp_path
    )
    assert_same_state(parts, whole)
    first, second = (state["others"]["method"] for state in (whole, *whole["other_ranks"]))
    assert not torch.equal(first["generator"]["images"][0], second["generator"]["images"][0])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="forks processes")
def test_two_processes_train_like_one_with_the_whole_batch(experiment, tmp_path):
    common = (*SGD, "method.pool_size=0", "train.iterations=2", "data.train.flip=false")
    one = train_on_ranks(
        experiment, tmp_path / "one", (*common, "train.batch_size=4"), tmp_path, ranks=1
    )
    two = train_on_ranks(experiment, tmp_path / "two", (*common, "train.batch_size=2"), tmp_path)
    for name in NETWORKS:
        for key, value in one["networks"][name].items():
            assert_close(two["networks"][name][key], value, rtol=1e-4, atol=1e-5)


def test_two_images_of_whole_sizes_are_no_crops(experiment):
    """Whole images of odd sides, one at a time."""
    parts, method = parts_and_method(experiment)
    parts.begin(1, watch_norm=False)
    batch = {"lr": torch.rand(1, 3, 13, 17), "hr": torch.rand(1, 3, 32, 46)}
    with parts.piece(0):
        logs = method.step(batch)
    assert all(torch.isfinite(value) for value in logs.values())
