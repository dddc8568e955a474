"""USR-DU and CycleGAN on the same unpaired images of an unknown degradation, by several seeds.

    python benchmarks/unpaired_training.py PHOTOGRAPHS HELD_OUT --work FOLDER

Images are made and networks are as small as in ``usrdu_quality.py``. For every seed one network is
trained with plain L1 on bicubic pairs; from there it is continued for equally many iterations with
plain L1 on bicubic pairs, by USR-DU on samples of its degradation, which a stage of its own learned
before, and by CycleGAN, which learns the degradation meanwhile. Both have the same weight of the
adversarial loss over that of L1. The run can be interrupted and started again.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any

import torch
import usrdu_quality

from srcore.launching.stages import run_experiment
from srcore.testing.experiments import load_checked

ARMS = ("bicubic", "usrdu", "cyclegan")

CONTINUED = """
[[stages]]
name = "bicubic"
from = "start"
[stages.generator]
{network}
[[stages.losses]]
type = "l1"
[stages.optimizer.generator]
type = "adam"
learning_rate = 2e-4
{bicubic}
{validation}
"""

CYCLES = """
[[stages]]
name = "cyclegan"
from = "start"
[stages.generator]
{network}
[stages.networks.degradation]
type = "cyclegan_degradation"
num_features = {dsn_features}
num_blocks = 2
[stages.discriminator]
type = "unet"
num_features = 8
[stages.networks.lr_discriminator]
type = "patch"
num_features = 12
num_layers = 1
norm = "none"
[stages.method]
type = "cyclegan"
[[stages.losses]]
type = "l1"
weight = 10.0
[[stages.losses]]
type = "adversarial"
weight = 0.02
[[stages.losses]]
type = "l1"
name = "lr_l1"
for = "degradation"
weight = 10.0
[[stages.losses]]
type = "adversarial"
name = "lr_adversarial"
for = "degradation"
[stages.optimizer.generator]
type = "adam"
learning_rate = 2e-4
[stages.optimizer.degradation]
type = "adam"
learning_rate = 1e-3
[stages.optimizer.discriminator]
type = "adam"
learning_rate = 2e-4
[stages.optimizer.lr_discriminator]
type = "adam"
learning_rate = 2e-4
{validation}
"""


def write_experiment(arguments: argparse.Namespace, seed: int) -> Path:
    """The experiment of one seed with all arms, beside the images."""
    network, validation = usrdu_quality.NETWORK, usrdu_quality.VALIDATION
    text = usrdu_quality.EXPERIMENT.replace("seed = 0", f"seed = {seed}").format(
        network=network,
        validation=validation,
        device=arguments.device,
        iterations=arguments.iterations,
        dsn_features=arguments.dsn_features,
        dsn_iterations=arguments.dsn_iterations,
    )
    text += CONTINUED.format(network=network, bicubic=usrdu_quality.BICUBIC, validation=validation)
    text += usrdu_quality.ARM.format(
        name="usrdu",
        network=network,
        data=usrdu_quality.PAIRED + usrdu_quality.SAMPLING,
        validation=validation,
    )
    text += CYCLES.format(
        network=network, dsn_features=arguments.dsn_features, validation=validation
    )
    for known, wanted in (
        ('"usrdu_quality"', f'"unpaired_{seed}"'),
        ("batch_size = 6", f"batch_size = {arguments.batch_size}"),
        ("hr_patch_size = 96", f"hr_patch_size = {arguments.patch}"),
    ):
        text = text.replace(known, wanted)
    path = Path(arguments.work, f"unpaired_{seed}.toml")
    path.write_text(text)
    return path


def main() -> None:
    """Run and write the results."""
    parser = usrdu_quality.parser(__doc__.split("\n")[0], dsn_iterations=600)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=6)
    parser.add_argument("--patch", type=int, default=96, help="side of HR crops in pixels")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    usrdu_quality.prepare(arguments)
    by_seed = {}
    for seed in range(arguments.seeds):
        loaded = load_checked(write_experiment(arguments, seed))
        run_experiment(loaded, arguments.work / "runs", resume=True, quiet=True)
        run = arguments.work / "runs" / f"unpaired_{seed}"
        by_seed[seed] = usrdu_quality.measured(run, ("start", *ARMS))
    table: dict[str, Any] = {
        name: {
            metric: {
                "mean": round(statistics.mean(it[name][metric] for it in by_seed.values()), 4),
                "values": [it[name][metric] for it in by_seed.values()],
            }
            for metric in by_seed[0][name]
        }
        for name in by_seed[0]
    }
    usrdu_quality.publish("unpaired_training", table, arguments)


if __name__ == "__main__":
    main()
