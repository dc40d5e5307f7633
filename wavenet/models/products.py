"""Matrix products of training, in the library that is the fastest for them.

torch multiplies float32 on a CPU with MKL, which for large products takes three times as long as
oneDNN on AMD's processors, and reduced precisions with oneDNN. `torch.compile` calls the same
operator for both.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


_LARGE = 2**23  # products of numbers; below, oneDNN takes longer to begin than MKL to end


def product(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """`a @ b + bias` of matrices; no gradients."""
    large = a.shape[0] * a.shape[1] * b.shape[1] >= _LARGE
    if _ONEDNN and large and a.dtype == torch.float32 and a.device.type == "cpu":
        return torch.ops.mkldnn._linear_pointwise(a, b.t(), bias, "none", [], "")
    return a @ b if bias is None else torch.addmm(bias, a, b)


def add_product(total: Tensor, a: Tensor, b: Tensor) -> None:
    """`total += a @ b`; no gradients."""
    if a.dtype == torch.float32 and a.device.type == "cpu":
        total += product(a, b)
    else:
        total.addmm_(a, b)


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """`torch.nn.functional.linear` of a matrix, as fast as it can be."""
    is_plain = x.dtype == torch.float32 and not torch.is_autocast_enabled(x.device.type)
    if is_plain and x.device.type == "cpu":
        return _Linear.apply(x, weight, bias)
    return functional.linear(x, weight, bias)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return product(x, weight.t(), bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        dy = dy.contiguous()
        d_bias = (dy.new_ones(1, len(dy)) @ dy)[0]
        return product(dy, weight), product(dy.t(), x), d_bias
