"""What the machine can do at best: orders of magnitude that no machine leaves."""

import pytest

from wavenet import _core
from wavenet.speed import measure_speed


def test_roofs(instruction_set):
    clock = _core.clock_rate()
    assert 5e8 < clock < 1e10
    for precision in ("float32", "bf16", "int8"):
        assert 0.1 * clock < _core.peak_products(precision) < 600 * clock
    assert 1e8 < _core.read_rate(1 << 22) < 2e12
    assert _core.hand_over_time() < 1e-3


@pytest.mark.parametrize("size", [0, 4095, 2**30 + 1])
def test_impossible_working_sets(size):
    with pytest.raises(ValueError, match="a working set has 4,096 to"):
        _core.read_rate(size)


def test_cost_of_a_step(plain_model):
    """Taps of 8 inputs to 2 x 16 padded outputs, 4 to 32 and 16; head of 8 to 16 and 256."""
    rows = measure_speed(plain_model, seconds=0.01)
    sizes = {row["precision"]: row["bytes"] for row in rows}
    taps = 8 * 32 * (3 + 1 + 1 / 2 + 1 / 4)  # dilations 1, 2, 4: past taps that many steps at once
    outputs = 4 * (32 + 32 + 16)
    head = 8 * 16 + 8 * 256
    assert sizes["float32"] == pytest.approx(4 * (taps + outputs + head))
    assert sizes["bf16"] == pytest.approx(sizes["float32"] / 2)
    assert all(0 < row["one_stream"] and 0 < row["limit"] for row in rows)
