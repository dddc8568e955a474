"""What tiles are chosen by holds what was measured of every backend."""

import json
from pathlib import Path

import pytest

import srcore
from srcore.inference.backends.core import core_only
from srcore.inference.memory import memory_per_pixel
from srcore.options.declaration import NoOptions

RESULTS = Path(__file__).parents[3] / "benchmarks/results/backend_memory.json"
MEASURED = json.loads(RESULTS.read_text("utf-8"))["results"]
ARCHITECTURES = {
    "RealESRGAN_x4plus": ("rrdbnet", {}),
    "realesr-animevideov3": ("compact", {"num_features": 64, "num_convs": 16}),
}
#: What is measured wavers, above all of small images, where other memory counts.
ALLOWED = 1.08


def factor(backend):
    if backend == "torch":
        return 1.0
    return core_only().get("srcore.backend", backend).build(NoOptions()).memory


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_networks_are_reckoned_as_when_backends_were_measured(name):
    kind, options = ARCHITECTURES[name]
    network = srcore.build("network", kind, scale=4, **options).eval()
    assert memory_per_pixel(network) == MEASURED[name]["per_pixel"]


@pytest.mark.parametrize(
    ("name", "backend"),
    [(name, it) for name, rows in MEASURED.items() for it in rows if it != "per_pixel"],
)
def test_no_backend_takes_more_of_the_largest_image_than_is_reckoned(name, backend):
    rows = MEASURED[name]
    by_side = {int(side): value for side, value in rows[backend].items()}
    assert by_side[max(by_side)] <= ALLOWED * factor(backend) * rows["per_pixel"]


@pytest.mark.parametrize("backend", ["torch", "compile", "ncnn", "onnxruntime", "openvino"])
def test_the_factor_is_no_larger_than_the_worst_network_asks_for(backend):
    """Smaller tiles than memory allows cost time."""
    asked = [
        max(rows[backend].values()) / rows["per_pixel"]
        for rows in MEASURED.values()
        if backend in rows
    ]
    assert factor(backend) <= 1.15 * max(asked)
