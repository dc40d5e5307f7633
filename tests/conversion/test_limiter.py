"""The limiter: no peak above its threshold, the same bits elsewhere and for any block size."""

import numpy as np
import pytest

from wavenet.conversion.waveform.limiter import THRESHOLD, Limiter, limited

RATE = 16000


def bursts():
    y = 0.2 * np.random.default_rng(0).standard_normal(RATE)
    y[5000] = -3.0
    y[9000:9100] *= 20.0
    return y


def test_quiet_sound_keeps_its_bits():
    y = np.clip(bursts(), -THRESHOLD, THRESHOLD)
    np.testing.assert_array_equal(limited(y, RATE), y)


def test_peaks_are_turned_down_and_their_surroundings_alone():
    y = bursts()
    out = limited(y, RATE)
    assert np.abs(out).max() == pytest.approx(THRESHOLD)
    reach = int(0.04 * RATE)
    far = np.ones(len(y), bool)
    for peak in np.flatnonzero(np.abs(y) > THRESHOLD):
        far[max(0, peak - reach) : peak + reach] = False
    assert far.sum() > len(y) // 2
    np.testing.assert_array_equal(out[far], y[far])
    gain = out / y
    assert np.abs(np.diff(gain)).max() < 0.05  # no click: the gain moves along ramps


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_blocks_give_the_same_bits(block):
    y = bursts()
    limiter, parts = Limiter(RATE), []
    for start in range(0, len(y), block):
        parts.append(limiter.process(y[start : start + block]))
        given = min(start + block, len(y))
        assert given - sum(map(len, parts)) <= limiter.delay
    parts.append(limiter.process(np.zeros(0), last=True))
    np.testing.assert_array_equal(np.concatenate(parts), limited(y, RATE))
