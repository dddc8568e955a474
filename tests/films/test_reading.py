"""Damage is one line with its time; what is whole is read."""

import pytest

from srcore.errors import DataError
from srcore.films.facts import Film, stamp
from srcore.films.options import FilmOptions
from srcore.films.reading import read_frames

av = pytest.importorskip("av")


def read(path, **options):
    told = []
    frames = [it.time for it in read_frames(Film.read(path), FilmOptions(**options), told.append)]
    return frames, told


def test_every_frame_has_its_time_and_duration(films, tmp_path):
    times = [0, 512, 2048, 2176, 5120]
    path = films.write(tmp_path / "in.mp4", times=times)
    frames = list(read_frames(Film.read(path), FilmOptions(), print))
    assert [it.time for it in frames] == times
    assert [it.duration for it in frames][:4] == [512, 1536, 128, 2944]
    assert frames[4].duration > 0


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_film_that_is_cut_off_is_refused_with_its_time(films, tmp_path, suffix):
    path = films.write(
        tmp_path / f"in{suffix}", 50, options={"g": "5", "bf": "0"}, faststart=suffix == ".mp4"
    )
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(DataError, match=r"damaged at 0:00:0[01]\.\d+: .*; skip_damaged=True l"):
        read(path)
    frames, told = read(path, skip_damaged=True)
    assert 5 < len(frames) < 50
    assert told
    assert all("damaged at 0:00:0" in line for line in told)


def test_damaged_frames_are_refused_or_left_out(films, tmp_path):
    path = films.write(tmp_path / "in.mkv", 20, (64, 96), options={"bf": "0"})
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        body = bytes([it for it in container.demux(video=0) if it.size][11])
    start = content.find(body) + len(body) // 3
    for place in range(start, start + len(body) // 3):
        content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"in\.mkv: damaged at 0:00:00\.440: "):
        read(path)
    frames, told = read(path, skip_damaged=True)
    assert len(frames) >= 18
    assert "damaged at 0:00:00.440" in told[0]


def test_frames_that_change_their_size_are_refused(films, tmp_path):
    first = films.write(tmp_path / "first.ts", times=list(range(8)), unit=films.second / 25)
    second = films.write(
        tmp_path / "second.ts", size=(48, 64), times=list(range(8, 16)), unit=films.second / 25
    )
    path = tmp_path / "both.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(DataError, match="the frames change from 48x32 to 64x48; cut the film"):
        read(path, skip_damaged=True)


def test_lists_that_name_other_files_are_no_films(tmp_path):
    path = tmp_path / "in.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.ts\n")
    with pytest.raises(DataError, match="not a film that can be read"):
        Film.read(path)


def test_times_in_messages():
    assert [stamp(it) for it in (0, 59.9999, 3725.25, -1)] == [
        "0:00:00.000",
        "0:01:00.000",
        "1:02:05.250",
        "-0:00:01.000",
    ]
