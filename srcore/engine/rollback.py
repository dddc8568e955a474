"""Putting back what an iteration changed before it turned out to be bad."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from srcore.engine import contents

if TYPE_CHECKING:
    from srcore.engine.parts import Parts


class Rollback:
    """Remembers the state before an iteration, so that a skipped one leaves no trace.

    Batch normalization has seen a bad batch as soon as it went forward, and the generator may have
    been updated before the discriminator's term is computed: a test of the loss comes too late.
    Remembering costs a copy of weights and optimizers per iteration, so it is done only where
    iterations may be skipped.

    Args:
        parts: what is trained.
        others: further objects with state by name, such as the method.
        enabled: whether anything is remembered.
    """

    def __init__(self, parts: Parts, others: Mapping[str, Any], *, enabled: bool) -> None:
        self.parts = parts
        self.others = others
        self.enabled = enabled
        self._before: dict[str, Any] = {}

    def remember(self) -> None:
        """Before an iteration: copy everything that it may change."""
        if self.enabled:
            self._before = copy.deepcopy(contents.trained_state(self.parts, self.others))

    def forget(self) -> None:
        """After an iteration: there is nothing to put back."""
        self._before = {}

    def undo(self) -> None:
        """Put the remembered state back and drop the gradients."""
        for updater in self.parts.updaters.values():
            updater.discard()
        self.parts.loss_scale.discard()
        if self._before:
            contents.restore_trained_state(self.parts, self._before, self.others)
