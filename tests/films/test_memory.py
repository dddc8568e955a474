"""Memory does not grow with the length of a film."""

import pytest

from srcore.testing.killing import fork, wait
from srcore.testing.resources import peak_growth
from srcore.upscaling.film_upscaling import upscale_film

pytest.importorskip("av")


@pytest.mark.slow  # 330 frames
def test_memory_is_that_of_some_frames_whatever_the_length(films, doubling, tmp_path):
    grown = {}
    for count in (60, 300):
        source = films.write(tmp_path / f"{count}.mp4", count, (180, 320), sound=["eng"])

        def work(count=count, source=source):
            with peak_growth() as growth:
                upscale_film(doubling, source, tmp_path / f"{count}_x2.mp4", segment=60)
            (tmp_path / f"{count}.txt").write_text(str(growth.bytes))

        assert wait(fork(work, tmp_path / "log")) == 0, (tmp_path / "log").read_text()
        grown[count] = int((tmp_path / f"{count}.txt").read_text())
    # 240 enlarged frames more would be 83 million bytes as they are encoded, 166 as RGB.
    assert grown[300] < grown[60] + 20_000_000, grown
