"""The published program's configuration, an ``.ini``, as an experiment.

Its keys and the defaults of its classes are those of the program; what the program reads and never
uses is left out. Its defects are not imported: tricks work as intended, see the method's page.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srcore.errors import ConfigError, DataError, Problem, first_line
from srcore.files.texts import decode_text

_NONE = ("", "none", "null")
_TRAIN, _VALIDATION = "DATASETTRAIN", "DATASETVAL"
_ACTIVATIONS = {
    "leakyrelu": "leaky_relu",
    "relu": "relu",
}
_PIXEL = {"l1": "l1", "l2": "mse"}
_GAN: dict[str, dict[str, Any]] = {
    "relativistic": {"relativistic": "paired"},
    "relativisticavg": {"relativistic": "average", "detach_means": False},
}
#: Smoothing and noise of labels, as in the program.
_SMOOTHING, _NOISE = 0.1, 0.05
Table = dict[str, Any]


class _Ini:
    """Sections of the file with the program's own defaults; collects what is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._parser = configparser.ConfigParser(interpolation=None)
        try:
            self._parser.read_string(decode_text(path.read_bytes()))
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}") from error
        except (configparser.Error, UnicodeDecodeError) as error:
            raise DataError(f"{path}: not an ini file: {first_line(error)}") from error

    def has(self, section: str) -> bool:
        return self._parser.has_section(section)

    def text(self, section: str, key: str, default: str) -> str:
        source = self._parser[section] if self.has(section) else self._parser.defaults()
        return (source.get(key, default) or "").strip()

    def number(self, section: str, key: str, default: float) -> float:
        return float(self._converted(section, key, str(default), float, "a number"))

    def whole(self, section: str, key: str, default: int) -> int:
        return int(self._converted(section, key, str(default), int, "a whole number"))

    def flag(self, section: str, key: str, default: bool) -> bool:
        states = configparser.ConfigParser.BOOLEAN_STATES
        return bool(
            self._converted(
                section, key, str(default), lambda text: states[text.lower()], "true or false"
            )
        )

    def wholes(self, section: str, key: str, default: str) -> list[int]:
        def parse(text: str) -> list[int]:
            return [int(part) for part in text.strip("[]() ").split(",") if part.strip()]

        return list(self._converted(section, key, default, parse, "a list of whole numbers"))

    def chosen(self, section: str, key: str, default: str, known: Table) -> Any:
        return self._converted(
            section, key, default, lambda text: known[text.lower()], f"one of {', '.join(known)}"
        )

    def _converted(self, section: str, key: str, default: str, convert: Any, wanted: str) -> Any:
        text = self.text(section, key, default)
        try:
            return convert(text)
        except (ValueError, KeyError):
            self.problems.append(
                Problem(f"{section}.{key}", f'expected {wanted}, found "{text}"', str(self.path))
            )
            return convert(default)


def experiment_of(path: Path) -> tuple[Table, list[str]]:
    """The experiment that a configuration stands for, and what was left out of it.

    Raises:
        DataError: not an ini file.
        ConfigError: values that the program does not know; all of them.
    """
    ini = _Ini(path)
    ini.chosen("DEFAULT", "model", "esrdgan", {"esrdgan": None})
    scale = ini.whole("DEFAULT", "scale", 4)
    side = ini.whole(_TRAIN, "hr_img_size", 192)
    resumed = ini.flag("DEFAULT", "load_model_from_save", False)
    table: Table = {
        "name": ini.text("DEFAULT", "name", "default_name"),
        "scale": scale,
        "generator": _generator_table(ini, resumed),
        "discriminator": _discriminator(ini, side, resumed),
        "method": _method_table(ini),
        "losses": _losses(ini),
        **_optimization(ini),
        "data": {"train": _data_table(ini, _TRAIN, side)},
        "train": _training(ini),
        "metrics": [
            {"type": "psnr"},
            {"type": "psnr", "name": "psnr_rgb", "y_channel": False, "crop_border": 0},
        ],
    }
    if ini.flag("TRAINING", "use_instance_noise", False):
        table["discriminator"]["inputs"] = [{"type": "instance_noise"}]
    if ini.has(_VALIDATION):
        name = ini.text(_VALIDATION, "name", "validation") or "validation"
        table["data"]["validation"] = {name: _data_table(ini, _VALIDATION, None)}
    left_out = list(_not_taken(ini, resumed))
    if ini.problems:
        raise ConfigError(ini.problems)
    return table, left_out


def _generator_table(ini: _Ini, resumed: bool) -> Table:
    section = "GENERATOR"
    channels = ini.whole(section, "in_num_ch", 3)
    table = {
        "type": "esrdgan",
        "num_features": ini.whole(section, "num_features", 64),
        "num_blocks": ini.whole(section, "num_rrdb", 23),
        "growth_channels": ini.whole(section, "rdb_growth_chan", 32),
        "fusion_kernel_size": ini.whole(section, "lff_kern_size", 3),
        "hr_kernel_size": ini.whole(section, "hr_kern_size", 3),
        "dense_scaling": ini.number(section, "rdb_res_scaling", 0.2),
        "block_scaling": ini.number(section, "rrdb_res_scaling", 0.2),
        "activation": ini.chosen(section, "act_type", "leakyrelu", _ACTIVATIONS),
        "init_scale": ini.number(section, "weight_init_scale", 1.0),
    }
    if channels != 3:
        table["channels"] = channels
    return table | _first_weights(ini, "generator_load_path", resumed)


def _discriminator(ini: _Ini, side: int, resumed: bool) -> Table:
    section = "DISCRIMINATOR"
    norms = {"batch": "batch", "instance": "instance", "none": "none"}
    table = {
        "type": "esrdgan",
        "input_size": side,
        "num_features": ini.whole(section, "num_features", 64),
        "norm": ini.chosen(section, "norm_type", "batch", norms),
        "kernel_size": ini.whole(section, "feat_kern_size", 3),
        "activation": ini.chosen(section, "act_type", "leakyrelu", _ACTIVATIONS),
        "init_scale": ini.number(section, "weight_init_scale", 1.0),
    }
    return table | _first_weights(ini, "discriminator_load_path", resumed)


def _first_weights(ini: _Ini, key: str, resumed: bool) -> Table:
    """Weights of the program are trained on blue, green, red."""
    file = ini.text("ENV", key, "")
    if not resumed or file.lower() in _NONE:
        return {}
    return {"weights": file, "channel_order": "bgr"}


def _method_table(ini: _Ini) -> Table:
    labels: Table = {"type": "esrdgan"}
    if ini.flag("TRAINING", "use_one_sided_label_smoothing", False):
        labels["smoothing"] = _SMOOTHING
    if ini.flag("TRAINING", "use_noisy_labels", False):
        labels["noise"] = _NOISE
    if ini.flag("TRAINING", "flip_labels", False):
        labels["flip_probability"] = 1.0
    every = ini.whole("TRAINING", "d_g_train_ratio", 1)
    return {"type": "gan", "generator_every": every, "labels": labels}


def _losses(ini: _Ini) -> list[Table]:
    from srcore.networks.vgg_features import VGG19_LAYERS

    section, losses = "TRAINING", []
    pixel = ini.chosen(section, "pixel_criterion", "l1", {**_PIXEL, "none": ""})
    if pixel:
        losses.append({"type": pixel, "weight": ini.number(section, "pixel_weight", 0.01)})
    layers = dict(enumerate(VGG19_LAYERS))
    known = {str(index): name for index, name in layers.items()}
    layer = ini.chosen("FEATUREEXTRACTOR", "high_level_feat_layer", "34", known)
    feature = ini.chosen(section, "feature_criterion", "l2", {"l1": "l1", "l2": "mse", "none": ""})
    if feature:
        losses.append(
            {
                "type": "perceptual",
                "layers": {layer: 1.0},
                "criterion": feature,
                "weight": ini.number(section, "feature_weight", 1.0),
            }
        )
    adversarial = ini.chosen(section, "gan_type", "relativistic", _GAN)
    weight = ini.number(section, "gan_weight", 5e-3)
    losses.append({"type": "adversarial", "weight": weight, **adversarial})
    return losses


def _optimization(ini: _Ini) -> Table:
    section = "TRAINING"
    tables: Table = {"optimizer": {}}
    steps = ini.wholes(section, "multistep_lr_steps", "50000,100000,200000,300000")
    for network, letter in (("generator", "g"), ("discriminator", "d")):
        tables["optimizer"][network] = {
            "type": "adam",
            "learning_rate": ini.number(section, f"learning_rate_{letter}", 1e-4),
            "betas": [ini.number(section, f"adam_beta1_{letter}", 0.9), 0.999],
            "weight_decay": ini.number(section, f"adam_weight_decay_{letter}", 0.0),
        }
    if steps and ini.flag(section, "multistep_lr", True):
        schedule = {
            "type": "multistep",
            "milestones": steps,
            "gamma": ini.number(section, "lr_gamma", 0.5),
            "advance_before_first": True,
        }
        tables["schedule"] = {"generator": schedule, "discriminator": dict(schedule)}
    return tables


def _data_table(ini: _Ini, section: str, side: int | None) -> Table:
    modes = {"downsampler": "hr_folder", "hrlr": "paired_folder", "lr": "lr_folder"}
    kind = ini.chosen(section, "mode", "downsampler", modes)
    table: Table = {"type": kind}
    if kind != "lr_folder":
        table["hr"] = ini.text(section, "dataroot_hr", "")
    if kind != "hr_folder":
        table["lr"] = ini.text(section, "dataroot_lr", "")
    if kind == "hr_folder":
        table["downscale"] = "opencv"
    if side is not None:
        table["hr_patch_size"] = side
        table["workers"] = ini.whole(section, "n_workers", 16)
        table["flip"] = ini.flag(section, "data_aug_flip", True)
        table["rotate"] = ini.flag(section, "data_aug_rot", True)
    deviation = ini.number(section, "gaussian_stddev", 0.01)
    if ini.flag(section, "data_aug_gaussian_noise", True) and deviation:
        level = round(255 * deviation, 6)
        noise = {"type": "gaussian_noise", "sigma": [level, level], "quantize": True}
        table["transforms"] = [noise]
    return table


def _training(ini: _Ini) -> Table:
    section = "TRAINING"
    saved = ini.whole(section, "save_model_period", 2000)
    table: Table = {
        "iterations": ini.whole(section, "niter", 500_000),
        "batch_size": ini.whole(_TRAIN, "batch_size", 16),
        "ema_decay": 0.0,
        "validate_every": ini.whole(section, "val_period", 2000),
        "checkpoint_every": saved,
        "keep_every": saved,
        "tensorboard": ini.flag("DEFAULT", "use_tensorboard_logger", False),
    }
    if ini.text("DEFAULT", "gpu_id", "0").lower() in _NONE:
        table["device"] = "cpu"
    return table


def _not_taken(ini: _Ini, resumed: bool) -> Iterator[str]:
    if ini.whole("FEATUREEXTRACTOR", "low_level_feat_layer", 1) > 0:
        yield "FEATUREEXTRACTOR.low_level_feat_layer: give losses.perceptual.layers a second layer"
    if ini.has("DATASETTEST"):
        yield "DATASETTEST: measure with srcore evaluate"
    if resumed and ini.flag("TRAINING", "resume_training_from_save", False):
        yield "TRAINING.resume_training_from_save: go on with srcore esrdgan continue"
    if ini.text(_TRAIN, "mode", "downsampler").lower() == "hrlr":
        yield "DATASETTRAIN.mode = hrlr: pairs are found by name here, by position there"
