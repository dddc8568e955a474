"""The run directory, and what happens when it cannot be written or training goes wrong."""

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import srcore
from srcore.cli.main import main
from srcore.errors import ConfigError, DataError, SrcoreError
from srcore.launching.stages import run_experiment
from srcore.networks.edsr import EDSR
from srcore.testing import assert_same_state


def run(experiment, output, *overrides, **options):
    return run_experiment(srcore.load_experiment(experiment, overrides), output, **options)


def test_a_run_leaves_what_the_documentation_promises(tiny_experiment, tmp_path):
    table = run(tiny_experiment, tmp_path)
    folder = tmp_path / "tiny"
    assert "psnr" in table
    for name in (
        "experiment.toml", "run.log", "metrics.csv", "metrics.jsonl", "generator.safetensors",
        "generator_best.safetensors", "checkpoints/last.pt", "checkpoints/best.pt",
        "finished.json", "report.html", "images/iteration_00000006/tiny_00.png",
    ):  # fmt: skip
        assert (folder / name).is_file(), name
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["iteration"] for row in rows if row["phase"] == "train"] == [2, 4, 6]
    assert rows[0]["values"].keys() >= {"l1", "learning_rate/generator", "gradient_norm/generator"}
    assert [row["iteration"] for row in rows if row["phase"] == "tiny"] == [3, 6]
    assert (folder / "metrics.csv").read_text().startswith("iteration,phase,name,value\n")


def test_the_written_experiment_repeats_the_run(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path / "first")
    run(tmp_path / "first/tiny/experiment.toml", tmp_path / "second")
    first, second = (
        load_file(tmp_path / name / "tiny/generator.safetensors") for name in ("first", "second")
    )
    assert_same_state(first, second)


def test_an_earlier_run_is_not_touched_unasked(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path)
    before = (tmp_path / "tiny/generator.safetensors").stat().st_mtime_ns
    with pytest.raises(SrcoreError, match="holds an earlier run; continue it with --resume"):
        run(tiny_experiment, tmp_path)
    assert (tmp_path / "tiny/generator.safetensors").stat().st_mtime_ns == before
    run(tiny_experiment, tmp_path, overwrite=True)
    assert (tmp_path / "tiny/generator.safetensors").stat().st_mtime_ns > before


def test_a_strangers_folder_is_never_deleted(tiny_experiment, tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "thesis.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(SrcoreError, match="is not a run of srcore"):
            run(tiny_experiment, tmp_path, overwrite=overwrite)
    assert (tmp_path / "tiny" / "thesis.tex").read_text() == "years of work"


def test_output_below_a_file_is_refused(tiny_experiment, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SrcoreError, match="cannot be written: Not a directory"):
        run(tiny_experiment, tmp_path / "file")


def test_a_full_disk_is_one_clear_line_and_keeps_the_old_checkpoint(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path)
    before = (tmp_path / "tiny/checkpoints/last.pt").read_bytes()
    limited = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) // 2},) * 2)\n"
        "from srcore.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    done = subprocess.run(
        [
            sys.executable, "-c", limited, "run", str(tiny_experiment), "--output", str(tmp_path),
            "--set", "train.iterations=8", "--resume", "--quiet",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert ".pt: the checkpoint could not be written" in line
    assert (tmp_path / "tiny/checkpoints/last.pt").read_bytes() == before
    assert not list((tmp_path / "tiny/checkpoints").glob(".*")), "no temporary file stays"


@pytest.mark.parametrize("workers", [0, 1])
def test_truncated_image_is_named_or_skipped_and_counted(
    tiny_experiment, tmp_path, caplog, workers
):
    bad = tiny_experiment.parent / "train" / "03.png"
    bad.write_bytes(bad.read_bytes()[:900])
    extra = f"data.train.workers={workers}"
    with pytest.raises(DataError, match=r"03\.png") as caught:
        run(tiny_experiment, tmp_path / "a", extra)
    assert len(str(caught.value).splitlines()) == 1
    with caplog.at_level("WARNING", logger="srcore"):
        run(tiny_experiment, tmp_path / "b", extra, "data.train.on_bad_image=skip")
    assert "unreadable images were replaced by others" in caplog.text


def test_empty_folder_is_found_by_the_check(tiny_experiment, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"data\.train\.hr"):
        srcore.load_experiment(tiny_experiment, [f"data.train.hr={tmp_path / 'empty'}"])


class PoisonedLoss(nn.Module):
    """Finite until an iteration, then not a number."""

    def __init__(self, start: int = 4, stop: int = 10**9) -> None:
        super().__init__()
        self.start, self.stop = start, stop

    def forward(self, context):
        value = (context.sr - context.hr).abs().mean()
        bad = self.start <= context.iteration < self.stop
        return value * float("nan") if bad else value


@pytest.fixture
def poisoned(isolated_plugins):
    isolated_plugins.registry.add("loss", "poisoned", None, lambda: PoisonedLoss())
    isolated_plugins.registry.add("loss", "hiccup", None, lambda: PoisonedLoss(4, 5))


def test_nan_names_term_and_iteration_and_keeps_the_last_good_checkpoint(
    poisoned, tiny_experiment, tmp_path
):
    losses = 'losses=[{type="l1"},{type="poisoned"}]'
    with pytest.raises(SrcoreError, match='iteration 4: loss term "poisoned" is nan; training'):
        run(tiny_experiment, tmp_path, losses)
    state = torch.load(tmp_path / "tiny/checkpoints/last.pt", weights_only=True)
    assert state["iteration"] == 3
    assert all(value.isfinite().all() for value in state["networks"]["generator"].values())


def test_single_nan_may_be_skipped(poisoned, tiny_experiment, tmp_path, caplog):
    with caplog.at_level("WARNING", logger="srcore"):
        run(tiny_experiment, tmp_path, 'losses=[{type="hiccup"}]', "train.nan_skips=1")
    assert 'iteration 4: loss term "hiccup" is nan; iteration skipped' in caplog.text


def test_out_of_memory_says_what_to_lower(tiny_experiment, tmp_path, monkeypatch):
    def step(self, batch):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore advice")

    monkeypatch.setattr("srcore.methods.supervised.Supervised.step", step)
    expected = (
        "iteration 1: out of memory on cpu; raise train.accumulate (now 1), or lower "
        'train.batch_size (now 4) or the patch size, or set train.precision = "bfloat16" '
        "(CUDA out of memory. Tried to allocate 2 GiB.)"
    )
    with pytest.raises(SrcoreError) as caught:
        run(tiny_experiment, tmp_path)
    assert str(caught.value) == expected
    assert isinstance(caught.value.__cause__, torch.OutOfMemoryError)


def test_damaged_checkpoint_is_one_clear_line(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path)
    (tmp_path / "tiny/checkpoints/last.pt").write_bytes(b"damaged")
    with pytest.raises(SrcoreError, match=r"last\.pt: damaged checkpoint"):
        run(tiny_experiment, tmp_path, "train.iterations=8", resume=True)


def test_unknown_device_is_one_clear_line(tiny_experiment, tmp_path):
    message = r'train\.device: expected "auto", a device such as .*, found "toaster"'
    with pytest.raises(ConfigError, match=message):
        run(tiny_experiment, tmp_path, "train.device=toaster")


@pytest.mark.parametrize(
    "settings",
    [
        ("train.accumulate=2",),
        ("train.precision=bfloat16",),
        ("train.channels_last=true",),
        ("train.ema_decay=0.0",),
        ("optimizer.generator.type=adamw", "optimizer.generator.clip_gradient_norm=0.1"),
        ("schedule.generator.type=cosine", "schedule.generator.periods=[6]"),
    ],
)
def test_training_options_train(tiny_experiment, tmp_path, settings):
    assert "psnr" in run(tiny_experiment, tmp_path, *settings)


def test_accumulated_parts_train_like_the_whole_batch(tiny_experiment, tmp_path):
    states = []
    for parts in (1, 2, 4):
        run(tiny_experiment, tmp_path / str(parts), f"train.accumulate={parts}")
        path = tmp_path / str(parts) / "tiny/checkpoints/last.pt"
        states.append(torch.load(path, weights_only=True)["networks"]["generator"])
    for other in states[1:]:
        for name, value in states[0].items():
            torch.testing.assert_close(other[name], value, rtol=1e-3, atol=1e-5)


def test_hooks_see_run_engines_and_end(tiny_experiment, tmp_path, isolated_plugins):
    from types import ModuleType

    from srcore.plugin.manager import PluginManager, using

    seen = []
    stranger = ModuleType("stranger")

    @srcore.hookimpl
    def srcore_run_started(run):
        seen.append(("started", run.folder.name))

    @srcore.hookimpl
    def srcore_engines_created(run, trainer, evaluator):
        from ignite.engine import Events

        trainer.add_event_handler(
            Events.ITERATION_COMPLETED, lambda engine: seen.append(sorted(engine.state.losses))
        )

    @srcore.hookimpl
    def srcore_run_finished(run, error):
        seen.append(("finished", error))

    for hook in (srcore_run_started, srcore_engines_created, srcore_run_finished):
        setattr(stranger, hook.__name__, hook)
    with using(PluginManager(discover=False, extra=[stranger])):
        run(tiny_experiment, tmp_path)
    assert seen == [("started", "tiny"), *[["l1"]] * 6, ("finished", None)]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
    ],
)
@pytest.mark.parametrize("place", ["networks.edsr:EDSR", "losses.pixel:L1Loss"])
def test_memory_that_runs_out_while_parts_are_built_is_one_line(
    tiny_experiment, tmp_path, monkeypatch, capsys, error, place
):
    def refused(*given, **named):
        raise error

    monkeypatch.setattr(f"srcore.{place.replace(':', '.')}.__init__", refused)
    with pytest.raises(SystemExit) as caught:
        main(["run", str(tiny_experiment), "--output", str(tmp_path / "out"), "--quiet"])
    assert caught.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"srcore: {tmp_path}/out/tiny: out of memory on cpu; smaller networks,")


def test_an_operation_without_a_deterministic_version_is_one_line(
    tiny_experiment, tmp_path, monkeypatch
):
    forward = EDSR.forward

    def varying(self, lr):
        torch.zeros(4).put_(torch.zeros(2, dtype=torch.long), torch.ones(2))
        return forward(self, lr)

    monkeypatch.setattr(EDSR, "forward", varying)
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    loaded = srcore.load_experiment(tiny_experiment, ["train.deterministic=true"])
    with pytest.raises(SrcoreError, match=r"train\.deterministic: expected .* set train") as caught:
        run_experiment(loaded, tmp_path / "runs", quiet=True)
    assert "put_ does not have a deterministic" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
