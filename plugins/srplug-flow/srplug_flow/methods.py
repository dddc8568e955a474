"""Training of velocity networks: alone, against a discriminator, on one of many steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from srcore.methods.gan import Gan
from srcore.methods.supervised import Supervised
from srcore.options.declaration import defaults
from srplug_flow.options import TEACHER, FlowMatchingOptions

if TYPE_CHECKING:
    from srcore.contracts import Batch, LossContext
    from srcore.engine.parts import Parts

_DEFAULT = defaults(FlowMatchingOptions)


def estimated(batch: Batch, parts: Parts, latest: float) -> LossContext:
    """What losses see: the end of the path of every image, estimated from a time of its own.

    Args:
        batch: ``lr`` ``(N, C, h, w)`` and ``hr``.
        parts: of the stage; its generator has a velocity.
        latest: times are drawn evenly from [0, latest].

    Returns:
        ``sr``, of the generator at these times, and in ``extras`` ``flow_time`` ``(N,)``.
    """
    hr = batch["hr"]
    time = latest * torch.rand(len(hr), generator=parts.random, device=hr.device)
    context = parts.context(batch, parts.upscale(batch, target=hr, time=time))
    context.extras["flow_time"] = time
    return context


class FlowMatching(Supervised):
    """Method ``supervised`` for a velocity network, at times drawn for every image.

    All losses see the estimate of the image from there; loss ``flow_matching`` is that of the
    velocity.

        [method]
        type = "flow_matching"
        [generator]
        type = "flow"
        [[losses]]
        type = "flow_matching"

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... method = { type = "flow_matching" }
    ... generator = { type = "flow", num_features = 4, num_blocks = 1 }
    ... losses = [{ type = "flow_matching" }]
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> import json
    >>> lines = (folder / "runs/tiny/metrics.jsonl").read_text().splitlines()
    >>> "flow_matching" in json.loads(lines[-1])["values"]
    True
    """

    def __init__(self, parts: Parts, *, latest: float = _DEFAULT.latest) -> None:
        super().__init__(parts)
        self.latest = latest

    def generate(self, batch: Batch) -> LossContext:
        """Estimate images from points of their paths."""
        return estimated(batch, self.parts, self.latest)


class GanFlowMatching(Gan):
    """Method ``gan`` for a velocity network, whose estimates the discriminator judges.

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... method = { type = "gan_flow_matching" }
    ... generator = { type = "flow", num_features = 4, num_blocks = 1 }
    ... discriminator = { type = "patch", num_layers = 2, num_features = 4 }
    ... losses = [{ type = "flow_matching" }, { type = "adversarial", weight = 0.1 }]
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> import json
    >>> lines = (folder / "runs/tiny/metrics.jsonl").read_text().splitlines()
    >>> "adversarial" in json.loads(lines[-1])["values"]
    True
    """

    def __init__(self, parts: Parts, *, latest: float = _DEFAULT.latest, **options: Any) -> None:
        super().__init__(parts, **options)
        self.latest = latest

    def generate(self, batch: Batch) -> LossContext:
        """Estimate images from points of their paths."""
        return estimated(batch, self.parts, self.latest)


class FlowDistillation(Supervised):
    """The frozen teacher takes its steps from the same noise; losses compare with its image.

    Reflow (Liu et al., ICLR 2023, section 2.2) for one step: pairs of a start and what the teacher
    makes of it, which do not cross, are learned instead of pairs of noise and truth.

        [method]
        type = "flow_distillation"
        [generator]
        type = "flow"
        steps = 1
        [networks.teacher]
        type = "flow"
        steps = 8
        weights = "teacher.safetensors"
        [[losses]]
        type = "l1"
        target = "teacher"

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... generator = { type = "flow", num_features = 4, num_blocks = 1, steps = 1 }
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... [[stages]]
    ... name = "flow"
    ... method = { type = "flow_matching" }
    ... losses = [{ type = "flow_matching" }]
    ... [[stages]]
    ... name = "one_step"
    ... method = { type = "flow_distillation" }
    ... losses = [{ type = "l1", target = "teacher", name = "taught" }]
    ... [stages.networks.teacher]
    ... type = "flow"
    ... num_features = 4
    ... num_blocks = 1
    ... steps = 3
    ... weights = "stage:flow/generator.safetensors"
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> import json
    >>> lines = (folder / "runs/tiny/one_step/metrics.jsonl").read_text().splitlines()
    >>> "taught" in json.loads(lines[-1])["values"]
    True
    """

    def generate(self, batch: Batch) -> LossContext:
        """Run teacher and student on the same noise."""
        parts = self.parts
        before = parts.drawn.get_state()
        output = parts.look(TEACHER, batch)
        parts.drawn.set_state(before)  # the student's noise is drawn from where the teacher's was
        return super().generate({**batch, TEACHER: output})
