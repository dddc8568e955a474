"""Methods with a frozen teacher: ``method.type = "distillation"`` and ``"gan_distillation"``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcore.errors import SrcoreError
from srcore.methods.gan import Gan
from srcore.methods.supervised import Supervised
from srplug_distill.curriculum import curriculum_target
from srplug_distill.features import Taps
from srplug_distill.options import CurriculumOptions
from srplug_distill.plugin import TEACHER_ENTRY

if TYPE_CHECKING:
    from srcore.contracts import Batch, LossContext
    from srcore.engine.parts import Parts


def taught(batch: Batch, parts: Parts, curriculum: CurriculumOptions) -> Batch:
    """The batch with what the teacher makes of ``lr``, computed once and without graph.

    Args:
        batch: ``lr`` ``(N, C, h, w)`` and ``hr``; ``teacher`` where that was made before.
        parts: of the stage; its role ``teacher``, if there is one, is frozen, in evaluation mode.
        curriculum: from the teacher's output to ``hr``.

    Returns:
        The batch and its entries ``teacher`` and ``curriculum``, of the shape of ``hr``.

    Raises:
        SrcoreError: teacher and truth differ in shape.
    """
    hr, is_online = batch["hr"], "teacher" in parts.roles
    output = parts.look("teacher", batch) if is_online else batch[TEACHER_ENTRY]
    if output.shape != hr.shape:
        place, advice = (
            ("networks.teacher", "check scale and crop sizes")
            if is_online
            else ("data.train", "a transform cuts hr alone")
        )
        raise SrcoreError(
            f"{place}: the teacher's images have the shape {tuple(output.shape)}; expected "
            f"{tuple(hr.shape)} as the batch entry hr; {advice}"
        )
    target = curriculum_target(output, hr, parts.progress, curriculum)
    return {**batch, TEACHER_ENTRY: output, "curriculum": target}


class Distillation(Supervised):
    """Method ``supervised`` where losses may compare with a frozen teacher.

    [method]
    type = "distillation"
    [networks.teacher]
    type = "rrdbnet"
    weights = "teacher.safetensors"
    [[losses]]
    type = "l1"
    target = "teacher"

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... generator = { type = "compact", num_features = 4, num_convs = 1 }
    ... losses = [{ type = "l1" }]
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... [[stages]]
    ... name = "teacher"
    ... [[stages]]
    ... name = "student"
    ... method = { type = "distillation" }
    ... losses = [{ type = "l1", target = "teacher", name = "taught" }]
    ... [stages.networks.teacher]
    ... type = "compact"
    ... num_features = 4
    ... num_convs = 1
    ... weights = "stage:teacher/generator.safetensors"
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> import json
    >>> lines = (folder / "runs/tiny/student/metrics.jsonl").read_text().splitlines()
    >>> "taught" in json.loads(lines[-1])["values"]
    True
    """

    def __init__(self, parts: Parts, *, curriculum: CurriculumOptions, online: bool) -> None:
        super().__init__(parts)
        self.online = online
        self.curriculum = curriculum
        self.taps = Taps(parts)

    def generate(self, batch: Batch) -> LossContext:
        """Run teacher and student."""
        with self.taps.taking() as features:
            context = super().generate(taught(batch, self.parts, self.curriculum))
        context.extras["features"] = features
        return context

    def close(self) -> None:
        """Leave both networks as they were."""
        self.taps.close()


class GanDistillation(Gan):
    """Method ``gan`` where losses may compare with a frozen teacher.

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... generator = { type = "compact", num_features = 4, num_convs = 1 }
    ... losses = [{ type = "l1" }]
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... [[stages]]
    ... name = "teacher"
    ... [[stages]]
    ... name = "student"
    ... method = { type = "gan_distillation" }
    ... discriminator = { type = "patch", num_layers = 2, num_features = 4 }
    ... losses = [{ type = "adversarial" }, { type = "l1", target = "teacher", name = "taught" }]
    ... [stages.networks.teacher]
    ... type = "compact"
    ... num_features = 4
    ... num_convs = 1
    ... weights = "stage:teacher/generator.safetensors"
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> import json
    >>> lines = (folder / "runs/tiny/student/metrics.jsonl").read_text().splitlines()
    >>> "taught" in json.loads(lines[-1])["values"]
    True
    """

    def __init__(
        self, parts: Parts, *, curriculum: CurriculumOptions, online: bool, **options: Any
    ) -> None:
        super().__init__(parts, **options)
        self.online = online
        self.curriculum = curriculum
        self.taps = Taps(parts)

    def generate(self, batch: Batch) -> LossContext:
        """Run teacher and student."""
        with self.taps.taking() as features:
            context = super().generate(taught(batch, self.parts, self.curriculum))
        context.extras["features"] = features
        return context

    def close(self) -> None:
        """Leave both networks as they were."""
        self.taps.close()
