"""Whether parts work on the images that `srcore check` lets them have: gray, and with alpha."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import attrs

from srcore.capabilities import option_capability
from srcore.errors import cause
from srcore.options.declaration import key_of
from srcore.testing.specimen import Specimen, options_for

_OTHERS = (1, 4)

#: Keys by which parts can be told the channels of their images, by kind.
_KEYS = {"network": "channels", "dataset": "channels", "discriminator": "in_channels"}


def on_other_channels(
    check: Callable[[Specimen], Iterator[str]],
) -> Callable[[Specimen], Iterator[str]]:
    """The check once more on images of 1 and of 4 channels, where the options let them be.

    Networks, discriminators and data sets are tried where they have a key for the channels; losses,
    transforms and inputs of discriminators unless they declare the ones that they work on.
    """

    @functools.wraps(check)
    def tried(specimen: Specimen) -> Iterator[str]:
        for channels in _OTHERS:
            other = _specimen_with_channels(specimen, channels)
            if other is None:
                continue
            try:
                complaint = next(check(other), "")
            except Exception as error:  # whatever a stranger's code raises is a finding
                complaint = f"found {cause(error)}"
            if complaint:
                yield f"on images of {channels} channels: {complaint}; {_channels_advice(specimen)}"
                return

    return tried


def _specimen_with_channels(specimen: Specimen, channels: int) -> Specimen | None:
    """The specimen on such images; None where the options say that there are none."""
    key = _KEYS.get(specimen.component.kind)
    if key is None:
        is_open = option_capability(specimen.options, "channels") is None
        return attrs.evolve(specimen, channels=channels) if is_open else None
    if key not in map(key_of, attrs.fields(type(specimen.options))):
        return None
    keys = {**specimen.keys, key: channels}
    try:
        return attrs.evolve(
            specimen, options=options_for(specimen.component, keys), keys=keys, channels=channels
        )
    except AssertionError:  # the key does not allow it
        return None


def _channels_advice(specimen: Specimen) -> str:
    key = _KEYS.get(specimen.component.kind)
    if key is None:
        return "if it is for colors only, declare `channels = 3` in the class of its options"
    return f"its key {key} allows what does not work"
