"""OpenVINO on the processor, with numbers of 32 or of 8 bits."""

from srcore.inference.backends.of_format import FormatBackend


class OpenVino(FormatBackend):
    """Runs what ``srcore convert --to openvino`` writes; of 8 bits, what ``--to onnx`` does."""

    form = "openvino"
    precisions = ("float32", "int8")
    beside_int8 = (b"",)  # the weights lie in the program
    memory = 2.0
