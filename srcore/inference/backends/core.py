"""The backends that come with srcore."""

from __future__ import annotations

from functools import cache

from srcore.plugin.registry import Registry

#: Kind under which backends are registered.
KIND = "srcore.backend"
_PACKAGE = "srcore.inference.backends"
_TARGETS = {
    "compile": "compiled:Compiled",
    "cudagraphs": "graphs:CudaGraphs",
    "onnxruntime": "onnxruntime:OnnxRuntime",
    "openvino": "openvino:OpenVino",
    "ncnn": "ncnn:Ncnn",
}


def add_backends(registry: Registry) -> None:
    """Add the kind and the core's own backends."""
    registry.add_kind(KIND, f"{_PACKAGE}.backend:NetworkBackend")
    for name, target in _TARGETS.items():
        registry.add(KIND, name, None, f"{_PACKAGE}.{target}")


@cache
def core_only() -> Registry:
    """A registry for calls that hand none."""
    registry = Registry()
    add_backends(registry)
    registry.complete()
    return registry
