"""The names of :mod:`srcore.images` at the place where they used to be."""

from srcore.images import (
    ImageArray,
    ImageHeader,
    decode_header,
    decode_image,
    encode_image,
    image_size,
    png_text,
    read_data,
    read_header,
    read_image,
    read_rgb,
    to_rgb,
    with_png_text,
    write_image,
)

__all__ = [
    "ImageArray",
    "ImageHeader",
    "decode_header",
    "decode_image",
    "encode_image",
    "image_size",
    "png_text",
    "read_data",
    "read_header",
    "read_image",
    "read_rgb",
    "to_rgb",
    "with_png_text",
    "write_image",
]
