"""The names of :mod:`srcore.images` that list files, at the place where they used to be."""

from srcore.images import (
    is_image_name,
    list_images,
    listed_images,
    natural_key,
    pair_by_name,
    read_meta_info,
)

__all__ = [
    "is_image_name",
    "list_images",
    "listed_images",
    "natural_key",
    "pair_by_name",
    "read_meta_info",
]
