"""Profiles in words: a table of parts, what the whole training takes, the advice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from srcore.estimating.telling import in_time
from srcore.files.text_tables import aligned
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
    return f"{text}, {profile.validations} validations {validating}"
