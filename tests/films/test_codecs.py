"""Which codec a film gets."""

from pathlib import Path

import pytest

from srcore.films.codecs import CODECS, UnfitOptionsError, choose
from srcore.films.options import FilmOptions


@pytest.mark.parametrize(
    ("name", "bits", "codec"),
    [("a.mp4", 8, "h264"), ("a.mp4", 10, "h265"), ("a.mkv", 8, "h264"), ("a.webm", 10, "vp9")],
)
def test_a_codec_fits_container_and_depth(name, bits, codec):
    assert choose(FilmOptions(), Path(name), bits) == codec


def test_an_unknown_codec_from_python_is_refused_with_those_there_are():
    with pytest.raises(UnfitOptionsError, match="codec divx: there is none; use auto, h264") as it:
        choose(FilmOptions(codec="divx"), Path("a.mp4"), 8)
    assert str(it.value).endswith(", ".join(CODECS))
