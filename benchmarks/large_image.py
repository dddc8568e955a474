"""Peak memory of `srcore upscale` on an image of 12000x8000 pixels, by a shipped model.

    python benchmarks/large_image.py

The command is a fresh process; it takes minutes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from harness import peak_memory, write_results
from skimage import data

from srcore.images import write_image

HEIGHT, WIDTH = 8000, 12000
MODEL = "x2"


def peak() -> float:
    """In MiB, of the command with all that it imports."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.jpg", Path(folder) / "out.png"
        photograph = data.astronaut()
        rows, columns = -(-HEIGHT // len(photograph)), -(-WIDTH // photograph.shape[1])
        image = np.tile(photograph, (rows, columns, 1))[:HEIGHT, :WIDTH]
        write_image(source, np.ascontiguousarray(image), durable=False)
        arguments = ("-m", "srcore", "upscale", source, "-o", target, "--weights", MODEL)
        return peak_memory([str(argument) for argument in arguments])


def main() -> None:
    """Measure, write the result."""
    results = {"peak_mib": round(peak())}
    print(results)
    write_results("large_image", results, height=HEIGHT, width=WIDTH, model=MODEL)


if __name__ == "__main__":
    main()
