"""A training of parts of four papers for the time that is left: does it learn, and how fast?

python benchmarks/device_combination.py --device cuda --seconds 600

DLSN x2 as generator, LDL's loss, a U-Net discriminator, ESRDGAN's labels and noise, perceptual loss
on VGG19 with random weights, on the example photographs, in bfloat16. Its validations beside the
bicubic ones are the result.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import ROOT, device_parser, write_results

EXPERIMENT = """
name = "combination"
scale = 2
[generator]
type = "dlsn"
num_features = {features}
num_groups = {groups}
num_blocks = {blocks}
[discriminator]
type = "unet"
num_features = {features}
inputs = [{{type = "instance_noise"}}]
[method]
type = "gan"
generator_start = 0
[method.labels]
type = "esrdgan"
smoothing = 0.1
noise = 0.05
flip_probability = 0.05
[[losses]]
type = "l1"
[[losses]]
type = "ldl"
weight = 0.1
[[losses]]
type = "perceptual"
weights = "random"
weight = 0.01
layers = {{ conv3_4 = 1.0 }}
[[losses]]
type = "adversarial"
weight = 1e-4
[optimizer.generator]
type = "adam"
learning_rate = 2e-4
[optimizer.discriminator]
type = "adam"
learning_rate = 1e-4
[data.train]
type = "hr_folder"
hr = "examples/images/train"
hr_patch_size = {patch}
cache = "memory"
workers = {workers}
[data.validation.photographs]
type = "hr_folder"
hr = "examples/images/validation"
[[handlers]]
type = "time_limit"
minutes = {minutes}
[train]
iterations = 1000000
batch_size = {batch}
precision = "{precision}"
device = "{device}"
ema_decay = 0.99
log_every = {log}
validate_every = {validate}
checkpoint_every = 100000
tensorboard = false
"""


def main() -> None:
    """Run it as a user does and read what it wrote."""
    parser = device_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    sizes = {"features": 64, "groups": 4, "blocks": 4, "patch": 96, "batch": 16, "log": 100,
             "validate": 1000, "workers": min(8, os.cpu_count() or 1),
             "precision": "bfloat16"}  # fmt: skip
    if options.tiny:
        sizes |= {"features": 16, "groups": 1, "blocks": 1, "patch": 32, "batch": 1, "log": 2,
                  "validate": 0, "workers": 0, "precision": "float32"}  # fmt: skip
    table = EXPERIMENT.format(device=options.device, minutes=options.seconds / 60, **sizes)
    results = {}
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "combination.toml")
        file.write_text(table, "utf-8")
        command = [
            sys.executable,
            "-m",
            "srcore",
            "run",
            str(file),
            "--output",
            str(Path(name, "runs")),
        ]
        command += ["--set", f"data.train.hr={ROOT / 'examples/images/train'}"]
        command += [
            "--set",
            f"data.validation.photographs.hr={ROOT / 'examples/images/validation'}",
        ]
        done = subprocess.run(command, check=False)
        folder = Path(name, "runs", "combination")
        for line in sorted(folder.rglob("performance.json")):
            results["performance"] = json.loads(line.read_text("utf-8"))
        for path in sorted(folder.rglob("*.jsonl")):
            rows = [json.loads(row) for row in path.read_text("utf-8").splitlines()]
            results[path.stem] = [*rows[:3], *rows[-6:]]
        results["log"] = [
            line
            for path in folder.rglob("run.log")
            for line in path.read_text("utf-8").splitlines()[-12:]
        ]
    write_results("device_combination", results, seconds=options.seconds)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
