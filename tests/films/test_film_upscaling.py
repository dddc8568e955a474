"""One film from Python."""

import pytest

import srcore
from srcore.errors import DataError


@pytest.fixture
def upscale(tiny_network, tmp_path):
    """A function that makes ``out.mkv`` of a film."""

    def call(source, **options):
        return srcore.upscale_film(tiny_network, source, tmp_path / "out.mkv", **options)

    return call


def test_a_film_that_is_there_is_replaced_only_if_asked(films, upscale, tmp_path):
    source = films.write(tmp_path / "in.mkv", 2)
    upscale(source)
    before = films.contents(tmp_path / "out.mkv")
    with pytest.raises(DataError, match=r"out\.mkv: exists; overwrite=True replaces it"):
        upscale(source, codec="ffv1")
    upscale(source, codec="ffv1", overwrite=True)
    after = films.contents(tmp_path / "out.mkv")
    assert (before.streams[0].codec, after.streams[0].codec) == ("h264", "ffv1")


def test_a_transparent_film_is_laid_on_a_color(films, upscale, tmp_path):
    source = films.write(tmp_path / "in.mkv", 2, codec="ffv1", pixel_format="yuva420p")
    with pytest.raises(DataError, match=r"is transparent, .*; background=COLOR lays it on a color"):
        upscale(source)
    upscale(source, background=(255, 255, 255))
    assert films.contents(tmp_path / "out.mkv").frames[0].format.name == "yuv420p"


def test_progress_counts_frames_and_notes_are_handed_back(films, upscale, tmp_path):
    counts = []
    notes = upscale(films.write(tmp_path / "in.mp4", 5), progress=counts.append, segment=2)
    assert sum(counts) == 5
    assert notes == ["times are rounded to milliseconds, the unit of Matroska"]
