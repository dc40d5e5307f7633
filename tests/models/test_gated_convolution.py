"""The gated convolution with a written-out backward pass, against that of torch's own layers."""

import pytest
import torch
from torch.nn import functional

from wavenet.models.gated_convolution import GatedConvolution

INPUTS, HALF, BATCH, LENGTH = 3, 4, 2, 12


def expected(x, weight, bias, condition, features, projection, dilation):
    """Eq. 2 of arXiv 1609.03499 with nn.functional.conv1d; rows `(T * B, C)`."""
    sequences = x.view(LENGTH, BATCH, INPUTS).permute(1, 2, 0)
    past = dilation * (weight.shape[2] - 1)
    a = functional.conv1d(functional.pad(sequences, (past, 0)), weight, bias, dilation=dilation)
    if condition is not None:
        a = a + condition.repeat_interleave(LENGTH // len(condition), 0).permute(1, 2, 0)
    if features is not None:
        a = a + (features @ projection.t()).view(LENGTH, BATCH, -1).permute(1, 2, 0)
    z = torch.tanh(a[:, :HALF]) * torch.sigmoid(a[:, HALF:])
    return z.permute(2, 0, 1).reshape(-1, HALF)


@pytest.mark.parametrize("taps", [2, 3])
@pytest.mark.parametrize("dilation", [1, 4, 7, 20])  # beyond the start, and beyond the sequence
@pytest.mark.parametrize("frames", [None, 1, 4, LENGTH])
@pytest.mark.parametrize("channels", [None, 5])
def test_values_and_gradients(taps, dilation, frames, channels):
    torch.manual_seed(taps)

    def parameter(*shape):
        return torch.randn(*shape, dtype=torch.float64, requires_grad=True)

    inputs = [
        parameter(LENGTH * BATCH, INPUTS),
        parameter(2 * HALF, INPUTS, taps),
        parameter(2 * HALF),
        parameter(frames, BATCH, 2 * HALF) if frames else None,
        parameter(LENGTH * BATCH, channels) if channels else None,
        parameter(2 * HALF, channels) if channels else None,
    ]
    ours = GatedConvolution.apply(*inputs, dilation * BATCH)
    theirs = expected(*inputs, dilation)
    assert torch.allclose(ours, theirs, atol=1e-12)
    weights = torch.randn_like(theirs)
    present = [value for value in inputs if value is not None]
    for mine, other in zip(
        torch.autograd.grad((ours * weights).sum(), present),
        torch.autograd.grad((theirs * weights).sum(), present),
        strict=True,
    ):
        assert torch.allclose(mine, other, atol=1e-12)
