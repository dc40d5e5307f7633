"""The dilated convolution and its gate (arXiv 1609.03499, eq. 2) as matrix products.

Activations are rows in the order of time, `(T * B, C)`: a tap is a product with an earlier part of
the same rows, without copies or padding. The backward pass is written out: it has no reduction but
products. That pays off most in bfloat16 on a CPU that multiplies it (AVX-512 BF16, AMX): there a
step takes less than half the time of one by `nn.Conv1d` in float32, which
benchmarks/train_throughput.py measures.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from wavenet.models.products import add_product, product


class GatedConvolution(torch.autograd.Function):
    """Gated activations `(T * B, gate / 2)`; zeros come before the first sample.

    All floating-point arguments have the same type.

    Parameters
    ----------
    x
        `(T * B, inputs)`.
    weight, bias
        `(gate, inputs, taps)`, oldest tap first, and `(gate,)`; the filter comes before the gate.
    condition
        `(frames, B, gate)`: each frame is added to T / frames samples; or None.
    features, projection
        `(T * B, channels)` and `(gate, channels)`, whose product is added; or None.
    delay
        Rows between two taps: dilation * B.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        condition: Tensor | None,
        features: Tensor | None,
        projection: Tensor | None,
        delay: int,
    ) -> Tensor:
        taps = weight.permute(2, 0, 1).contiguous()
        half = len(bias) // 2
        gates = []
        for part, slope in ((slice(0, half), 2), (slice(half, None), 1)):
            # tanh(a) = 2 sigmoid(2 a) - 1; several times as fast as torch.tanh on a CPU
            a = product(x, taps[-1, part].t() * slope, bias[part] * slope)
            for k, shift in _past_taps(len(taps), delay, len(x)):
                add_product(a[shift:], x[: len(x) - shift], taps[k, part].t() * slope)
            if features is not None:
                add_product(a, features, projection[part].t() * slope)
            if condition is not None:
                frames, batch = condition.shape[:2]
                a.view(frames, -1, batch, half).add_(condition[:, None, :, part], alpha=slope)
            gates.append(a.sigmoid_())
        filtered, gate = gates
        torch.add(filtered.new_tensor(-1), filtered, alpha=2, out=filtered)
        z = filtered * gate
        ctx.save_for_backward(x, taps, filtered, gate, z, features, projection)
        ctx.delay = delay
        ctx.frames = None if condition is None else condition.shape
        return z

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dz: Tensor) -> tuple[Tensor | None, ...]:
        x, taps, filtered, gate, z, features, projection = ctx.saved_tensors
        half = z.shape[1]
        common = dz * z
        d_filter = torch.addcmul(dz * gate, common, filtered, value=-1)
        d_gate = torch.addcmul(common, common, gate, value=-1)
        dx = torch.zeros_like(x)
        d_taps = torch.zeros_like(taps)
        d_bias, d_condition, d_projection = [], [], []
        wants_features = features is not None and ctx.needs_input_grad[4]
        d_features = torch.zeros_like(features) if wants_features else None
        for da, part in ((d_filter, slice(0, half)), (d_gate, slice(half, None))):
            add_product(dx, da, taps[-1, part])
            d_taps[-1, part] = product(da.t(), x)
            for k, shift in _past_taps(len(taps), ctx.delay, len(x)):
                add_product(dx[: len(x) - shift], da[shift:], taps[k, part])
                d_taps[k, part] = product(da[shift:].t(), x[: len(x) - shift])
            if features is not None:
                d_projection.append(product(da.t(), features))
            if wants_features:
                add_product(d_features, da, projection[part])
            d_bias.append(da.new_ones(1, len(da)) @ da)
            if ctx.frames is not None:
                frames, batch, _ = ctx.frames
                steps = da.view(frames, -1, batch * half)
                ones = da.new_ones(1, 1, steps.shape[1]).expand(frames, -1, -1)
                d_condition.append(torch.bmm(ones, steps).view(frames, batch, half))
        return (
            dx,
            d_taps.permute(1, 2, 0),
            torch.cat(d_bias, dim=1)[0],
            torch.cat(d_condition, dim=2) if d_condition else None,
            d_features,
            torch.cat(d_projection) if d_projection else None,
            None,
        )


def _past_taps(taps: int, delay: int, rows: int) -> list[tuple[int, int]]:
    """Those before the last that reach back less than all the rows: index and rows back."""
    shifts = [(k, (taps - 1 - k) * delay) for k in range(taps - 1)]
    return [(k, shift) for k, shift in shifts if shift < rows]
