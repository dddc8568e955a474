"""Training steps of the published sizes: the engine in several formats against a bare loop.

python benchmarks/device_training.py --device cuda [--compile]

RRDBNet (64 features, 23 blocks) on L1; the same under method "gan" with VGG19 (random weights) and
the VGG discriminator; DLSN x2 on L1. The bare loop does the same on the same batch, which lies on
the device; ``graph`` is the bare loop replayed as a CUDA graph: what no engine gets below.
``--compile`` measures ``train.compile`` alone, since compiling takes its time.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import engine_overhead
import gan_step
import torch
from harness import device_parser, measure_for, print_times, write_results
from training_pairs import first_batch, make_training

from srcore.engine.training import Training

DLSN = engine_overhead.EXPERIMENT.replace("scale = 4", "scale = 2").replace(
    'type = "rrdbnet"\nnum_blocks = 4', 'type = "dlsn"'
)
#: Experiment, overrides of the published size, and of a tiny one.
STEPS = {
    "rrdbnet": (
        engine_overhead.EXPERIMENT,
        ("generator.num_blocks=23", "train.batch_size=16"),
        ("generator.num_blocks=1", "generator.num_features=8", "train.batch_size=1"),
    ),
    "gan": (
        gan_step.EXPERIMENT,
        ("generator.num_blocks=23", "train.batch_size=16"),
        (
            "generator.num_blocks=1", "generator.num_features=8", "train.batch_size=1",
            "data.train.hr_patch_size=32", 'discriminator={type="patch",num_features=4}',
        ),
    ),
    "dlsn": (
        DLSN,
        ("data.train.hr_patch_size=96", "train.batch_size=16"),
        (
            "data.train.hr_patch_size=32", "train.batch_size=1", "generator.num_features=16",
            "generator.num_groups=1", "generator.num_blocks=1", "generator.chunk_size=16",
        ),
    ),
}  # fmt: skip
PLAIN, LAST = (), ("train.channels_last=true",)
FORMATS = {
    "float32": PLAIN,
    "float32, channels_last": LAST,
    "bfloat16": ("train.precision=bfloat16",),
    "bfloat16, channels_last": (*LAST, "train.precision=bfloat16"),
    "float16, channels_last": (*LAST, "train.precision=float16"),
}
COMPILED = {
    "compile, float32": ("train.compile=true",),
    "compile, bfloat16, channels_last": (
        *LAST,
        "train.precision=bfloat16",
        "train.compile=true",
    ),
}


def main() -> None:
    """Measure one network after the other; write after each format."""
    parser = device_parser(__doc__)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--seconds", type=float, default=1.0, help="time for each candidate")
    parser.add_argument("--only", nargs="+", choices=list(STEPS), default=list(STEPS))
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message="VGG19 with random weights")
    if options.tiny:  # the code of the step is tried, not the compiler
        torch.compile = partial(torch.compile, backend="aot_eager")
    results = {}
    for name in options.only:
        if options.compile and name == "gan":
            continue
        with tempfile.TemporaryDirectory() as folder:
            for values in measure_step(name, Path(folder), options):
                results[name] = values
                write_results("device_training" + ("_compiled" if options.compile else ""), results)
        print_times(name, results[name])


def measure_step(name: str, folder: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """All candidates of one network; yields those that are measured after each format."""
    table, published, tiny = STEPS[name]
    size = tiny if options.tiny else published
    seconds = 0.02 if options.tiny else options.seconds
    formats = COMPILED if options.compile else FORMATS
    if options.tiny:
        formats = {key: formats[key] for key in list(formats)[:1]}
    if name == "dlsn" and not options.compile and not options.tiny:
        formats = formats | {
            "float32, eager attention": ('generator.attention_backend="torch"',),
            "bfloat16, eager attention": (
                "train.precision=bfloat16",
                'generator.attention_backend="torch"',
            ),
        }
    values: dict[str, Any] = {}
    for number, (label, overrides) in enumerate(formats.items()):
        place = folder / str(number)
        place.mkdir()
        arguments = (*size, *overrides, f"train.device={options.device}")
        training = make_training(table, place, 10**6, *arguments, device=options.device)
        batch = {
            key: value.to(options.device) if isinstance(value, torch.Tensor) else value
            for key, value in first_batch(training).items()
        }
        candidates: dict[str, Callable[[], Any]] = {
            f"engine, {label}": partial(iterate, training, batch)
        }
        if label in ("float32", "bfloat16, channels_last") and not options.compile:
            candidates |= bare(name, training, batch, label)
        values |= measure_for(candidates, device=options.device, seconds=seconds)
        yield values
        del training, candidates
        if options.device == "cuda":
            torch.cuda.empty_cache()


def iterate(training: Training, batch: Mapping[str, Any]) -> None:
    """One iteration of the engine."""
    training.trainer.state.iteration += 1
    training.iterate(training.trainer, dict(batch))


def bare(
    name: str, training: Training, batch: dict[str, Any], label: str
) -> dict[str, Callable[[], Any]]:
    """The loops as one writes them by hand, and the first of them as a graph."""
    make: Any = gan_step.bare_loop if name == "gan" else engine_overhead.bare_loop
    device = str(training.run.device.type)
    step = make(training)[0]
    if label == "float32":
        candidates: dict[str, Callable[[], Any]] = {"bare, float32": partial(step, batch)}
        if device == "cuda" and name == "rrdbnet":
            candidates["graph, float32"] = partial(
                Graphed(make(training, capturable=True)[0], batch)
            )
        return candidates

    def in_bfloat16() -> None:
        with torch.autocast(device, torch.bfloat16):
            step(batch)

    return {f"bare, {label}": in_bfloat16}


class Graphed:
    """A step that is recorded when it is first called, and replayed from then on."""

    def __init__(self, step: Callable[[dict[str, Any]], None], batch: dict[str, Any]) -> None:
        self.step, self.batch = step, batch
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """One step."""
        if self.graph is None:
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(3):
                    self.step(self.batch)
            torch.cuda.current_stream().wait_stream(stream)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.step(self.batch)
        self.graph.replay()


if __name__ == "__main__":
    main()
