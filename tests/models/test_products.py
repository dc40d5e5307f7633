"""Products and their gradients, whatever library computes them."""

import pytest
import torch
from torch.nn import functional

from wavenet.models.products import add_product, linear, product


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("rows", [7, 2**23 // 15 + 1])
def test_products(dtype, rows):
    torch.manual_seed(0)
    a, b, bias = (torch.randn(s).to(dtype) for s in ((rows, 5), (5, 3), (3,)))
    tolerance = {"rtol": 0, "atol": 0.1 if dtype == torch.bfloat16 else 1e-5}
    expected = a.double() @ b.double()
    torch.testing.assert_close(product(a, b).double(), expected, **tolerance)
    with_bias = product(a, b, bias).double()
    torch.testing.assert_close(with_bias, expected + bias.double(), **tolerance)
    transposed = product(a.t().contiguous().t(), b.t().contiguous().t()).double()
    torch.testing.assert_close(transposed, expected, **tolerance)
    total = torch.ones(rows, 3, dtype=dtype)
    add_product(total[2:], a[2:], b)
    torch.testing.assert_close(total[2:].double(), expected[2:] + 1, **tolerance)
    assert torch.all(total[:2] == 1)


def test_linear_has_the_gradients_of_torch():
    torch.manual_seed(0)
    inputs = [torch.randn(s, requires_grad=True) for s in ((7, 5), (3, 5), (3,))]
    weights = torch.randn(7, 3)
    ours = torch.autograd.grad((linear(*inputs) * weights).sum(), inputs)
    theirs = torch.autograd.grad((functional.linear(*inputs) * weights).sum(), inputs)
    torch.testing.assert_close(ours, theirs)
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(*inputs).dtype == torch.bfloat16
