"""Training on pairs: ``method.type = "supervised"``, the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor

    from srcore.contracts import Batch


class Supervised(Method):
    """One forward pass, all losses, one update."""

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Update the generator."""
        parts = self.parts
        with parts.autocast():
            context = parts.context(batch, parts.enlarge(batch))
            terms = parts.generator_terms(context)
        parts.update_generator(terms)
        return {name: value.detach() for name, value in terms.items()}
