"""Settings that shapes do not tell and that weights were trained with."""

import srcore
from srcore.plugin.manager import plugins
from srcore.weights.saving import GeneratorMetadata, save_safetensors

OPTIONS = {"num_features": 8, "num_blocks": 1, "res_scale": 0.1}


def test_other_settings_than_those_of_the_file_are_told(tiny_experiment, tmp_path):
    file = tmp_path / "start.safetensors"
    network = srcore.build("network", "edsr", scale=2, **OPTIONS)
    metadata = GeneratorMetadata("edsr", OPTIONS, 2)
    save_safetensors(file, network.state_dict(), metadata, plugins().registry)
    start = f"generator.weights={file}"
    (remark,) = srcore.load_experiment(tiny_experiment, [start]).remarks()
    assert remark.path == "generator.weights"
    assert "was trained with res_scale = 0.1 (here 1.0)" in remark.message
    same = srcore.load_experiment(tiny_experiment, [start, "generator.res_scale=0.1"])
    assert same.remarks() == []
