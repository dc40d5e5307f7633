"""Sources unlike the recordings trained on: one rule for files and streams, whatever the rate."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from wavenet.config.conversion import SourceStatistics
from wavenet.conversion.source_watch import SourceWatch, UnlikeSourceWarning
from wavenet.features import world
from wavenet.features.statistics import PIECE
from wavenet.io.audio import resample

RATE = 16000


def test_deviation_is_that_of_so_many_frames():
    """Recordings of all lengths of independent frames have the same, and short ones have room."""
    random = np.random.default_rng(0)
    lengths = random.integers(PIECE // 4, 4 * PIECE, 2000)
    usual = SourceStatistics.of(
        [random.normal(5.0, 3.0, n) for n in lengths],
        [random.normal((-20.0, -30.0), 2.0, (n, 2)) for n in lengths],
    )
    assert usual.likelihood == pytest.approx(5.0, abs=0.05)
    assert usual.likelihood_deviation == pytest.approx(3.0 / np.sqrt(PIECE), rel=0.05)
    np.testing.assert_allclose(usual.floor, np.array([-20.0, -30.0]) - 2 * 1.645, atol=0.1)
    for n, factor in ((PIECE // 4, 2.0), (PIECE, 1.0), (4 * PIECE, 1.0)):
        least = usual.likelihood - 4.0 * usual.likelihood_deviation * factor
        most = usual.floor + 4.0 * np.array(usual.floor_deviation) * factor
        for under, over in ((0.01, -0.01), (-0.01, -0.01), (0.01, 0.01)):
            said = usual.unlike(np.full(n, least + under), np.tile(most + over, (n, 1)))
            assert bool(said) == ((under, over) != (0.01, -0.01))
            assert not said or said.startswith("the source is unlike the recordings trained on: ")
            assert ("quietest sounds" in said) == (over > 0)


def watched(likelihood, power, voiced, block):
    """After how many blocks there was a warning; None: there was none."""
    config = SimpleNamespace(
        world=SimpleNamespace(frame_period=5.0),
        sample_rate=RATE,
        source_statistics=SourceStatistics(0.0, 1.0, (0.0,) * 3, (10.0,) * 3),
        power_threshold=-20.0,
    )
    power = np.tile(power[:, None], (1, 4))
    watch = SourceWatch(config)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for start in range(0, len(power), block):
            part = slice(start, start + block)
            watch.see(likelihood[part], voiced[part], power[part])
            if caught:
                return start + block
    return None


def test_silence_before_the_first_word_is_not_judged():
    likely = np.concatenate([np.full(2000, -50.0), np.zeros(3000)])
    power = np.concatenate([np.full(2000, 1e-6), np.ones(3000)])
    assert watched(likely, power, power == 1, 1) is None
    assert watched(likely - 7, power, power == 1, 1) == 2200


def test_blocks_do_not_decide():
    random = np.random.default_rng(1)
    likely = np.concatenate([random.normal(0, 1, 4000), random.normal(-9, 1, 6000)])
    power = random.uniform(0.1, 1.0, 10000)
    voiced = random.uniform(size=10000) < 0.5
    frame = watched(likely, power, voiced, 1)
    assert 4000 < frame < 9000
    for block in (7, 100, 1000):
        assert watched(likely, power, voiced, block) == -(-frame // block) * block


def streamed(converter, y, block):
    """The warnings of a stream."""
    stream = converter.stream(RATE)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for start in range(0, len(y), block):
            stream.process(y[start : start + block])
    return [str(w.message) for w in caught if issubclass(w.category, UnlikeSourceWarning)]


def test_streams_warn_once_of_another_speaker(converter, say):
    own, other = (np.concatenate([say(text, i) for text in (70, 71, 72)]) for i in (0, 1))
    assert streamed(converter, own, 4000) == []
    said = streamed(converter, other, 4000)
    assert len(said) == 1
    assert said[0].startswith("the source is unlike the recordings trained on: log-likelihood")


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_resampled_sounds_are_converted_alike_and_not_warned_of(converter, say, rate):
    """Their top ends in a filter's slope, which spreads over all mel-cepstra."""
    y = say(51, 0)
    resampled = resample(resample(y, RATE, rate), rate, RATE)
    given, found = (world.analyze(x, world.WorldSettings()) for x in (y, resampled))
    assert np.median(np.abs(found.source_cepstrum - given.source_cepstrum)) < 0.002
    assert np.median(np.abs(found.mel_cepstrum - given.mel_cepstrum)) > 0.02
    for sound, its_rate in ((y, RATE), (resampled, RATE), (resample(y, RATE, rate), rate)):
        assert converter.convert_sound(sound, its_rate)[1] == []
