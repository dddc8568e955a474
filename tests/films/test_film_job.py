"""A film of every kind keeps its length, sound, times, colors and shape."""

from fractions import Fraction

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.films.options import FilmOptions
from srcore.films.parts import PartsError, parts_folder
from srcore.upscaling.batch import Settings
from srcore.upscaling.film_job import FilmJob
from srcore.upscaling.fitting import Fitting
from srcore.upscaling.sizing import Sizing

av = pytest.importorskip("av")


@pytest.fixture
def upscale(films, tiny_network, tmp_path):
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
def test_times_length_and_sound_are_kept(films, upscale, tmp_path, suffix):
    source = films.write(tmp_path / f"in{suffix}", sound=["eng", "deu"])
    before, after = films.contents(source), upscale(source, f"out{suffix}")
    assert after.times == before.times
    assert after.seconds == pytest.approx(before.seconds, abs=0.024)  # a packet of sound
    assert [it.type for it in after.streams] == ["video", "audio", "audio"]
    assert [it.language for it in after.streams] == [it.language for it in before.streams]
    assert [after.packets[index] for index in (1, 2)] == [before.packets[index] for index in (1, 2)]
    assert {(frame.width, frame.height) for frame in after.frames} == {(96, 64)}
    assert after.notes == ()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_frame_rates_keep_every_time(films, upscale, tmp_path, suffix):
    times = [0, 512, 2048, 2176, 5120, 5632, 9216, 9984, 17408]
    source = films.write(tmp_path / f"in{suffix}", times=times, sound=["eng"])
    before = films.contents(source)
    after = upscale(source, f"out{suffix}", segment=4)
    assert after.times == before.times
    assert len(after.times) == len(times)
    assert after.packets[1] == before.packets[1]


def test_a_frame_alone_and_a_film_without_sound(films, upscale, tmp_path):
    source = films.write(tmp_path / "in.mp4", count=1)
    after = upscale(source)
    assert after.times == [0]
    assert [it.type for it in after.streams] == ["video"]


@pytest.mark.parametrize(
    ("kind", "suffix"), [("mov_text", ".mp4"), ("subrip", ".mkv")], ids=["mp4", "mkv"]
)
def test_subtitles_are_copied(films, upscale, tmp_path, kind, suffix):
    source = films.write(tmp_path / f"in{suffix}", subtitles=kind)
    before, after = films.contents(source), upscale(source, f"out{suffix}")
    assert after.streams[1].codec == before.streams[1].codec
    # Where nothing is to be read, MP4 says so by an empty text.
    said = [[it for it in film.packets[1] if it[1] != b"\0\0"] for film in (before, after)]
    assert said[0] == said[1]
    assert len(said[1]) == 2


def test_what_a_container_does_not_hold_is_said(films, upscale, tmp_path):
    source = films.write(tmp_path / "in.mkv", subtitles="subrip", sound=["eng"])
    after = upscale(source, "out.mp4")
    assert [it.type for it in after.streams] == ["video", "audio"]
    assert after.notes == (
        "left out, .mp4 does not hold it: subtitle stream 2 (srt); .mkv holds more",
    )


def test_chapters_texts_and_attachments_are_kept(films, upscale, tmp_path):
    chapters = [
        {
            "id": k,
            "start": 100 * k,
            "end": 100 * k + 100,
            "time_base": Fraction(1, 1000),
            "metadata": {"title": f"part {k}"},
        }
        for k in range(2)
    ]
    source = films.write(
        tmp_path / "in.mkv",
        chapters=chapters,
        metadata={"title": "A film"},
        attachment=("font.ttf", "font/ttf", b"letters"),
    )
    after = upscale(source, "out.mkv")
    assert after.metadata["title"] == "A film"
    assert [it["metadata"]["title"] for it in after.chapters] == ["part 0", "part 1"]
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [(it.name, it.data) for it in container.streams.attachments] == [
            ("font.ttf", b"letters")
        ]


def test_frames_are_those_of_the_network(films, upscale, doubling, tmp_path):
    source = films.write(tmp_path / "in.mkv", codec="ffv1", pixel_format="yuv444p")
    after = upscale(source, "out.mkv", codec="ffv1", network=doubling)
    before = films.contents(source)
    for small, large in zip(before.frames, after.frames, strict=True):
        stored = small.to_ndarray().astype(int)
        expected = stored.repeat(2, axis=1).repeat(2, axis=2)
        assert np.abs(large.to_ndarray().astype(int) - expected).max() <= 1


def test_parts_of_a_film_that_was_not_finished_are_refused(films, upscale, tmp_path):
    source = films.write(tmp_path / "in.mp4")
    folder = parts_folder(tmp_path / "out.mp4")
    folder.mkdir()
    (folder / "job.json").write_text("{}")
    with pytest.raises(PartsError, match="resume=True goes on with it, overwrite=True begins anew"):
        upscale(source)


def test_what_is_no_film_is_refused(upscale, tmp_path):
    (tmp_path / "in.mp4").write_bytes(b"no film" * 100)
    with pytest.raises(DataError, match=r"in\.mp4: not a film that can be read, or cut off \("):
        upscale(tmp_path / "in.mp4")
    with pytest.raises(DataError, match=r"none\.mp4: no such file; expected a film"):
        upscale(tmp_path / "none.mp4")


def colors_of(film):
    frame = film.frames[0]
    return frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("colors", "codec", "pixel_format"),
    [
        ((1, 1, 1, 1), "libx264", "yuv420p"),
        ((6, 6, 6, 1), "libx264", "yuv420p"),
        ((5, 6, 5, 1), "libx264", "yuv420p"),
        ((1, 13, 1, 2), "libx264", "yuv420p"),
        ((9, 16, 9, 1), "libx264", "yuv420p10le"),
    ],
    ids=["bt709", "bt601-525", "bt601-625", "full", "bt2020-10bit"],
)
def test_color_tags_and_depth_are_kept(
    films, upscale, tmp_path, suffix, colors, codec, pixel_format
):
    source = films.write(
        tmp_path / f"in{suffix}", 3, colors=colors, codec=codec, pixel_format=pixel_format
    )
    after = upscale(source, f"out{suffix}", codec="h264")
    assert colors_of(after) == colors_of(films.contents(source)) == colors
    assert ("10le" in after.frames[0].format.name) == ("10le" in pixel_format)
    assert after.notes == ()


def test_of_a_film_that_says_nothing_the_matrix_is_written_down(films, upscale, tmp_path):
    source = films.write(tmp_path / "in.mp4", 2, colors=(2, 2, 2, 1))
    assert colors_of(upscale(source)) == (2, 2, 6, 1)


def test_more_bits_than_an_encoder_holds_are_said(films, upscale, tmp_path):
    source = films.write(tmp_path / "in.mkv", 2, pixel_format="yuv422p10le", codec="ffv1")
    after = upscale(source, "out.webm")
    assert after.frames[0].format.name == "yuv422p"
    assert "10 bits become 8: vp9 holds no more here" in after.notes
    asked = upscale(source, "asked.mkv", settings=Settings(fitting=Fitting(depth=8)))
    assert asked.frames[0].format.name == "yuv422p"
    assert asked.notes == ()


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_is_applied(films, upscale, doubling, tmp_path, rotation):
    source = films.write(tmp_path / "in.mp4", 2, rotation=rotation, aspect=Fraction(4, 3))
    after = upscale(source, network=doubling, crf=1.0)
    frame = after.frames[0]
    stored = films.contents(source).frames[0]
    assert (stored.rotation % 360, frame.rotation) == (rotation % 360, 0)
    is_turned = rotation != 180
    assert (frame.width, frame.height) == ((64, 96) if is_turned else (96, 64))
    assert after.aspect == (Fraction(3, 4) if is_turned else Fraction(4, 3))
    upright = np.rot90(stored.to_ndarray(format="gray"), rotation // 90)
    difference = frame.to_ndarray(format="gray")[::2, ::2].astype(int) - upright
    assert np.abs(difference).mean() < 6


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_the_shape_of_pixels_is_kept(films, upscale, tmp_path, suffix):
    source = films.write(tmp_path / f"in{suffix}", 2, aspect=Fraction(16, 11))
    assert upscale(source, f"out{suffix}").aspect == Fraction(16, 11)


@pytest.mark.parametrize(
    ("codec", "size"), [("h264", (142, 100)), ("h265", (142, 100)), ("vp9", (141, 99))]
)
def test_odd_sides_become_even_where_the_encoder_wants_it(films, upscale, tmp_path, codec, size):
    source = films.write(tmp_path / "in.mkv", 2, (33, 47), codec="ffv1")
    settings = Settings(sizing=Sizing(scale=3))
    after = upscale(source, "out.mkv", settings=settings, codec=codec)
    assert (after.frames[0].width, after.frames[0].height) == size
    said = f"141x99 pixels become 142x100 by repeating the last row or column: {codec} takes even "
    assert [note for note in after.notes if note.startswith(said)] or codec == "vp9"


def test_interlaced_films_are_refused_or_made_whole(films, upscale, tmp_path):
    interlaced = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    source = films.write(tmp_path / "in.mp4", options=interlaced)
    before = films.contents(source)
    assert before.frames[0].interlaced_frame
    with pytest.raises(DataError, match="interlaced; deinterlace=True makes whole frames of its"):
        upscale(source)
    after = upscale(source, deinterlace=True)
    assert after.times == before.times
    assert not any(frame.interlaced_frame for frame in after.frames)


def test_transparent_films_need_a_background(films, upscale, tmp_path):
    source = films.write(tmp_path / "in.mkv", 2, codec="ffv1", pixel_format="yuva420p")
    with pytest.raises(DataError, match=r"the film is transparent, .*background=COLOR"):
        upscale(source)
    settings = Settings(fitting=Fitting(background=(255, 255, 255)))
    assert upscale(source, settings=settings).frames[0].format.name == "yuv420p"


@pytest.mark.parametrize("suffix", [".avi", ".mpg", ".ts"])
def test_other_containers_are_read(films, upscale, tmp_path, suffix):
    codec = {".avi": "mpeg4", ".mpg": "mpeg2video"}.get(suffix, "libx264")
    source = films.write(
        tmp_path / f"in{suffix}", times=list(range(8)), unit=Fraction(1, 25), codec=codec
    )
    before, after = films.contents(source), upscale(source, "out.mkv")
    assert len(after.times) == 8
    steps = np.diff([float(time) for time in after.times])
    assert np.abs(steps - 0.04).max() < 0.0011
    assert len(before.times) == 8
