"""Statistics of features: normalization, and the warning outside the trained range."""

import warnings

import numpy as np
import pytest

from wavenet.config import LocalConditioning, WaveNetConfig, serialization
from wavenet.features.mel import MelFeatures
from wavenet.features.statistics import (
    PIECE,
    FrameMixture,
    FrameStatistics,
    FrameWatch,
)


def test_normalization():
    random = np.random.default_rng(0)
    tracks = [random.normal((3, -200, 7), (2, 0.1, 0), (n, 3)) for n in (10, 300, 4)]
    statistics = FrameStatistics.of(tracks)
    frames = np.concatenate(tracks)
    np.testing.assert_allclose(statistics.mean, frames.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(statistics.lowest, frames.min(axis=0), rtol=1e-5)
    normalized = statistics.normalize(frames)
    np.testing.assert_allclose(normalized.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(normalized.std(axis=0), (1, 1, 0), atol=1e-3)


def test_range():
    statistics = FrameStatistics((0.0, 0.0), (1.0, 2.0), (-3.0, -6.0), (3.0, 6.0))
    assert not warnings_of(statistics, [[np.array([[3.9, -7.9], [0, 0]])]])  # within a deviation
    frames = np.array([[0, 0], [0, 0], [0, 60.0], [0, 0], [90.0, 0]])
    for size in (1, 2, 5):
        (message,) = warnings_of(statistics, blocks_of(frames, size))
        assert "channel 1 of frame 2 is 60.00, trained on -6.00 to 6.00; check rate" in message


def test_bad_statistics():
    with pytest.raises(ValueError, match="the mean of 1 channels; frames have 2"):
        FrameStatistics((0.0,), (1.0,), (0.0,), (0.0,)).check(2)
    with pytest.raises(ValueError, match=r"above 0, got 0\.0"):
        FrameStatistics((0.0,), (0.0,), (0.0,), (0.0,)).check(1)


def frames_of(random, count, angle=0.6):
    """Two kinds of frames of two channels, whose correlation another voice has the other way."""
    kinds = random.integers(0, 2, count)[:, None] * [3.0, -1.0]
    noise = random.standard_normal((count, 2)) * [0.3, 1.0]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return kinds + noise @ turn


@pytest.fixture(scope="module")
def statistics():
    from wavenet.training.data.frame_mixture import frame_mixture

    random = np.random.default_rng(0)
    tracks = [frames_of(random, n) for n in (3000, 17, 9000)]
    plain = FrameStatistics.of(tracks)
    mixture = frame_mixture([plain.normalize(track) for track in tracks])
    return FrameStatistics(*(getattr(plain, name) for name in vars(plain) if name != "mixture"),
                           mixture=mixture)  # fmt: skip


def blocks_of(track, size):
    return [[track[i : i + size]] for i in range(0, len(track), size)]


def warnings_of(statistics, blocks, batch=1):
    """What is warned of streams whose blocks are lists of tracks."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        watch = FrameWatch(statistics, batch)
        for i, block in enumerate(blocks):
            watch.see(block, last=i == len(blocks) - 1)
    return [str(w.message) for w in caught]


def test_mixture_is_a_density(statistics):
    """Its integral is 1, and it is that of scikit-learn's with the same parameters."""
    from sklearn.mixture import GaussianMixture

    mixture = statistics.mixture
    axis = np.linspace(-8, 8, 400)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    density = np.exp(mixture.log_likelihoods(grid)).sum() * (axis[1] - axis[0]) ** 2
    assert density == pytest.approx(1, abs=1e-3)
    peer = GaussianMixture(len(mixture.weights), covariance_type="diag")
    peer.weights_, peer.means_ = np.array(mixture.weights), np.array(mixture.means)
    peer.covariances_ = np.array(mixture.deviations) ** 2
    peer.precisions_cholesky_ = 1 / np.array(mixture.deviations)
    np.testing.assert_allclose(mixture.log_likelihoods(grid), peer.score_samples(grid), atol=1e-8)
    drawn = mixture.draw(np.random.default_rng(1), 20_000)
    assert mixture.log_likelihoods(drawn).mean() == pytest.approx(mixture.expected, abs=0.2)


def test_the_trained_voice_is_not_warned_of(statistics):
    for seed in range(50):
        random = np.random.default_rng(seed)
        track = frames_of(random, random.integers(100, 2000))
        track = np.clip(track, statistics.lowest, statistics.highest)
        assert not warnings_of(statistics, [[track]])


def test_another_voice_is_warned_of_once_with_numbers(statistics):
    """No value lies outside the range, and yet the sound as a whole is unlike."""
    random = np.random.default_rng(1)
    track = np.clip(frames_of(random, 3000, angle=-0.6), statistics.lowest, statistics.highest)
    (message,) = warnings_of(statistics, [[track]])
    expected = statistics.mixture.expected
    assert f"over {PIECE} frames" in message
    assert f"that of the training data {expected:.1f}" in message
    assert not warnings_of(statistics, [[track[:99]]])  # too short to tell
    own = np.clip(frames_of(random, 3000), statistics.lowest, statistics.highest)
    assert len(warnings_of(statistics, [[own, own, track]], batch=3)) == 1
    short = [[track[:80]], [track[80:200]], [track[:0]]]
    (message,) = warnings_of(statistics, short)  # said when it ends
    assert "over 200 frames" in message


@pytest.mark.parametrize("start", [0, 500, 650, 1200])
def test_blocks_make_no_difference(statistics, start):
    """A voice that is another from some frame on is noticed at the same one, or not at all."""
    random = np.random.default_rng(start)
    track = np.concatenate([frames_of(random, start), frames_of(random, 1330 - start, angle=-0.6)])
    track = np.clip(track, statistics.lowest, statistics.highest)
    said = warnings_of(statistics, [[track]])
    assert len(said) == (start < 1200)
    for size in (1, 7, 399, 400, 401, 1000):
        assert warnings_of(statistics, blocks_of(track, size)) == said
        assert warnings_of(statistics, [*blocks_of(track, size), [track[:0]]]) == said


def test_few_frames_make_no_mixture():
    from wavenet.training.data.frame_mixture import frame_mixture

    assert frame_mixture([np.zeros((10, 3)), np.zeros((5, 3))]) is None


def test_mixture_in_the_model_file(statistics):
    import json

    features = MelFeatures(mel_channels=2, statistics=statistics)
    config = WaveNetConfig(
        sample_rate=features.sample_rate, features=features,
        local=LocalConditioning(2, features.hop_length),
    )  # fmt: skip
    text = json.dumps(serialization.to_dict(config))
    assert serialization.from_dict(json.loads(text)) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": (0.5,)}, "1 weights has 2 means"),
        ({"weights": (0.5, 0.6)}, "sum to 1, got 1.1"),
        ({"weights": (-0.5, 1.5)}, "sum to 1"),
        ({"means": ((0.0,), (0.0,))}, "do not have 2 channels"),
        ({"deviations": ((1.0, 0.0), (1.0, 1.0))}, "above 0"),
        ({"spread": 0.0}, "above 0"),
    ],
)
def test_bad_mixtures(changes, message):
    rows = ((0.0, 1.0), (2.0, 3.0))
    values = {"weights": (0.5, 0.5), "means": rows, "deviations": ((1.0, 1.0),) * 2,
              "expected": -1.0, "spread": 1.0}  # fmt: skip
    FrameMixture(**values).check(2)
    with pytest.raises(ValueError, match=message):
        FrameMixture(**values | changes).check(2)
