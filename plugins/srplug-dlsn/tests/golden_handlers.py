"""How DLSN's golden cases are computed; generic over sizes and settings."""

import torch
from srplug_dlsn.attention import GLA
from srplug_dlsn.hashing import hash_codes, sort_by_code
from srplug_dlsn.inference import chop, owner_map
from srplug_dlsn.networks import DLSN
from srplug_dlsn.ops.library import hashed_attention
from srplug_dlsn.ops.reference import pad_order
from srplug_dlsn.weights import OFFICIAL

from srcore.inference.self_ensemble import SelfEnsemble
from srcore.testing.golden import golden_kind


@golden_kind("hashed_attention_op")
def hashed_attention_op(case):
    inputs = {
        name: case.tensor(name, requires_grad=True)
        for name in ("query", "key", "value", "fc_score")
    }
    out, lse = hashed_attention(
        *inputs.values(), case.tensor("sorted_indices"), case.hyper["chunk_size"]
    )
    (out * case.tensor("grad_out")).sum().backward()
    gradients = {f"grad_{name}": tensor.grad for name, tensor in inputs.items()}
    return {"out": out, "lse": lse, **gradients}


@golden_kind("gla_module")
def gla_module(case):
    hyper = case.hyper
    block = GLA(
        hyper["channels"],
        hyper["reduction"],
        hyper["chunk_size"],
        hyper["n_hashes"],
        hyper["res_scale"],
    )
    block.load_state_dict(case.weights())
    x, rotations = case.tensor("x", requires_grad=True), case.tensor("rotations")
    out = block(x, rotations)
    (out * case.tensor("grad_out")).sum().backward()

    with torch.no_grad():
        query = block.conv_match(x).flatten(2).transpose(1, 2)
        value = block.conv_assembly(x).flatten(2).transpose(1, 2)
        fc_score = block.fc(block.conv_assembly_fc(x).flatten(2).transpose(1, 2))
        codes = hash_codes(query, rotations)
        order = sort_by_code(codes, rotations.shape[2])
        key = torch.nn.functional.normalize(query, dim=-1, eps=hyper["key_eps"])
        _, lse = hashed_attention(query, key, value, fc_score, order, block.chunk_size)
    results = {
        "hash_codes": codes,
        "sorted_indices": order,
        "query": query,
        "fc_score": fc_score,
        "lse": lse,
        "lse_slots": _lse_slots(query, key, value, fc_score, order, lse, block.chunk_size),
        "out": out,
        "grad_x": x.grad,
    }
    return results | _parameter_gradients(block, case)


def _lse_slots(query, key, value, fc_score, order, lse, chunk_size):
    """Slot order; padded slots too: a copy of the image whose last chunk they fill entirely."""
    padded = pad_order(order, min(chunk_size, order.shape[-1]))
    slots = lse.gather(-1, order)
    if padded.shape == order.shape:
        return slots
    # The operator skips padded queries: score them by hand.
    missing, length = padded.shape[-1] - order.shape[-1], order.shape[-1]
    images, _, total = padded.shape
    count = total // chunk_size
    near = [(count - 1 + shift) % count for shift in (-1, 0, 1)]
    keys = torch.cat([padded[..., c * chunk_size : (c + 1) * chunk_size] for c in near], -1)
    batch = torch.arange(images)[:, None, None]
    tail = []
    for position in range(length, length + missing):
        slot = position % chunk_size
        pixel = padded[..., position]
        score = torch.einsum("nhc,nhjc->nhj", query[batch[..., 0], pixel], key[batch, keys])
        tail.append((score + fc_score[batch, keys, slot]).logsumexp(-1))
    return torch.cat([slots, torch.stack(tail, -1)], -1)


@golden_kind("dlsn_forward")
def dlsn_forward(case):
    hyper, weights = case.hyper, case.weights()
    options = OFFICIAL.infer_options(weights, hyper["scale"])
    options |= {"num_hashes": hyper["n_hashes"], "res_scale": float(hyper["res_scale"])}
    network = DLSN(**options)
    network.load_state_dict(OFFICIAL.to_native(weights))
    rotations, codes = case.tensor("rotations"), []
    blocks = [module for module in network.modules() if isinstance(module, GLA)]
    for block, matrices in zip(blocks, rotations, strict=True):
        _use_rotations(block, matrices, codes)
    x = case.tensor("x", requires_grad=True)
    out = network(x / hyper["rgb_range"]) * hyper["rgb_range"]
    loss = (out - case.tensor("hr")).abs().mean()
    loss.backward()
    results = {"out": out, "loss": loss, "grad_x": x.grad, "hash_codes": torch.stack(codes)}
    return results | _parameter_gradients(network, case)


def _use_rotations(block, matrices, codes):
    attend = block.attend

    def with_rotations(query, value, fc_score, rotations=None):
        codes.append(hash_codes(query, matrices))
        return attend(query, value, fc_score, matrices)

    block.attend = with_rotations


def _parameter_gradients(module, case):
    parameters = dict(module.named_parameters())
    names = [name.removeprefix("grad_") for name in case.wants("grad_")]
    return {f"grad_{name}": parameters[name].grad for name in names if name in parameters}


@golden_kind("inference_geometry")
def inference_geometry(case):
    results = {}
    for index, entry in enumerate(case.hyper["chop"]):
        height, width = entry["h"], entry["w"]
        tiles = list(chop(height, width, entry["min_size"], entry["shave"]))
        corners = [(t.seen.top, t.seen.bottom, t.seen.left, t.seen.right) for t in tiles]
        results[f"tiles_{index}"] = torch.tensor(corners)
        results[f"owner_{index}"] = owner_map(height, width, entry["scale"], tiles)
    weight, scale = case.tensor("x8_weight"), case.hyper["x8"]["scale"]

    def stand_in(x):
        upscaled = torch.nn.functional.conv2d(x, weight, padding=1)
        return torch.nn.functional.pixel_shuffle(upscaled, scale).abs().sqrt()

    results["x8_out"] = SelfEnsemble(_AsModule(stand_in, scale))(case.tensor("x8_in"))
    return results


class _AsModule(torch.nn.Module):
    def __init__(self, function, scale):
        super().__init__()
        self.function, self.scale = function, scale

    def forward(self, x):
        return self.function(x)
