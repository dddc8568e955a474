"""What networks, discriminators and their inputs are tried for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from srcore.capabilities import capability
from srcore.checking.channel_checks import channels_of
from srcore.engine.recomputing import recompute_
from srcore.inference.beside import beside, draw, stacked
from srcore.plugin.calling import call, checked_result
from srcore.seeding import seed_everything
from srcore.testing.specimen import Specimen, is_same, lacking

_ODD, _EVEN = (17, 23), (24, 24)
_LARGER = (33, 45), (48, 48)  # for networks that shrink


def upscales_any_size(specimen: Specimen) -> Iterator[str]:
    """Images (N, C, h, w) become (N, C, scale*h, scale*w), finite, under bfloat16 autocast too."""
    network = specimen.build(scale=specimen.scale).eval()
    channels = channels_of(specimen.options)
    if int(capability("network", network, "in_channels")) != channels:
        yield f"expected the attribute in_channels = {channels}, as its options say"
    if capability("network", network, "scale") != specimen.scale:
        own_scale = _attribute(network, "scale")
        yield f"expected the attribute scale = {specimen.scale}, found {own_scale}"
    shrinks = "shrinks" in specimen.component.provides
    for size in _LARGER if shrinks else (_ODD, _EVEN):
        lr = _lr(specimen, network, size)
        sides = [-(-s // specimen.scale) if shrinks else specimen.scale * s for s in size]
        for dtype in (None, torch.bfloat16):
            with torch.no_grad(), torch.autocast("cpu", dtype, enabled=dtype is not None):
                sr = _call_network(network, lr)
            if tuple(sr.shape) != (*lr.shape[:2], *sides):
                wanted = f"(1, {lr.shape[1]}, {sides[0]}, {sides[1]}) from {tuple(lr.shape)}"
                yield f"expected {wanted} at scale {specimen.scale}, found {tuple(sr.shape)}"
                break
            if not torch.isfinite(sr.float()).all():
                under = f" under autocast to {dtype}" if dtype else ""
                yield f"expected finite values{under}, found others"


def state_makes_it_the_same(specimen: Specimen) -> Iterator[str]:
    """A second network takes the state of the first and computes the same; seeds decide weights."""
    first = specimen.build(scale=specimen.scale).eval()
    again = specimen.build(scale=specimen.scale).eval()
    if not is_same(dict(first.state_dict()), dict(again.state_dict())):
        yield "expected equal weights from equal seeds, found others"
    second = specimen.component.build(specimen.options, scale=specimen.scale).eval()
    second.load_state_dict(first.state_dict())
    lr = _lr(specimen, first, _EVEN)
    with torch.no_grad():
        if not torch.equal(_call_network(first, lr), _call_network(second, lr)):
            yield "expected equal images from equal states, found others: not all of it is state"


def every_parameter_learns(specimen: Specimen) -> Iterator[str]:
    """The output has a finite gradient to every parameter."""
    network = specimen.build(scale=specimen.scale).train()
    lr = _lr(specimen, network, _EVEN).expand(2, -1, -1, -1)
    torch.autograd.backward(_call_network(network, lr).square().mean())
    missing = specimen.without_gradient(network)
    if missing:
        yield (
            f"expected a gradient for every parameter, found none for {_names_in_words(missing)}; "
            "leave them out, or name them in unused"
        )
    bad = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is not None and not torch.isfinite(parameter.grad).all()
    ]
    if bad:
        yield f"expected finite gradients, found others for {_names_in_words(bad)}"


def draws_by_the_generator(specimen: Specimen) -> Iterator[str]:
    """Fields of an image are drawn from the generator alone."""
    network = specimen.build(scale=specimen.scale)
    if capability("network", network, "draw") is None:
        return
    first, again = (draw(network, (16, 12), 1) for _ in range(2))
    if not is_same(first, again):
        yield "expected draw() to give equal fields for equal generators, found others"
    if is_same(first, draw(network, (16, 12), 2)):
        yield "expected draw() to use its generator, found equal fields for two seeds"


def deployed_computes_the_same(specimen: Specimen) -> Iterator[str]:
    """What deploy() returns computes the same, and the network stays what it is."""
    network = specimen.build(scale=specimen.scale).eval()
    deploy = capability("network", network, "deploy")
    if deploy is None:
        return
    lr = _lr(specimen, network, _EVEN)
    with torch.no_grad():
        before = _call_network(network, lr)
        merged = deploy().eval()
        if not torch.allclose(before, _call_network(merged, lr), rtol=1e-3, atol=1e-4):
            yield "expected the same images from deploy(), found others"
        if merged is network or not torch.equal(before, _call_network(network, lr)):
            yield "expected deploy() to return a new network, found this one changed"


def computes_blocks_again(specimen: Specimen) -> Iterator[str]:
    """Blocks that are computed again give the same images and gradients."""
    kept, again = (specimen.build(scale=specimen.scale).train() for _ in range(2))
    declared = "checkpointed" in specimen.component.provides
    number = recompute_(again)
    if declared != bool(number):
        told = 'provides=("checkpointed",)' if declared else "none declared"
        yield f"expected checkpointed() to name blocks where it is declared, found {number}, {told}"
    if not number:
        return
    lr = _lr(specimen, kept, _EVEN).expand(2, -1, -1, -1)
    for network in (kept, again):
        seed_everything(1)
        torch.autograd.backward(_call_network(network, lr).square().mean())
    for (name, first), second in zip(kept.named_parameters(), again.parameters(), strict=True):
        if not is_same(first.grad, second.grad):
            yield f"expected the same gradient with blocks computed again, found another for {name}"
            return
    if not is_same(dict(kept.state_dict()), dict(again.state_dict())):
        yield "expected the same state with blocks computed again, found another"


def judges_images(specimen: Specimen) -> Iterator[str]:
    """Images become finite logits with gradients to the images and to every parameter."""
    yield from lacking(_needed_entries(specimen), specimen.batch(), "entries")
    discriminator = specimen.build().train()
    image = specimen.images().requires_grad_(True)
    condition = capability("discriminator", discriminator, "condition")
    seen: tuple[Any, ...] = (image,)
    if condition is not None:
        with torch.no_grad():
            seen = (image, condition(specimen.batch()))
    logits = checked_result("discriminator", discriminator, discriminator(*seen))
    if not torch.isfinite(logits).all():
        yield "expected finite logits, found others"
    torch.autograd.backward(logits.square().mean())
    if image.grad is None or not torch.isfinite(image.grad).all():
        yield "expected a finite gradient to the image, found none"
    missing = specimen.without_gradient(discriminator)
    if missing:
        yield (
            f"expected a gradient for every parameter, found none for {_names_in_words(missing)}; "
            "freeze or leave them out, or name them in unused"
        )


def state_fits_a_second_one(specimen: Specimen) -> Iterator[str]:
    """Equal seeds make equal weights, and a second one takes the state of the first."""
    first, second = specimen.build(), specimen.build()
    if not is_same(dict(first.state_dict()), dict(second.state_dict())):
        yield "expected equal weights from equal seeds, found others"
    second.load_state_dict(first.state_dict())


def alters_what_is_judged(specimen: Specimen) -> Iterator[str]:
    """Images become as many images, differentiable, drawn from the generator, not in place."""
    image = specimen.images().requires_grad_(True)
    before = image.detach().clone()
    results = []
    for _ in range(2):
        part = specimen.build()
        results.append(
            call("discriminator_input", part, image, progress=0.5, generator=specimen.random())
        )
    if not torch.equal(*results):
        yield "expected equal images from equal generators, found others"
    if len(results[0]) != len(image) or not torch.isfinite(results[0]).all():
        yield f"expected {len(image)} finite images, found {tuple(results[0].shape)}"
    if results[0].grad_fn is None:
        yield "expected a differentiable result, found one without graph"
    if not torch.equal(before, image.detach()):
        yield "expected the images to stay as they were, found them changed in place"


def _needed_entries(specimen: Specimen) -> set[str]:
    return set(specimen.component.needs) - {"condition", "discriminator", "ema_sr"}


def _lr(specimen: Specimen, network: Any, size: tuple[int, int]) -> Tensor:
    channels = int(capability("network", network, "in_channels"))
    return torch.rand(1, channels, *size, generator=specimen.random())


def _call_network(network: Any, lr: Tensor) -> Tensor:
    with torch.no_grad():
        keywords = stacked([(beside(network, lr[:1], seed=0), len(lr))]).keywords
    sr: Tensor = call("network", network, lr, **keywords)
    return sr


def _attribute(part: object, name: str) -> str:
    return repr(getattr(part, name, None)) if hasattr(part, name) else "none"


def _names_in_words(names: list[str], count: int = 3) -> str:
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(names[:count]) + more
