"""Jobs are done one by one; a canceled one takes its process along, and a dead one is told."""

import threading
import time

import pytest

from srcore.serving import job_thread as rules
from srcore.serving.job_thread import JobThread
from srcore.serving.picture_queue import PictureOrder, PictureQueue


class FakeProcess:
    """Answers what it is told to, and then nothing."""

    def __init__(self, *answers):
        self.answers, self.orders, self.ended = list(answers), [], False

    def give(self, order):
        self.orders.append(order)

    def answer(self, seconds):
        if not self.answers:
            time.sleep(seconds)
            return None
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self):
        self.ended = True
        return "signal 9"


@pytest.fixture
def run(tmp_path):
    """Runs jobs with these processes: jobs, lines that were said."""
    threads = []

    def start(*processes):
        left, said, jobs = list(processes), [], PictureQueue(tmp_path, 9)
        threads.append(JobThread(jobs, lambda: left.pop(0), said.append))
        threads[-1].begin()
        return jobs, said

    yield start
    for thread in threads:
        thread.close()


def arrived(jobs):
    job = jobs.begin(
        "x2",
        lambda folder: PictureOrder(
            name="a.png",
            source=folder / "picture",
            target=folder / "r.png",
            viewable=None,
            weights="w",
        ),
    )
    job.order.source.write_bytes(b"")
    jobs.put(job)
    return job


def until(condition):
    pause = threading.Event()
    for _ in range(400):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError


DONE = {
    "state": "done",
    "facts": {"width": 3, "height": 2, "result_width": 6, "result_height": 4},
}


def test_two_jobs_are_done_by_one_process(run):
    process = FakeProcess({"state": "upscaling", "share": 0.5}, DONE, DONE)
    jobs, said = run(process)
    first, second = arrived(jobs), arrived(jobs)
    until(lambda: len(said) == 2)
    assert process.orders == [first.order, second.order]
    assert first.share == 0.5
    assert said[0].startswith("a.png: 3x2 to 6x4 with x2: done, ")


def test_a_canceled_job_ends_its_process_and_the_next_one_has_a_new_one(run):
    stuck, fresh = FakeProcess(), FakeProcess(DONE)
    jobs, said = run(stuck, fresh)
    first, second = arrived(jobs), arrived(jobs)
    until(lambda: stuck.orders)
    first.order.source.parent.joinpath("half").write_bytes(b"")
    assert jobs.drop(first.id)
    until(lambda: second.state == "done")
    assert stuck.ended
    assert not first.order.source.parent.exists()
    assert "canceled" in said[0]


def test_a_process_that_dies_is_told_and_replaced(run):
    dead, fresh = FakeProcess(EOFError()), FakeProcess(DONE)
    jobs, said = run(dead, fresh)
    first, second = arrived(jobs), arrived(jobs)
    until(lambda: second.state == "done")
    assert first.state == "failed"
    assert first.message == said[0]
    assert first.message.startswith("a.png: the process that computes ended (signal 9)")


def test_the_end_of_the_server_ends_a_job(run, tmp_path):
    stuck = FakeProcess()
    jobs, said = PictureQueue(tmp_path, 9), []
    thread = JobThread(jobs, lambda: stuck, said.append)
    thread.begin()
    job = arrived(jobs)
    until(lambda: stuck.orders)
    thread.close()
    assert stuck.ended
    assert job.state == "canceled"


def test_an_idle_process_ends_and_comes_again(run, monkeypatch):
    monkeypatch.setattr(rules, "IDLE", 0.01)
    idle, fresh = FakeProcess(), FakeProcess(DONE)
    jobs, _ = run(idle, fresh)
    until(lambda: idle.ended)
    job = arrived(jobs)
    until(lambda: job.state == "done")
    assert fresh.orders == [job.order]
