"""JSON that every reader takes: RFC 8259 has no Infinity and no NaN."""

from __future__ import annotations

import json
import math
from typing import Any


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Nested plain values as JSON; numbers that are not finite become null.

    >>> dumps({"psnr": [1.5, float("inf")]})
    '{"psnr": [1.5, null]}'
    """
    return json.dumps(_without_nan(value), indent=indent, allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, (list, tuple)) else value
