"""Image files <-> arrays: the names that others import.

An image is an array ``(H, W, C)``, uint8 or uint16; ``C`` says what it is: 1 gray, 2 gray + alpha,
3 RGB, 4 RGB + alpha. The range follows from the dtype, never from the largest value.

Names are imported when first used: looking for images in a folder needs no decoder, and reading
them no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.lazy import importer

if TYPE_CHECKING:
    from srcore.images.decoding import (
        decode_image,
        decode_open,
        opened_file,
        read_data,
        read_image,
        read_rgb,
        to_gray,
        to_rgb,
        to_rgba,
        verify_content,
        verify_image,
    )
    from srcore.images.encoding import KINDS, encode_image, holding, refuse_unwritable, write_image
    from srcore.images.folder_files import FolderFiles, JoinedFiles, packed
    from srcore.images.folders import (
        Folders,
        files_in,
        folders_complaint,
        folders_of,
        unequal,
    )
    from srcore.images.format import (
        Holds,
        ImageArray,
        ImageFormat,
        ImageHeader,
        Picture,
        PictureArray,
    )
    from srcore.images.format_options import (
        WritingOption,
        fitting_options,
        made_options,
        unfit_options,
        writing_options,
    )
    from srcore.images.formats import format_names, of_suffix, read_suffixes, written_suffixes
    from srcore.images.header import (
        decode_header,
        header_of,
        image_size,
        png_text,
        read_header,
    )
    from srcore.images.listing import (
        image_names,
        in_natural_order,
        is_image_name,
        list_images,
        listed_images,
        names_of,
        natural_key,
        pair_by_name,
        partners_below,
        read_list,
        read_meta_info,
    )
    from srcore.images.metadata import Metadata
    from srcore.images.origins import Origin, origin_of, with_origin
    from srcore.images.png.chunks import with_png_text
    from srcore.images.png.stream import PngStream
    from srcore.images.searched_folders import FolderSet, searched_above, way_to
    from srcore.images.series import (
        Series,
        encode_series,
        read_series,
        series_in,
        series_suffixes,
    )
    from srcore.images.tensors import to_float, to_image, to_tensor
    from srcore.images.walking import files_of
    from srcore.images.windows import decode_window, read_window

_MODULES = {
    "decoding": (
        "decode_image",
        "decode_open",
        "opened_file",
        "read_data",
        "read_image",
        "read_rgb",
        "to_gray",
        "to_rgb",
        "to_rgba",
        "verify_content",
        "verify_image",
    ),
    "encoding": ("KINDS", "encode_image", "holding", "refuse_unwritable", "write_image"),
    "folder_files": ("FolderFiles", "JoinedFiles", "packed"),
    "folders": (
        "Folders",
        "files_in",
        "folders_complaint",
        "folders_of",
        "unequal",
    ),
    "format": (
        "Holds",
        "ImageArray",
        "ImageFormat",
        "ImageHeader",
        "Picture",
        "PictureArray",
    ),
    "series": ("Series", "encode_series", "read_series", "series_in", "series_suffixes"),
    "formats": ("format_names", "of_suffix", "read_suffixes", "written_suffixes"),
    "header": ("decode_header", "header_of", "image_size", "png_text", "read_header"),
    "origins": ("Origin", "origin_of", "with_origin"),
    "listing": (
        "image_names",
        "in_natural_order",
        "partners_below",
        "is_image_name",
        "list_images",
        "listed_images",
        "names_of",
        "natural_key",
        "pair_by_name",
        "read_list",
        "read_meta_info",
    ),
    "metadata": ("Metadata",),
    "srcore.images.png.chunks": ("with_png_text",),
    "srcore.images.png.stream": ("PngStream",),
    "tensors": ("to_float", "to_image", "to_tensor"),
    "walking": ("files_of",),
    "searched_folders": ("FolderSet", "searched_above", "way_to"),
    "windows": ("decode_window", "read_window"),
    "format_options": (
        "WritingOption",
        "fitting_options",
        "made_options",
        "unfit_options",
        "writing_options",
    ),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "KINDS",
    "FolderFiles",
    "FolderSet",
    "Folders",
    "Holds",
    "ImageArray",
    "ImageFormat",
    "ImageHeader",
    "JoinedFiles",
    "Metadata",
    "Origin",
    "Picture",
    "PictureArray",
    "PngStream",
    "Series",
    "WritingOption",
    "decode_header",
    "decode_image",
    "decode_open",
    "decode_window",
    "encode_image",
    "encode_series",
    "files_in",
    "files_of",
    "fitting_options",
    "folders_complaint",
    "folders_of",
    "format_names",
    "header_of",
    "holding",
    "image_names",
    "image_size",
    "in_natural_order",
    "is_image_name",
    "list_images",
    "listed_images",
    "made_options",
    "names_of",
    "natural_key",
    "of_suffix",
    "opened_file",
    "origin_of",
    "packed",
    "pair_by_name",
    "partners_below",
    "png_text",
    "read_data",
    "read_header",
    "read_image",
    "read_list",
    "read_meta_info",
    "read_rgb",
    "read_series",
    "read_suffixes",
    "read_window",
    "refuse_unwritable",
    "searched_above",
    "series_in",
    "series_suffixes",
    "to_float",
    "to_gray",
    "to_image",
    "to_rgb",
    "to_rgba",
    "to_tensor",
    "unequal",
    "unfit_options",
    "verify_content",
    "verify_image",
    "way_to",
    "with_origin",
    "with_png_text",
    "write_image",
    "writing_options",
    "written_suffixes",
]

__getattr__ = importer(__name__, _HOMES)
