"""What ``srcore upscale`` takes of the memory does not grow with the result."""

import os
import subprocess
import sys

import numpy as np
import pytest

from srcore.images import read_header, write_image

_MEASURED = """
import resource, sys
from srcore.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def _peak_memory(folder, weights, height, width):
    """MiB of a process that upscales a smooth photograph of that size."""
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    image = np.broadcast_to(ramp[None, :, None], (height, width, 3))
    write_image(folder / "in.jpg", np.ascontiguousarray(image), durable=False)
    arguments = ["upscale", "in.jpg", "--weights", str(weights), "--device", "cpu", "--overwrite"]
    result = subprocess.run(
        [sys.executable, "-c", _MEASURED, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert read_header(folder / "in_x2.png").width == 2 * width
    return int(result.stdout.split()[-1])


@pytest.mark.slow
def test_memory_does_not_grow_with_the_result(tmp_path, weights):
    small = _peak_memory(tmp_path, weights, 100, 800)
    large = _peak_memory(tmp_path, weights, 3000, 800)
    # The result of the large one has 28 MB more, its input 7 MB more.
    assert large - small < 28


@pytest.mark.slow
def test_a_picture_of_24_megapixels_takes_less_than_a_gigabyte_and_a_half(tmp_path, weights):
    assert _peak_memory(tmp_path, weights, 4000, 6000) < 1536


@pytest.mark.stress
def test_a_picture_of_96_megapixels_takes_less_than_three_gigabytes(
    tmp_path, weights, stress_result
):
    peak = _peak_memory(tmp_path, weights, 8000, 12000)
    assert peak < 3 * 1024
    stress_result("upscale_memory", megapixels=96, peak_mib=peak)
