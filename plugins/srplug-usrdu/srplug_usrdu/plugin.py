"""What USR-DU registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.cli.main import SrcoreGroup
    from srcore.config.schema import Experiment
    from srcore.errors import Problem
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """Networks, method, losses, transforms, discriminator inputs and stages."""
    from srplug_usrdu import options

    package = "srplug_usrdu"
    registry.add(
        "network",
        "usrdu_dsn",
        options.DownsamplerOptions,
        f"{package}.networks:Downsampler",
        provides=("shrinks",),
    )
    registry.add(
        "method",
        "usrdu_dsn",
        options.UsrduDsnOptions,
        f"{package}.method:DownsamplerTraining",
        needs=("hr",),
        provides=("discriminator", "condition", "log_scale", "feature_log_scale"),
    )
    losses: tuple[tuple[str, type, str, tuple[str, ...]], ...] = (
        ("usrdu_data", options.DataLossOptions, "DataLoss", ("log_scale",)),
        ("usrdu_feature", options.FeatureLossOptions, "FeatureLoss", ("feature_log_scale",)),
        ("gaussian_l1", options.GaussianL1Options, "GaussianL1Loss", ()),
    )
    for name, keys, target, needs in losses:
        registry.add("loss", name, keys, f"{package}.losses:{target}", needs=needs)
    sampling = options.LaplaceSamplingOptions
    transforms: tuple[tuple[str, type, str, tuple[str, ...]], ...] = (
        ("usrdu_reference", options.ReferenceOptions, "Reference", ("hr",)),
        ("laplace_sampling", sampling, "LaplaceSampling", ("lr", "hr")),
        ("swap_lr_hr", options.SwapOptions, "SwapImages", ("lr", "hr")),
    )
    for name, keys, target, needs in transforms:
        registry.add("transform", name, keys, f"{package}.transforms:{target}", needs=needs)
    others: tuple[tuple[str, str, type | None, str], ...] = (
        ("discriminator_input", "high_pass", options.HighPassOptions, "filters:HighPass"),
        ("discriminator_input", "gradient_map", None, "filters:GradientMap"),
        ("stage", "usrdu_generate", options.GenerateOptions, "stages:Generate"),
        ("stage", "usrdu_kernels", options.KernelsOptions, "stages:EstimateKernels"),
    )
    for kind, name, table, where in others:
        registry.add(kind, name, table, f"{package}.{where}")


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """The published experiments and a tiny one."""
    registry.add_experiments("usrdu", Path(__file__).parent / "experiments")


@hookimpl
def srcore_register_weight_dialects(registry: Registry) -> None:
    """Published checkpoints."""
    registry.add_dialect("usrdu_dsn_official", "srplug_usrdu.weights:DSN")
    registry.add_dialect("rrdbnet_usrdu", "srplug_usrdu.weights:SRN")


@hookimpl
def srcore_register_commands(cli: SrcoreGroup) -> None:
    """``srcore usrdu``."""
    cli.add_target(
        "usrdu",
        "srplug_usrdu.commands:usrdu",
        "USR-DU: blur kernels of real images, exchange of its checkpoints.",
    )


@hookimpl
def srcore_experiment_loaded(experiment: Experiment) -> list[Problem]:
    """Folders of the plugin's stages, also before the stages they build on have run."""
    from srplug_usrdu.checks import task_problems

    return list(task_problems(experiment))
