"""What the machine can do at best, held against what its instructions allow."""

import pytest

from wavenet import _core
from wavenet.evaluation.speed import measure_speed

# Products a clock of the widest processors: lanes of a vector, values of a lane, vectors a clock (a
# tile instruction takes 16 clocks). float32 and bfloat16 without instructions of their own are
# multiplied alike.
MOST_PRODUCTS = {
    "generic": {"float32": 8, "bf16": 8, "int8": 4},
    "avx2": {"float32": 16, "bf16": 16, "int8": 32},
    "avx2-vnni": {"float32": 16, "bf16": 16, "int8": 64},
    "avx512": {"float32": 32, "bf16": 32, "int8": 64},
    "avx512-vnni": {"float32": 32, "bf16": 32, "int8": 128},
    "avx512-bf16": {"float32": 32, "bf16": 64, "int8": 128},
    "amx": {"float32": 32, "bf16": 512, "int8": 1024},
    "neon": {"float32": 16, "bf16": 16, "int8": 64},
    "neon-dot": {"float32": 16, "bf16": 16, "int8": 64},
}


def test_roofs(instruction_set):
    """At most what the instructions allow, at least a sixteenth of it (half the units, shared)."""
    before = _core.clock_rate()
    products = {p: _core.peak_products(p) for p in MOST_PRODUCTS[instruction_set]}
    read = _core.read_rate(1 << 14)
    slow, fast = sorted((before, _core.clock_rate()))
    assert 5e8 < slow and fast < 1e10
    for precision, most in MOST_PRODUCTS[instruction_set].items():
        assert most / 16 * slow < products[precision] < 1.3 * most * fast
    assert 2 * slow < read < 1.3 * 128 * fast
    assert 1e-9 < _core.hand_over_time() < 1e-3


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
