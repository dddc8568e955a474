"""Models in folders: what is read of them, and what is refused."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from srplug_osediff.networks import OSEDiff
from srplug_osediff.text_to_image import (
    embed,
    load_parts,
    longest_text,
    options_of,
    read_prompts,
)
from transformers import CLIPTextModel

from srcore.errors import WeightsError
from srcore.options.declaration import keywords
from srcore.testing import assert_close


def change(file, **settings):
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def load(model):
    network = OSEDiff(2, **keywords(options_of(model, tokens=5, lora_rank=2)))
    load_parts(network, model)
    return network


def test_options_are_the_models_settings(model):
    told = keywords(options_of(model, tokens=5, lora_rank=3))
    assert told == {
        "unet_channels": (8, 8),
        "unet_layers": 1,
        "attention_heads": (2, 2),
        "linear_projection": True,
        "prompt_channels": 8,
        "prompt_tokens": 5,
        "vae_channels": (4, 4, 4, 4),
        "vae_layers": 1,
        "latent_channels": 4,
        "latent_factor": 0.18215,
        "norm_groups": 4,
        "lora_rank": 3,
        "latent_tile": 0,
    }


def test_older_names_of_attention_are_read(model):
    expected = load(model).state_dict()
    file = model / "vae/diffusion_pytorch_model.safetensors"
    older = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    state = {}
    for name, value in load_file(file).items():
        for new, old in older.items():
            name = name.replace(f".{new}.", f".{old}.")
        state[name] = value
    assert any("proj_attn" in name for name in state)
    save_file(state, file)
    assert torch.equal(
        load(model).state_dict()["vae.decoder.mid_block.attentions.0.to_q.weight"],
        expected["vae.decoder.mid_block.attentions.0.to_q.weight"],
    )


@pytest.mark.parametrize(
    ("file", "settings", "message"),
    [
        ("unet", {"act_fn": "gelu"}, r'unet/config\.json: act_fn: expected "silu", found "gelu"'),
        ("unet", {"only_cross_attention": True}, "only_cross_attention: expected false, found tru"),
        ("unet", {"block_out_channels": None}, "no generator can be made of its settings"),
        ("vae", {"shift_factor": 0.1}, "shift_factor"),
        ("scheduler", {"prediction_type": "v_prediction"}, 'prediction_type: expected "epsilon"'),
        ("scheduler", {"beta_end": 0.02}, r"beta_end: expected 0\.012, found 0\.02"),
        ("unet", {"layers_per_block": 2}, "tensors do not fit its config.json"),
        ("vae", {"block_out_channels": [4, 4, 4, 8]}, "tensors do not fit its config.json"),
    ],
)
def test_settings_without_an_option_are_refused(model, file, settings, message):
    name = "scheduler_config.json" if file == "scheduler" else "config.json"
    change(model / file / name, **settings)
    with pytest.raises(WeightsError, match=message):
        load(model)


def test_all_settings_that_do_not_fit_are_told_at_once(model):
    change(model / "unet/config.json", act_fn="gelu", norm_eps=1e-6)
    change(model / "vae/config.json", act_fn="relu")
    with pytest.raises(WeightsError, match=r"act_fn.*norm_eps.*vae/config\.json: act_fn"):
        load(model)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("unet/config.json", None, r"config\.json: cannot be read: No such file"),
        ("unet/config.json", b"[1", r"config\.json: is no table in JSON"),
        ("vae/diffusion_pytorch_model.safetensors", None, "cannot be read: No such file"),
        ("vae/diffusion_pytorch_model.safetensors", b"\x08\0\0\0\0\0\0\0{", "damaged"),
        ("unet/diffusion_pytorch_model.safetensors", b"version https://git-lfs", "Git LFS pointer"),
    ],
)
def test_missing_and_damaged_files_are_named(model, file, content, message):
    (model / file).unlink()
    if content is not None:
        (model / file).write_bytes(content)
    with pytest.raises(WeightsError, match=f"{file.split('/')[0]}.*{message}"):
        load(model)


def test_prompts_are_two_of_one_shape(model):
    file = model / "prompts.safetensors"
    prompt, negative = read_prompts(file)
    assert prompt.shape == negative.shape == (5, 8)
    assert not torch.equal(prompt, negative)
    save_file({"prompt": torch.zeros(5, 8), "negative_prompt": torch.zeros(4, 8)}, file)
    with pytest.raises(WeightsError, match="expected the tensors prompt and negative_prompt of on"):
        read_prompts(file)


def test_a_text_is_embedded_by_the_models_encoder(model, write_text_encoder):
    write_text_encoder(model)
    words = json.loads((model / "tokenizer/vocab.json").read_text())
    start, end = words["<|startoftext|>"], words["<|endoftext|>"]
    encoder = CLIPTextModel.from_pretrained(model / "text_encoder").eval()
    letters = [words["a"], words["b</w>"], words["c</w>"]]
    with torch.no_grad():
        expected = encoder(torch.tensor([[start, *letters, end]])).last_hidden_state[0]
    assert_close(embed(model, "ab c"), expected, rtol=1e-6, atol=1e-6)
    assert longest_text(model) == 5
    assert embed(model, "a b c, and what is longer").shape == (5, 8)


def test_a_text_needs_an_encoder(model):
    with pytest.raises(WeightsError, match=r"tokenizer: does not exist; expected the model's own"):
        embed(model, "a")
