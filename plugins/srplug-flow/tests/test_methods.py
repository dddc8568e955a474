"""What the methods draw and show to losses; a teacher on the same noise; resume; two processes."""

import functools
from pathlib import Path

import pytest
import torch
from srplug_flow import methods

import srcore
from srcore.engine.parts import Parts
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.testing import assert_close, assert_same_state
from srcore.testing.killing import wait
from srcore.testing.ranks import fork_ranks

FILES = ("small.toml", "adversarial.toml", "distilled.toml")
BOTH = 'losses=[{type="flow_matching"},{type="adversarial",weight=0.1}]'


def losses_of(file):
    return (BOTH,) if file == "adversarial.toml" else ()


def made(experiment, *overrides):
    """Method and parts of an experiment, at its first iteration, with a batch."""
    loaded = srcore.load_experiment(experiment, overrides)
    stage = loaded.experiment(loaded.stages[0])
    parts = Parts(stage, torch.device("cpu"), plugins().registry)
    method = stage.training_method.build(parts=parts)
    parts.begin(1, watch_norm=False)
    torch.manual_seed(5)
    return method, parts, {"lr": torch.rand(2, 3, 16, 16), "hr": torch.rand(2, 3, 32, 32)}


def test_losses_see_the_estimates_of_both_networks_from_one_point(experiment):
    method, parts, batch = made(experiment, 'losses=[{type="ldl"}]')
    with torch.no_grad():
        for parameter in parts.ema.network.parameters():
            parameter.add_(0.01)
    context = method.generate(batch)
    parts.begin(1, watch_norm=False)
    time = 0.999 * torch.rand(2, generator=parts.random)
    noise = parts.roles["generator"].beside(batch, parts.drawn)["noise"]
    assert torch.equal(context.extras["flow_time"], time)
    networks = (parts.generator_module, parts.ema.network)
    for network, seen in zip(networks, (context.sr, context.ema_sr), strict=True):
        with torch.no_grad():
            t = time.view(2, 1, 1, 1)
            point = (1 - t) * network.start(batch["lr"], noise) + t * batch["hr"]
            expected = point + (1 - t) * network.velocity(point, time, batch["lr"])
        assert_close(seen.detach(), expected, rtol=1e-5, atol=1e-6)
    assert not torch.equal(context.sr, context.ema_sr)


def test_times_are_drawn_for_every_image_and_iteration_up_to_the_latest(experiment):
    method, parts, batch = made(experiment, "method.latest=0.5")
    batch = {name: image[:1].expand(64, -1, -1, -1) for name, image in batch.items()}
    times = []
    for iteration in (1, 2, 1):
        parts.begin(iteration, watch_norm=False)
        times.append(method.generate(batch).extras["flow_time"])
    assert times[0].unique().numel() > 60
    assert 0.4 < times[0].max() <= 0.5
    assert not torch.equal(times[0], times[1])
    assert torch.equal(times[0], times[2])


def test_the_start_alone_is_one_step(experiment):
    method, parts, batch = made(experiment, "method.latest=0.0", "generator.steps=1")
    context = method.generate(batch)
    parts.begin(1, watch_norm=False)
    assert_close(context.sr, parts.upscale(batch), rtol=1e-6, atol=1e-6)


def test_the_loss_falls(experiment, train):
    rate = 'optimizer.generator={type="adam",learning_rate=3e-3}'
    _, values = train(experiment, "train.iterations=60", rate, "train.checkpoint_every=100")
    first, last = (
        sum(row["flow_matching"] for row in rows) / 15 for rows in (values[:15], values[-15:])
    )
    assert last < 0.8 * first


def test_teacher_and_student_see_the_same_noise(experiment, train):
    same = ("generator.steps=3", 'generator.weights="teacher.safetensors"')
    both = 'losses=[{type="l1",target="teacher"},{type="l1",name="truth"}]'
    _, values = train(experiment.with_name("distilled.toml"), *same, both)
    assert values[0]["l1"] == 0
    assert values[0]["truth"] > 0


def test_the_teacher_takes_its_steps_without_graph_and_stays_as_it_is(experiment):
    method, parts, batch = made(experiment.with_name("distilled.toml"))
    context = method.generate(batch)
    teacher = context.batch["teacher"]
    assert not teacher.requires_grad
    assert not parts.roles["teacher"].network.training
    parts.begin(1, watch_norm=False)
    noise = parts.roles["teacher"].beside(batch, parts.drawn)["noise"]
    network = srcore.load_generator(experiment.with_name("teacher.safetensors"))
    with torch.no_grad():
        assert torch.equal(teacher, network(batch["lr"], noise=noise))
    assert "teacher" not in parts.trained


def test_accumulated_parts_have_gradients(experiment, train):
    state, values = train(experiment, "train.accumulate=2")
    assert state["iteration"] == 2
    assert all(row["flow_matching"] > 0 for row in values)


@pytest.mark.parametrize("file", FILES)
def test_resumed_run_is_bit_identical(experiment, train, file):
    path, losses = experiment.with_name(file), losses_of(file)
    whole, _ = train(path, *losses, "train.iterations=4", output="whole")
    train(path, *losses, "train.iterations=1", output="parts")
    train(path, *losses, "train.iterations=2", output="parts", resume=True)
    parts, _ = train(path, *losses, "train.iterations=4", output="parts", resume=True)
    assert_same_state(parts, whole)


def train_on_ranks(file, output, overrides, tmp_path, ranks=2):
    logs = [tmp_path / f"{output.name}_{rank}.log" for rank in range(ranks)]
    for log in logs:
        log.touch()
    work = functools.partial(_train, file, output, overrides)
    ended = [wait(process) for process in fork_ranks(lambda rank: work(), logs)]
    assert ended == [0] * ranks, "\n".join(log.read_text()[-3000:] for log in logs)
    return torch.load(output / "small/checkpoints/last.pt", weights_only=True)


def _train(file, output, overrides):
    run_experiment(srcore.load_experiment(file, overrides), output, quiet=True, resume=True)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="forks processes")
@pytest.mark.parametrize("file", FILES)
def test_two_processes_resume_bit_identically(experiment, tmp_path, file):
    path, losses = experiment.with_name(file), losses_of(file)
    whole = train_on_ranks(path, tmp_path / "whole", (*losses, "train.iterations=5"), tmp_path)
    train_on_ranks(path, tmp_path / "parts", (*losses, "train.iterations=2"), tmp_path)
    parts = train_on_ranks(path, tmp_path / "parts", (*losses, "train.iterations=5"), tmp_path)
    assert_same_state(parts, whole)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="forks processes")
def test_processes_draw_times_and_noise_of_their_own_and_share_gradients(experiment, tmp_path):
    two = train_on_ranks(experiment, tmp_path / "two", ("train.iterations=2",), tmp_path)
    one = train_on_ranks(experiment, tmp_path / "one", ("train.iterations=2",), tmp_path, ranks=1)
    weights = [state["networks"]["generator"]["conv_first.weight"] for state in (one, two)]
    assert not torch.equal(*weights)


def test_one_function_makes_what_both_methods_show(experiment, monkeypatch, train):
    calls = []
    original = methods.estimated

    def watched(batch, parts, latest):
        calls.append(latest)
        return original(batch, parts, latest)

    monkeypatch.setattr(methods, "estimated", watched)
    train(experiment, "method.latest=0.5", output="one")
    train(experiment.with_name("adversarial.toml"), BOTH, output="two")
    assert calls == [0.5, 0.5, 0.999, 0.999]
