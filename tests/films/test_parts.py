"""A film that is killed anywhere and gone on with equals one that was not, byte for byte."""

import os
import resource

import attrs
import pytest

from srcore.errors import DataError, SrcoreError
from srcore.films.options import FilmOptions
from srcore.films.parts import FilmParts, Packet, PartsError, delete_finished, parts_folder
from srcore.inference.options import UpscaleOptions
from srcore.runs.lock import locked
from srcore.testing.killing import Changes, fork, wait
from srcore.upscaling.batch import Settings
from srcore.upscaling.film_job import FilmJob

pytest.importorskip("av")


@pytest.fixture
def film(films, tmp_path):
    return films.write(tmp_path / "in.mp4", 10, sound=["eng"])


@pytest.fixture
def job(tiny_network, film):
    """Plans a job: target, options -> the job; in parts of three frames."""

    def planned(target, settings=None, **options):
        options = FilmOptions(**{"segment": 3, **options})
        return FilmJob.plan(tiny_network, film, target, settings or Settings(), options)

    return planned


def run(planned, **handling):
    planned.run(lambda count: None, print, **handling)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "h264"), (".mkv", "h265"), (".mkv", "ffv1"), (".webm", "vp9")]
)
def test_equal_jobs_make_equal_files(job, tmp_path, suffix, codec):
    for name in ("a", "b"):
        run(job(tmp_path / f"{name}{suffix}", codec=codec))
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def _killed_at(job, folder, at, event="kill"):
    """Run a job in a forked process, to the change of its folder; the exit code."""
    folder.mkdir(exist_ok=True)

    def work():
        changes = Changes(folder, at, event)
        changes.install()
        run(job(folder / "out.mp4"))
        (folder.parent / "count").write_text(str(changes.count))

    return wait(fork(work, folder.parent / "log"))


def _is_equal_after_resuming(job, folder, whole):
    code = wait(fork(lambda: run(job(folder / "out.mp4"), resume=True), folder.parent / "log"))
    assert code == 0, (folder.parent / "log").read_text()
    assert (folder / "out.mp4").read_bytes() == whole
    assert os.listdir(folder) == ["out.mp4"]


@pytest.fixture
def whole(job, tmp_path):
    """The result of a job that nobody disturbs, and how many changes of its folder it makes."""
    assert _killed_at(job, tmp_path / "whole", 0) == 0, (tmp_path / "log").read_text()
    content = (tmp_path / "whole" / "out.mp4").read_bytes()
    return content, int((tmp_path / "count").read_text())


def test_a_killed_film_is_gone_on_with_to_the_byte(job, whole, tmp_path):
    content, changes = whole
    assert changes > 20
    for share in (0.35, 0.8):
        at = int(changes * share)
        folder = tmp_path / str(at)
        assert _killed_at(job, folder, at) == -9
        assert list(folder.glob("out.mp4.parts/*.part"))
        _is_equal_after_resuming(job, folder, content)


@pytest.mark.slow  # a process for every change of the folder, and another to go on
def test_a_film_may_be_killed_before_every_change_of_its_folder(job, whole, tmp_path):
    content, changes = whole
    for at in range(1, changes + 1):
        folder = tmp_path / str(at)
        assert _killed_at(job, folder, at) == -9
        if (folder / "out.mp4").exists():  # what is left is only to be tidied up
            assert (folder / "out.mp4").read_bytes() == content
            delete_finished(folder / "out.mp4")
            assert not (folder / "out.mp4.parts" / "job.json").exists()
        else:
            _is_equal_after_resuming(job, folder, content)


def test_a_full_disk_is_one_line_and_no_part_is_lost(job, whole, tmp_path):
    content, changes = whole
    folder = tmp_path / "full"
    assert _killed_at(job, folder, changes // 2, "full") == 1
    said = (tmp_path / "log").read_text().splitlines()[-1]
    assert "cannot be written: No space left on device" in said
    _is_equal_after_resuming(job, folder, content)


def test_a_disk_that_does_not_hold_the_whole_film_is_one_line(job, whole, tmp_path):
    content, _ = whole
    folder = tmp_path / "full"
    folder.mkdir()

    def work():
        limit = len(content) * 2 // 3
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        run(job(folder / "out.mp4"))

    assert wait(fork(work, tmp_path / "log")) == 1
    said = (tmp_path / "log").read_text().splitlines()[-1]
    assert "out.mp4: cannot be written: " in said
    assert os.listdir(folder) == ["out.mp4.parts"]
    _is_equal_after_resuming(job, folder, content)


def test_two_jobs_do_not_write_to_one_output(job, tmp_path):
    target = tmp_path / "out.mp4"
    with locked(parts_folder(target)), pytest.raises(SrcoreError, match=r"works on it since .*out"):
        run(job(target))


def test_parts_of_another_job_are_refused_with_what_differs(job, tmp_path):
    target = tmp_path / "out.mp4"
    planned = job(target)
    parts = FilmParts(parts_folder(target))
    parts.begin(planned._described(), resume=False, overwrite=False)
    other = job(target, Settings(upscaling=UpscaleOptions(border=4)), crf=30.0)
    expected = "made with other options of upscaling, encoder settings, options of films; the same"
    with pytest.raises(PartsError, match=expected):
        run(other, resume=True)
    run(other, overwrite=True)
    assert target.is_file()
    assert not parts.folder.exists()


def test_files_of_others_are_not_deleted(job, tmp_path):
    folder = parts_folder(tmp_path / "out.mp4")
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(SrcoreError, match=r"holds what srcore upscale did not write: notes\.txt"):
        run(job(tmp_path / "out.mp4"), overwrite=True)
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_part_is_read_as_it_was_written_or_refused(tmp_path):
    parts = FilmParts(tmp_path)
    packets = [Packet(-5, 3, True, b"one"), Packet(2**40, 1, False, b"")]
    parts.write(0, packets)
    assert list(parts.packets(0)) == packets
    path = tmp_path / "000000.part"
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:40], whole.replace(b"one", b"two"), whole + b"x"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="damaged; delete it, and resume=True makes it again"):
            list(parts.packets(0))


def test_all_on_which_parts_depend_is_in_their_description(job, tmp_path):
    described = job(tmp_path / "out.mp4")._described()
    assert set(described["options of upscaling"]) == {
        field.name for field in attrs.fields(UpscaleOptions)
    }
    assert set(described["options of films"]) == {field.name for field in attrs.fields(FilmOptions)}
