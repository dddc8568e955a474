"""Text-to-image models in the folders of diffusers: their settings, tensors and prompts."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from srcore.errors import WeightsError
from srcore.messages import shown, some
from srcore.weights.containers import read_checkpoint
from srcore.weights.meta_device import on_meta
from srplug_osediff.library import AutoencoderKL, UNet2DConditionModel
from srplug_osediff.networks import OSEDiff
from srplug_osediff.noise_schedule import FIRST_BETA, LAST_BETA, TIMES
from srplug_osediff.options import OSEDiffOptions

#: Layers of the autoencoder's attention, as older files call them.
_OLDER_NAMES = {
    ".query.": ".to_q.",
    ".key.": ".to_k.",
    ".value.": ".to_v.",
    ".proj_attn.": ".to_out.0.",
}
#: Settings that say nothing of what is computed here.
_UNUSED = {"sample_size", "force_upcast"}
SCHEDULE = "scheduler/scheduler_config.json"
_EXPECTED_SCHEDULE = {
    "prediction_type": "epsilon",
    "beta_schedule": "scaled_linear",
    "beta_start": FIRST_BETA,
    "beta_end": LAST_BETA,
    "num_train_timesteps": TIMES,
}


def options_of(folder: Path, *, tokens: int, lora_rank: int) -> OSEDiffOptions:
    """The options of a generator that is made of a model.

    Args:
        folder: of the model; ``unet/config.json`` and ``vae/config.json`` are read.
        tokens: of the embedded prompts.
        lora_rank: of its adapters.

    Raises:
        WeightsError: it has settings that no option expresses; all of them are named.
    """
    unet = _model_settings(folder / "unet", UNet2DConditionModel)
    vae = _model_settings(folder / "vae", AutoencoderKL)
    try:
        options = OSEDiffOptions(
            unet_channels=tuple(unet["block_out_channels"]),
            unet_layers=unet["layers_per_block"],
            attention_heads=tuple(unet["attention_head_dim"]),
            linear_projection=unet["use_linear_projection"],
            prompt_channels=unet["cross_attention_dim"],
            prompt_tokens=tokens,
            vae_channels=tuple(vae["block_out_channels"]),
            vae_layers=vae["layers_per_block"],
            latent_channels=unet["in_channels"],
            latent_factor=vae["scaling_factor"],
            norm_groups=unet["norm_num_groups"],
            lora_rank=lora_rank,
        )
        with on_meta():
            network = OSEDiff(1, **attrs.asdict(options))
    except (TypeError, ValueError) as error:
        text = f"{folder}: no generator can be made of its settings: {shown(str(error))}"
        raise WeightsError(text) from error
    problems = [
        *_unlike_settings(folder / "unet/config.json", unet, network.unet.config),
        *_unlike_settings(folder / "vae/config.json", vae, network.vae.config),
        *_unlike_settings(
            folder / SCHEDULE, _schedule_settings(folder / SCHEDULE), _EXPECTED_SCHEDULE
        ),
    ]
    if problems:
        raise WeightsError("; ".join(problems))
    return options


def load_parts(network: OSEDiff, folder: Path) -> None:
    """Give a generator the tensors of a model; its adapters stay what they are.

    Raises:
        WeightsError: a file is missing or damaged, or its tensors are others.
    """
    unet, vae = (folder / name / "diffusion_pytorch_model.safetensors" for name in ("unet", "vae"))
    _load_below_adapters(network.unet, read_checkpoint(unet).state, unet)
    _load_below_adapters(network.vae, _with_newer_names(read_checkpoint(vae).state), vae)


def read_prompts(file: Path) -> tuple[Tensor, Tensor]:
    """Embedded prompts of a file: ``(tokens, channels)`` each.

    Raises:
        WeightsError: it is no file of weights, or holds others.
    """
    state = read_checkpoint(file).state
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    if shapes.keys() != {"prompt", "negative_prompt"} or len({*shapes.values()}) > 1:
        raise WeightsError(
            f"{file}: expected the tensors prompt and negative_prompt of one shape (tokens, "
            f"channels), found {shapes}"
        )
    return state["prompt"].float(), state["negative_prompt"].float()


def longest_text(folder: Path) -> int:
    """Tokens that the text encoder of a model makes of a text.

    Raises:
        WeightsError: it is not there.
    """
    file = folder / "text_encoder/config.json"
    try:
        return int(_settings_file(file)["max_position_embeddings"])
    except KeyError:
        raise WeightsError(f"{file}: max_position_embeddings: expected a number") from None


def embed(folder: Path, text: str) -> Tensor:
    """A text as the model's text encoder embeds it, ``(tokens, channels)``.

    Args:
        folder: with ``tokenizer`` and ``text_encoder`` as transformers writes them.
        text: what follows the longest text that it can take is left out.

    Raises:
        WeightsError: they are not there or cannot be read.
    """
    from transformers import CLIPTextModel, CLIPTokenizer
    from transformers.utils.logging import disable_progress_bar

    for name in ("tokenizer", "text_encoder"):
        if not (folder / name).is_dir():
            raise WeightsError(
                f"{folder / name}: does not exist; expected the model's own, or a file of embedded "
                "prompts that prompts names"
            )
    disable_progress_bar()  # of reading a file
    try:
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        encoder = CLIPTextModel.from_pretrained(
            folder / "text_encoder", local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder}: its text encoder cannot be read: {shown(error)}") from error
    tokens = tokenizer(
        text,
        padding="max_length",
        max_length=encoder.config.max_position_embeddings,
        truncation=True,
        return_tensors="pt",
    )
    with torch.no_grad():
        embedded: Tensor = encoder.eval()(tokens.input_ids).last_hidden_state[0]
    return embedded.float()


def _model_settings(folder: Path, model: type) -> dict[str, Any]:
    """``config.json`` of a part, with the defaults of diffusers for what it leaves out."""
    defaults = {
        name: it.default
        for name, it in inspect.signature(model).parameters.items()
        if it.default is not inspect.Parameter.empty
    }
    settings = defaults | _settings_file(folder / "config.json")
    heads, channels = (settings.get(it) for it in ("attention_head_dim", "block_out_channels"))
    if isinstance(heads, int) and isinstance(channels, (list, tuple)):
        settings["attention_head_dim"] = [heads] * len(channels)
    return settings


def _settings_file(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text("utf-8")))
    except OSError as error:
        raise WeightsError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise WeightsError(f"{file}: is no table in JSON ({shown(error)})") from error


def _schedule_settings(file: Path) -> dict[str, Any]:
    return _EXPECTED_SCHEDULE | (_settings_file(file) if file.is_file() else {})


def _unlike_settings(
    file: Path, settings: Mapping[str, Any], expected: Mapping[str, Any]
) -> Iterator[str]:
    for key, value in expected.items():
        is_used = not key.startswith("_") and key not in _UNUSED
        if is_used and _as_in_json(settings.get(key)) != _as_in_json(value):
            yield f"{file}: {key}: expected {shown(value)}, found {shown(settings.get(key))}"


def _load_below_adapters(part: nn.Module, state: Mapping[str, Tensor], file: Path) -> None:
    """Tensors of a file into layers that may have adapters."""
    own = {
        name.replace(".base_layer.", "."): (name, tuple(value.shape))
        for name, value in part.state_dict().items()
        if ".lora_" not in name
    }
    expected = {name: shape for name, (_, shape) in own.items()}
    given = {name: tuple(value.shape) for name, value in state.items()}
    names = sorted(expected.keys() | given)
    if wrong := [name for name in names if expected.get(name) != given.get(name)]:
        shapes = [shown(it.get(wrong[0], "none")) for it in (expected, given)]
        raise WeightsError(
            f"{file}: {len(wrong)} tensors do not fit its config.json: {some(wrong)}; expected "
            f"{wrong[0]} of shape {shapes[0]}, found {shapes[1]}"
        )
    part.load_state_dict({own[name][0]: value for name, value in state.items()}, strict=False)


def _as_in_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _with_newer_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for key, value in state.items():
        for old, new in _OLDER_NAMES.items():
            key = key.replace(old, new)
        renamed[key] = value
    return renamed
