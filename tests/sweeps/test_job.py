"""What the process of a trial is told arrives as it was said."""

from srcore.sweeps.job import TrialJob


def test_a_line_says_all():
    job = TrialJob(
        'a "b".toml', ("x=1", 'y="a\\nb"\n', 'name="é"'), "runs/x_sweep", ("p",), ("q.py",), True
    )
    line = job.line()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert TrialJob.of_line(line) == job
    assert job.place.name == "x_sweep"
