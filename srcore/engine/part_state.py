"""The state of parts beside networks and optimizers: what a checkpoint keeps without being asked.

Of modules: buffers and trained parameters, never frozen parameters (feature networks are read from
their files again). Of other objects: what their ``state_dict`` gives.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from srcore.capabilities import saved_state
from srcore.errors import SrcoreError


def state_to_save(part: Any) -> Any:
    """Tensors and plain values that ``part`` continues from; None if there are none."""
    state: Any
    if isinstance(part, nn.Module):
        frozen = {name for name, value in part.named_parameters() if not value.requires_grad}
        state = {name: value for name, value in part.state_dict().items() if name not in frozen}
    else:
        save = saved_state(part)
        state = save() if save is not None else None
    return state or None


def restore(part: Any, saved: Any) -> None:
    """Put a state back; None leaves the part as it was built.

    Raises:
        SrcoreError: the part cannot take it.
    """
    if saved is None:
        return
    try:
        if not isinstance(part, nn.Module):
            part.load_state_dict(saved)
            return
        unknown = part.load_state_dict(saved, strict=False).unexpected_keys
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())  # PyTorch's of a module has several lines
        raise SrcoreError(
            f"{type(part).__name__} cannot continue from its saved state: {reason}"
        ) from error
    if unknown:
        raise SrcoreError(
            f"{type(part).__name__} cannot continue from its saved state: it has no "
            f"{', '.join(unknown)}"
        )
