"""The two files of a program of ncnn: layers line by line, and their weights one after another.

Every result is taken by one layer only: where several want it, a layer splits it. The form is that
of ncnn's documentation ("param and model file structure").
"""

from __future__ import annotations

from collections import Counter

import attrs

from srcore.exporting.ncnn_layers import Layer, layer_of
from srcore.recording.recording import Recording

_MAGIC = 7767517


def description_and_weights(
    recording: Recording, given: str, taken: str, *, half: bool = False
) -> list[bytes]:
    """Description and weights of a network whose image is called ``given``, its result ``taken``.

    With ``half`` kernels are kept in float16.

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
    weights = b"".join(layer.content(half=half) for layer in made.values())
    return [_program_text(made, same[recording.output], given, taken).encode(), weights]


def _program_text(made: dict[int, Layer], output: int, given: str, taken: str) -> str:
    users = Counter(source for layer in made.values() for source in layer.sources)
    users[output] += 1
    lines, used = [f"Input input 0 1 {given}"], Counter[int]()

    def name(number: int) -> str:
        return given if number == 0 else taken if number == output else f"blob{number}"

    def share(number: int) -> None:
        """What several layers take is split; each takes its own part."""
        if users[number] > 1:
            parts = [_blob_name(name(number), index) for index in range(users[number])]
            lines.append(f"Split split{number} 1 {len(parts)} {name(number)} {' '.join(parts)}")

    def take(number: int) -> str:
        used[number] += 1
        return _blob_name(name(number), used[number] - 1) if users[number] > 1 else name(number)

    share(0)
    for number, layer in made.items():
        sources = " ".join(take(source) for source in layer.sources)
        start = f"{layer.kind} layer{number} {len(layer.sources)} 1 {sources} {name(number)}"
        lines.append(f"{start} {layer.text()}".rstrip())
        share(number)
    blobs = sum(int(line.split()[3]) for line in lines)  # kind, name, inputs, outputs, ...
    return "\n".join([str(_MAGIC), f"{len(lines)} {blobs}", *lines, ""])


def _blob_name(name: str, index: int) -> str:
    return f"{name}_{index}"
