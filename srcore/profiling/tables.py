"""Profiles in words: a table of parts, what the whole training takes, the advice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from srcore.estimating.in_words import in_time
from srcore.files.text_tables import aligned
from srcore.profiling.compared_settings import ComparedSetting, ComparedSettings
from srcore.profiling.profile import Profile


def lines_of_profile(profile: Profile) -> Iterator[str]:
    """Where the time of a stage goes, a line for each part."""
    if profile.stage:
        yield f"stage {profile.stage}"
    yield (
        f"  a step of {profile.batch_size} images: mean of {profile.steps} on {profile.device}, "
        f"{profile.threads} threads"
    )
    yield from table_of_parts(profile.parts)
    if profile.validated:
        yield (
            f"  a validated image: mean of {profile.validated} of {profile.validation_images}, the "
            "largest among them"
        )
        yield from table_of_parts(profile.validation_parts)
    yield f"  all of it: {_of_the_whole(profile)}"
    yield f"  trace: {profile.trace} ({profile.traced} steps more, for ui.perfetto.dev)"
    yield from (f"  note: {remark}" for remark in profile.remarks)
    yield f"  advice: {profile.advice}"
    if profile.comparison is not None:
        yield (
            "  other settings, each in turns with the experiment as it is: medians of "
            f"{profile.steps} steps, quartiles"
        )
        yield from lines_of_comparison(profile.comparison)
        yield f"  fastest: {conclusion(profile.comparison)}"


def lines_of_comparison(comparison: ComparedSettings) -> Iterator[str]:
    """A line for each setting."""
    rows = [
        (
            it.label,
            f"{_milliseconds(it.seconds)} to {_milliseconds(it.plain_seconds)}",
            _signed(it.change),
            f"({_signed(it.low)} to {_signed(it.high)})",
            _in_numbers(it, repeats=comparison.repeats),
        )
        for it in comparison.tried
        if not it.failure
    ]
    yield from (f"    {line}" for line in (aligned(rows) if rows else ()))
    yield from (f"    {it.failure}" for it in comparison.tried if it.failure)
    yield from (f"    {remark}" for remark in comparison.remarks)
    if not comparison.repeats:
        yield (
            "    begun anew, the experiment as it is comes to other numbers here, so none can be "
            "called the same (train.deterministic = true)"
        )


def conclusion(comparison: ComparedSettings) -> str:
    """Which setting is worth it."""
    equal, fastest = comparison.fastest_equal, comparison.fastest
    if equal is not None:
        text = f"{equal.label} takes {-equal.change:.0%} less time and changes no numbers"
        if fastest is None or fastest is equal:
            return text
        return f"{text}; {_of_changing(fastest)}"
    if fastest is None:
        return "the experiment as it is; nothing else takes less time"
    return f"nothing that changes no numbers; {_of_changing(fastest)}"


def _of_changing(it: ComparedSetting) -> str:
    return f"{it.label} takes {-it.change:.0%} less, but {_in_numbers(it, repeats=True)}"


def _signed(share: float) -> str:
    return f"{share:+.1%}"


def _in_numbers(it: ComparedSetting, *, repeats: bool) -> str:
    if it.is_equal:
        return "the same numbers" if repeats else "the same numbers, this time"
    losses = f"losses change by up to {it.losses:.1g} of them" if it.losses else "losses are equal"
    return f"{losses}, weights change by {it.weights:.1g}"


def table_of_parts(parts: Mapping[str, float]) -> list[str]:
    """Parts with milliseconds and shares, and their sum."""
    whole = sum(parts.values())
    rows = [(name, _milliseconds(took), _percentage(took, whole)) for name, took in parts.items()]
    rows.append(("together", _milliseconds(whole), _percentage(whole, whole)))
    return [f"    {line}" for line in aligned(rows, left=1)]


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"


def _percentage(seconds: float, whole: float) -> str:
    return f"{seconds / whole:.1%}" if whole else ""


def _of_the_whole(profile: Profile) -> str:
    text = f"{profile.iterations} steps {in_time(profile.iterations * profile.step_seconds)}"
    if not profile.validations:
        return text
    validating = in_time(profile.validations * profile.validation_seconds)
    several = "s" if profile.validations > 1 else ""
    return f"{text}, {profile.validations} validation{several} {validating}"
