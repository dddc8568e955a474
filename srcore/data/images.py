"""Image files <-> arrays: the names that others import.

An image is an array ``(H, W, C)``, uint8 or uint16; ``C`` says what it is: 1 gray, 2 gray + alpha,
3 RGB, 4 RGB + alpha. The range follows from the dtype, never from the largest value.
"""

from srcore.data.image_decoding import (
    ImageArray,
    decode_image,
    is_complete,
    read_data,
    read_image,
    read_rgb,
    to_rgb,
)
from srcore.data.image_encoding import KINDS, encode_image, write_image
from srcore.data.image_header import (
    ImageHeader,
    decode_header,
    image_size,
    open_header,
    png_text,
    read_header,
)
from srcore.data.png import with_png_text

__all__ = [
    "KINDS",
    "ImageArray",
    "ImageHeader",
    "decode_header",
    "decode_image",
    "encode_image",
    "image_size",
    "is_complete",
    "open_header",
    "png_text",
    "read_data",
    "read_header",
    "read_image",
    "read_rgb",
    "to_rgb",
    "with_png_text",
    "write_image",
]
