"""Pictures wait in their order, are deleted in time, and are never more than may be."""

from pathlib import Path

import pytest

from srcore.serving import picture_queue as rules
from srcore.serving.picture_queue import PictureOrder, PictureQueue, QueueFullError


def order_in(folder):
    return PictureOrder(
        name="a.png",
        source=folder / "picture",
        target=folder / "result.png",
        viewable=None,
        weights="model:x2",
    )


@pytest.fixture
def jobs(tmp_path):
    return PictureQueue(tmp_path, most=3)


def arrived(jobs):
    job = jobs.begin("x2", order_in)
    job.order.source.write_bytes(b"picture")
    jobs.put(job)
    return job


def test_the_first_that_arrived_whole_is_the_first_that_is_done(jobs):
    slow = jobs.begin("x2", order_in)
    first, second = arrived(jobs), arrived(jobs)
    assert jobs.take(0) is first
    jobs.put(slow)
    assert [jobs.before(job) for job in (slow, first, second)] == [0, 1, 2]
    assert jobs.take(0) is slow
    assert jobs.take(0) is second
    assert jobs.take(0) is None


def test_more_than_may_wait_are_refused_until_one_is_done(jobs):
    taken = [arrived(jobs) for _ in range(4)]  # one that is done, and three that wait
    with pytest.raises(QueueFullError, match="4 pictures are to be enlarged already; try again"):
        jobs.begin("x2", order_in)
    jobs.tell(jobs.take(0), state="failed", message="no")
    arrived(jobs)
    jobs.drop(taken[1].id)
    arrived(jobs)


def test_a_picture_goes_when_its_result_is_there_and_that_when_it_is_dropped(jobs):
    job = arrived(jobs)
    jobs.take(0)
    job.order.target.write_bytes(b"result")
    jobs.tell(job, state="done", share=1.0)
    assert not job.order.source.exists()
    assert job.order.target.exists()
    assert jobs.drop(job.id)
    assert not job.order.target.parent.exists()
    assert jobs.ask(job.id) is None
    assert not jobs.drop(job.id)


def test_what_was_canceled_stays_canceled(jobs):
    job = arrived(jobs)
    jobs.take(0)
    jobs.drop(job.id)
    jobs.tell(job, state="done", share=1.0)
    assert (job.state, job.share) == ("canceled", 0.0)
    late = jobs.begin("x2", order_in)
    jobs.drop(late.id)
    jobs.put(late)
    assert late.state == "canceled"


def test_what_nobody_asks_about_goes(jobs, monkeypatch):
    forgotten, wanted = arrived(jobs), arrived(jobs)
    wanted.asked += 1000
    monkeypatch.setattr(rules, "PATIENCE", -1.0)
    jobs.drop_unwanted()
    assert forgotten.state == "canceled"
    assert jobs.ask(wanted.id) is wanted


def test_only_so_many_results_are_kept(jobs, monkeypatch):
    monkeypatch.setattr(rules, "KEPT", 2)
    done = [arrived(jobs) for _ in range(3)]
    while (job := jobs.take(0)) is not None:
        jobs.tell(job, state="done")
    assert [jobs.ask(job.id) is not None for job in done] == [False, True, True]


def test_folders_are_the_users_own_and_ids_cannot_be_guessed(jobs, tmp_path):
    first, second = arrived(jobs), arrived(jobs)
    assert first.id != second.id
    assert len(first.id) >= 16
    folder = Path(first.order.source).parent
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o077 == 0
