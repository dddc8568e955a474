"""Published weights are fine-tuned, exported, opened again in spandrel, and enlarge a picture.

The files are not part of the repository: ``SRCORE_PUBLISHED_WEIGHTS`` names a folder that holds
them.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import spandrel
import torch

import srcore
from srcore.converting.conversion import convert
from srcore.images import read_image
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_unchecked
from srcore.testing.runs import train_run

FOLDER = os.environ.get("SRCORE_PUBLISHED_WEIGHTS", "")
EXAMPLES = Path(__file__).parents[3] / "examples" / "images"
FILES = {
    "realesr-animevideov3": "compact",
    "spanx4_ch48": "spandrel_span",
    "RealESRGAN_x4plus": "rrdbnet",
}
TEXT = """
name = "contract"
[generator]
weights = "{file}"
[[losses]]
type = "l1"
[data.train]
type = "hr_folder"
hr = "{images}/train"
hr_patch_size = 32
workers = 0
[optimizer.generator]
type = "adam"
learning_rate = 1e-5
[train]
iterations = 20
batch_size = 1
device = "cpu"
tensorboard = false
"""


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER, reason="SRCORE_PUBLISHED_WEIGHTS names no folder of weights")
@pytest.mark.parametrize("name", FILES)
def test_a_published_file_is_tuned_and_goes_back_to_spandrel(name, tmp_path):
    source = Path(FOLDER, f"{name}.safetensors")
    (tmp_path / "x.toml").write_text(TEXT.format(file=source, images=EXAMPLES))
    loaded = load_unchecked(tmp_path / "x.toml", [])
    selected = loaded.experiment(loaded.stages[0]).generator.selected
    assert (selected.type, loaded.experiment(loaded.stages[0]).scale) == (FILES[name], 4)
    train_run(loaded, tmp_path / "runs")
    (exported,) = (tmp_path / "runs").rglob("generator.safetensors")

    network = srcore.load_generator(exported)
    before = srcore.load_generator(source)
    model = spandrel.ModelLoader().load_from_file(exported)
    photograph = read_image(EXAMPLES / "validation" / "coffee.png")[100:137, 100:128]
    image = torch.from_numpy(photograph.copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        made = network(image).clamp(0, 1)
        torch.testing.assert_close(made, model(image), rtol=1e-5, atol=1e-5)
        change = float((made - before(image).clamp(0, 1)).abs().mean())
    assert 0 < change < 0.05  # it was trained, and is still the network that it was

    upscaled = srcore.upscale(network, photograph)
    assert upscaled.shape == (148, 112, 3)
    back = upscaled.reshape(37, 4, 28, 4, 3).mean((1, 3))
    assert np.abs(back - photograph).mean() < 8  # gray levels: it shows what was photographed

    convert(exported, tmp_path / "x.onnx", "onnx", registry=plugins().registry)
    assert (tmp_path / "x.onnx").stat().st_size > 1e5
