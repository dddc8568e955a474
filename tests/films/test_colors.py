"""Numbers of frames mean the right colors, and say so again in the result."""

import numpy as np
import pytest

from srcore.films.colors import FilmColors, FrameConversion, Layout

av = pytest.importorskip("av")

WEIGHTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


def _reference_rgb(samples, matrix, bits, is_full):
    """Rows of brightness, blue and red difference -> RGB in [0, 1]; BT.601, BT.709, BT.2020."""
    red, blue = WEIGHTS[matrix]
    step = 2.0 ** (bits - 8)
    if is_full:
        y, b, r = (
            (samples[..., k] - middle) / (2**bits - 1)
            for k, middle in enumerate((0, 128 * step, 128 * step))
        )
    else:
        y = (samples[..., 0] / step - 16) / 219
        b, r = ((samples[..., k] / step - 128) / 224 for k in (1, 2))
    made_red, made_blue = y + 2 * (1 - red) * r, y + 2 * (1 - blue) * b
    green = (y - red * made_red - blue * made_blue) / (1 - red - blue)
    return np.stack([made_red, green, made_blue], -1)


@pytest.mark.parametrize("is_full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("bits", [8, 10])
def test_frames_become_the_colors_that_they_mean(matrix, bits, is_full):
    generator = np.random.default_rng(0)
    step = 2 ** (bits - 8)
    samples = generator.integers(100 * step, 150 * step, (16, 16, 3))
    name, dtype = ("yuv444p", np.uint8) if bits == 8 else ("yuv444p10le", np.uint16)
    frame = av.VideoFrame(16, 16, name)
    for k, plane in enumerate(frame.planes):
        rows = np.zeros((16, plane.line_size // np.dtype(dtype).itemsize), dtype)
        rows[:, :16] = samples[..., k]
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_range = matrix, 2 if is_full else 1
    layout = Layout.of(frame.format)
    colors = FilmColors.of(frame, layout)
    assert (colors.matrix, colors.is_full) == (matrix, is_full)
    conversion = FrameConversion(colors, layout)
    array = conversion.array(frame)
    full = np.iinfo(array.dtype).max
    expected = _reference_rgb(samples.astype(float), matrix, bits, is_full)
    # libswscale's white of 16 bits is 65280: one level of 8 bits.
    assert np.abs(array / full - expected).max() < 1.01 / 255
    back = conversion.frame(array, name)
    for k, plane in enumerate(back.planes):
        rows = np.frombuffer(bytes(plane), dtype).reshape(16, -1)[:, :16]
        assert np.abs(rows.astype(int) - samples[..., k]).max() <= 2


@pytest.mark.parametrize(("size", "matrix"), [((64, 48), 6), ((720, 16), 1), ((16, 1280), 1)])
def test_a_matrix_that_is_not_said_is_guessed_by_the_size(size, matrix):
    frame = av.VideoFrame(size[1], size[0], "yuv420p")
    assert FilmColors.of(frame, Layout.of(frame.format)).matrix == matrix


def test_a_matrix_that_is_not_converted_is_refused():
    frame = av.VideoFrame(16, 16, "yuv420p")
    frame.colorspace = 14  # ICtCp
    with pytest.raises(ValueError, match="colors by matrix 14"):
        FilmColors.of(frame, Layout.of(frame.format))


@pytest.mark.parametrize(
    ("name", "chroma", "bits", "has_alpha"),
    [
        ("yuv420p", "420", 8, False),
        ("yuvj422p", "422", 8, False),
        ("yuv410p", "444", 8, False),
        ("yuva444p10le", "444", 10, True),
        ("gray12le", "gray", 12, False),
        ("bgr0", "rgb", 8, False),
        ("rgba", "rgb", 8, True),
        ("pal8", "rgb", 8, False),
    ],
)
def test_layouts(name, chroma, bits, has_alpha):
    assert Layout.of(av.VideoFormat(name, 16, 16)) == Layout(chroma, bits, has_alpha)
