"""Block-by-block conversion: the same for any block size, in time, and near the file's."""

import numpy as np
import pytest
import soxr

import wavenet
from wavenet.features import world
from wavenet.features.world import WorldSettings
from wavenet.io.audio import resample

RATE = 16000


def run(converter, y, block, rate=RATE, **options):
    """Output of a stream, and by how many samples it lagged most behind the input."""
    stream = converter.stream(rate, **options)
    parts, lag = [], 0
    for start in range(0, len(y), block):
        parts.append(stream.process(y[start : start + block]))
        given = min(start + block, len(y))
        lag = max(lag, given - sum(map(len, parts)))
    parts.append(stream.flush())
    return np.concatenate(parts), lag


@pytest.mark.parametrize("f0", ["keep", "log-gaussian"])
def test_any_block_size_gives_the_same(converter, say, f0):
    y = say(60, 0)
    whole, _ = run(converter, y, len(y), f0=f0)
    assert whole.shape == y.shape
    assert whole.dtype == np.float32
    for block in (7, 80, 333, 4096):
        part, _ = run(converter, y, block, f0=f0)
        np.testing.assert_allclose(part, whole, atol=2e-5)


@pytest.mark.parametrize("rate", [22050, 44100])
def test_other_rates_are_resampled(converter, say, rate):
    """The result is that of resampling before and after, in time, for any block size."""
    y = resample(0.3 * say(60, 0), RATE, rate)  # so quiet that nothing is limited
    whole, _ = run(converter, y, len(y), rate, f0="keep")
    assert whole.shape == y.shape
    stated = converter.stream(rate, f0="keep").latency
    for block in (97, 4096):
        part, lag = run(converter, y, block, rate, f0="keep")
        np.testing.assert_allclose(part, whole, atol=1e-4)
        assert lag <= stated * rate + block
    expected, _ = run(converter, soxr.resample(y, rate, RATE), RATE, f0="keep")
    expected = soxr.resample(expected, RATE, rate)
    np.testing.assert_allclose(whole[: len(expected)], expected[: len(y)], atol=1e-4)


@pytest.mark.parametrize("f0", ["keep", "log-gaussian"])
def test_latency_is_kept(converter, say, f0):
    """The stated latency bounds the lag between input and output, beside the block itself."""
    stream = converter.stream(RATE, f0=f0)
    for block in (16, 160):
        _, lag = run(converter, say(61, 0), block, f0=f0)
        assert lag <= stream.latency * RATE + block
    assert converter.stream(RATE, f0="keep").latency < 0.06


@pytest.mark.parametrize("f0", ["keep", "log-gaussian"])
def test_stream_is_near_the_file_conversion(converter, say, f0):
    """Within 2.5 dB of mel-cepstral distortion, 4 dB with the pitch shifted: F0 is tracked anew."""
    settings = WorldSettings()
    y = say(62, 0)
    streamed, _ = run(converter, y, 160, f0=f0)
    whole = converter.convert(y, RATE, method="differential", f0=f0)
    a, b = (world.analyze(s, settings).mel_cepstrum[20:-20] for s in (streamed, whole))
    assert wavenet.mel_cepstral_distortion(a, b, align=False) < (2.5 if f0 == "keep" else 4.0)
    f0_wanted = 110 if f0 == "keep" else 200
    voiced = world.analyze(streamed, settings).f0
    assert np.median(voiced[voiced > 0]) == pytest.approx(f0_wanted, rel=0.05)
    if f0 == "keep":
        gain = (streamed @ whole) / (streamed @ streamed)  # the file's level is the sound's
        assert abs(20 * np.log10(gain)) < 2.5
        assert np.sqrt(((gain * streamed - whole) ** 2).sum() / (whole**2).sum()) < 0.2


def test_memory_is_bounded(converter, say):
    stream = converter.stream(RATE)
    y = say(63, 0)
    sizes = []
    for _ in range(4):
        for start in range(0, len(y), 160):
            stream.process(y[start : start + 160])
        held = [v for v in vars(stream).values() if isinstance(v, np.ndarray)]
        held += [v for v in vars(stream._shifter).values() if isinstance(v, np.ndarray)]
        sizes.append(sum(v.nbytes for v in held))
    assert max(sizes[1:]) < 1.2 * sizes[0]


def test_silence_gives_silence(converter):
    out, _ = run(converter, np.zeros(RATE), 160)
    assert np.abs(out).max() < 1e-3


def test_short_stream(converter):
    out, _ = run(converter, np.random.default_rng(0).normal(size=50) / 10, 20)
    assert out.shape == (50,)


def test_ended_stream_is_refused(converter, say):
    stream = converter.stream()
    stream.process(say(60, 0)[:4000])
    assert len(stream.flush())
    for call in (lambda: stream.process(np.zeros(100)), stream.flush):
        with pytest.raises(ValueError, match=r"the stream has ended with flush\(\): make another"):
            call()


def test_bad_blocks_are_refused(converter):
    stream = converter.stream(RATE)
    with pytest.raises(ValueError, match=r"shape \(n_samples,\), got \(2, 2\)"):
        stream.process(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="not finite"):
        stream.process(np.array([np.nan]))
    with pytest.raises(ValueError, match=r"sr \[Hz\] must be from 8000 to 192000, got 4000"):
        converter.stream(4000)
    with pytest.raises(ValueError, match="f0 must be one of"):
        converter.stream(RATE, f0="x")
