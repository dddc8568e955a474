"""A profile in words."""

import attrs

from srcore.profiling.profile import Profile
from srcore.profiling.tables import lines_of_profile

PROFILE = Profile(
    stage="gan",
    device="cpu",
    threads=2,
    batch_size=4,
    steps=10,
    step_seconds=0.04,
    parts={"data": 0.01, "forward generator": 0.03},
    reading_seconds=0.01,
    iterations=1000,
    validations=2,
    validation_seconds=3.0,
    validated=3,
    validation_images=100,
    validation_parts={"reading": 0.25, "metric psnr": 0.75},
    trace="profile/tiny.trace.json",
    traced=2,
    advice="nothing to gain",
    remarks=("made-up images",),
)


def test_a_line_for_each_part_and_their_sum():
    assert list(lines_of_profile(PROFILE)) == [
        "stage gan",
        "  a step of 4 images: mean of 10 on cpu, 2 threads",
        "    data               10.00 ms   25.0%",
        "    forward generator  30.00 ms   75.0%",
        "    together           40.00 ms  100.0%",
        "  a validated image: mean of 3 of 100, the largest among them",
        "    reading       250.00 ms   25.0%",
        "    metric psnr   750.00 ms   75.0%",
        "    together     1000.00 ms  100.0%",
        "  all of it: 1000 steps 40 s, 2 validations 6 s",
        "  trace: profile/tiny.trace.json (2 steps more, for ui.perfetto.dev)",
        "  note: made-up images",
        "  advice: nothing to gain",
    ]


def test_without_stage_and_validation_there_are_no_lines_of_them():
    bare = attrs.evolve(PROFILE, stage="", validated=0, validations=0, remarks=())
    lines = list(lines_of_profile(bare))
    assert len(lines) == 7
    assert "  all of it: 1000 steps 40 s" in lines
