"""Which backend computes an image, tried with backends of this file and those that are installed"""

import sys

import numpy as np
import pytest
import torch
from torch import nn

import srcore
from srcore import upscale
from srcore.errors import DataError, MissingExtraError
from srcore.images import write_image
from srcore.inference.backends import choice
from srcore.inference.backends.backend import KIND, BackendError
from srcore.inference.backends.core import add_backends, core_only
from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry

SMALL = {
    "compact": {"num_features": 8, "num_convs": 2},
    "rrdbnet": {"num_features": 8, "num_blocks": 1, "growth_channels": 4},
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def network_of(name):
    torch.manual_seed(0)
    return srcore.build("network", name, scale=4, **SMALL[name]).eval()


@pytest.fixture
def network():
    return network_of("compact")


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (44, 37, 3), np.uint8)


class Doing:
    """A backend that changes what PyTorch makes."""

    devices = ("cpu",)
    precisions = ("float32",)
    memory = 1.0
    is_quick = True

    def __init__(self, change=lambda sr: sr):
        self.change = change

    def require(self):
        pass

    def program(self, order):
        return lambda lr: self.change(order.network(lr))


def registry_with(**backends):
    registry = Registry()
    registry.add_kind(KIND, "srcore.inference.backends.backend:NetworkBackend")
    for name, backend in backends.items():
        registry.add(KIND, name, None, lambda backend=backend: backend)
    registry.complete()
    return registry


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(
    "backend",
    [
        "openvino",
        "ncnn",
        *(pytest.param(it, marks=pytest.mark.slow) for it in ("onnxruntime", "compile")),
    ],
)
def test_every_backend_makes_the_picture_of_pytorch_whole_and_in_tiles(name, backend, image):
    network = network_of(name)
    whole = upscale(network, image, tile=None).astype(int)
    for tile in (None, 24):
        made = upscale(network, image, backend=backend, tile=tile, overlap=12)
        assert np.abs(made.astype(int) - whole).max() <= 1


def test_the_self_ensemble_goes_through_a_backend(network, image):
    expected = upscale(network, image, self_ensemble=True).astype(int)
    made = upscale(network, image, self_ensemble=True, backend="ncnn")
    assert np.abs(made - expected).max() <= 1


def test_gray_images_alpha_and_16_bits_go_through_a_backend(network):
    for channels, dtype in ((1, np.uint16), (4, np.uint8)):
        image = np.random.default_rng(0).integers(1, 255, (20, 21, channels)).astype(dtype)
        expected = upscale(network, image).astype(int)
        assert np.abs(upscale(network, image, backend="ncnn") - expected).max() <= 1


def test_a_plugin_adds_a_backend(network, image):
    calls = []

    def noted(sr):
        calls.append(sr)
        return sr

    registry = registry_with(theirs=Doing(noted))
    made = upscale(network, image, backend="theirs", registry=registry)
    np.testing.assert_array_equal(made, upscale(network, image))
    assert calls


def test_a_backend_without_what_one_needs_is_refused_by_its_distribution():
    registry = registry_with(theirs=object())
    with pytest.raises(srcore.SrcoreError, match=r"expected a NetworkBackend \(it lacks"):
        choice.find_backend("theirs", "float32", registry)


@pytest.mark.parametrize(
    ("change", "apart"),
    [
        (lambda sr: sr * 0.99, r"2\.\d+ gray levels"),
        (lambda sr: sr[..., 1:], "another size"),
        (lambda sr: sr * float("nan"), "nan gray levels"),
    ],
)
def test_another_picture_than_that_of_pytorch_is_refused(image, change, apart):
    class White(nn.Module):
        scale = 1

        def forward(self, lr):
            return lr * 0 + 1

    text = rf'^backend="wrong": its result differs from PyTorch.s by {apart} on a part of the image'
    with pytest.raises(BackendError, match=text + '; expected at most 1; use backend="torch"'):
        upscale(White(), image, backend="wrong", registry=registry_with(wrong=Doing(change)))


def test_what_cannot_be_recorded_is_one_line(image):
    class Sorted(nn.Module):
        scale = 1

        def forward(self, lr):
            return lr.sort(-1).values

    with pytest.raises(BackendError, match='backend="ncnn": cannot compute this network: ') as it:
        upscale(Sorted(), image, backend="ncnn")
    assert str(it.value).endswith('; use backend="torch"')
    assert "\n" not in str(it.value)


def test_a_network_that_sees_more_than_the_image_is_refused(network, image):
    network.draw = lambda size, generator: {}
    with pytest.raises(BackendError, match=r"the network sees more than the image \(draw\)"):
        upscale(network, image, backend="ncnn")


def test_a_backend_of_another_device_is_refused(network, image):
    elsewhere = Doing()
    elsewhere.devices = ("cuda",)
    text = 'backend="theirs": computes on cuda, not on cpu; use device="cuda" or backend="torch"'
    with pytest.raises(BackendError, match=text):
        upscale(network, image, backend="theirs", registry=registry_with(theirs=elsewhere))


def test_an_unknown_backend_is_refused_with_those_there_are(network, image):
    expected = "expected torch, compile, cudagraphs, ncnn, onnxruntime, openvino or auto"
    with pytest.raises(BackendError, match=f'backend: {expected}, found "nccn"'):
        upscale(network, image, backend="nccn")


@pytest.mark.parametrize(
    ("backend", "package", "extra"),
    [
        ("ncnn", "ncnn", "ncnn"),
        ("openvino", "openvino", "openvino"),
        ("onnxruntime", "onnx", "onnx"),
    ],
)
def test_a_missing_package_is_named(network, image, monkeypatch, backend, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'srcore\[{extra}\]'"):
        upscale(network, image, backend=backend)


def told_times(monkeypatch, **seconds):
    """As if backends took so long."""
    by_change = {}

    def told(network, image, clock):
        run = getattr(network, "run", None)
        return seconds["torch"] if run is None else by_change[id(network.backend)]

    monkeypatch.setattr(choice, "processor_seconds", told)
    return by_change


def test_auto_takes_the_fastest_of_those_that_are_right(network, image, monkeypatch, caplog):
    quick, slow, wrong, lazy = Doing(), Doing(), Doing(lambda sr: 1 - sr), Doing()
    lazy.is_quick = False
    times = told_times(monkeypatch, torch=2.0)
    times |= {id(quick): 1.0, id(slow): 3.0, id(wrong): 0.1, id(lazy): 0.2}
    registry = registry_with(quick=quick, slow=slow, wrong=wrong, lazy=lazy)
    upscale(network, image, backend="auto", registry=registry)
    upscale(network, image, backend="auto", registry=registry)
    assert caplog.messages == [
        'backend="auto": quick is the fastest here (processor time of others: torch 2.00x, '
        "slow 3.00x)"
    ]


def test_auto_counts_what_tiles_compute_twice(network, monkeypatch, caplog):
    """By rows nothing is computed twice, so PyTorch wins an image of many tiles."""
    quick = Doing()
    times = told_times(monkeypatch, torch=1.0)
    times[id(quick)] = 0.9
    image = np.zeros((70, 80, 3), np.uint8)
    registry = registry_with(quick=quick)
    upscale(network, image, backend="auto", registry=registry, tile=16)
    (message,) = caplog.messages
    assert message.startswith('backend="auto": torch is the fastest here (processor time of others')


def test_auto_is_torch_where_nothing_else_is_installed(network, image, monkeypatch, caplog):
    for package in ("ncnn", "openvino", "onnx"):
        monkeypatch.setitem(sys.modules, package, None)
    made = upscale(network, image, backend="auto")
    np.testing.assert_array_equal(made, upscale(network, image))
    assert caplog.messages == ['backend="auto": torch']


def test_16_bits_of_autocast_are_pytorchs_own(network, image):
    with pytest.raises(BackendError, match="has no precision bfloat16; it has float32"):
        upscale(network, image, backend="ncnn", precision="bfloat16")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"backend": "torch"}, 'precision="int8": PyTorch has none here; use backend="auto"'),
        ({"backend": "auto"}, 'precision="int8": needs calibration=FOLDER'),
    ],
)
def test_int8_needs_a_backend_and_images(network, image, options, text):
    with pytest.raises(BackendError, match=text):
        upscale(network, image, precision="int8", **options)


def test_a_folder_without_images_calibrates_nothing(network, image, tmp_path):
    with pytest.raises(DataError, match="no images"):
        upscale(network, image, precision="int8", backend="openvino", calibration=tmp_path)
    with pytest.raises(BackendError, match='calibration: goes with precision="int8"'):
        upscale(network, image, backend="openvino", calibration=tmp_path)


@pytest.mark.slow
def test_int8_is_near_and_its_distance_is_told(image, tmp_path, caplog):
    torch.manual_seed(0)
    deep = {"num_features": 16, "num_convs": 8}
    network = srcore.build("network", "compact", scale=2, **deep).eval()
    for number in range(3):
        picture = np.random.default_rng(number).integers(0, 256, (40, 50, 3), np.uint8)
        write_image(tmp_path / f"{number}.png", picture)
    expected = upscale(network, image).astype(float)
    for backend in ("onnxruntime", "openvino"):
        given = {"backend": backend, "precision": "int8", "calibration": tmp_path}
        made = upscale(network, image, **given)
        error = np.square(made - expected).mean()
        assert 0 < error < 255**2 * 10**-3.5
    told = [record.getMessage() for record in caplog.records if record.name == "srcore"]
    start = 'precision="int8": onnxruntime differs from float32 by '
    assert len(told) == 2
    assert told[0].startswith(start)
    assert told[0].endswith(" dB (PSNR) on parts of 3 images")
    assert 35 < float(told[0].removeprefix(start).split()[0]) < 110  # what is learnt is small here


def test_the_cores_backends_are_registered_as_those_of_plugins():
    names = [component.name for component in plugins().registry.components(KIND)]
    assert names == [component.name for component in core_only().components(KIND)]
    assert names == ["compile", "cudagraphs", "ncnn", "onnxruntime", "openvino"]
    add_backends(Registry())


@pytest.mark.parametrize("threads", [1, 2])
def test_backends_take_as_many_threads_as_pytorch(network, image, monkeypatch, threads):
    import ncnn

    seen = []
    made = ncnn.Net

    def net():
        seen.append(made())
        return seen[-1]

    monkeypatch.setattr(ncnn, "Net", net)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        upscale(network, image, backend="ncnn")
    finally:
        torch.set_num_threads(before)
    assert [it.opt.num_threads for it in seen] == [threads]
