"""Broken images by the thousand: an array or one line, and no more memory than an honest file.

``-m slow`` takes a sample, ``-m stress`` takes all.
"""

import io
import random

import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import encode_image, read_header, read_image
from srcore.testing import tiny_image
from srcore.testing.fuzzing import FuzzTarget, Outcomes

LONGEST = 2.0
SIDE = 256
NUMBERS = (0, 1, 2, 255, 256, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**32 - 1)
#: First bytes of formats that are not read; decoders of some start programs or trust sizes.
FOREIGN = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 30000 30000\n(x) print quit\n",
    b"\x01\xda\x01\x01\x00\x03\xff\xff\xff\xff\x00\x03",
    b"8BPS\x00\x01" + b"\0" * 6 + b"\0\x03",
    b"DDS |\0\0\0\x07\x10\x08\0\xff\xff\0\0\xff\xff\0\0",
    b"\0\0\x02" + b"\0" * 9 + b"\xff" * 4,
    b"\0\0\x01\0\x01\0\0\0\0\0\x01\0\x20\0",
    b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    b"\xd7\xcd\xc6\x9a\0\0" + b"\xff" * 20,
    b"%PDF-1.4\n",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n",
)


def honest_files():
    """One file of every kind that is read."""
    image = tiny_image(0, SIDE, SIDE)
    files = [encode_image(image, ".png"), encode_image(image.astype(np.uint16) * 257, ".png")]
    picture = Image.fromarray(image)
    for kind, mode, how in (
        ("PNG", "P", {}), ("PNG", "RGBA", {"optimize": True}), ("PNG", "1", {}), ("PNG", "L", {}),
        ("JPEG", "RGB", {}), ("JPEG", "L", {}), ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"progressive": True}), ("WEBP", "RGB", {}), ("WEBP", "RGBA", {}),
        ("WEBP", "RGB", {"lossless": True}), ("BMP", "RGB", {}), ("BMP", "P", {}), ("GIF", "P", {}),
        ("TIFF", "RGB", {}), ("TIFF", "RGB", {"compression": "tiff_lzw"}), ("TIFF", "1", {}),
        ("TIFF", "RGB", {"compression": "tiff_deflate"}), ("TIFF", "RGBA", {}), ("PPM", "RGB", {}),
        ("PPM", "L", {}), ("PPM", "1", {}), ("TIFF", "L", {"compression": "packbits"}),
    ):  # fmt: skip
        buffer = io.BytesIO()
        picture.convert(mode).save(buffer, kind, **how)
        files.append(buffer.getvalue())
    return files


def mutant(files, chance):
    """A file that is cut, mixed with another, or says other numbers; mostly in its header."""
    content = bytearray(chance.choice(files))
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        length = max(1, len(content))
        at = chance.randrange(min(length, chance.choice((32, 200, length))))
        kind = chance.randrange(9)
        if kind == 0:
            del content[at:]
        elif kind == 1:
            del content[at : at + chance.randrange(1, 500)]
        elif kind == 2:
            content[at:at] = chance.randbytes(chance.randrange(1, 500))
        elif kind < 6:
            size, order = chance.choice((2, 4)), chance.choice(("little", "big"))
            number = chance.choice(NUMBERS) % 2 ** (8 * size)
            content[at : at + size] = number.to_bytes(size, order)
        elif kind == 6:
            other = chance.choice(files)
            content[at:] = other[chance.randrange(len(other)) :]
        elif kind == 7 and chance.random() < 0.3:
            content[:0] = chance.choice(FOREIGN)
        else:
            content[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(content)


def trial(path):
    def read():
        header = read_header(path)
        shape = read_image(path).shape
        if shape != header.shape:
            return f"another image than its header said: {header}, {shape}"
        return None

    def complaint(error):
        return None if error.lines[0].startswith(str(path)) else f"nameless: {error}"

    return FuzzTarget(read=read, refusal=DataError, complaint=complaint, longest=LONGEST)


def fuzz(folder, seed, count):
    """Outcomes of broken files."""
    files, chance = honest_files(), random.Random(seed)
    # The name is of no importance; a decoder that goes by it would find every format here.
    paths = [folder / f"x.{ending}" for ending in ("png", "jpg", "tif", "bmp", "gif", "ppm")]
    most = trial(paths[0]).most_of(files, paths[0].write_bytes)
    outcomes = Outcomes()
    for number in range(count):
        path = chance.choice(paths)
        path.write_bytes(mutant(files, chance))
        if outcomes.add(trial(path).outcome(most), number):
            (folder / f"failed{number}").write_bytes(path.read_bytes())
    return outcomes


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_sample_of_broken_images_is_read_or_refused(tmp_path):
    outcomes = fuzz(tmp_path, 0, 500)
    assert not outcomes.failed
    assert outcomes.counts["refused"] > 100


@pytest.mark.stress
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_all_broken_images_are_read_or_refused(tmp_path, stress_result):
    outcomes = fuzz(tmp_path, 1, 2000)
    stress_result("images", files=outcomes.counts.total(), **outcomes.counts)
    assert not outcomes.failed


@pytest.mark.parametrize("content", FOREIGN, ids=range(len(FOREIGN)))
def test_other_formats_are_refused_under_any_name(tmp_path, content):
    path = tmp_path / "x.png"
    path.write_bytes(content + b"\0" * 500)
    with pytest.raises(DataError, match=r"x\.png: "):
        read_image(path)
