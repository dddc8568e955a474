"""What distillation registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry

#: What a teacher has made of ``lr``.
TEACHER_ENTRY = "teacher"
#: What the methods put into the batch that losses see.
ENTRIES = (TEACHER_ENTRY, "curriculum")


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """Methods with a teacher, losses that look into it, and what it makes before they begin."""
    package = "srplug_distill"
    registry.add(
        "method",
        "distillation",
        f"{package}.options:DistillationOptions",
        f"{package}.methods:Distillation",
        needs=("hr",),
        provides=("ema_sr", "features", *ENTRIES),
    )
    registry.add(
        "method",
        "gan_distillation",
        f"{package}.options:GanDistillationOptions",
        f"{package}.methods:GanDistillation",
        needs=("hr",),
        provides=("ema_sr", "discriminator", "condition", "features", *ENTRIES),
    )
    for name, class_ in (
        ("feature_distillation", "FeatureDistillation"),
        ("relation_distillation", "RelationDistillation"),
    ):
        registry.add(
            "loss",
            name,
            f"{package}.options:{class_}Options",
            f"{package}.losses:{class_}",
            needs=("features",),
        )
    registry.add(
        "task",
        "teacher_images",
        f"{package}.options:TeacherImagesOptions",
        f"{package}.tasks:TeacherImages",
    )
    registry.add(
        "dataset",
        "taught_images",
        f"{package}.options:TaughtImagesOptions",
        f"{package}.datasets:TaughtImages",
    )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """A tiny experiment."""
    registry.add_experiments("distill", Path(__file__).parent / "experiments")
