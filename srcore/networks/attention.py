"""Scaled dot-product attention on the fastest kernels at hand: xformers or PyTorch."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from srcore.errors import SrcoreError

try:
    from xformers.ops import memory_efficient_attention as _memory_efficient_attention
except (ImportError, OSError):  # not installed, or built for other libraries
    _memory_efficient_attention = None

_BACKENDS = ("auto", "xformers", "torch", "math")
_XFORMERS_TYPES = (torch.float32, torch.float16, torch.bfloat16)
#: xformers' kernels read rows of a bias in groups of this many elements.
_BIAS_ALIGNMENT = 8


def attention(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None, backend: str = "auto"
) -> Tensor:
    r"""Compute ``softmax(q k^T / sqrt(d) + bias) v`` (Vaswani et al. 2017, eq. 1).

    The backends agree to rounding (about 1e-5 in float32), gradients included.

    Args:
        q: queries ``(B, heads, N, d)``.
        k: keys ``(B, heads, M, d)``.
        v: values ``(B, heads, M, d)``.
        bias: added to the scores; broadcastable to ``(B, heads, N, M)``, any floating type.
        backend: ``"xformers"``, ``"torch"`` (``scaled_dot_product_attention``), ``"math"`` (torch
            without its fused kernels: stores all scores, and is the only one with second
            derivatives), or ``"auto"``: xformers where it is installed and able (CUDA tensors,
            supported types), else torch.

    Returns:
        ``(B, heads, N, d)``.

    Raises:
        SrcoreError: an unknown backend, or xformers was asked for and cannot do it.
    """
    if backend not in _BACKENDS:
        expected = ", ".join(f'"{name}"' for name in _BACKENDS)
        raise SrcoreError(f'attention backend: expected one of {expected}; found "{backend}"')
    if bias is not None:
        bias = bias.to(q.dtype)
    if backend == "math":
        with sdpa_kernel(SDPBackend.MATH):
            return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    if backend == "torch":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    obstacle = _xformers_obstacle(q, bias)
    if not obstacle:
        return _xformers_attention(q, k, v, bias)
    if backend == "xformers":
        raise SrcoreError(f'attention backend "xformers" {obstacle}; use "auto" or "torch"')
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)


def _xformers_obstacle(q: Tensor, bias: Tensor | None) -> str:
    """Why xformers cannot be used; empty if it can."""
    if _memory_efficient_attention is None:
        return "is not installed (pip install 'srcore[xformers]')"
    if not q.is_cuda:
        return f"needs CUDA tensors; found {q.device.type}"
    if q.dtype not in _XFORMERS_TYPES:
        return f"needs float32, float16 or bfloat16; found {str(q.dtype).removeprefix('torch.')}"
    if bias is not None and bias.shape[-1] % _BIAS_ALIGNMENT:
        return f"needs a bias for a multiple of {_BIAS_ALIGNMENT} keys; found {bias.shape[-1]}"
    return ""


def _xformers_attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    call: Any = _memory_efficient_attention
    if bias is not None:
        bias = bias.expand(q.shape[0], q.shape[1], q.shape[2], k.shape[2])
    # xformers wants (B, N, heads, d)
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    result: Tensor = call(q, k, v, attn_bias=bias)
    return result.transpose(1, 2)
