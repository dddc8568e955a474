import errno
import os
import signal

import numpy as np
import pytest

from srcore.upscaling import shared_queue
from srcore.upscaling.shared_queue import SharedQueue, SharingError, taking_part

PATIENCE = 60


@pytest.fixture
def file(tmp_path):
    return tmp_path / "out" / ".queue"


def nothing():
    pass


class Other:
    """Another process that takes part: it claims, and waits for word."""

    def __init__(self, file, count, seat=0, seats=0):
        (here, self.answer), (self.word, there) = os.pipe(), os.pipe()
        self.process = os.fork()
        if not self.process:
            code = 1
            os.close(there)  # so that the end of the first process is seen
            try:
                with taking_part(file, count, nothing, seat=seat, seats=seats) as queue:
                    for claim in queue.claims():
                        os.write(self.answer, f"{claim}\n".encode())
                        if os.read(self.word, 1) != b"y":
                            break
                        for item in claim:
                            queue.note(item, 1)
                code = 0
            finally:
                os._exit(code)
        os.close(self.answer)
        os.close(self.word)
        self._answers, self._there = os.fdopen(here), there

    def claimed(self):
        return self._answers.readline().strip()

    def go_on(self):
        os.write(self._there, b"y")

    def end(self, number=None):
        if number:
            os.kill(self.process, number)
        os.close(self._there)
        os.waitpid(self.process, 0)
        self._answers.close()


def all_of(queue):
    for claim in queue.claims():
        for item in claim:
            queue.note(item, item + 1)
        yield claim


@pytest.mark.parametrize(("count", "processes"), [(1, 0), (5, 2), (300, 0), (2000, 4), (2000, 64)])
def test_chunks_are_all_items_and_become_smaller(count, processes):
    chunks = list(SharedQueue(-1, count, processes).chunks())
    assert [item for chunk in chunks for item in chunk] == list(range(count))
    sizes = [len(chunk) for chunk in chunks]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] <= 16
    assert sizes[-max(8, processes) :] == [1] * min(len(sizes), max(8, processes))


def test_one_process_takes_everything_in_order_and_leaves_nothing(file):
    calls = []
    with taking_part(file, 70, lambda: calls.append("begun")) as queue:
        claims = list(all_of(queue))
        assert file.exists()
        np.testing.assert_array_equal(queue.numbers(), np.arange(70) + 1)
        assert abs(queue.began - file.stat().st_mtime_ns) < PATIENCE * 1e9
    assert [item for claim in claims for item in claim] == list(range(70))
    assert calls == ["begun"]
    assert not file.exists()


def test_what_another_process_holds_is_left_to_it_and_taken_when_it_is_killed(file):
    calls = []
    with taking_part(file, 4, lambda: calls.append("begun")) as queue:
        other = Other(file, 4)
        assert other.claimed() == "[0]"
        claims = all_of(queue)
        assert [next(claims) for _ in range(3)] == [[1], [2], [3]]
        other.end(signal.SIGKILL)
        assert list(claims) == [[0]]
    assert calls == ["begun"]
    assert not file.exists()


def test_what_another_process_has_done_is_waited_for_and_not_done_again(file):
    with taking_part(file, 3, nothing) as queue:
        other = Other(file, 3)
        assert other.claimed() == "[0]"
        claims = all_of(queue)
        assert next(claims) == [1]
        other.go_on()
        assert other.claimed() == "[2]"
        other.go_on()
        assert list(claims) == []
        other.end()
        assert file.exists()
    assert not file.exists()


def test_the_last_process_that_leaves_takes_the_file_with_it(file):
    with taking_part(file, 2, nothing):
        other = Other(file, 2)
        assert other.claimed() == "[0]"
    assert file.exists()
    other.end()
    assert not file.exists()


def test_what_killed_processes_left_is_begun_anew(file):
    other = Other(file, 2)
    assert other.claimed() == "[0]"
    other.go_on()
    assert other.claimed() == "[1]"
    other.end(signal.SIGKILL)
    assert file.exists()
    with taking_part(file, 2, nothing) as queue:
        assert list(all_of(queue)) == [[0], [1]]
    assert not file.exists()


def test_a_process_that_was_started_with_the_others_and_comes_late_finds_nothing_to_do(file):
    with taking_part(file, 2, nothing, seat=1, seats=2) as queue:
        assert list(all_of(queue)) == [[0], [1]]
    assert file.exists()
    with taking_part(file, 2, lambda: pytest.fail("begun again"), seat=0, seats=2) as queue:
        assert list(queue.claims()) == []
    assert not file.exists()


def test_the_same_process_again_begins_anew(file):
    for _ in range(2):
        with taking_part(file, 2, nothing, seat=1, seats=2) as queue:
            assert list(all_of(queue)) == [[0], [1]]


def test_a_job_that_is_refused_leaves_nothing(file):
    def refuse():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"), taking_part(file, 2, refuse):
        pytest.fail("begun")
    assert not file.exists()


def test_a_file_system_without_locks_is_told(file, monkeypatch):
    def lockf(*arguments):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(shared_queue.fcntl, "lockf", lockf)
    with pytest.raises(SharingError, match="has no locks"), taking_part(file, 2, nothing):
        pytest.fail("begun")
    assert not file.exists()
    monkeypatch.setattr(shared_queue, "fcntl", None)
    with (
        pytest.raises(SharingError, match="this system has no locks"),
        taking_part(file, 2, nothing),
    ):
        pytest.fail("begun")
    assert not file.exists()
