"""What can go wrong with the plugin, beyond the core's errors."""

from __future__ import annotations

from srcore.errors import SrcoreError


class NativeUnavailableError(SrcoreError):
    """The compiled kernel was asked for, but there is none for the device."""
