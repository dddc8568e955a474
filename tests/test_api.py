"""The public names."""

import subprocess
import sys

import numpy as np
import pytest

import srcore
from srcore.errors import ConfigError


def test_every_public_name_can_be_reached():
    for name in srcore.__all__:
        assert getattr(srcore, name) is not None
    with pytest.raises(AttributeError, match='no attribute "nonsense"'):
        _ = srcore.nonsense


def test_importing_srcore_imports_neither_torch_nor_numpy():
    code = "import srcore, sys; print([m for m in ('torch', 'numpy', 'cv2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_build_checks_its_options():
    with pytest.raises(ConfigError) as caught:
        srcore.build("network", "edsr", scale=2, num_feature=8, num_blocks=0)
    text = str(caught.value)
    assert 'network edsr.num_feature: unknown key; did you mean "num_features"?' in text
    assert "network edsr.num_blocks: expected a number >= 1 and <= 1024, found 0" in text


def test_a_trained_network_upscales_an_array(tiny_experiment, tmp_path):
    srcore.run(tiny_experiment, tmp_path)
    network = srcore.load_generator(tmp_path / "tiny" / "generator.safetensors")
    image = np.zeros((5, 7, 3), np.uint8)
    assert srcore.upscale(network, image).shape == (10, 14, 3)
    assert srcore.metrics.psnr(image, image) == float("inf")
