"""Estimates in words."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from srcore.estimating.devices import REACHED
from srcore.estimating.forecast import Forecast
from srcore.files.text_tables import aligned

_UNITS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def lines(forecast: Forecast) -> Iterator[str]:
    """What a stage takes, a line for each thing."""
    if forecast.stage:
        yield f"stage {forecast.stage}"
    yield from (f"  {line}" for line in aligned(list(_rows_of_forecast(forecast))))
    yield from (f"  note: {remark}" for remark in forecast.remarks)


def total(forecasts: Sequence[Forecast]) -> str:
    """All stages together."""
    low = sum(it.seconds[0] for it in forecasts)
    high = sum(it.seconds[1] for it in forecasts)
    memory = max(it.memory for it in forecasts)
    size = sum(it.bytes for it in forecasts)
    span = _time_span(low, high)
    return f"all stages: {span}, {in_bytes(memory)} of memory, {in_bytes(size)} on disk"


def _rows_of_forecast(it: Forecast) -> Iterator[tuple[str, str]]:
    yield "device", _of_device(it)
    for cost in it.networks:
        text = f"{cost['type']}, {cost['parameters']:,} parameters"
        if cost["multiply_adds"]:
            size = "x".join(map(str, cost["input"]))
            text += f", {cost['multiply_adds'] / 1e9:.3g} G multiply-adds for {size}"
        if cost["activations"]:
            text += f", {in_bytes(cost['activations'])} of activations"
        yield cost["name"], text if cost["trained"] else f"{text}, not trained"
    if it.step_multiply_adds:
        yield "step", f"{it.step_multiply_adds / 1e9:.4g} G multiply-adds, backward included"
    yield "memory", _of_memory(it)
    low, high = it.images_per_second
    rate = f"{low:.3g}" if it.how == "measured" else f"{low:.3g} to {high:.3g}"
    yield "speed", f"{rate} images/s, {it.waiting:.0%} waiting for images"
    epochs = "unknown, training images are not there" if it.epochs is None else f"{it.epochs:.4g}"
    yield "epochs", epochs
    yield "time", _of_time(it)
    yield (
        "disk",
        f"{in_bytes(it.bytes)}: checkpoints {in_bytes(it.checkpoints_bytes)}, weights "
        f"{in_bytes(it.weights_bytes)}, pictures {in_bytes(it.pictures_bytes)}",
    )


def _of_device(it: Forecast) -> str:
    if it.how == "measured":
        return f"{it.device}, measured: {it.steps} true steps"
    low, high = REACHED
    return (
        f"{it.device}, reckoned and not measured: from counted multiply-adds at {low:.0%} to "
        f"{high:.0%} of its peak rate, and the memory of a step here"
    )


def _of_memory(it: Forecast) -> str:
    text = (
        f"{in_bytes(it.memory)} at most: training {in_bytes(it.memory_training)}, validation "
        f"{in_bytes(it.memory_validation)}, saving {in_bytes(it.memory_saving)}"
    )
    fits = "fits into" if it.fits else "does not fit into"
    if it.memory_free:
        is_here = it.how == "measured"
        text += f"; {fits} {in_bytes(it.memory_free)}" + (" that are free" if is_here else "")
    if it.memory_process:
        text += f"; with Python and PyTorch the process takes {in_bytes(it.memory_process)}"
    return text


def _of_time(it: Forecast) -> str:
    parts = [f"training {_time_span(*it.training_seconds)}"]
    if it.validation_seconds is not None:
        parts.append(f"validation {_time_span(it.validation_seconds, it.validation_seconds)}")
    if it.saving_seconds is not None:
        parts.append(f"saving {_time_span(it.saving_seconds, it.saving_seconds)}")
    if it.how != "measured":
        return f"{parts[0]}; validation is not reckoned"
    return (
        f"{_time_span(*it.seconds)}: {', '.join(parts)}; if started now, done {_end_in_words(it)}"
    )


def _end_in_words(it: Forecast) -> str:
    now = datetime.datetime.now().astimezone()
    return f"{now + datetime.timedelta(seconds=it.seconds[1]):%Y-%m-%d %H:%M}"


def _time_span(low: float, high: float) -> str:
    first, last = in_time(low), in_time(high)
    return first if first == last else f"{first} to {last}"


def in_time(seconds: float) -> str:
    """Seconds as people say them.

    >>> in_time(0.25), in_time(75), in_time(90061)
    ('0.25 s', '1:15 min', '1 d 1:01 h')
    """
    if seconds < 60:
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (f"{days} d " if days else "") + f"{hours}:{minutes:02} h"


def in_bytes(count: float) -> str:
    """Bytes as people say them.

    >>> in_bytes(3 * 2**20), in_bytes(1536)
    ('3 MiB', '1.5 KiB')
    """
    for size, name in _UNITS:
        if count >= size:
            number = count / size
            return f"{number:.0f} {name}" if number >= 100 else f"{number:.3g} {name}"
    return f"{count:g} bytes"
