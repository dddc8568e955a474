"""What the task writes, what is said before it, and what follows it."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from srplug_osediff.text_to_image import embed, read_prompts

import srcore
from srcore.errors import ConfigError
from srcore.testing import write_tiny_images
from srcore.testing.commands import run_command

BASE = """
name = "base"
scale = 2
[task]
type = "osediff_base"
model = "model"
prompts = "model/prompts.safetensors"
lora_rank = 2
"""


@pytest.fixture
def task(model, tmp_path, monkeypatch):
    """The file of an experiment of this task alone."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "base.toml"
    file.write_text(BASE, "utf-8")
    return file


def made(task, tmp_path, *overrides, output="runs"):
    srcore.run(srcore.load_experiment(task, overrides), tmp_path / output)
    return tmp_path / output / "base/generator.safetensors"


def test_the_model_its_prompts_and_idle_adapters_are_in_one_file(task, model, tmp_path):
    state = load_file(made(task, tmp_path))
    prompts = read_prompts(model / "prompts.safetensors")
    assert torch.equal(state["prompt"], prompts[0])
    assert torch.equal(state["negative_prompt"], prompts[1])
    for part in ("unet", "vae"):
        plain = load_file(model / part / "diffusion_pytorch_model.safetensors")
        own = {
            name.removeprefix(f"{part}.").replace(".base_layer.", "."): value
            for name, value in state.items()
            if name.startswith(f"{part}.") and ".lora_" not in name
        }
        assert own.keys() == plain.keys()
        assert all(torch.equal(own[name], plain[name]) for name in plain)
    ends = [value for name, value in state.items() if ".lora_B." in name]
    assert len(ends) > 50
    assert not any(value.any() for value in ends)
    assert {len(value) for name, value in state.items() if ".lora_A." in name} == {2}


def test_equal_seeds_make_equal_files(task, tmp_path):
    first, again, other = (
        made(task, tmp_path, f"seed={seed}", output=f"runs{n}").read_bytes()
        for n, seed in enumerate((0, 0, 1))
    )
    assert first == again != other


def test_texts_are_embedded(task, model, tmp_path, write_text_encoder):
    write_text_encoder(model)
    task.write_text(BASE.replace("prompts =", "#"), "utf-8")
    overrides = ('task.prompt="sharp"', 'task.negative_prompt="blurry"')
    state = load_file(made(task, tmp_path, *overrides))
    assert torch.equal(state["prompt"], embed(model, "sharp"))
    assert torch.equal(state["negative_prompt"], embed(model, "blurry"))


def test_it_upscales_at_once(task, tmp_path, capsys):
    weights = made(task, tmp_path)
    write_tiny_images(tmp_path / "images", 1, height=20, width=24)
    code, printed, errors = run_command(
        capsys, "upscale", tmp_path / "images", "--output", tmp_path / "out", "--weights", weights
    )
    assert code == 0, printed + errors


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ('task.model="gone"', r"task\.model: expected a folder; .*gone does not exist"),
        ('task.prompts="gone"', r"task\.prompts: expected a file; .*gone does not exist"),
        ('task.model="train"', r"task\.model: .*train/unet/config\.json: cannot be read: No such"),
        ('task.prompts="wrong.safetensors"', r"task\.model: .*expected \(5, 8\), as the model's"),
    ],
)
def test_what_cannot_work_is_refused_before_the_run(task, tmp_path, override, message):
    (tmp_path / "train").mkdir()
    wrong = {name: torch.zeros(5, 6) for name in ("prompt", "negative_prompt")}
    save_file(wrong, tmp_path / "wrong.safetensors")
    with pytest.raises(ConfigError, match=message):
        srcore.run(srcore.load_experiment(task, (override,)), tmp_path / "runs")


def test_a_model_without_text_encoder_needs_embedded_prompts(task, tmp_path):
    task.write_text(BASE.replace("prompts =", "#"), "utf-8")
    with pytest.raises(ConfigError, match=r"task\.model: .*text_encoder/config\.json: cannot"):
        srcore.run(srcore.load_experiment(task), tmp_path / "runs")
