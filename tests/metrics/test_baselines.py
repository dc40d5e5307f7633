"""Simple codes, against their definitions sample by sample."""

import numpy as np
import pytest

from wavenet.dsp.mulaw import mulaw_decode, mulaw_encode
from wavenet.metrics.baselines import baselines, independent_codes, linear_prediction, some_samples

VALUES = mulaw_decode(np.arange(256), dtype="float64")


def resonance(n: int) -> np.ndarray:
    """Noise through a resonance: a sound that can be predicted in part."""
    y, noise = np.zeros(n), np.random.default_rng(0).standard_normal(n)
    for t in range(2, n):
        y[t] = 1.6 * y[t - 1] - 0.9 * y[t - 2] + 0.02 * noise[t]
    return y


def laplace(x: float) -> float:
    return 0.5 * np.exp(x) if x < 0 else 1 - 0.5 * np.exp(-x)


def one_by_one(codes: np.ndarray, values: np.ndarray) -> float:
    """Bits of linear prediction, as the docstring of `linear_prediction` says it."""
    edges = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
    y = np.pad(values[codes], (640, 0))
    residuals, bits = [0.01] * 80, 0.0
    for start in range(640, len(y), 160):
        past = y[start - 640 : start] * np.hanning(1280)[:640]
        lags = np.correlate(past, past, "full")[639 : 640 + 16]
        lags[0] = lags[0] * 1.0001 + 1e-6
        matrix = [[lags[abs(i - j)] for j in range(16)] for i in range(16)]
        weights = np.linalg.solve(matrix, lags[1:])
        for t in range(start, min(start + 160, len(y))):
            prediction = weights @ y[t - 1 : t - 17 : -1]
            scale = np.mean(residuals[-80:]) + 1e-4
            low, high = (edges[codes[t - 640] + i] - prediction for i in range(2))
            mass = laplace(high / scale) - laplace(low / scale)
            bits -= np.log2(0.999 * mass + 0.001 / len(values))
            residuals.append(abs(y[t] - prediction))
    return bits


def test_linear_prediction():
    codes = mulaw_encode(resonance(1000))
    assert linear_prediction(codes, VALUES) == pytest.approx(one_by_one(codes, VALUES), rel=1e-9)


def test_long_sounds_in_pieces(monkeypatch):
    codes = mulaw_encode(resonance(1000))
    whole = linear_prediction(codes, VALUES)
    monkeypatch.setattr("wavenet.metrics.baselines._BLOCKS_AT_ONCE", 2)
    assert linear_prediction(codes, VALUES) == pytest.approx(whole, rel=1e-12)


def test_independent_codes():
    codes = np.random.default_rng(0).binomial(7, 0.3, 200)
    counts, bits = np.full(8, 0.5), 0.0
    for code in codes:
        bits -= np.log2(counts[code] / counts.sum())
        counts[code] += 1
    assert independent_codes(codes, 8) == pytest.approx(bits)


def test_the_last_code_of_16_bits():
    codes = np.full(10, 65535, np.uint16)
    assert 0 < linear_prediction(codes, (np.arange(65536) - 32768) / 32768) < 10 * 30


def test_symbols_have_no_values():
    assert list(baselines([np.arange(4)], 4)) == ["uniform code", "independent codes"]


def test_some_samples():
    sounds = [np.arange(3), np.arange(5), np.arange(2)]
    assert [len(sound) for sound in some_samples(sounds, 7)] == [3, 4]
    assert [len(sound) for sound in some_samples(sounds, 99)] == [3, 5, 2]


@pytest.mark.parametrize("levels", [256, 65536])
def test_order_and_silence(levels):
    """What can be predicted is cheaper; of 16 bits, few samples of many codes are not."""
    values = VALUES if levels == 256 else (np.arange(levels) - 32768) / 32768
    codes = [np.abs(values - sample).argmin() for sample in resonance(1500)]
    found = baselines([np.array(codes), np.array(codes[:160])], levels, values)
    assert found["uniform code"] == np.log2(levels)
    assert found["linear prediction"] < found["independent codes"] < found["uniform code"]
    silence = np.full(2000, np.abs(values).argmin())
    assert baselines([silence], levels, values)["independent codes"] < levels / 256
    assert baselines([silence], levels, values)["linear prediction"] < 8
