import json

import numpy as np
import pytest
import torch

from srcore.exporting.openvino import openvino as openvino_package
from srcore.machine.signal_stack import handle_signals_on_the_usual_stack


@pytest.fixture
def open_file():
    """(path, format) -> the program and the metadata of a file, opened without srcore."""
    return _opened


def _opened(path, to):
    """The program and the metadata of a file, without srcore."""
    if to == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        metadata = session.get_modelmeta().custom_metadata_map
        return lambda lr: torch.from_numpy(session.run(None, {"lr": lr.numpy()})[0]), metadata
    if to == "ncnn":
        return _opened_ncnn(path), {}
    if to == "openvino":
        openvino = openvino_package()
        model = openvino.Core().read_model(path)
        program = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        handle_signals_on_the_usual_stack()
        said = {
            key: value.astype(str)
            for key, value in model.get_rt_info("srcore").astype(dict).items()
        }
        return lambda lr: torch.from_numpy(program({"lr": lr.numpy()})["sr"].copy()), said
    extra = {"srcore.json": ""}
    if to == "torchscript":
        with pytest.warns(FutureWarning, match="deprecated"):
            program = torch.jit.load(path, _extra_files=extra)
    else:
        program = torch.export.load(path, extra_files=extra).module()
    return program, json.loads(extra["srcore.json"])


def _opened_ncnn(path):
    import ncnn

    net = ncnn.Net()
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(net.opt, name, False)
    assert (net.load_param(str(path)), net.load_model(str(path.with_suffix(".bin")))) == (0, 0)

    def one(image):
        extractor = net.create_extractor()
        extractor.input("data", ncnn.Mat(image.contiguous().numpy()).clone())
        return torch.from_numpy(np.array(extractor.extract("output")[1]))

    return lambda lr: torch.stack([one(image) for image in lr])
