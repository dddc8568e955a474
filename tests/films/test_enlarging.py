"""A film of every kind keeps its length, sound, times, colors and shape."""

import av
import numpy as np
import pytest

from srcore.errors import DataError
from srcore.films.enlarging import FilmJob
from srcore.films.options import FilmOptions
from srcore.films.parts import PartsError, parts_folder
from srcore.upscaling.batch import Settings


@pytest.fixture
def enlarge(films, tiny_network, tmp_path):
    """Enlarges a film: source, name of the result, options -> what is in the result, notes."""

    def run(source, name="out.mp4", *, network=None, settings=None, **options):
        told = []
        job = FilmJob.plan(
            network or tiny_network,
            source,
            tmp_path / name,
            settings or Settings(),
            FilmOptions(**{"segment": 3, "preset": None, **options}),
        )
        job.run(lambda count: None, told.append)
        assert not parts_folder(job.target).exists()
        result = films.contents(job.target)
        result.notes, result.told = job.notes, told
        return result

    return run


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_times_length_and_sound_are_kept(films, enlarge, tmp_path, suffix):
    source = films.write(tmp_path / f"in{suffix}", sound=["eng", "deu"])
    before, after = films.contents(source), enlarge(source, f"out{suffix}")
    assert after.times == before.times
    assert after.seconds == pytest.approx(before.seconds, abs=0.024)  # a packet of sound
    assert [it.type for it in after.streams] == ["video", "audio", "audio"]
    assert [it.language for it in after.streams] == [it.language for it in before.streams]
    assert [after.packets[index] for index in (1, 2)] == [before.packets[index] for index in (1, 2)]
    assert {(frame.width, frame.height) for frame in after.frames} == {(96, 64)}
    assert after.notes == ()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_frame_rates_keep_every_time(films, enlarge, tmp_path, suffix):
    times = [0, 512, 2048, 2176, 5120, 5632, 9216, 9984, 17408]
    source = films.write(tmp_path / f"in{suffix}", times=times, sound=["eng"])
    before = films.contents(source)
    after = enlarge(source, f"out{suffix}", segment=4)
    assert after.times == before.times
    assert len(after.times) == len(times)
    assert after.packets[1] == before.packets[1]


def test_a_picture_alone_and_a_film_without_sound(films, enlarge, tmp_path):
    source = films.write(tmp_path / "in.mp4", count=1)
    after = enlarge(source)
    assert after.times == [0]
    assert [it.type for it in after.streams] == ["video"]


@pytest.mark.parametrize(
    ("kind", "suffix"), [("mov_text", ".mp4"), ("subrip", ".mkv")], ids=["mp4", "mkv"]
)
def test_subtitles_are_copied(films, enlarge, tmp_path, kind, suffix):
    source = films.write(tmp_path / f"in{suffix}", subtitles=kind)
    before, after = films.contents(source), enlarge(source, f"out{suffix}")
    assert after.streams[1].codec == before.streams[1].codec
    # Where nothing is to be read, MP4 says so by an empty text.
    said = [[it for it in film.packets[1] if it[1] != b"\0\0"] for film in (before, after)]
    assert said[0] == said[1]
    assert len(said[1]) == 2


def test_what_a_container_does_not_hold_is_said(films, enlarge, tmp_path):
    source = films.write(tmp_path / "in.mkv", subtitles="subrip", sound=["eng"])
    after = enlarge(source, "out.mp4")
    assert [it.type for it in after.streams] == ["video", "audio"]
    assert after.notes == (
        "left out, .mp4 does not hold it: subtitle stream 2 (srt); .mkv holds more",
    )


def test_chapters_texts_and_attachments_are_kept(films, enlarge, tmp_path):
    from fractions import Fraction

    chapters = [
        {"id": k, "start": 100 * k, "end": 100 * k + 100, "time_base": Fraction(1, 1000),
         "metadata": {"title": f"part {k}"}}
        for k in range(2)
    ]  # fmt: skip
    source = films.write(
        tmp_path / "in.mkv", chapters=chapters, metadata={"title": "A film"},
        attachment=("font.ttf", "font/ttf", b"letters"),
    )  # fmt: skip
    after = enlarge(source, "out.mkv")
    assert after.metadata["title"] == "A film"
    assert [it["metadata"]["title"] for it in after.chapters] == ["part 0", "part 1"]
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [(it.name, it.data) for it in container.streams.attachments] == [
            ("font.ttf", b"letters")
        ]


def test_pictures_are_those_of_the_network(films, enlarge, doubling, tmp_path):
    source = films.write(tmp_path / "in.mkv", codec="ffv1", pixel_format="yuv444p")
    after = enlarge(source, "out.mkv", codec="ffv1", network=doubling)
    before = films.contents(source)
    for small, large in zip(before.frames, after.frames, strict=True):
        stored = small.to_ndarray().astype(int)
        expected = stored.repeat(2, axis=1).repeat(2, axis=2)
        assert np.abs(large.to_ndarray().astype(int) - expected).max() <= 1


def test_parts_of_a_film_that_was_not_finished_are_refused(films, enlarge, tmp_path):
    source = films.write(tmp_path / "in.mp4")
    folder = parts_folder(tmp_path / "out.mp4")
    folder.mkdir()
    (folder / "job.json").write_text("{}")
    with pytest.raises(PartsError, match="--resume goes on with it, --overwrite begins anew"):
        enlarge(source)


def test_what_is_no_film_is_refused(enlarge, tmp_path):
    (tmp_path / "in.mp4").write_bytes(b"no film" * 100)
    with pytest.raises(DataError, match=r"in\.mp4: not a film that can be read, or cut off \("):
        enlarge(tmp_path / "in.mp4")
    with pytest.raises(DataError, match=r"none\.mp4: no such file; expected a film"):
        enlarge(tmp_path / "none.mp4")
