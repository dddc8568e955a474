"""A small text-to-image model of random weights, as diffusers and transformers write it."""

import json
import warnings

import pytest
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

import srcore
from srcore.launching.stages import run_experiment
from srcore.testing.tiny_images import write_tiny_images
from srcore.testing.weights import write_weights

CHANNELS, TOKENS = 8, 5
SMALL = {
    "unet_channels": [8, 8],
    "unet_layers": 1,
    "attention_heads": [2, 2],
    "prompt_channels": CHANNELS,
    "prompt_tokens": TOKENS,
    "vae_channels": [4, 4, 4, 4],
    "vae_layers": 1,
    "norm_groups": 4,
}
TRAINING = """
name = "small"
scale = 2
seed = 3

[generator]
type = "osediff"
unet_channels = [8, 8]
unet_layers = 1
attention_heads = [2, 2]
prompt_channels = 8
prompt_tokens = 5
vae_channels = [4, 4, 4, 4]
vae_layers = 1
norm_groups = 4
weights = "base.safetensors"

[method]
type = "osediff"

[[losses]]
type = "mse"

[[losses]]
type = "score_distillation"
weights = "base.safetensors"

[data.train]
type = "hr_folder"
hr = "train"
hr_patch_size = 32
workers = 0

[train]
iterations = 2
batch_size = 2
ema_decay = 0.0
device = "cpu"
log_every = 1
checkpoint_every = 1
validate_every = 0
tensorboard = false
"""
ADVERSARIAL = """
extends = "small.toml"

[method]
type = "gan_osediff"

[discriminator]
type = "patch"
num_features = 4
num_layers = 1
"""


def write_model(folder):
    """``unet``, ``vae`` and ``scheduler`` in a folder, and ``prompts.safetensors`` beside them."""
    torch.manual_seed(0)
    UNet2DConditionModel(
        block_out_channels=(8, 8),
        layers_per_block=1,
        attention_head_dim=2,
        cross_attention_dim=CHANNELS,
        use_linear_projection=True,
        norm_num_groups=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    ).save_pretrained(folder / "unet")
    AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    ).save_pretrained(folder / "vae")
    DDPMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
    ).save_pretrained(folder / "scheduler")
    prompts = {name: torch.randn(TOKENS, CHANNELS) for name in ("prompt", "negative_prompt")}
    save_file(prompts, folder / "prompts.safetensors")
    return folder


def write_text_encoder(folder):
    """``text_encoder`` and ``tokenizer``, of letters alone."""
    torch.manual_seed(1)
    letters = [f"{letter}{end}" for letter in "abcdefghijklmnopqrstuvwxyz," for end in ("", "</w>")]
    words = [*letters, "<|startoftext|>", "<|endoftext|>"]
    CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(words),
            hidden_size=CHANNELS,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=TOKENS,
            bos_token_id=len(words) - 2,
            eos_token_id=len(words) - 1,
        )
    ).save_pretrained(folder / "text_encoder")
    (folder / "tokenizer").mkdir()
    vocabulary = {word: number for number, word in enumerate(words)}
    (folder / "tokenizer/vocab.json").write_text(json.dumps(vocabulary))
    (folder / "tokenizer/merges.txt").write_text("#version: 0.2\n")
    return folder


@pytest.fixture(name="write_model")
def _write_model():
    return write_model


@pytest.fixture(name="write_text_encoder")
def _write_text_encoder():
    return write_text_encoder


@pytest.fixture
def model(tmp_path):
    """Its folder."""
    return write_model(tmp_path / "model")


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """The file; images, a generator and an adversarial training lie beside it."""
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "train", 4, height=72, width=72)
    torch.manual_seed(1)
    write_weights(tmp_path / "base.safetensors", "osediff", **SMALL)
    for name, text in (("adversarial", ADVERSARIAL), ("small", TRAINING)):
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    return tmp_path / "small.toml"


@pytest.fixture
def train(tmp_path):
    """Run an experiment with overrides; its last state, and the values of every iteration."""

    def run(file, *overrides, output="run", resume=False):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*random")
            loaded = srcore.load_experiment(file, overrides)
            run_experiment(loaded, tmp_path / output, resume=resume, quiet=True)
        folder = tmp_path / output / "small"
        rows = map(json.loads, (folder / "metrics.jsonl").read_text("utf-8").splitlines())
        values = [row["values"] for row in rows if row["phase"] == "train"]
        return torch.load(folder / "checkpoints/last.pt", weights_only=True), values

    return run
