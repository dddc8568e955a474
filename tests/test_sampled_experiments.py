"""Random parts of every kind in one experiment: what the check lets through trains and resumes.

Two losses, transforms, metrics, handlers and inputs of the discriminator each, an optimizer and a
schedule for either network, and one of each other kind: of the core and of all plugins of this
repository. Whatever is registered takes part, but for what `LEFT_OUT` says. A run that is killed in
its third iteration and resumed equals one that was not, to the bit.
"""

import collections
import random
import re
import shutil
import tarfile
from pathlib import Path

import attrs
import pytest
import tomli_w
import torch

from srcore.config.selections import selections
from srcore.errors import ConfigError
from srcore.plugin.manager import plugins
from srcore.prepare.lmdb import prepare_lmdb
from srcore.testing import runs, write_tiny_images
from srcore.testing.experiments import load_checked
from srcore.testing.specimen import random_weights
from srcore.testing.weights import write_weights

ROOT = Path(__file__).parents[1]
OURS = {"srcore", *(folder.name for folder in ROOT.glob("plugins/*"))}

SEMANTICS = {"weights": "random", "width": 8, "blocks": [1, 1, 1]}
MAPS = {"weights": "random", "layers": {"conv1_2": 1.0}}
#: Sides of crops by scale; of those that a discriminator of one size sees.
SIDES, INPUT_SIZE = {1: 48, 2: 48, 4: 64}, 128

#: Keys of parts that have required ones, or whose defaults are too large for a test.
SMALL = {
    ("network", "rrdbnet"): {"num_features": 4, "num_blocks": 1, "growth_channels": 4},
    ("network", "edsr"): {"num_features": 4, "num_blocks": 1},
    ("network", "msrresnet"): {"num_features": 4, "num_blocks": 1},
    ("network", "compact"): {"num_features": 4, "num_convs": 1},
    ("network", "swinir"): {
        "img_size": 32,
        "embed_dim": 8,
        "depths": [2],
        "num_heads": [2],
        "num_features": 8,
    },
    ("network", "esrdgan"): {"num_features": 4, "num_blocks": 1, "growth_channels": 4},
    ("network", "dlsn"): {"num_features": 8, "num_groups": 1, "num_blocks": 1, "chunk_size": 32},
    ("network", "flow"): {"num_features": 4, "num_blocks": 1, "steps": 2},
    ("network", "osediff"): {
        "unet_channels": [8, 8],
        "unet_layers": 1,
        "attention_heads": [2, 2],
        "prompt_channels": 8,
        "vae_channels": [4, 4, 4, 4],
        "vae_layers": 1,
        "norm_groups": 4,
    },
    ("discriminator", "vgg"): {"input_size": INPUT_SIZE, "num_features": 4},
    ("discriminator", "unet"): {"num_features": 4},
    ("discriminator", "patch"): {"num_features": 4},
    ("discriminator", "esrdgan"): {"input_size": INPUT_SIZE, "num_features": 4},
    ("discriminator", "sed_patch"): {"num_features": 8, "semantics": SEMANTICS, "head_dim": 16},
    ("discriminator", "sed_unet"): {"num_features": 8, "semantics": SEMANTICS, "head_dim": 16},
    ("loss", "perceptual"): MAPS,
    ("loss", "style"): MAPS,
    ("loss", "contextual"): {**MAPS, "max_positions": 64},
    ("loss", "ms_ssim"): {"scales": 3},
    ("loss", "lpips"): {"weights": "random", "network": "alex"},
    ("loss", "dists"): {"weights": "random"},
    ("transform", "pair_pool"): {"size": 4},
    ("transform", "second_order_degradation"): {"hr_crop": 0},
    ("transform", "laplace_sampling"): {"weights": "dsn_x{scale}.safetensors"},
    ("dataset", "hr_folder"): {"hr": "train"},
    ("dataset", "paired_folder"): {"hr": "train", "lr": "train_x{scale}"},
    ("dataset", "unpaired_folders"): {"hr": "train", "lr": "train_x{scale}"},
    ("dataset", "lmdb"): {"hr": "train.lmdb", "lr": "train_x{scale}.lmdb"},
    ("dataset", "images"): {"hr": "drawn"},
    ("source", "folder"): {"path": "train"},
    ("source", "lmdb"): {"path": "train.lmdb"},
    ("source", "tar"): {"path": "train_shards"},
    ("sampler", "weighted"): {"file": "weights.txt"},
    ("schedule", "multistep"): {"milestones": [1, 3]},
    ("schedule", "cosine"): {"periods": [4]},
    ("schedule", "step"): {"every": 2},
    ("metric", "lpips"): {"weights": "random", "network": "alex"},
    ("metric", "dists"): {"weights": "random"},
    ("handler", "early_stopping"): {"metric": "own/psnr", "patience": 50},
    ("handler", "time_limit"): {"hours": 1.0},
    ("handler", "profiler"): {"start": 2, "iterations": 1},
    ("optimizer", "pytorch_optimizer"): {"name": "yogi"},
}

#: What takes no part, and why.
LEFT_OUT = {
    ("metric", "psnr"): "is always there",
    ("metric", "brisque"): "downloads its model",
    ("metric", "fid"): "downloads its network",
    ("metric", "pieapp"): "downloads its network",
    ("loss", "adversarial"): "is there wherever there is a discriminator",
    ("network", "usrdu_dsn"): "makes images small",
    ("method", "usrdu_dsn"): "trains networks that make images small",
    ("network", "cyclegan_degradation"): "makes images small",
    ("method", "cyclegan"): "has networks of its own; its plugin combines it",
    ("method", "distillation"): "needs a trained teacher; its plugin kills and resumes it",
    ("method", "gan_distillation"): "needs a trained teacher; its plugin kills and resumes it",
    ("loss", "feature_distillation"): "needs a trained teacher; its plugin combines it",
    ("loss", "relation_distillation"): "needs a trained teacher; its plugin combines it",
    ("method", "flow_matching"): "needs a velocity network; its plugin combines it",
    ("method", "gan_flow_matching"): "needs a velocity network; its plugin combines it",
    ("method", "flow_distillation"): "needs a trained teacher; its plugin kills and resumes it",
    ("loss", "flow_matching"): "needs a method that draws times; its plugin combines it",
    ("method", "osediff"): "needs a network that shows latents; its plugin combines it",
    ("method", "gan_osediff"): "needs a network that shows latents; its plugin combines it",
    ("loss", "score_distillation"): "needs a trained generator; its plugin kills and resumes it",
    ("loss", "usrdu_data"): "needs what the method usrdu_dsn makes",
    ("loss", "usrdu_feature"): "needs what the method usrdu_dsn makes",
    ("transform", "swap_lr_hr"): "is for networks that make images small",
    ("dataset", "lr_folder"): "has nothing to learn from",
    ("dataset", "taught_images"): "crops as another one does; its plugin kills and resumes it",
    ("source", "parquet"): "needs files of a large package; else it is as shards are",
    ("handler", "wandb"): "starts a program of its own; its plugin kills and resumes it",
    ("handler", "mlflow"): "needs a server; its plugin kills and resumes it",
    ("handler", "clearml"): "needs a program of its own; its plugin kills and resumes it",
}
#: Kinds that are not drawn: stages do something else than train, backends come after it.
NOT_DRAWN = {"task", "srcore.backend"}
#: Metrics of images that hold two blocks of NIQE, or five scales.
LARGE = {"niqe", "ms_ssim"}
#: What differs between equal runs: the clock.
CLOCKS = ("others/handlers.time_limit*/seconds",)
OF_SPANDREL = "spandrel_"
#: All other optimizers get a small rate: random weights diverge at some of the defaults.
FINDS_ITS_RATE = {"prodigy"}
#: Random weights are what is asked for; spandrel's NAFNet, KBNet and Omni-SR use an older name.
quietly = pytest.mark.filterwarnings(
    "ignore:.*random.*", "ignore:.saved_variables. is deprecated:DeprecationWarning"
)

#: Why random parts may not combine; another reason is a fault of a part or of its check.
REASONS = (
    "works at scale",
    "knows scales",
    "features only",
    "needs a discriminator",
    "needs second derivatives",
)


def registered():
    """(kind, name) -> component: of the core and the plugins of this repository."""
    return {
        (it.kind, it.name): it
        for it in plugins().registry.components()
        if it.owner in OURS and it.kind not in NOT_DRAWN
    }


def parts():
    """Names of what takes part, by kind."""
    by_kind = collections.defaultdict(list)
    for kind, name in sorted(registered().keys() - LEFT_OUT.keys()):
        by_kind[kind].append(name)
    return by_kind


PARTS = parts()


def table(kind, name):
    """The table of a part with its small keys."""
    keys = SMALL.get((kind, name), {})
    if kind == "network" and name.startswith(OF_SPANDREL):
        from srplug_spandrel.tiny import TINY

        keys = TINY.get(name.removeprefix(OF_SPANDREL), {})
    return {"type": name, **keys}


def drawn(chance):
    """An experiment of random parts; it may be one that the check refuses."""

    scale = chance.choice(tuple(SIDES))
    side = SIDES[scale]

    def scaled(keys):
        return {k: v.format(scale=scale) if isinstance(v, str) else v for k, v in keys.items()}

    def one(kind):
        return scaled(table(kind, chance.choice(PARTS[kind])))

    def two(kind):
        return [scaled(table(kind, name)) for name in chance.sample(PARTS[kind], 2)]

    def optimizer():
        keys = one("optimizer")
        return keys if keys["type"] in FINDS_ITS_RATE else {**keys, "learning_rate": 1e-4}

    def dataset(side, *, nested=True):
        data = one("dataset")
        if data["type"] == "concat":
            inner = [dataset(side, nested=False) for _ in range(2)] if nested else ()
            return {**data, "datasets": inner} if inner else dataset(side, nested=False)
        if data["type"] == "images":
            data["hr"] = one("source")
        return {**data, "hr_patch_size": side}

    experiment = {
        "name": "contract",
        "scale": scale,
        "generator": one("network"),
        "method": one("method"),
        "losses": two("loss"),
        "optimizer": {"generator": optimizer()},
        "schedule": {"generator": one("schedule")},
        "metrics": [table("metric", "psnr"), *two("metric")],
        "handlers": two("handler"),
        "train": {
            "iterations": runs.ITERATIONS,
            "batch_size": 2,
            "ema_decay": 0.9,
            "device": "cpu",
            "checkpoint_every": 1,
            "log_every": 1,
            "validate_every": runs.ITERATIONS,
            "tensorboard": False,
            "precision": chance.choice(("float32", "float32", "bfloat16")),
        },
    }
    if experiment["method"]["type"] == "gan":
        experiment["losses"].append({"type": "adversarial", "weight": 0.01})
        experiment["method"]["labels"] = one("labels")
        experiment["discriminator"] = {**one("discriminator"), "inputs": two("discriminator_input")}
        side = experiment["discriminator"].get("input_size", side)
        experiment["optimizer"]["discriminator"] = optimizer()
        experiment["schedule"]["discriminator"] = one("schedule")
    data = {
        **dataset(side),
        "workers": 0,
        "transforms": two("transform"),
        "sampler": one("sampler"),
    }
    if "datasets" in data and "file" in data["sampler"]:
        data["sampler"]["file"] = "weights_of_two.txt"
    large = LARGE & {metric["type"] for metric in experiment["metrics"]}
    experiment["data"] = {
        "train": data,
        "validation": {"own": {"type": "hr_folder", "hr": "large" if large else "small"}},
    }
    return experiment


def accepted(chance, folder, refused):
    """The next experiment that the check lets through; why others were refused is counted."""
    while True:
        experiment = drawn(chance)
        file = folder / "sampled.toml"
        file.write_text(tomli_w.dumps(experiment), "utf-8")
        try:
            with random_weights():
                return experiment, load_checked(file, ())
        except ConfigError as error:
            problems = error.problems
        refused["experiments"] += 1
        for problem in problems:
            path = re.sub(r"\[\d+\]", "", problem.path)
            line = f"{path}: {problem.message}"
            assert any(reason in line for reason in REASONS), line
            refused[line] += 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sampled")
    write_tiny_images(folder / "train", 4, height=132, width=136)
    for scale in SIDES:
        write_tiny_images(folder / f"train_x{scale}", 4, height=132 // scale, width=136 // scale)
    write_tiny_images(folder / "small", 1, height=48, width=52, seed=100)
    write_tiny_images(folder / "large", 1, height=176, width=200, seed=100)
    for name in ("train", *(f"train_x{scale}" for scale in SIDES)):
        prepare_lmdb(folder / name, folder / f"{name}.lmdb")
        (folder / f"{name}_shards").mkdir()
        with tarfile.open(folder / f"{name}_shards/0.tar", "w") as shard:
            shard.add(folder / name, "")
    names = sorted(path.stem for path in (folder / "train").iterdir())
    (folder / "weights.txt").write_text("".join(f"{name} 1\n" for name in names))
    of_two = [f"{number}/{name} 1\n" for number in range(2) for name in names]
    (folder / "weights_of_two.txt").write_text("".join(of_two))
    torch.manual_seed(0)
    for scale in SIDES:
        file = folder / f"dsn_x{scale}.safetensors"
        real = max(scale, 2)  # there is none for scale 1: the check refuses it
        write_weights(file, "usrdu_dsn", scale=real, num_features=8, num_blocks=1)
    return folder


def train_and_resume(loaded, place):
    """Where a run that was killed and resumed differs from one that was not."""
    whole, resumed = runs.killed_and_resumed(loaded, place)
    whole = runs.without_entries(whole, CLOCKS)
    resumed = [runs.without_entries(state, CLOCKS) for state in resumed]
    state = whole[loaded.stages[0].name]
    assert state["iteration"] == runs.ITERATIONS
    for network in state["networks"].values():
        assert all(torch.isfinite(value.float()).all() for value in network.values())
    shutil.rmtree(place)
    return list(runs.differing_ends(whole, resumed))


def test_everything_that_is_registered_takes_part_or_is_left_out_for_a_reason():
    stale = (LEFT_OUT.keys() | SMALL.keys()) - registered().keys()
    assert not stale, f"no such component: {sorted(stale)}; remove it from LEFT_OUT or SMALL"
    for (kind, name), component in registered().items():
        if (kind, name) in LEFT_OUT:
            continue
        missing = [
            field.name
            for field in attrs.fields(component.options)
            if field.default is attrs.NOTHING and field.name not in table(kind, name)
        ]
        assert not missing, (
            f"{component.label}: no value for {', '.join(missing)}; give it small keys in "
            f"SMALL[{kind!r}, {name!r}], or a reason in LEFT_OUT"
        )


@pytest.mark.slow
@quietly
@pytest.mark.parametrize("seed", range(30))
def test_random_parts_of_every_kind_train_and_resume(seed, folder, tmp_path):
    experiment, loaded = accepted(random.Random(seed), folder, collections.Counter())
    differences = train_and_resume(loaded, tmp_path / "runs")
    assert not differences, f"{differences}\n{tomli_w.dumps(experiment)}"


@pytest.mark.stress
@pytest.mark.timeout(6 * 3600)
@quietly
def test_many_random_parts_of_every_kind_train_and_resume(folder, tmp_path, stress_result):
    refused, used, failures = collections.Counter(), collections.Counter(), []
    for seed in range(1000, 1200):
        experiment, loaded = accepted(random.Random(seed), folder, refused)
        used.update(parts_of(loaded))
        try:
            differences = train_and_resume(loaded, tmp_path / str(seed))
        except Exception as error:  # which one it is belongs to the result
            differences = [f"{type(error).__name__}: {error}"]
        if differences:
            failures.append(f"seed {seed}: {differences[0]}\n{tomli_w.dumps(experiment)}")
    takes_part = {(kind, name) for kind, names in PARTS.items() for name in names}
    stress_result(
        "sampled_experiments",
        trained_and_resumed=200 - len(failures),
        failed=[failure.partition("\n")[0] for failure in failures],
        refused_by_the_check=refused.pop("experiments", 0),
        reasons_of_refusals=dict(refused.most_common()),
        parts_used=len(takes_part & used.keys()),
        parts_never_drawn=[" ".join(part) for part in sorted(takes_part - used.keys())],
    )
    assert not failures, "\n".join(failures)


def parts_of(loaded):
    """(kind, name) of the parts of an experiment."""
    (experiment,) = runs.experiments_of(loaded)
    return {(selected.component.kind, selected.type) for _, selected in selections(experiment)}
