"""The core's own backends."""

from srcore.inference.backends.backend import KIND, NetworkBackend
from srcore.inference.backends.core import add_backends, core_only
from srcore.options.declaration import NoOptions
from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry

NAMES = ["compile", "cudagraphs", "ncnn", "onnxruntime", "openvino"]


def test_all_of_them_are_there_without_plugins_and_only_once():
    assert [it.name for it in core_only().components(KIND)] == NAMES
    assert core_only() is core_only()


def test_they_are_registered_as_those_of_plugins_are():
    own = [it.name for it in plugins().registry.components(KIND) if it.owner == "srcore"]
    assert own == NAMES
    registry = Registry()
    add_backends(registry)
    registry.complete()
    assert [it.name for it in registry.components(KIND)] == NAMES


def test_each_is_what_a_backend_has_to_be():
    for component in core_only().components(KIND):
        backend = component.build(NoOptions())
        assert isinstance(backend, NetworkBackend)
        assert backend.memory > 0
        assert set(backend.precisions) <= {"float32", "bfloat16", "float16", "int8"}
        assert set(backend.devices) <= {"cpu", "cuda"}
