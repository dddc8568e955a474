"""Both variants of KernelGAN on an image whose kernel is known."""

import importlib.util
import sys
from pathlib import Path

import pytest
from srplug_usrdu.kernelgan import KernelGanSettings, estimate_kernel
from srplug_usrdu.kernels import finished_kernels

from srcore.images import read_rgb

ROOT = Path(__file__).parents[3]

#: Trainings that end on every processor tried (five seeds of the first, two of the second), and the
#: largest relative error of the finished x2 kernel. benchmarks/results/kernelgan.json holds more.
SETTINGS = {
    "paper": (KernelGanSettings(variant="paper", iterations=800, num_features=32), 0.8),
    "published": (
        KernelGanSettings(variant="published", iterations=400, num_features=64, decay_every=250),
        0.5,
    ),
}


@pytest.fixture(scope="module")
def benchmark():
    """The script that measures the same on more kernels and images."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location(
        "benchmark_kernelgan", ROOT / "benchmarks" / "kernelgan.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(ROOT / "benchmarks"))
    return module


def test_error_is_zero_for_the_kernel_itself_and_tells_shapes_apart(benchmark):
    from srplug_usrdu.kernels import centered

    for name, kernel in benchmark.KERNELS.items():
        errors = {
            other: benchmark.error(centered(kernel, 2), truth)
            for other, truth in benchmark.KERNELS.items()
        }
        assert errors.pop(name) == pytest.approx(0, abs=1e-12)
        assert min(errors.values()) > 0.4


@pytest.mark.slow
@pytest.mark.parametrize("variant", SETTINGS)
def test_known_kernel_is_found(benchmark, variant):
    image = read_rgb(ROOT / "examples/images/validation/chelsea.png") / 255.0
    settings, limit = SETTINGS[variant]
    raw = estimate_kernel(benchmark.halved(image, benchmark.KERNELS["isotropic"]), settings)
    assert raw.sum() == pytest.approx(1, abs=0.3)
    estimated = finished_kernels(raw)[2]
    errors = {name: benchmark.error(estimated, truth) for name, truth in benchmark.KERNELS.items()}
    assert min(errors, key=errors.get) == "isotropic"
    assert errors["isotropic"] < limit
