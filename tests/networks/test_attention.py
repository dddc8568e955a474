import pytest
import torch

from srcore.errors import SrcoreError
from srcore.networks import attention as module
from srcore.networks.attention import attention


def inputs(keys=5):
    torch.manual_seed(0)
    shapes = [(2, 3, 4, 6), (2, 3, keys, 6), (2, 3, keys, 6)]
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


def reference(q, k, v, bias=None):
    result = torch.empty_like(q)
    for image in range(q.shape[0]):
        for head in range(q.shape[1]):
            scores = q[image, head] @ k[image, head].T / q.shape[-1] ** 0.5
            if bias is not None:
                scores = scores + bias.expand(*q.shape[:3], k.shape[2])[image, head]
            weights = scores.exp() / scores.exp().sum(1, keepdim=True)
            result[image, head] = weights @ v[image, head]
    return result


@pytest.mark.parametrize("shape", [None, (1, 3, 4, 5), (2, 1, 1, 5), (4, 5)])
@pytest.mark.parametrize("backend", ["auto", "torch", "math"])
def test_values_and_gradients_equal_the_written_out_softmax(shape, backend):
    tensors = inputs()
    if shape is not None:
        tensors.append(torch.randn(shape, dtype=torch.float64, requires_grad=True))
    got, expected = attention(*tensors, backend=backend), reference(*tensors)
    torch.testing.assert_close(got, expected)
    cotangent = torch.randn_like(got)
    torch.testing.assert_close(
        torch.autograd.grad(got, tensors, cotangent),
        torch.autograd.grad(expected, tensors, cotangent),
    )


def test_bias_may_have_another_type_than_the_queries():
    q, k, v = (tensor.detach().bfloat16() for tensor in inputs())
    assert attention(q, k, v, torch.zeros(4, 5)).dtype == torch.bfloat16


def test_math_has_second_derivatives():
    tensors = [tensor.float() for tensor in inputs(keys=7)]

    def penalty(function):
        leaves = [tensor.detach().requires_grad_() for tensor in tensors]
        (gradient,) = torch.autograd.grad(function(*leaves).sum(), leaves[1], create_graph=True)
        return torch.autograd.grad(gradient.square().sum(), leaves)

    got = penalty(lambda q, k, v: attention(q, k, v, backend="math"))
    torch.testing.assert_close(got, penalty(reference), rtol=1e-4, atol=1e-5)


def test_unknown_backend_is_refused():
    with pytest.raises(
        SrcoreError, match='expected one of "auto", "xformers", "torch", "math"; found "fl"'
    ):
        attention(*inputs(), backend="fl")


def test_missing_xformers_is_an_error_only_where_asked_for(monkeypatch):
    monkeypatch.setattr(module, "_memory_efficient_attention", None)
    attention(*inputs(), backend="auto")
    with pytest.raises(SrcoreError, match=r'backend "xformers" is not installed \(pip install'):
        attention(*inputs(), backend="xformers")


def test_xformers_that_cannot_is_an_error_only_where_asked_for(monkeypatch):
    monkeypatch.setattr(module, "_memory_efficient_attention", lambda *_, **__: None)
    attention(*inputs(), backend="auto")
    with pytest.raises(SrcoreError, match=r"needs CUDA tensors; found cpu; use \"auto\""):
        attention(*inputs(), backend="xformers")


def test_xformers_gets_its_own_layout(monkeypatch):
    def memory_efficient_attention(q, k, v, attn_bias):
        assert q.shape == (2, 4, 3, 6)  # [B, N, heads, d]
        assert attn_bias.shape == (2, 3, 4, 5)
        return reference(*(part.transpose(1, 2) for part in (q, k, v)), attn_bias).transpose(1, 2)

    monkeypatch.setattr(module, "_memory_efficient_attention", memory_efficient_attention)
    monkeypatch.setattr(module, "_xformers_obstacle", lambda q, bias: "")
    q, k, v = inputs()
    bias = torch.randn(1, 3, 4, 5, dtype=torch.float64)
    got = attention(q, k, v, bias, backend="xformers")
    torch.testing.assert_close(got, reference(q, k, v, bias))


@pytest.mark.gpu
@pytest.mark.parametrize("keys", [8, 64])
def test_xformers_equals_torch_on_a_gpu(keys):
    pytest.importorskip("xformers")
    q, k, v = (tensor.detach().float().cuda().requires_grad_() for tensor in inputs(keys))
    bias = torch.randn(1, 3, 4, keys, device="cuda", requires_grad=True)
    results = [attention(q, k, v, bias, name) for name in ("xformers", "torch")]
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)
    gradients = [torch.autograd.grad(result.sum(), (q, k, v, bias)) for result in results]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-4)
