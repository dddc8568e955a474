"""The network against plain parts of diffusers with the same weights; tiles; blocks."""

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from srplug_osediff.adapters import adapted_layers
from srplug_osediff.networks import OSEDiff
from srplug_osediff.text_to_image import load_parts, options_of, read_prompts
from torch import nn

import srcore
from srcore.engine.recomputing import recompute_
from srcore.options.declaration import keywords
from srcore.testing import assert_close, tiny_image
from srcore.testing.weights import write_weights
from srcore.weights.without_memory import without_memory


def made(model, **changes):
    """The generator of a model, and of adapters that change something if it has another tile."""
    prompts = read_prompts(model / "prompts.safetensors")
    options = keywords(options_of(model, tokens=5, lora_rank=2)) | changes
    torch.manual_seed(2)
    network = OSEDiff(2, **options)
    load_parts(network, model)
    network.prompt.copy_(prompts[0])
    return network.eval()


def randomize(network, by=0.02):
    for layer in adapted_layers(network):
        for module in layer.lora_B.values():
            nn.init.normal_(module.weight, std=by)


def one_step(model, lr):
    """One step by parts of diffusers alone."""
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    vae = AutoencoderKL.from_pretrained(model / "vae")
    scheduler = DDPMScheduler.from_pretrained(model / "scheduler")
    prompt, _ = read_prompts(model / "prompts.safetensors")
    factor, kept = vae.config.scaling_factor, scheduler.alphas_cumprod[-1]
    with torch.no_grad():
        latents = (
            vae.encode(2 * F.interpolate(lr, scale_factor=2, mode="bicubic") - 1).latent_dist.mean
            * factor
        )
        noise = unet(latents, 999, prompt[None].expand(len(lr), -1, -1)).sample
        clean = (latents - (1 - kept).sqrt() * noise) / kept.sqrt()
        return (vae.decode(clean / factor).sample + 1) / 2


def test_new_adapters_leave_one_step_of_the_model(model):
    torch.manual_seed(1)
    lr = torch.rand(2, 3, 16, 24)
    with torch.no_grad():
        assert_close(made(model)(lr), one_step(model, lr), rtol=1e-4, atol=1e-4)


def test_other_sizes_are_mirrored_and_cut(model):
    torch.manual_seed(1)
    network, lr = made(model), torch.rand(1, 3, 13, 11)
    whole = 2 * F.interpolate(lr, scale_factor=2, mode="bicubic") - 1
    padded = torch.cat([whole, whole[..., -7:-1, :].flip(2)], dim=2)
    padded = torch.cat([padded, padded[..., -11:-1].flip(3)], dim=3)
    with torch.no_grad():
        latents = network.step(network.encode(padded))
        expected = network.vae.decode(latents / network.latent_factor).sample[..., :26, :22]
        assert_close(network(lr), (expected + 1) / 2, rtol=1e-5, atol=1e-5)


def test_defaults_are_the_sizes_of_stable_diffusion_2_1():
    with without_memory():
        network = OSEDiff(4)
    sizes = {
        name: sum(it.numel() for key, it in part.named_parameters() if "lora_" not in key)
        for name, part in (("unet", network.unet), ("vae", network.vae))
    }
    assert sizes == {"unet": 865_910_724, "vae": 83_653_863}
    trained = [name for name, it in network.named_parameters() if it.requires_grad]
    assert all("lora_" in name for name in trained)
    assert not any(name.startswith("vae.decoder") for name in trained)


def test_gradients_reach_every_adapter_and_nothing_else(model):
    network = made(model).train()
    randomize(network)
    network(torch.rand(1, 3, 16, 16)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert (parameter.grad is not None) == ("lora_" in name), name
        assert parameter.grad is None or parameter.grad.abs().max() > 0, name


def test_blocks_that_are_computed_again_have_the_same_gradients(model):
    kept, again = made(model).train(), made(model).train()
    assert recompute_(again) == len(list(kept.checkpointed())) > 10
    torch.manual_seed(3)
    lr, target = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 32, 32)
    for network in (kept, again):
        (network(lr) - target).square().mean().backward()
    for first, second in zip(kept.parameters(), again.parameters(), strict=True):
        assert first.grad is second.grad is None or torch.equal(first.grad, second.grad)


def test_what_fits_into_a_tile_is_the_whole(model):
    lr = torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(made(model, latent_tile=4)(lr), made(model)(lr))


def test_tiles_are_whole_numbers_of_all_levels_of_the_unet(model):
    tiled, seen = made(model, latent_tile=9), []
    assert tiled.latent_tile == 8
    tiled.unet.conv_in.register_forward_hook(lambda module, given, output: seen.append(given[0]))
    image = np.asarray(tiny_image(3, 64, 48))
    assert srcore.upscale(tiled, image, tile=None).shape == (128, 96, 3)
    assert len(seen) > 1
    assert {tuple(it.shape[-2:]) for it in seen} == {(8, 8)}


def test_tiles_are_the_whole_where_nothing_looks_beyond_them(model):
    """That is, without normalization and attention, which see all of a tile."""
    whole, tiled = made(model), made(model, latent_tile=48)
    for network in (whole, tiled):
        for name, module in list(network.unet.named_modules()):
            if isinstance(module, nn.GroupNorm):
                network.unet.set_submodule(name, nn.Identity())
            if name.endswith("proj_out"):
                nn.init.zeros_(module.base_layer.weight)
    latents = torch.randn(1, 4, 64, 16)
    with torch.no_grad():
        first, second = whole.step(latents), tiled.step(latents)
    assert_close(second[..., :16, :], first[..., :16, :], rtol=1e-4, atol=1e-4)
    assert_close(second[..., -16:, :], first[..., -16:, :], rtol=1e-4, atol=1e-4)
    between = (first - second)[..., 16:-16, :].abs()
    assert between.max() < 0.05 * first.std()


def test_tiles_are_chosen_when_it_is_used(model, tmp_path):
    torch.manual_seed(0)
    options = keywords(options_of(model, tokens=5, lora_rank=2))
    write_weights(tmp_path / "x2.safetensors", "osediff", **options)
    chosen = srcore.load_generator(tmp_path / "x2.safetensors", options={"latent_tile": 8})
    assert chosen.latent_tile == 8
