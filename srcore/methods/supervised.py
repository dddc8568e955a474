"""Training on pairs: ``method.type = "supervised"``, the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor

    from srcore.contracts import Batch, LossContext


class Supervised(Method):
    """One forward pass, all losses, one update.

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... method = { type = "supervised" }
    ... generator = { type = "compact", num_features = 4, num_convs = 1 }
    ... losses = [{ type = "l1" }]
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> import json
    >>> lines = (folder / "runs" / "tiny" / "metrics.jsonl").read_text().splitlines()
    >>> "l1" in json.loads(lines[-1])["values"]
    True
    """

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Update the generator."""
        parts = self.parts
        with parts.autocast():
            context = self.generate(batch)
            terms = parts.generator_terms(context)
        parts.update_generator(terms)
        return {name: value.detach() for name, value in terms.items()}

    def generate(self, batch: Batch) -> LossContext:
        """Run the generator; a subclass may feed it otherwise and add what losses see."""
        return self.parts.context(batch, self.parts.upscale(batch))
