"""What the options of all networks share: rules between keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from srcore.config.batch_size import known_batch_size
from srcore.messages import told
from srplug_spandrel.architecture import Architecture, scale_complaint
from srplug_spandrel.extra import KNOWN
from srplug_spandrel.untold import UNTOLD

if TYPE_CHECKING:
    from srcore.config.schema import Experiment


@attrs.frozen(kw_only=True)
class RestorerOptions:
    """Options of a network of spandrel."""

    architecture: ClassVar[str]

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Scales and combinations of keys that spandrel's class does not have."""
        rules = KNOWN[self.architecture]
        complaint = scale_complaint(rules, experiment.scale)
        if complaint:
            yield "", complaint
        elif rules.name == "rcan" and experiment.scale == 1:
            yield from self._unreadable()
        if experiment.task is None:
            part = known_batch_size(experiment.train) // experiment.train.accumulate
            if part < rules.least_batch:
                text = f"{rules.component} is trained on {rules.least_batch} images at once or more"
                yield "", f"{text}; found train.batch_size / train.accumulate = {part}"
        if experiment.scale != 1:
            for key in ("upsampler", "upsampler_type"):
                if getattr(self, key, None) in ("", "conv"):
                    yield key, f"enlarges nothing; found scale = {experiment.scale}; choose another"
        yield from self._uneven(rules)
        yield from self._undivided(rules)

    def remarks(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Keys that files do not tell, where other programs assume another value."""
        rules = KNOWN[self.architecture]
        for key, assumed in UNTOLD.get(rules.name, {}).items():
            value = getattr(self, key)
            if value != assumed:
                text = f"files of {rules.component} do not tell it: other programs compute with"
                yield key, f"{text} {told(assumed)}; found {told(value)}"

    def _unreadable(self) -> Iterator[tuple[str, str]]:
        """RCAN at scale 1 has nothing that tells spandrel the number of its features."""
        keys: Any = self
        if keys.n_feats != 64 and not keys.unshuffle_mod:
            text = "spandrel reads RCAN at scale 1 with 64 features only"
            yield "n_feats", f"{text}; found {keys.n_feats}; set unshuffle_mod = true for others"

    def _uneven(self, rules: Architecture) -> Iterator[tuple[str, str]]:
        first, *others = rules.same_length or ("",)
        for key in others:
            wanted, length = len(getattr(self, first)), len(getattr(self, key))
            if wanted != length:
                yield key, f"expected {wanted} numbers, as in {first}; found {length}"

    def _undivided(self, rules: Architecture) -> Iterator[tuple[str, str]]:
        if rules.heads is None:
            return
        channels, heads = (getattr(self, key) for key in rules.heads)
        for number in heads if isinstance(heads, tuple) else (heads,):
            if channels % number:
                key, what = rules.heads[1], rules.heads[0]
                yield key, f"expected divisors of {what} = {channels}, found {number}"
                return
