"""Which codec a film gets, and how its encoder is set up."""

from pathlib import Path

import pytest

from srcore.films.codecs import CODECS
from srcore.films.colors import Layout
from srcore.films.encoding import (
    UnfitOptionsError,
    choose,
    encoding_settings,
    even_sides,
    fitting_format,
)
from srcore.films.options import FilmOptions


@pytest.mark.parametrize(
    ("name", "bits", "codec"),
    [("a.mp4", 8, "h264"), ("a.mp4", 10, "h265"), ("a.mkv", 8, "h264"), ("a.webm", 10, "vp9")],
)
def test_a_codec_fits_container_and_depth(name, bits, codec):
    assert choose(FilmOptions(), Path(name), bits) == codec


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codec": "divx"}, f'codec="divx": there is none; use auto, {", ".join(CODECS)}'),
        (
            {"codec": "vp9", "target": "a.mov"},
            'codec="vp9": .mov does not hold it; use .webm or .mkv or .mp4 or .m4v, or '
            'codec="h264" or codec="h265" or codec="av1"',
        ),
        ({"preset": "9", "codec": "vp9"}, 'preset="9": not one of vp9; expected 0, 1, 2, 3, 4, 5,'),
        ({"preset": "slow", "codec": "ffv1"}, 'preset="slow": not one of ffv1; it has none'),
        ({"crf": 3.0, "codec": "ffv1"}, "crf: ffv1 loses nothing and has none"),
        ({"crf": 60.0, "codec": "h264"}, "crf=60: h264 takes at most 51"),
    ],
)
def test_options_that_do_not_go_together_are_refused_as_python_gives_them(options, message):
    target = Path(options.pop("target", "a.mkv"))
    with pytest.raises(UnfitOptionsError) as it:
        choose(FilmOptions(**options), target, 8)
    assert str(it.value).startswith(message)


def test_settings_are_those_asked_for_else_those_of_the_codec():
    assert encoding_settings("h264", FilmOptions()) == {"crf": "18", "preset": "medium"}
    asked = FilmOptions(crf=20.5, preset="slow")
    assert encoding_settings("h264", asked) == {"crf": "20.5", "preset": "slow"}
    assert "crf" not in encoding_settings("ffv1", FilmOptions())


@pytest.mark.parametrize(
    ("name", "layout", "pixel_format"),
    [
        ("h264", Layout("420", 8, False), "yuv420p"),
        ("h264", Layout("gray", 8, False), "yuv420p"),
        ("h264", Layout("420", 12, False), "yuv420p10le"),
        ("ffv1", Layout("rgb", 8, False), "bgr0"),
        ("ffv1", Layout("422", 12, False), "yuv422p12le"),
    ],
)
def test_the_pixel_format_is_the_nearest_that_the_encoder_has(name, layout, pixel_format):
    pytest.importorskip("av")
    assert fitting_format(name, layout, layout.bits) == pixel_format


@pytest.mark.parametrize(
    ("name", "pixel_format", "size"),
    [
        ("h264", "yuv420p", (34, 48)),
        ("h264", "yuv422p", (33, 48)),
        ("h264", "yuv444p", (33, 47)),
        ("vp9", "yuv420p", (33, 47)),
    ],
)
def test_sides_are_even_where_colors_of_half_resolution_need_it(name, pixel_format, size):
    assert even_sides(name, pixel_format, (33, 47)) == size
