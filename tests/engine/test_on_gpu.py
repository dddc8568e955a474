"""Training on a GPU, by all paths that differ there. ``--gpu-device cpu`` tries the tests."""

import gc
import json

import pytest
import torch
from torch import nn

import srcore
from srcore.api import load_generator
from srcore.engine.loss_scale import LossScale
from srcore.engine.run import Run
from srcore.engine.sampling import to_device
from srcore.engine.training import Training
from srcore.engine.updater import Updater
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.networks.edsr import EDSR
from srcore.plugin.manager import plugins
from srcore.seeding import Randomness, seeded_generator
from srcore.testing import assert_same_state

pytestmark = pytest.mark.gpu

GAN = (
    'method={type="gan"}',
    'discriminator={type="patch",num_features=4,num_layers=2}',
    'losses=[{type="l1"},{type="adversarial",weight=0.1}]',
)
METHODS = {"supervised": (), "gan": GAN}
#: Steps in proportion to the gradients: differences in the last bits stay small.
SMOOTH = ('optimizer.generator={type="adam",eps=1.0,learning_rate=1e-2}',)
FORMATS = {
    "float32": (),
    "channels_last": ("train.channels_last=true",),
    "bfloat16": ("train.precision=bfloat16",),
    "float16": ("train.precision=float16",),
    "channels_last, float16, two parts": (
        "train.channels_last=true",
        "train.precision=float16",
        "train.accumulate=2",
    ),
    "deterministic": ("train.deterministic=true",),
    "skipping, clipped": (
        "train.nan_skips=2",
        'optimizer.generator={type="adamw",clip_gradient_norm=0.1}',
    ),
    "several readers": ("data.train.workers=2",),
}


def train(file, folder, gpu, *overrides, resume=False):
    settings = (f"train.device={gpu.type}", *overrides)
    loaded = srcore.load_experiment(file, settings)
    run_experiment(loaded, folder, resume=resume, quiet=True)
    return folder / "tiny"


def skip_float16_on_the_cpu(gpu, settings):
    if gpu.type == "cpu" and "train.precision=float16" in settings:
        pytest.skip("float16 needs a GPU")


def last(folder):
    state = torch.load(folder / "checkpoints" / "last.pt", map_location="cpu", weights_only=True)
    return {key: state[key] for key in ("networks", "optimizers", "iteration")}


def training(file, folder, gpu, *overrides):
    loaded = srcore.load_experiment(file, (f"train.device={gpu.type}", *overrides))
    folder.mkdir()
    run = Run(
        folder, loaded.experiment(loaded.stages[0]), "", {}, gpu, quiet=True, plugins=plugins()
    )
    return Training(run)


@pytest.mark.parametrize("settings", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("method", METHODS)
def test_every_format_trains(tiny_experiment, tmp_path, gpu, method, settings):
    skip_float16_on_the_cpu(gpu, settings)
    folder = train(tiny_experiment, tmp_path / "runs", gpu, *METHODS[method], *settings)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert rows
    numbers = [value for row in rows for value in row.values() if isinstance(value, float)]
    assert all(abs(value) < 1e6 for value in numbers)
    peaks = json.loads((folder / "performance.json").read_text())["peak_memory_mib"]
    assert ("device" in peaks) == (gpu.type == "cuda")
    assert peaks.get("device", 1) > 0
    network = load_generator(folder / "generator.safetensors")  # on the CPU
    assert torch.isfinite(network(torch.rand(1, 3, 8, 8))).all()


@pytest.mark.parametrize("method", METHODS)
def test_it_trains_as_on_the_cpu(tiny_experiment, tmp_path, gpu, method):
    settings = (*METHODS[method], *SMOOTH, "train.iterations=2")
    ours = last(train(tiny_experiment, tmp_path / "gpu", gpu, *settings))
    theirs = last(train(tiny_experiment, tmp_path / "cpu", torch.device("cpu"), *settings))
    for name, network in ours["networks"].items():
        torch.testing.assert_close(network, theirs["networks"][name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_a_deterministic_training_resumes_to_the_bit(tiny_experiment, tmp_path, gpu, method):
    settings = (*METHODS[method], "train.deterministic=true", "train.channels_last=true")
    whole = last(train(tiny_experiment, tmp_path / "whole", gpu, *settings))
    train(tiny_experiment, tmp_path / "parts", gpu, *settings, "train.iterations=4")
    assert_same_state(
        whole, last(train(tiny_experiment, tmp_path / "parts", gpu, *settings, resume=True))
    )


def test_a_float16_training_resumes_with_its_scale(tiny_experiment, tmp_path, gpu):
    settings = ("train.precision=float16", "train.deterministic=true")
    skip_float16_on_the_cpu(gpu, settings)
    whole = last(train(tiny_experiment, tmp_path / "whole", gpu, *settings))
    train(tiny_experiment, tmp_path / "parts", gpu, *settings, "train.iterations=4")
    assert_same_state(
        whole, last(train(tiny_experiment, tmp_path / "parts", gpu, *settings, resume=True))
    )


def test_a_training_moves_between_gpu_and_cpu(tiny_experiment, tmp_path, gpu):
    cpu = torch.device("cpu")
    for number, (first, second) in enumerate([(gpu, cpu), (cpu, gpu)]):
        folder = tmp_path / str(number)
        train(tiny_experiment, folder, first, "train.iterations=4")
        assert last(train(tiny_experiment, folder, second, resume=True))["iteration"] == 6


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_arrive_whole_from_pinned_memory(tiny_experiment, tmp_path, gpu, workers):
    settings = ("train.iterations=20", f"data.train.workers={workers}")
    arrived, expected = [], []
    with training(tiny_experiment, tmp_path / "gpu", gpu, *settings).feed.open(0, 20) as readers:
        for raw in readers:
            assert raw["lr"].is_pinned() == (gpu.type == "cuda")
            arrived.append(to_device(raw, gpu))  # without waiting for any
    cpu = torch.device("cpu")
    with training(tiny_experiment, tmp_path / "cpu", cpu, *settings).feed.open(0, 20) as readers:
        expected = [to_device(raw, cpu) for raw in readers]
    assert len(arrived) == 20
    for ours, theirs in zip(arrived, expected, strict=True):
        assert ours["hr"].device == gpu
        for name in ("lr", "hr"):
            torch.testing.assert_close(ours[name].cpu(), theirs[name], rtol=0, atol=1e-7)


def test_random_numbers_are_drawn_on_the_device_and_repeat(gpu):
    drawn = torch.rand(5, generator=seeded_generator(gpu, 1, 2), device=gpu)
    assert torch.equal(drawn, torch.rand(5, generator=seeded_generator(gpu, 1, 2), device=gpu))
    randomness = Randomness(3, gpu)
    rows = []
    for iteration in (7, 8, 7):
        randomness.begin(iteration, rank=0)
        draws = [torch.rand(4, device=gpu)]
        draws += [
            torch.rand(4, generator=made, device=gpu)
            for made in (randomness.transforms, randomness.method)
        ]
        rows.append(torch.cat(draws))
    assert torch.equal(rows[0], rows[2])
    assert not torch.equal(rows[0], rows[1])


def test_the_loss_scale_follows_pytorchs(gpu):
    ours, theirs = nn.Linear(2, 1).to(gpu), nn.Linear(2, 1).to(gpu)
    theirs.load_state_dict(ours.state_dict())
    scale = LossScale(enabled=True)
    updater = Updater(ours, torch.optim.SGD(ours.parameters(), 1e-3), None, scale)
    reference = torch.amp.GradScaler(gpu.type)
    optimizer = torch.optim.SGD(theirs.parameters(), 1e-3)
    ones = torch.ones(1, 2, device=gpu)
    for number in range(6):
        factor = 1e36 if number in (2, 3) else 1.0 + number
        updater.begin(number, 1, watch_norm=False)
        updater.backward(ours(ones).sum() * factor)
        updater.step()
        scale.update()
        optimizer.zero_grad()
        reference.scale(theirs(ones).sum() * factor).backward()
        reference.step(optimizer)
        reference.update()
        assert scale.scale == reference.get_scale()
        assert torch.equal(ours.weight, theirs.weight)


def test_fused_optimizers_step_as_others_do(gpu):
    networks = [nn.Linear(4, 3).to(gpu) for _ in "ab"]
    networks[1].load_state_dict(networks[0].state_dict())
    for network, fused in zip(networks, (True, False), strict=True):
        optimizer = torch.optim.Adam(network.parameters(), 1e-2, fused=fused)
        updater = Updater(network, optimizer, None, LossScale(enabled=True), clip_norm=1.0)
        for number in range(4):
            updater.begin(number, 1, watch_norm=True)
            updater.backward(network(torch.full((2, 4), 0.5, device=gpu)).square().sum())
            updater.step()
    torch.testing.assert_close(networks[0].weight, networks[1].weight, rtol=1e-5, atol=1e-6)


def test_a_bad_iteration_is_put_back_on_the_device(tiny_experiment, tmp_path, gpu, monkeypatch):
    made = training(tiny_experiment, tmp_path / "run", gpu, "train.nan_skips=1")
    step, seen = made.method.step, []

    def spoiled(batch):
        seen.append({k: v.clone() for k, v in made.parts.generator_module.state_dict().items()})
        if len(seen) == 3:
            batch = {
                name: value * torch.nan for name, value in batch.items() if name in ("lr", "hr")
            }
        return step(batch)

    monkeypatch.setattr(made.method, "step", spoiled)
    made.execute()
    assert_same_state(seen[2], seen[3])
    assert not torch.equal(*(next(iter(seen[i].values())) for i in (1, 2)))


def test_memory_that_runs_out_is_one_line_and_no_end(tiny_experiment, tmp_path, gpu, monkeypatch):
    def forward(self, lr):
        return torch.empty(2**50, dtype=torch.uint8, device=lr.device)

    with monkeypatch.context() as patch:
        patch.setattr(EDSR, "forward", forward)
        text = rf"iteration 1: out of memory on {gpu}; raise train\.accumulate \(now 1\), or lower"
        with pytest.raises(SrcoreError, match=text) as caught:
            train(tiny_experiment, tmp_path / "first", gpu)
    assert "\n" not in str(caught.value)
    assert last(train(tiny_experiment, tmp_path / "second", gpu))["iteration"] == 6


def test_a_run_gives_its_memory_back(tiny_experiment, tmp_path, gpu):
    if gpu.type != "cuda":
        pytest.skip("the memory of a process does not tell what tensors hold")
    train(tiny_experiment, tmp_path / "first", gpu, *GAN)
    gc.collect()
    before = torch.cuda.memory_allocated()
    train(tiny_experiment, tmp_path / "second", gpu, *GAN)
    gc.collect()
    assert torch.cuda.memory_allocated() - before < 2**20


def test_a_compiled_generator_trains_as_a_plain_one(tiny_experiment, tmp_path, gpu):
    settings = (*SMOOTH, "train.iterations=2")
    plain = last(train(tiny_experiment, tmp_path / "plain", gpu, *settings))
    torch.compiler.reset()
    compiled = last(
        train(tiny_experiment, tmp_path / "compiled", gpu, *settings, "train.compile=true")
    )
    torch.compiler.reset()
    torch.testing.assert_close(
        compiled["networks"]["generator"], plain["networks"]["generator"], rtol=1e-4, atol=1e-5
    )
