"""ONNX Runtime on the processor, with numbers of 32 or of 8 bits."""

from srcore.inference.backends.of_format import FormatBackend


class OnnxRuntime(FormatBackend):
    """Runs what ``srcore convert --to onnx`` writes."""

    form = "onnx"
    precisions = ("float32", "int8")
    memory = 1.9
