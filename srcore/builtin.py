"""The core's own parts, registered through the same hooks that outsiders use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.cli.main import SrcoreGroup
    from srcore.config.schema import Experiment
    from srcore.engine.run import Run
    from srcore.errors import Problem
    from srcore.plugin.registry import Registry

#: Commands in the order of ``--help`` with the first sentence of their help, so that no module is
#: imported to list them.
_COMMANDS = {
    "new": "Print the shipped experiment NAME; without NAME, list all of them.",
    "check": "Find everything wrong with EXPERIMENT, without building a network.",
    "estimate": "Say what EXPERIMENT takes: memory, time, disk, from a few true steps.",
    "profile": "Say where the time of EXPERIMENT goes, and what to change; write a trace.",
    "run": "Run EXPERIMENT, a TOML file or the name of a shipped experiment.",
    "sweep": (
        "Run the trials of EXPERIMENT, whose table [sweep] says which keys have which values."
    ),
    "evaluate": "Measure MODELs (weights files, names of models, NAME=MODEL) on benchmark images.",
    "report": (
        "Write a page about RUN, or compare several, as one file of HTML that needs no network."
    ),
    "upscale": (
        "Enlarge INPUT: image files, films, folders, tar shards, addresses, or quoted patterns."
    ),
    "models": "List, search and fetch published models.",
    "card": "Write the card of the model that RUN has trained.",
    "push": "Upload the model of RUN with its card to the hub, as OWNER/NAME.",
    "serve": "Serve a page in the browser: drop a picture, choose a model, compare, download.",
    "prepare": (
        "Prepare images: sub-images, degraded copies, LMDB, shards; look at what is trained with."
    ),
    "convert": "Translate a generator's weights, or export the generator as a program.",
    "schema": "Print the JSON Schema (draft 7) of experiments with all installed plugins in it.",
    "components": "List components with their keys, types, defaults and meaning.",
    "completion": (
        "Print the completion of SHELL: commands, options, experiments, components, keys of --set."
    ),
    "plugins": "List the installed plugins: version, hooks, components, and what is broken.",
    "new-plugin": (
        "Write the plugin srplug-NAME: a component, an experiment with it and contract tests."
    ),
}


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """Register the core's components, one function per kind."""
    _register_networks(registry)
    _register_discriminators(registry)
    _register_losses(registry)
    _register_transforms(registry)
    _register_datasets(registry)
    _register_sources(registry)
    _register_samplers(registry)
    _register_methods(registry)
    _register_metrics(registry)
    _register_optimization(registry)
    _register_handlers(registry)
    _register_backends(registry)


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """Register the TOML files of ``srcore/experiments``."""
    registry.add_experiments("", Path(__file__).parent / "experiments")


@hookimpl
def srcore_register_weight_dialects(registry: Registry) -> None:
    """Register the key layouts of the programs whose checkpoints the field exchanges."""
    dialects = "srcore.networks.dialects"
    registry.add_dialect("rrdbnet_basicsr", f"{dialects}.rrdbnet:BASICSR")
    registry.add_dialect("rrdbnet_old_esrgan", f"{dialects}.rrdbnet:OLD_ESRGAN")
    registry.add_dialect("rrdbnet_esrgan_new", f"{dialects}.rrdbnet:ESRGAN_NEW")
    registry.add_dialect("rrdbnet_esrdgan", f"{dialects}.rrdbnet:ESRDGAN")
    registry.add_dialect("edsr_basicsr", f"{dialects}.edsr:BASICSR")
    registry.add_dialect("edsr_pytorch", f"{dialects}.edsr:EDSR_PYTORCH")
    registry.add_dialect("compact_realesrgan", f"{dialects}.compact:REAL_ESRGAN")
    registry.add_dialect("msrresnet_basicsr", f"{dialects}.msrresnet:BASICSR")
    registry.add_dialect("swinir_official", f"{dialects}.swinir:OFFICIAL")
    registry.add_reader("spandrel", "srcore.weights.community:load_community")


@hookimpl
def srcore_register_models(registry: Registry) -> None:
    """Register the models that come with srcore, and facts about published ones."""
    folder = Path(__file__).parent / "models"
    registry.add_models(folder / "shipped.toml")
    registry.add_models(folder / "published.toml")


@hookimpl
def srcore_register_commands(cli: SrcoreGroup) -> None:
    """Add the core's commands, in the order of ``--help``; a module of ``srcore/cli`` for each."""
    for name, short_help in _COMMANDS.items():
        cli.add_target(name, f"srcore.cli.{name.replace('-', '_')}:command", short_help)


@hookimpl
def srcore_experiment_loaded(experiment: Experiment, registry: Registry) -> list[Problem]:
    """Compare tables with one another, and ask every selected component."""
    from srcore.checking.checks import cross_checks

    return list(cross_checks(experiment, registry))


@hookimpl
def srcore_run_finished(run: Run, error: BaseException | None) -> None:
    """Write the report of the stage."""
    if run.is_main:
        from srcore.report.writing import write_after_stage

        write_after_stage(run, error)


def _register_networks(registry: Registry) -> None:
    from srcore.networks import options

    for name, keys, target in (
        ("rrdbnet", options.RRDBNetOptions, "RRDBNet"),
        ("edsr", options.EDSROptions, "EDSR"),
        ("compact", options.CompactOptions, "Compact"),
        ("msrresnet", options.MSRResNetOptions, "MSRResNet"),
        ("swinir", options.SwinIROptions, "SwinIR"),
    ):
        # Compact has single layers, whose inputs are all that is kept of them anyway.
        provides = () if name == "compact" else ("checkpointed",)
        registry.add("network", name, keys, f"srcore.networks.{name}:{target}", provides=provides)


def _register_discriminators(registry: Registry) -> None:
    from srcore.networks import options

    registry.add(
        "discriminator",
        "vgg",
        options.VGGDiscriminatorOptions,
        "srcore.networks.vgg_discriminator:VGGDiscriminator",
    )
    registry.add(
        "discriminator",
        "unet",
        options.UNetDiscriminatorOptions,
        "srcore.networks.unet_discriminator:UNetDiscriminator",
    )
    registry.add(
        "discriminator",
        "patch",
        options.PatchDiscriminatorOptions,
        "srcore.networks.patch_discriminator:PatchDiscriminator",
    )


def _register_losses(registry: Registry) -> None:
    from srcore.losses import options

    package = "srcore.losses"
    registry.add("loss", "l1", options.PixelOptions, f"{package}.pixel:L1Loss")
    registry.add("loss", "mse", options.PixelOptions, f"{package}.pixel:MSELoss")
    registry.add(
        "loss", "charbonnier", options.CharbonnierOptions, f"{package}.pixel:CharbonnierLoss"
    )
    comparisons: tuple[tuple[str, type, str], ...] = (
        ("ssim", options.SSIMLossOptions, "structural_similarity:SSIMLoss"),
        ("ms_ssim", options.MSSSIMLossOptions, "structural_similarity:MSSSIMLoss"),
        ("frequency", options.FrequencyOptions, "frequency:FrequencyLoss"),
        ("focal_frequency", options.FocalFrequencyOptions, "frequency:FocalFrequencyLoss"),
        ("gradient", options.GradientOptions, "gradient:GradientLoss"),
        ("total_variation", options.TotalVariationOptions, "gradient:TotalVariationLoss"),
        ("consistency", options.ConsistencyOptions, "consistency:ConsistencyLoss"),
        ("color", options.ColorOptions, "color:ColorLoss"),
        ("lpips", options.LPIPSLossOptions, "learned:LPIPSLoss"),
        ("dists", options.DISTSLossOptions, "learned:DISTSLoss"),
        ("contextual", options.ContextualOptions, "contextual:ContextualLoss"),
        ("perceptual", options.PerceptualOptions, "perceptual:PerceptualLoss"),
        ("style", options.StyleOptions, "perceptual:StyleLoss"),
    )
    for name, table, target in comparisons:
        registry.add("loss", name, table, f"{package}.{target}")
    for name, keys, target, provides in (
        ("adversarial", options.AdversarialOptions, "adversarial:AdversarialLoss", ()),
        ("r1", options.R1Options, "penalties:R1Penalty", ("penalty",)),
        (
            "gradient_penalty",
            options.GradientPenaltyOptions,
            "penalties:GradientPenalty",
            ("penalty",),
        ),
    ):
        path = f"{package}.{target}"
        registry.add("loss", name, keys, path, needs=("discriminator",), provides=provides)
    registry.add(
        "labels", "constant", options.ConstantLabelOptions, f"{package}.labels:ConstantLabels"
    )


def _register_transforms(registry: Registry) -> None:
    from srcore.transforms import options

    package = "srcore.transforms"
    registry.add(
        "transform",
        "bicubic",
        options.BicubicOptions,
        f"{package}.resize:Bicubic",
        needs=("hr",),
    )
    registry.add(
        "transform",
        "second_order_degradation",
        options.SecondOrderDegradationOptions,
        f"{package}.degradation:SecondOrderDegradation",
        needs=("hr",),
    )
    registry.add(
        "transform",
        "cutblur",
        options.CutBlurOptions,
        f"{package}.mixing:CutBlur",
        needs=("lr", "hr"),
    )
    for name, keys, target in (
        ("blur", options.BlurOptions, "blur:Blur"),
        ("channel_shuffle", options.ChannelShuffleOptions, "channel_shuffle:ChannelShuffle"),
        ("cutmix", options.CutMixOptions, "mixing:CutMix"),
        ("down_up", options.DownUpOptions, "down_up:DownUp"),
        ("gaussian_noise", options.GaussianNoiseOptions, "noise:GaussianNoise"),
        ("jpeg", options.JpegCompressionOptions, "jpeg:JpegCompression"),
        ("mixup", options.MixUpOptions, "mixing:MixUp"),
        ("pair_pool", options.PairPoolOptions, "pool:PairPool"),
        ("poisson_noise", options.PoissonNoiseOptions, "noise:PoissonNoise"),
        ("resizemix", options.ResizeMixOptions, "mixing:ResizeMix"),
        ("sharpen", options.SharpenOptions, "sharpen:Sharpen"),
    ):
        registry.add("transform", name, keys, f"{package}.{target}")


def _register_datasets(registry: Registry) -> None:
    from srcore.datasets import options

    for name, table, target in (
        ("paired_folder", options.PairedFolderOptions, "paired_folder:PairedFolder"),
        ("hr_folder", options.HrFolderOptions, "hr_folder:HrFolder"),
        ("lr_folder", options.LrFolderOptions, "lr_folder:LrFolder"),
        ("unpaired_folders", options.UnpairedFoldersOptions, "unpaired_folders:UnpairedFolders"),
        ("lmdb", options.LmdbOptions, "lmdb:lmdb_dataset"),
        ("images", options.SourcedOptions, "images:images_dataset"),
        ("concat", options.ConcatOptions, "concat:Concat"),
    ):
        provides = {"lr_folder": ("lr",), "concat": ()}.get(name, ("lr", "hr"))
        registry.add("dataset", name, table, f"srcore.datasets.{target}", provides=provides)


def _register_sources(registry: Registry) -> None:
    from srcore.sources import options

    for name, keys in (
        ("folder", options.FolderSourceOptions),
        ("lmdb", options.LmdbSourceOptions),
        ("parquet", options.ParquetSourceOptions),
        ("tar", options.TarSourceOptions),
    ):
        registry.add("source", name, keys, f"srcore.sources.{name}:{name}_source")


def _register_samplers(registry: Registry) -> None:
    from srcore.samplers.options import WeightedOptions

    for name, keys, target in (
        ("shuffled", None, "Shuffled"),
        ("in_order", None, "InOrder"),
        ("weighted", WeightedOptions, "Weighted"),
    ):
        registry.add("sampler", name, keys, f"srcore.samplers.ordering:{target}")


def _register_methods(registry: Registry) -> None:
    from srcore.methods.options import GanOptions, SupervisedOptions

    registry.add(
        "method",
        "supervised",
        SupervisedOptions,
        "srcore.methods.supervised:Supervised",
        provides=("ema_sr",),
    )
    registry.add(
        "method",
        "gan",
        GanOptions,
        "srcore.methods.gan:Gan",
        provides=("ema_sr", "discriminator", "condition"),
    )


def _register_metrics(registry: Registry) -> None:
    from srcore.metrics import options

    package = "srcore.metrics"
    for name, keys, target in (
        ("psnr", options.PSNROptions, "peak_signal_noise_ratio:PSNR"),
        ("psnr_b", options.PSNRBOptions, "blocking:PSNRB"),
        ("psnr_esr", options.ChallengePSNROptions, "peak_signal_noise_ratio:ChallengePSNR"),
        ("ssim", options.SSIMOptions, "structural_similarity:SSIM"),
        ("ms_ssim", options.MSSSIMOptions, "multi_scale_similarity:MSSSIM"),
    ):
        registry.add("metric", name, keys, f"{package}.{target}", needs=("hr",))
    registry.add("metric", "niqe", options.NIQEOptions, f"{package}.niqe:NIQE")
    registry.add("metric", "brisque", options.BRISQUEOptions, f"{package}.learned:BRISQUE")
    registry.add("metric", "lpips", options.LPIPSOptions, f"{package}.learned:LPIPS", needs=("hr",))
    registry.add("metric", "dists", options.DISTSOptions, f"{package}.learned:DISTS", needs=("hr",))
    for name, target in (
        ("pieapp", "PieAPP"),
        ("fid", "FID"),
    ):
        registry.add(
            "metric",
            name,
            options.LearnedMetricOptions,
            f"{package}.learned:{target}",
            needs=("hr",),
        )


def _register_optimization(registry: Registry) -> None:
    from srcore.optimization import options

    optimizers, schedules = "srcore.optimization.optimizers", "srcore.optimization.schedules"
    registry.add("optimizer", "adam", options.AdamOptions, f"{optimizers}:adam")
    registry.add("optimizer", "adamw", options.AdamWOptions, f"{optimizers}:adamw")
    registry.add("schedule", "constant", options.ConstantOptions, f"{schedules}:Constant")
    registry.add("schedule", "multistep", options.MultiStepOptions, f"{schedules}:MultiStep")
    registry.add("schedule", "cosine", options.CosineOptions, f"{schedules}:Cosine")
    for name, keys, target in (
        ("warmup_cosine", options.WarmupCosineOptions, "WarmupCosine"),
        ("polynomial", options.PolynomialOptions, "Polynomial"),
        ("rex", options.RexOptions, "Rex"),
        ("wsd", options.WsdOptions, "Wsd"),
        ("one_cycle", options.OneCycleOptions, "OneCycle"),
        ("exponential", options.ExponentialOptions, "Exponential"),
        ("step", options.StepOptions, "EqualSteps"),
    ):
        registry.add("schedule", name, keys, f"srcore.optimization.after_warmup:{target}")


def _register_handlers(registry: Registry) -> None:
    from srcore.handlers import options

    for name, keys, target in (
        ("records", options.RecordsOptions, "Recorder"),
        ("log", options.LogOptions, "Log"),
        ("progress", options.ProgressOptions, "Progress"),
        ("pictures", options.PicturesOptions, "Pictures"),
        ("checkpoint", options.CheckpointOptions, "DueCheckpoint"),
        ("validation", options.ValidationOptions, "DueValidation"),
        ("tensorboard", options.TensorboardOptions, "Tensorboard"),
        ("early_stopping", options.EarlyStoppingOptions, "EarlyStopping"),
        ("time_limit", options.TimeLimitOptions, "TimeLimit"),
    ):
        registry.add("handler", name, keys, f"srcore.handlers.{name}:{target}")


def _register_backends(registry: Registry) -> None:
    from srcore.inference.backends import core

    core.add_backends(registry)
