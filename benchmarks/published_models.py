"""Published models on photographs: parts of the image against the whole, time and peak memory.

    python benchmarks/published_models.py WEIGHTS... --photographs FOLDER [--only NAME]
    python benchmarks/published_models.py WEIGHTS... --photographs FOLDER --backends --benchmark SET

WEIGHTS are files of published generators. The models that come with srcore are always measured,
and a SwinIR with initial weights, which stands for networks that need tiles. One thread.

``default`` is ``srcore.upscale`` with ``tile=128`` and everything else as it is: by rows where the
network allows it, else in tiles. ``tiles`` is the same with context given, as much as is measured
on the network, which forces tiles. Peak memory is that of fresh processes at 512x512 pixels and,
unless it is left out, of ``default`` at a megapixel. A gate stops where ``default`` of a network
that is computed by rows is more than one gray level from the whole.

With ``--backends`` those of the files that are named are computed whole by every backend instead,
and by spandrel's network in plain PyTorch, into a file of results of their own: processor time of
all threads relative to srcore's network in plain PyTorch, largest difference from that, and for
int8, scaled by the photographs, the loss on a benchmark set (PSNR of Y, four border pixels left
out).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from harness import RESULTS, measure, peak_memory, write_results

import srcore
from srcore.images import ImageArray, list_images, read_rgb, to_image, to_tensor
from srcore.inference.reach import measure_reach
from srcore.inference.streaming.verification import recording_of
from srcore.metrics import psnr
from srcore.upscaling.shipped import SCALES, shipped_model

NAME = "published_models"
TILE = 128
CROPS = (200, 400)
TIMED = 256
MEMORY = 512
MEGAPIXEL = 1024
BACKENDS = ("torch", "ncnn", "openvino", "onnxruntime", "compile")
INT8 = ("openvino", "onnxruntime")
COMPARED = 200
SWINIR = "swinir x4, initial weights"


def sources(paths: Sequence[str]) -> dict[str, str]:
    """What networks are made from, by name."""
    named = {Path(path).stem: path for path in paths}
    return named | {f"shipped x{s}": str(shipped_model(s)) for s in SCALES} | {SWINIR: ""}


def network_of(source: str) -> torch.nn.Module:
    """From a file, or with initial weights."""
    if source:
        return srcore.load_generator(source)
    torch.manual_seed(0)
    small = {"embed_dim": 60, "depths": [6, 6, 6, 6], "num_heads": [6, 6, 6, 6]}
    made: torch.nn.Module = srcore.build("network", "swinir", scale=4, **small)
    return made.eval()


def crop(photograph: ImageArray, side: int) -> ImageArray:
    """The middle of a photograph, continued by mirroring where it is smaller."""
    height, width = photograph.shape[:2]
    wide = np.pad(
        photograph, ((0, max(0, side - height)), (0, max(0, side - width)), (0, 0)), "symmetric"
    )
    top, left = ((length - side) // 2 for length in wide.shape[:2])
    return np.ascontiguousarray(wide[top : top + side, left : left + side])


def apart(first: ImageArray, second: ImageArray) -> dict[str, float]:
    """Largest and mean difference in gray levels of 8 bits, and the share beyond one level."""
    difference = np.abs(first.astype(int) - second)
    return {
        "max": int(difference.max()),
        "mean": round(float(difference.mean()), 6),
        "beyond_one": round(float((difference > 1).mean()), 6),
    }


def differences(network: torch.nn.Module, photographs: Mapping[str, ImageArray]) -> dict[str, Any]:
    """From the whole, by crop and photograph."""
    levels = {}
    for side in CROPS:
        for name, photograph in photographs.items():
            image = crop(photograph, side)
            whole = srcore.upscale(network, image, tile=None, border=0)
            levels[f"{side} {name}"] = apart(
                srcore.upscale(network, image, tile=TILE, border=0), whole
            )
            print(f"  {side} {name}: {levels[f'{side} {name}']}", flush=True)
    return levels


def timed(network: torch.nn.Module, photograph: ImageArray, repeats: int) -> dict[str, Any]:
    """Time of parts over that of the whole, in turns."""
    image = crop(photograph, TIMED)
    overlap = -(-4 * measure_reach(network).pixels // 3)
    ways: dict[str, dict[str, Any]] = {
        "whole": {"tile": None},
        "default": {"tile": TILE},
        "tiles": {"tile": TILE, "overlap": overlap},
    }
    results = {}

    def upscale(name: str, options: Mapping[str, Any]) -> None:
        results[name] = srcore.upscale(network, image, **options, border=0)

    times = measure(
        {name: partial(upscale, name, options) for name, options in ways.items()},
        repeats=repeats,
        warmup=0,
    )
    whole = times["whole"]["cpu_ms"]["values"]
    ratios = {
        name: round(float(np.median(np.divide(times[name]["cpu_ms"]["values"], whole))), 3)
        for name in ways
    }
    row = {
        "seconds_whole": round(times["whole"]["cpu_ms"]["median"] / 1e3, 3),
        "ratio_to_whole": ratios,
        "measured_context": overlap,
        "tiles": apart(results["tiles"], results["whole"]),
    }
    print(f"  {row}", flush=True)
    return row


def in_fresh_process(source: str, side: int, way: str) -> dict[str, float]:
    """Peak memory in MiB and seconds of the thread, of one image."""
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "seconds.json"
        peak = peak_memory([__file__, "--one", source, str(side), way, str(note)])
        seconds = json.loads(note.read_text())
    figures = {"peak_mib": round(peak), "seconds": round(seconds, 2)}
    print(f"  {side}x{side} {way}: {figures}", flush=True)
    return figures


def one(source: str, side_text: str, way: str, note: str) -> None:
    """What a fresh process does."""
    network = network_of(source)
    side = int(side_text)
    photograph = np.random.default_rng(0).integers(0, 256, (side // 8, side // 8, 3), np.uint8)
    image = cv2.resize(photograph, (side, side), interpolation=cv2.INTER_CUBIC)
    begin = time.thread_time()
    if way != "nothing":
        srcore.upscale(network, image, tile=None if way == "whole" else TILE, border=0)
    Path(note).write_text(json.dumps(time.thread_time() - begin))


def memory(source: str, *, megapixel: bool) -> dict[str, Any]:
    """Of fresh processes."""
    figures = {
        way: in_fresh_process(source, MEMORY, way) for way in ("nothing", "whole", "default")
    }
    if megapixel:
        figures["default at a megapixel"] = in_fresh_process(source, MEGAPIXEL, "default")
    return figures


def by_spandrel(source: str, image: ImageArray) -> Callable[[], ImageArray]:
    """The whole image by spandrel's network in plain PyTorch."""
    from spandrel import ModelLoader

    model = ModelLoader(device="cpu").load_from_file(source).eval()

    def upscale() -> ImageArray:
        with torch.inference_mode():
            return to_image(model(to_tensor(image)[None])[0])

    return upscale


def by_backends(
    source: str,
    photographs: Mapping[str, ImageArray],
    folder: Path,
    benchmark: Path | None,
    repeats: int,
) -> dict[str, Any]:
    """Time and differences of all backends on the middle of the first photograph."""
    network = network_of(source)
    image = crop(next(iter(photographs.values())), COMPARED)
    ways: dict[str, dict[str, Any]] = {name: {"backend": name} for name in BACKENDS}
    ways |= {
        f"{name} int8": {"backend": name, "precision": "int8", "calibration": folder}
        for name in INT8
    }

    def plain() -> ImageArray:
        with torch.inference_mode():
            made: ImageArray = to_image(network(to_tensor(image)[None])[0])
        return made

    def upscale(options: Mapping[str, Any], image: ImageArray = image) -> ImageArray:
        made: ImageArray = srcore.upscale(network, image, tile=None, **options, border=0)
        return made

    calls = {"spandrel": by_spandrel(source, image)}
    calls |= {name: partial(upscale, options) for name, options in ways.items()}
    expected, rows = plain(), {}
    for name, call in calls.items():
        begin = time.process_time()
        made = call()  # recorded and compared, which is not timed
        rows[name] = {"first": round(time.process_time() - begin, 2), **apart(made, expected)}
        seconds: list[list[float]] = [[], []]
        for _ in range(repeats):
            for kept, candidate in zip(seconds, (plain, call), strict=True):
                begin = time.process_time()
                candidate()
                kept.append(time.process_time() - begin)
        rows[name]["seconds"] = round(min(seconds[1]), 3)
        rows[name]["seconds_plain"] = round(min(seconds[0]), 3)
        rows[name]["ratio_to_plain"] = round(min(seconds[1]) / min(seconds[0]), 3)
        print(f"  {name}: {rows[name]}", flush=True)
    if benchmark:
        rows["loss"] = {
            name: quality(partial(upscale, ways[name]), benchmark)
            for name in ("torch", *(f"{it} int8" for it in INT8))
        }
        print(f"  {rows['loss']}", flush=True)
    return rows


def quality(upscale: Callable[..., ImageArray], benchmark: Path) -> float:
    """Mean PSNR of Y over the images of a set."""
    values = []
    for path in list_images(benchmark / "LR_x4"):
        sr, hr = upscale(image=read_rgb(path)), read_rgb(benchmark / "HR_x4" / path.name)
        values.append(psnr(sr, hr, crop_border=4, y_channel=True))
    return round(float(np.mean(values)), 3)


def main() -> None:
    """Measure, write the results."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("weights", nargs="*", help="files of published generators")
    parser.add_argument("--photographs", required=True, help="folder; the first three are taken")
    parser.add_argument("--only", action="append", help="name of a model; others are kept")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-megapixel", action="store_true", help="leave the largest image out")
    parser.add_argument("--backends", action="store_true", help="only what backends make of it")
    parser.add_argument("--benchmark", type=Path, help="folder with LR_x4 and HR_x4, for int8")
    asked = parser.parse_args()
    paths = list_images(Path(asked.photographs))[:3]
    photographs = {path.name: read_rgb(path) for path in paths}
    settings = {
        "tile": TILE,
        "crops": CROPS,
        "timed": TIMED,
        "memory": MEMORY,
        "megapixel": MEGAPIXEL,
        "photographs": list(photographs),
    }
    results = earlier() if asked.only else {}
    if asked.backends:
        rows = earlier("published_backends")
        for name, source in list(sources(asked.weights).items())[: len(asked.weights)]:
            print(name, flush=True)
            rows[name] = by_backends(
                source, photographs, Path(asked.photographs), asked.benchmark, asked.repeats
            )
            write_results("published_backends", rows, side=COMPARED, photographs=list(photographs))
        return
    for name, source in sources(asked.weights).items():
        if asked.only and name not in asked.only:
            continue
        print(name, flush=True)
        network = network_of(source)
        is_by_rows = recording_of(network) is not None
        row: dict[str, Any] = {
            "by_rows": is_by_rows,
            "from_whole": differences(network, photographs),
        }
        if is_by_rows and max(entry["max"] for entry in row["from_whole"].values()) > 1:
            raise SystemExit(f"{name}: by rows it differs from the whole")
        row["time"] = timed(network, next(iter(photographs.values())), asked.repeats)
        row["memory"] = memory(source, megapixel=not asked.no_megapixel)
        # After every model, since all of them take an hour.
        results[name] = row
        write_results(NAME, results, **settings)


def earlier(name: str = NAME) -> dict[str, Any]:
    """Results of an earlier run, by model."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text())["results"] if path.exists() else {}


if __name__ == "__main__":
    main()
