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
    """Networks, method, losses, transforms, discriminator inputs and tasks."""
    package = "srplug_usrdu"
    keys = f"{package}.options"
    registry.add(
        "network",
        "usrdu_dsn",
        f"{keys}:DownsamplerOptions",
        f"{package}.networks:Downsampler",
        provides=("shrinks",),
    )
    registry.add(
        "method",
        "usrdu_dsn",
        f"{keys}:UsrduDsnOptions",
        f"{package}.method:DownsamplerTraining",
        needs=("hr",),
        provides=("discriminator", "condition", "log_scale", "feature_log_scale"),
    )
    registry.add("discriminator_input", "gradient_map", None, f"{package}.filters:GradientMap")
    others: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
        ("loss", "usrdu_data", "DataLossOptions", "losses:DataLoss", ("log_scale",)),
        (
            "loss",
            "usrdu_feature",
            "FeatureLossOptions",
            "losses:FeatureLoss",
            ("feature_log_scale",),
        ),
        ("loss", "gaussian_l1", "GaussianL1Options", "losses:GaussianL1Loss", ()),
        ("transform", "usrdu_reference", "ReferenceOptions", "transforms:Reference", ("hr",)),
        (
            "transform",
            "laplace_sampling",
            "LaplaceSamplingOptions",
            "transforms:LaplaceSampling",
            ("lr", "hr"),
        ),
        ("transform", "swap_lr_hr", "SwapOptions", "transforms:SwapImages", ("lr", "hr")),
        ("discriminator_input", "high_pass", "HighPassOptions", "filters:HighPass", ()),
        ("task", "usrdu_generate", "GenerateOptions", "tasks:Generate", ()),
        ("task", "usrdu_kernels", "KernelsOptions", "tasks:EstimateKernels", ()),
    )
    for kind, name, options, target, needs in others:
        registry.add(kind, name, f"{keys}:{options}", f"{package}.{target}", needs=needs)


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
        "srplug_usrdu.commands:command",
        "USR-DU: blur kernels of real images, exchange of its checkpoints.",
    )


@hookimpl
def srcore_experiment_loaded(experiment: Experiment) -> list[Problem]:
    """Folders of the plugin's stages, also before the stages they build on have run."""
    from srplug_usrdu.checks import task_problems

    return list(task_problems(experiment))
