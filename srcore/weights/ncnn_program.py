"""The two files of a program of ncnn: layers line by line, and their weights one after another.

Every result is taken by one layer only: where several want it, a layer splits it. The form is that
of ncnn's documentation ("param and model file structure").
"""

from __future__ import annotations

import attrs

from srcore.inference.streaming.recording import Recording
from srcore.weights.ncnn_layers import Layer, layer_of

_MAGIC = 7767517


def written(recording: Recording, given: str, taken: str) -> list[bytes]:
    """Description and weights of a network whose image is called ``given``, its result ``taken``.

    Raises:
        NoLayerError: it does something for which there is no layer here.
    """
    made: dict[int, Layer] = {}
    same = {0: 0}  # what only hands its source on has the number of the source
    for number, step in enumerate(recording.steps[1:], start=1):
        layer = layer_of(step.call)
        if layer is None:
            same[number] = same[step.sources[0]]
            continue
        same[number] = number
        sources = tuple(same[source] for source in layer.sources)
        made[number] = attrs.evolve(layer, sources=sources)
    return [_description(made, same[recording.output], given, taken).encode(), _weights(made)]


def _weights(made: dict[int, Layer]) -> bytes:
    return b"".join(layer.weights for layer in made.values())


def _description(made: dict[int, Layer], output: int, given: str, taken: str) -> str:
    users: dict[int, int] = {output: 1}
    for layer in made.values():
        for source in layer.sources:
            users[source] = users.get(source, 0) + 1
    lines, blobs, used = [f"Input input 0 1 {given}"], 1, dict.fromkeys(users, 0)

    def name(number: int) -> str:
        return given if number == 0 else taken if number == output else f"blob{number}"

    def share(number: int) -> None:
        """What several layers take is split; each takes its own part."""
        nonlocal blobs
        if users.get(number, 0) > 1:
            parts = [_part(name(number), index) for index in range(users[number])]
            blobs += len(parts)
            lines.append(f"Split split{number} 1 {len(parts)} {name(number)} {' '.join(parts)}")

    def take(number: int) -> str:
        used[number] += 1
        return _part(name(number), used[number] - 1) if users[number] > 1 else name(number)

    share(0)
    for number, layer in made.items():
        sources = " ".join(take(source) for source in layer.sources)
        start = f"{layer.kind} layer{number} {len(layer.sources)} 1 {sources} {name(number)}"
        lines.append(f"{start} {layer.text()}".rstrip())
        blobs += 1
        share(number)
    return "\n".join([str(_MAGIC), f"{len(lines)} {blobs}", *lines, ""])


def _part(name: str, index: int) -> str:
    return f"{name}_{index}"
