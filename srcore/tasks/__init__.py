"""What tasks have in common that make files of images."""

from __future__ import annotations

from srcore.tasks.image_files import delete_outdated, own_share, wait_for_all

__all__ = ["delete_outdated", "own_share", "wait_for_all"]
