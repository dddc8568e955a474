"""The program's configuration as an experiment."""

import pytest
from click.testing import CliRunner
from srplug_esrdgan.commands import command as esrdgan
from srplug_esrdgan.configuration import experiment_of

from srcore.config.reading import read_experiment
from srcore.errors import ConfigError, DataError
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_checked
from srcore.testing.tiny_images import write_tiny_images

#: What the program ships for training (section, key, value), with folders of a test.
SHIPPED = """
[DEFAULT]
name = esrdgan_x4
model = esrdgan
use_tensorboard_logger = True
scale = 4
gpu_id = 0
load_model_from_save = False
display_bar = True

[ENV]
root_path = .
generator_load_path =
discriminator_load_path = none

[DATASETTRAIN]
mode = downsampler
n_workers = 8
batch_size = 8
hr_img_size = 128
name = Flickr2K
dataroot_hr = datasets/Flickr2K/HR
data_aug_gaussian_noise = False
gaussian_stddev = 0.00
data_aug_shuffle = True
data_aug_flip = True
data_aug_rot = True

[DATASETVAL]
mode = downsampler
batch_size = 1
hr_img_size = 128
name = Set14
dataroot_hr = datasets/Set14/HR
data_aug_gaussian_noise = False

[GENERATOR]
act_type = leakyrelu
num_features = 128
num_rrdb = 12
rdb_growth_chan = 32
weight_init_scale = 0.5

[DISCRIMINATOR]
norm_type = batch
num_features = 96
feat_kern_size = 3
weight_init_scale = 1.0

[FEATUREEXTRACTOR]
low_level_feat_layer = -1
high_level_feat_layer = 34

[TRAINING]
learning_rate_g = 1e-4
learning_rate_d = 1e-4
multistep_lr = True
multistep_lr_steps = [10000,20000,30000,40000]
lr_gamma = 0.5
gan_type = relativistic
gan_weight = 5e-3
d_g_train_ratio = 2
pixel_criterion = l1
pixel_weight = 0.01
feature_criterion = l1
feature_weight = 0.1
use_noisy_labels = False
use_one_sided_label_smoothing = True
flip_labels = False
use_instance_noise = True
niter = 100000
val_period = 1000
save_model_period = 5000
"""


@pytest.fixture
def ini(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.ini"
    path.write_text(SHIPPED)
    return path


def test_the_shipped_configuration_is_the_shipped_experiment(ini):
    """Value by value but for how often checkpoints are written and metrics of the authors."""
    table, left_out = experiment_of(ini)
    shipped = read_experiment("esrdgan/x4", plugins().registry).table
    assert left_out == []
    table["train"].pop("tensorboard")
    assert table["train"].pop("checkpoint_every") == 5000
    assert shipped["train"].pop("checkpoint_every") == 1000
    for key in ("generator", "discriminator", "method", "losses", "optimizer", "schedule"):
        assert _without_defaults(table[key]) == _without_defaults(shipped[key])
    for key in ("train", "name", "scale"):
        assert table[key] == shipped[key]
    train = dict(table["data"]["train"])
    assert (train.pop("flip"), train.pop("rotate")) == (True, True)  # defaults of hr_folder
    assert train == shipped["data"]["train"]
    assert table["data"]["validation"] == shipped["data"]["validation"]


_DEFAULTS = {
    "fusion_kernel_size": 3,
    "hr_kernel_size": 3,
    "dense_scaling": 0.2,
    "block_scaling": 0.2,
    "activation": "leaky_relu",
    "norm": "batch",
    "kernel_size": 3,
    "weight_decay": 0.0,
    "criterion": "l1",
}


def _without_defaults(table):
    if isinstance(table, list):
        return [_without_defaults(entry) for entry in table]
    if not isinstance(table, dict):
        return table
    return {
        key: _without_defaults(value)
        for key, value in table.items()
        if _DEFAULTS.get(key, key) != value
    }


def test_other_values(ini):
    text = SHIPPED.replace("gan_type = relativistic", "gan_type = relativisticavg")
    for old, new in (
        ("use_noisy_labels = False", "use_noisy_labels = True"),
        ("flip_labels = False", "flip_labels = True"),
        ("multistep_lr = True", "multistep_lr = no"),
        ("pixel_criterion = l1", "pixel_criterion = none"),
        ("feature_criterion = l1", "feature_criterion = l2"),
        ("gpu_id = 0", "gpu_id ="),
        ("load_model_from_save = False", "load_model_from_save = True"),
        ("generator_load_path =", "generator_load_path = pretrained/G.pth"),
        ("act_type = leakyrelu", "act_type = relu"),
    ):
        text = text.replace(old, new, 1)
    text = text.replace(
        "noise = False\ngaussian_stddev = 0.00", "noise = on\ngaussian_stddev = .02"
    )
    ini.write_text(text)
    table, _ = experiment_of(ini)
    assert table["method"]["labels"] == {
        "type": "esrdgan",
        "smoothing": 0.1,
        "noise": 0.05,
        "flip_probability": 1.0,
    }
    assert "schedule" not in table
    assert [loss["type"] for loss in table["losses"]] == ["perceptual", "adversarial"]
    assert table["losses"][0]["criterion"] == "mse"
    assert table["losses"][1]["relativistic"] == "average"
    assert table["losses"][1]["detach_means"] is False
    assert table["train"]["device"] == "cpu"
    assert table["generator"]["weights"] == "pretrained/G.pth"
    assert table["generator"]["channel_order"] == "bgr"
    assert table["generator"]["activation"] == "relu"
    assert "channel_order" not in table["discriminator"]
    noise = {"type": "gaussian_noise", "sigma": [5.1, 5.1], "quantize": True}
    assert table["data"]["train"]["transforms"] == [noise]


def test_what_is_written_passes_the_check(ini, tmp_path):
    for folder in ("Flickr2K/HR", "Set14/HR"):
        write_tiny_images(tmp_path / "datasets" / folder, 8, height=128, width=128)
    done = CliRunner().invoke(esrdgan, ["import", "config.ini", "out.toml"])
    assert (done.exit_code, done.output) == (0, "config.ini -> out.toml\n")
    (stage,) = load_checked(tmp_path / "out.toml", ["losses[1].weights=random"]).stages
    assert stage.table["train"]["iterations"] == 100_000
    again = CliRunner().invoke(esrdgan, ["import", "config.ini", "out.toml"])
    assert str(again.exception) == "out.toml: exists; --overwrite replaces it"
    wrong = CliRunner().invoke(esrdgan, ["import", "config.ini", "out.safetensors"])
    assert "expected a name that ends in .toml" in wrong.output


def test_all_wrong_values_at_once(ini):
    text = SHIPPED.replace("scale = 4\n", "scale = four\n", 1)
    ini.write_text(text.replace("gan_type = relativistic", "gan_type = dcgan"))
    with pytest.raises(ConfigError) as caught:
        experiment_of(ini)
    lines = str(caught.value)
    assert 'DEFAULT.scale: expected a whole number, found "four"' in lines
    assert (
        'TRAINING.gan_type: expected one of relativistic, relativisticavg, found "dcgan"' in lines
    )


def test_no_ini_file(tmp_path):
    (tmp_path / "x.ini").write_text("no section\n")
    with pytest.raises(DataError, match=r"x.ini: not an ini file: File contains no section"):
        experiment_of(tmp_path / "x.ini")


def test_what_is_left_out_is_said(ini):
    ini.write_text(SHIPPED.replace("low_level_feat_layer = -1", "low_level_feat_layer = 1"))
    assert experiment_of(ini)[1] == [
        "FEATUREEXTRACTOR.low_level_feat_layer: give losses.perceptual.layers a second layer"
    ]
