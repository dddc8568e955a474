"""Parts of different papers combine: every cell of the matrix trains two iterations and resumes.

The quick run covers every pair of choices, the slow one a sample of the other cells, and
``-m stress`` all of them.
"""

import itertools
import random
import shutil

import pytest
import torch

import srcore
from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.testing import write_tiny_images
from srcore.testing.weights import write_weights

GENERATORS = {
    "rrdbnet": "num_features = 4\nnum_blocks = 1\ngrowth_channels = 4",
    "edsr": "num_features = 4\nnum_blocks = 1",
    "msrresnet": "num_features = 4\nnum_blocks = 1",
    "compact": "num_features = 4\nnum_convs = 1",
    "swinir": "img_size = 32\nembed_dim = 8\ndepths = [2]\nnum_heads = [2]\nnum_features = 8",
    "esrdgan": "num_features = 4\nnum_blocks = 1\ngrowth_channels = 4",
    "dlsn": "num_features = 8\nnum_groups = 1\nnum_blocks = 1\nchunk_size = 32",
    "spandrel_span": "feature_channels = 8",
    "flow": "num_features = 4\nnum_blocks = 1\nsteps = 2",
}
SEMANTICS = 'semantics = { weights = "random", width = 8, blocks = [1, 1, 1] }\nhead_dim = 16'
DISCRIMINATORS = {
    "vgg": "input_size = 128\nnum_features = 4",
    "unet": "num_features = 4",
    "patch": "num_features = 4",
    "esrdgan": "input_size = 128\nnum_features = 4",
    "sed_patch": f"num_features = 8\n{SEMANTICS}",
    "sed_unet": f"num_features = 8\n{SEMANTICS}",
}
ARTIFACT_LOSS = {"plain": "", "ldl": '[[losses]]\ntype = "ldl"'}
METHODS = {
    "plain": 'type = "gan"',
    "esrdgan_tricks": (
        'type = "gan"\n[method.labels]\ntype = "esrdgan"\nsmoothing = 0.1\nnoise = 0.05\n'
        '[[discriminator.inputs]]\ntype = "instance_noise"\n'
    ),
    "taught": (
        'type = "gan_distillation"\n[networks.teacher]\ntype = "compact"\nnum_features = 4\n'
        'num_convs = 1\nweights = "teacher.safetensors"\n'
        '[[losses]]\ntype = "l1"\nname = "taught"\ntarget = "teacher"\n'
    ),
}
DATA = {
    "paired": 'downscale = "matlab"\nhr_patch_size = 128',
    "second_order": (
        'downscale = "none"\nhr_patch_size = 144\n'
        '[[data.train.transforms]]\ntype = "second_order_degradation"\nhr_crop = 128\n'
        '[[data.train.transforms]]\ntype = "pair_pool"\nsize = 4'
    ),
    "usrdu_sampled": (
        'downscale = "matlab"\nhr_patch_size = 128\n'
        '[[data.train.transforms]]\ntype = "laplace_sampling"\nweights = "dsn.safetensors"'
    ),
}
AXES = (GENERATORS, DISCRIMINATORS, ARTIFACT_LOSS, METHODS, DATA)
CELLS = list(itertools.product(*AXES))


def covering_pairs():
    """Few cells in which every two choices of different axes meet at least once."""
    wanted = {
        pair
        for first, second in itertools.combinations(range(len(AXES)), 2)
        for pair in itertools.product(
            ((first, choice) for choice in AXES[first]),
            ((second, choice) for choice in AXES[second]),
        )
    }
    chosen = []
    while wanted:
        best = max(CELLS, key=lambda cell: len(pairs_of(cell) & wanted))
        chosen.append(best)
        wanted -= pairs_of(best)
    return chosen


def pairs_of(cell):
    return set(itertools.combinations(enumerate(cell), 2))


QUICK = covering_pairs()
SAMPLE = random.Random(576).sample([cell for cell in CELLS if cell not in QUICK], 60)


def experiment(generator, discriminator, artifact, method, data):
    return f"""
name = "cell"
scale = 4
[generator]
type = "{generator}"
{GENERATORS[generator]}
[discriminator]
type = "{discriminator}"
{DISCRIMINATORS[discriminator]}
[method]
{METHODS[method]}
[[losses]]
type = "l1"
[[losses]]
type = "adversarial"
weight = 0.01
{ARTIFACT_LOSS[artifact]}
[data.train]
type = "hr_folder"
hr = "train"
workers = 0
{DATA[data]}
[train]
iterations = 2
batch_size = 2
ema_decay = 0.9
device = "cpu"
checkpoint_every = 1
log_every = 1
tensorboard = false
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):

    folder = tmp_path_factory.mktemp("matrix")
    write_tiny_images(folder / "train", 3, height=160, width=160)
    torch.manual_seed(0)
    write_weights(folder / "dsn.safetensors", "usrdu_dsn", scale=4, num_features=8, num_blocks=1)
    write_weights(folder / "teacher.safetensors", "compact", scale=4, num_features=4, num_convs=1)
    return folder


@pytest.fixture(autouse=True)
def all_plugins():
    wanted = {"esrdgan", "ldl", "sed", "dlsn", "usrdu", "spandrel", "distill", "flow"}
    missing = wanted - {plugin.name for plugin in plugins().plugins}
    assert not missing, f"the matrix needs all plugins; missing: {missing}"


def train_and_resume(cell, folder, tmp_path):
    file = folder / f"{'_'.join(cell)}.toml"
    file.write_text(experiment(*cell))
    for iterations, resume in ((2, False), (3, True)):
        loaded = srcore.load_experiment(file, [f"train.iterations={iterations}"])
        run_experiment(loaded, tmp_path, resume=resume, quiet=True)
    state = torch.load(tmp_path / "cell/checkpoints/last.pt", weights_only=True)
    assert state["iteration"] == 3
    for network in state["networks"].values():
        assert all(torch.isfinite(value.float()).all() for value in network.values())


def name(cell):
    return "-".join(cell)


@pytest.mark.filterwarnings("ignore:.*random.*")
@pytest.mark.parametrize("cell", QUICK, ids=name)
def test_every_pair_of_parts_trains_and_resumes(cell, folder, tmp_path):
    train_and_resume(cell, folder, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*random.*")
@pytest.mark.parametrize("cell", SAMPLE, ids=name)
def test_a_sample_of_combinations_trains_and_resumes(cell, folder, tmp_path):
    train_and_resume(cell, folder, tmp_path)


@pytest.mark.stress
@pytest.mark.timeout(7200)
@pytest.mark.filterwarnings("ignore:.*random.*")
def test_every_combination_trains_and_resumes(folder, tmp_path, stress_result):
    for number, cell in enumerate(CELLS):
        train_and_resume(cell, folder, tmp_path / str(number))
        shutil.rmtree(tmp_path / str(number))
    stress_result("composition", cells=len(CELLS), iterations=3 * len(CELLS))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("data.train.hr_patch_size=96", "discriminator"),
        ("train.ema_decay=0.0", '"ldl" needs the EMA generator'),
        ("discriminator.type=sed_unet", "discriminator.semantics: required key is missing"),
        ("method.type=supervised", 'losses[1].type: "adversarial" needs a discriminator'),
    ],
)
def test_what_cannot_combine_is_refused_with_the_reason(folder, change, message):
    file = folder / "refused.toml"
    file.write_text(experiment("edsr", "vgg", "ldl", "plain", "paired"))
    with pytest.raises(ConfigError) as caught:
        srcore.load_experiment(file, [change])
    assert message in str(caught.value)
