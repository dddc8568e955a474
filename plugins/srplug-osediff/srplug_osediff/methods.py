"""Methods that show losses the generator's latents: ``osediff`` and ``gan_osediff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcore.methods.gan import Gan
from srcore.methods.supervised import Supervised

if TYPE_CHECKING:
    from torch import Tensor, nn

    from srcore.contracts import Batch, LossContext
    from srcore.engine.parts import Parts


class LatentTap:
    """What passes through the module ``latents`` of the generator.

    Args:
        parts: of the stage.
    """

    def __init__(self, parts: Parts) -> None:
        network: Any = parts.roles["generator"].network
        self._taken: Tensor | None = None
        self._handle = network.latents.register_forward_hook(self._take)

    def taken(self) -> Tensor | None:
        """The latents ``(N, C, h, w)`` of the last forward pass; they are not kept any longer."""
        taken, self._taken = self._taken, None
        return taken

    def close(self) -> None:
        """Leave the network as it was."""
        self._handle.remove()

    def _take(self, module: nn.Module, given: Any, output: Tensor) -> None:
        if output.requires_grad:  # not one of a validation
            self._taken = output


class OSEDiffTraining(Supervised):
    """Method ``supervised`` whose losses see latents: ``score_distillation`` and others.

        [method]
        type = "osediff"
        [generator]
        type = "osediff"
        weights = "base.safetensors"
        [[losses]]
        type = "mse"
        [[losses]]
        type = "score_distillation"
        weights = "base.safetensors"

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... method = { type = "osediff" }
    ... losses = [{ type = "mse" }]
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [generator]
    ... type = "osediff"
    ... unet_channels = [8, 8]
    ... attention_heads = [2, 2]
    ... vae_channels = [8, 8]
    ... prompt_channels = 8
    ... norm_groups = 4
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> import json
    >>> lines = (folder / "runs/tiny/metrics.jsonl").read_text().splitlines()
    >>> "mse" in json.loads(lines[-1])["values"]
    True
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.tap = LatentTap(parts)

    def generate(self, batch: Batch) -> LossContext:
        """Run the generator."""
        context = super().generate(batch)
        context.extras["latents"] = self.tap.taken()
        return context

    def close(self) -> None:
        """Leave the generator as it was."""
        self.tap.close()


class GanOSEDiff(Gan):
    """Method ``gan`` whose losses see latents.

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... method = { type = "gan_osediff" }
    ... discriminator = { type = "patch", num_layers = 2, num_features = 4 }
    ... losses = [{ type = "mse" }, { type = "adversarial", weight = 0.1 }]
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [generator]
    ... type = "osediff"
    ... unet_channels = [8, 8]
    ... attention_heads = [2, 2]
    ... vae_channels = [8, 8]
    ... prompt_channels = 8
    ... norm_groups = 4
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> import json
    >>> lines = (folder / "runs/tiny/metrics.jsonl").read_text().splitlines()
    >>> "adversarial" in json.loads(lines[-1])["values"]
    True
    """

    def __init__(self, parts: Parts, **options: Any) -> None:
        super().__init__(parts, **options)
        self.tap = LatentTap(parts)

    def generate(self, batch: Batch) -> LossContext:
        """Run the generator."""
        context = super().generate(batch)
        context.extras["latents"] = self.tap.taken()
        return context

    def close(self) -> None:
        """Leave the generator as it was."""
        self.tap.close()
