"""What browsers let pages do, in their words: nothing but what the page needs."""

from __future__ import annotations

#: The page: its own style and script, pictures of its own and of what it has read.
PAGE = (
    "default-src 'none'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Reports hold their pictures, style and script, and fetch nothing.
REPORT = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
