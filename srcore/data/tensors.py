"""The names of :mod:`srcore.images` that make tensors, at the place where they used to be."""

from srcore.images import to_float, to_image, to_tensor

__all__ = ["to_float", "to_image", "to_tensor"]
