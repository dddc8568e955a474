"""Does USR-DU help on images of an unknown degradation? Small networks, no pretrained weights.

    python benchmarks/usrdu_quality.py PHOTOGRAPHS HELD_OUT --work FOLDER

Half of PHOTOGRAPHS is degraded (blur, x1/4, noise, JPEG) and its originals are put away: that is
the real low-resolution domain. The other half is the clean one. HELD_OUT is degraded the same way
with other noise, and keeps its originals to measure with. One network is trained with plain L1 on
bicubic pairs; from there the same losses and numbers of iterations continue it on three kinds of
low-resolution images: bicubic ones, the DSN's means, samples around the means.

Losses that need VGG19's ImageNet weights (DSN: usrdu_feature, SR: perceptual) are left out, and
the adversarial weight is smaller than published, since a short training starts from little.
The run can be interrupted and started again.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import harness
import torch

from srcore.images import list_images
from srcore.launching.stages import run_experiment
from srcore.prepare.degrading import OfflineDegradation
from srcore.prepare.jobs import prepare_degraded
from srcore.testing.experiments import load_checked

ARMS = ("bicubic", "mean", "sampled")

EXPERIMENT = """
name = "usrdu_quality"
scale = 4
seed = 0

[data.train]
type = "unpaired_folders"
hr = "clean"
lr = "real"
hr_patch_size = 96
workers = 1
cache = "memory"

[train]
batch_size = 6
ema_decay = 0.0
device = "{device}"
validate_every = 0
checkpoint_every = 500
log_every = 100
images = 6
iterations = {iterations}

[[stages]]
name = "start"
[stages.generator]
{network}
[[stages.losses]]
type = "l1"
[stages.optimizer.generator]
type = "adam"
learning_rate = 5e-4
[stages.data.train]
type = "hr_folder"
hr = "clean"
hr_patch_size = 96
workers = 1
cache = "memory"
{validation}

[[stages]]
name = "dsn"
[stages.generator]
type = "usrdu_dsn"
num_features = {dsn_features}
num_blocks = 2
feature_head = false
[stages.discriminator]
type = "unet"
num_features = 12
[[stages.discriminator.inputs]]
type = "high_pass"
[stages.method]
type = "usrdu_dsn"
[[stages.losses]]
type = "adversarial"
real = "lr"
discriminator_order = "fake_first"
[[stages.losses]]
type = "usrdu_data"
weight = 100.0
[stages.optimizer.generator]
type = "adam"
learning_rate = 1e-3
betas = [0.9, 0.999]
[stages.optimizer.discriminator]
type = "adam"
learning_rate = 2e-4
betas = [0.9, 0.999]
[stages.schedule.generator]
type = "cosine"
periods = [{dsn_iterations}]
eta_min = 1e-5
[[stages.data.train.transforms]]
type = "usrdu_reference"
[stages.train]
iterations = {dsn_iterations}

[[stages]]
name = "generate"
[stages.task]
type = "usrdu_generate"
weights = "stage:dsn/generator.safetensors"
"""

ARM = """
[[stages]]
name = "{name}"
from = "start"
[stages.generator]
{network}
[stages.discriminator]
type = "unet"
num_features = 8
[[stages.discriminator.inputs]]
type = "gradient_map"
[stages.method]
type = "gan"
[[stages.losses]]
type = "l1"
[[stages.losses]]
type = "gaussian_l1"
[[stages.losses]]
type = "adversarial"
weight = 0.002
[stages.optimizer.generator]
type = "adam"
learning_rate = 2e-4
[stages.optimizer.discriminator]
type = "adam"
learning_rate = 2e-4
{data}
{validation}
"""

NETWORK = """type = "edsr"
num_features = 32
num_blocks = 4"""

VALIDATION = """[stages.data.validation.held_out]
type = "paired_folder"
hr = "held_out_hr"
lr = "held_out_lr"
[[stages.metrics]]
type = "psnr"
[[stages.metrics]]
type = "ssim"
[[stages.metrics]]
type = "niqe"
"""

PAIRED = """[stages.data.train]
type = "paired_folder"
hr = "clean"
lr = "stage:generate/lr"
hr_patch_size = 96
workers = 1
cache = "memory"
"""

SAMPLING = """[[stages.data.train.transforms]]
type = "laplace_sampling"
weights = "stage:dsn/generator.safetensors"
"""

BICUBIC = PAIRED.replace("paired_folder", "hr_folder").replace('lr = "stage:generate/lr"\n', "")


def prepare(arguments: argparse.Namespace) -> None:
    """Clean, real and held-out folders below the work folder; once."""
    work = arguments.work
    if (work / "held_out_lr").is_dir():
        return
    photographs = list_images(arguments.photographs)
    for name, chosen in (("clean", photographs[::2]), ("sources", photographs[1::2])):
        (work / name).mkdir(parents=True)
        for path in chosen:
            shutil.copyfile(path, work / name / path.name)
    held_out = list_images(arguments.held_out)[: arguments.images]
    (work / "held_out_sources").mkdir()
    for path in held_out:
        shutil.copyfile(path, work / "held_out_sources" / path.name)
    common = {
        "scale": 4,
        "dialect": "matlab",
        "blur": arguments.blur,
        "noise": arguments.noise,
        "jpeg": arguments.jpeg,
    }
    prepare_degraded(work / "sources", work / "real", OfflineDegradation(**common, seed=1))
    prepare_degraded(
        work / "held_out_sources",
        work / "held_out_lr",
        OfflineDegradation(**common, seed=2),
        hr_output=work / "held_out_hr",
    )


def write_experiment(arguments: argparse.Namespace) -> Path:
    """The experiment with all arms, beside the images."""
    data = {"bicubic": BICUBIC, "mean": PAIRED, "sampled": PAIRED + SAMPLING}
    text = EXPERIMENT.format(
        network=NETWORK,
        validation=VALIDATION,
        device=arguments.device,
        iterations=arguments.iterations,
        dsn_features=arguments.dsn_features,
        dsn_iterations=arguments.dsn_iterations,
    )
    for name in ARMS:
        text += ARM.format(name=name, network=NETWORK, data=data[name], validation=VALIDATION)
    path = Path(arguments.work, "experiment.toml")
    path.write_text(text)
    return path


def rounded(measured: Mapping[str, Any]) -> dict[str, float]:
    """The held-out means of a stage."""
    return {name: round(value, 4) for name, value in measured["held_out"].items()}


def parser(description: str, *, dsn_iterations: int) -> argparse.ArgumentParser:
    """Flags of a training on unpaired images made from photographs."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("photographs", type=Path)
    made.add_argument("held_out", type=Path)
    made.add_argument("--work", type=Path, required=True, help="folder of images and runs")
    made.add_argument("--iterations", type=int, default=600, help="of every SR stage")
    made.add_argument("--dsn-iterations", type=int, default=dsn_iterations, help="of the DSN")
    made.add_argument("--images", type=int, default=20, help="held-out images")
    made.add_argument("--dsn-features", type=int, default=16)
    made.add_argument("--blur", type=float, default=3.0, help="sigma in HR pixels")
    made.add_argument("--noise", type=float, default=3.0, help="sigma in gray levels")
    made.add_argument("--jpeg", type=int, default=80, help="quality")
    made.add_argument("--device", default="cpu")
    made.add_argument("--threads", type=int, default=2)
    return made


def measured(run: Path, stages: Iterable[str]) -> dict[str, dict[str, float]]:
    """Held-out means of stages of a run, and of interpolation."""
    table = {}
    for name in stages:
        results = json.loads((run / name / "finished.json").read_text())["results"]
        table[name] = rounded(results["validation"])
    return {**table, "interpolation": rounded(results["bicubic"])}


def publish(name: str, table: Mapping[str, Any], arguments: argparse.Namespace) -> None:
    """Print a table and write it with all settings that are no places."""
    sys.stdout.write(json.dumps(table, indent=2) + "\n")
    settings = {key: it for key, it in vars(arguments).items() if not isinstance(it, Path)}
    harness.write_results(name, table, **settings)


def main() -> None:
    """Run and write the results."""
    arguments = parser(__doc__.split("\n")[0], dsn_iterations=3000).parse_args()
    torch.set_num_threads(arguments.threads)
    prepare(arguments)
    loaded = load_checked(write_experiment(arguments))
    run_experiment(loaded, arguments.work / "runs", resume=True)
    table = measured(arguments.work / "runs" / "usrdu_quality", ("start", *ARMS))
    publish("usrdu_quality", table, arguments)


if __name__ == "__main__":
    main()
