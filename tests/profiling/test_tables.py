"""A profile in words."""

import attrs

from srcore.profiling.compared_settings import ComparedSetting, ComparedSettings
from srcore.profiling.profile import Profile
from srcore.profiling.tables import conclusion, lines_of_comparison, lines_of_profile

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
    once = attrs.evolve(PROFILE, validations=1)
    assert "  all of it: 1000 steps 40 s, 1 validation 3 s" in lines_of_profile(once)
    bare = attrs.evolve(PROFILE, stage="", validated=0, validations=0, remarks=())
    lines = list(lines_of_profile(bare))
    assert len(lines) == 7
    assert "  all of it: 1000 steps 40 s" in lines


def setting(label, change, **facts):
    known = {"seconds": 0.1 * (1 + change), "plain_seconds": 0.1, "low": change, "high": change}
    return ComparedSetting(key="k", value=True, label=label, change=change, **(known | facts))


EQUAL = setting("channels_last = true", -0.1, is_equal=True)
HALF = setting('precision = "bfloat16"', -0.5, low=-0.55, losses=0.0123, weights=2e-6)


def test_a_line_for_each_setting_and_the_fastest():
    failed = ComparedSetting(
        key="compile", value=True, label="compile = true", failure="no compiler"
    )
    comparison = ComparedSettings((EQUAL, failed, HALF), ("no GPU",))
    lines = list(lines_of_profile(attrs.evolve(PROFILE, comparison=comparison)))[-6:]
    assert lines == [
        "  other settings, each in turns with the experiment as it is: medians of 10 steps, "
        "quartiles",
        "    channels_last = true    90.00 ms to 100.00 ms  -10.0%  (-10.0% to -10.0%)  "
        "the same numbers",
        '    precision = "bfloat16"  50.00 ms to 100.00 ms  -50.0%  (-55.0% to -50.0%)  '
        "losses change by up to 0.01 of them, weights change by 2e-06",
        "    no compiler",
        "    no GPU",
        "  fastest: channels_last = true takes 10% less time and changes no numbers; "
        'precision = "bfloat16" takes 50% less, but losses change by up to 0.01 of them, weights '
        "change by 2e-06",
    ]


def test_what_is_the_fastest():
    slow = setting("compile = true", 0.2, is_equal=True)
    assert conclusion(ComparedSettings((slow,))) == (
        "the experiment as it is; nothing else takes less time"
    )
    assert conclusion(ComparedSettings((EQUAL, slow))).endswith("less time and changes no numbers")
    assert conclusion(ComparedSettings((slow, HALF))).startswith(
        "nothing that changes no numbers; prec"
    )


def test_where_numbers_do_not_repeat_that_is_said():
    lines = list(lines_of_comparison(ComparedSettings((EQUAL,), repeats=False)))
    assert "the same numbers, this time" in lines[0]
    assert "train.deterministic = true" in lines[1]
    assert conclusion(ComparedSettings((EQUAL,), repeats=False)).startswith(
        "nothing that changes no"
    )
