"""Dynamic time warping against librosa, against plain dynamic programming, and at its limits."""

import itertools

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import wavenet
from wavenet import _core
from wavenet.io.audio import read_audio

STEPS = {  # as (rows, columns) of each move, with weights, for librosa
    "symmetric1": ([[1, 1], [0, 1], [1, 0]], [1.0, 1.0, 1.0]),
    "symmetric2": ([[1, 1], [0, 1], [1, 0]], [2.0, 1.0, 1.0]),
    "asymmetric": ([[1, 1], [1, 2], [1, 0]], [1.0, 1.0, 1.0]),
}
# Moves as pairs (di, dj) that are gone through, with the weight of each: table I of Sakoe and
# Chiba 1978, and Itakura 1975.
MOVES = {
    name: [[(*step, weight)] for step, weight in zip(*steps, strict=True)]
    for name, steps in STEPS.items()
} | {
    "symmetricP05": [
        [(1, 1, 2)],
        [(1, 1, 2), (0, 1, 1)],
        [(1, 1, 2), (0, 1, 1), (0, 1, 1)],
        [(1, 1, 2), (1, 0, 1)],
        [(1, 1, 2), (1, 0, 1), (1, 0, 1)],
    ],
    "symmetricP1": [[(1, 1, 2)], [(1, 1, 2), (0, 1, 1)], [(1, 1, 2), (1, 0, 1)]],
    "symmetricP2": [
        [(1, 1, 2)],
        [(1, 1, 2), (1, 1, 2), (0, 1, 1)],
        [(1, 1, 2), (1, 1, 2), (1, 0, 1)],
    ],
    "itakura": [[(1, 1, 1)], [(1, 2, 1)], [(1, 1, 1), (1, 0, 1)], [(1, 2, 1), (1, 0, 1)]],
}


def allowed(n, m, window):
    i, j = np.ogrid[:n, :m]
    return (i - j <= max(0, n - m) + window) & (j - i <= max(0, m - n) + window)


def plain_dtw(costs, pattern, window=None):
    """The recursion cell by cell: cost and path, or None where there is no path."""
    n, m = costs.shape
    inside = allowed(n, m, max(n, m) if window is None else window)
    best = {(0, 0): (costs[0, 0], [(0, 0)])}
    for cell in itertools.product(range(n), range(m)):
        for move in MOVES[pattern]:
            i, j = (cell[k] - sum(step[k] for step in move) for k in (0, 1))
            if (i, j) not in best or cell == (0, 0):
                continue
            total, path = best[i, j]
            for di, dj, weight in move:
                i, j = i + di, j + dj
                total = total + weight * costs[i, j] if inside[i, j] else np.inf
                path = [*path, (i, j)]
            if np.isfinite(total) and (cell not in best or total < best[cell][0]):
                best[cell] = total, path
    return best.get((n - 1, m - 1))


def walk(seed, n, m, features):
    random = np.random.default_rng(seed)
    return [random.standard_normal((size, features)).cumsum(axis=0) for size in (n, m)]


def assert_equals_librosa(X, Y, **options):
    total, path = librosa.sequence.dtw(X.T, Y.T)
    cost, ours = wavenet.dtw(X, Y, **options)
    assert cost == total[-1, -1]
    np.testing.assert_array_equal(ours, path[::-1])


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 2), (9, 1, 2), (5, 4, 3), (40, 31, 24),
                                   (120, 257, 25), (300, 64, 7)])  # fmt: skip
def test_equals_librosa_bit_for_bit(shape, instruction_set):
    assert_equals_librosa(*walk(0, *shape))
    random = np.random.default_rng(1)
    assert_equals_librosa(*[random.standard_normal((n, shape[2])) for n in shape[:2]])


def test_ties_are_broken_as_in_librosa(instruction_set):
    random = np.random.default_rng(0)
    for _ in range(50):
        n, m = random.integers(1, 40, 2)
        assert_equals_librosa(*[random.integers(0, 3, (k, 2)).astype(float) for k in (n, m)])


def test_real_recordings_equal_librosa(data, instruction_set):
    folder = data / "speech_arctic"
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}")
    files = [min((folder / speaker).iterdir()) for speaker in ("slt", "bdl")]
    features = []
    for file in files:
        y, rate = read_audio(file)
        features.append(librosa.feature.mfcc(y=y, sr=rate, n_mfcc=24, hop_length=80).T)
    assert_equals_librosa(*[f.astype(np.float64) for f in features])


@pytest.mark.parametrize("pattern", STEPS)
@pytest.mark.parametrize("shape", [(50, 60), (61, 40)])
def test_weights_and_steps_equal_librosa(pattern, shape, instruction_set):
    X, Y = walk(2, *shape, 5)
    steps, weights = STEPS[pattern]
    total, path = librosa.sequence.dtw(
        X.T, Y.T, step_sizes_sigma=np.array(steps), weights_mul=np.array(weights)
    )
    cost, ours = wavenet.dtw(X, Y, step_pattern=pattern)
    assert cost == total[-1, -1]
    np.testing.assert_array_equal(ours, path[::-1])


@pytest.mark.parametrize("shape", [(50, 50), (50, 70), (64, 41)])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_window_equals_librosa(shape, share, instruction_set):
    """librosa's radius is one more: its band leaves out the outermost diagonals."""
    X, Y = walk(3, *shape, 4)
    radius = round(share * min(shape))
    total, path = librosa.sequence.dtw(
        X.T, Y.T, global_constraints=True, band_rad=(radius + 1) / min(shape)
    )
    for window in (share, radius):
        cost, ours = wavenet.dtw(X, Y, window=window)
        assert cost == total[-1, -1]
        np.testing.assert_array_equal(ours, path[::-1])


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cityblock", "cosine"])
def test_metrics_equal_scipy(metric, instruction_set):
    X, Y = walk(4, 33, 47, 6)
    costs = cdist(X, Y, metric)
    cost, path = wavenet.dtw(X, Y, metric=metric)
    expected, expected_path = wavenet.dtw(costs, metric="precomputed")
    if metric == "cosine":
        assert cost == pytest.approx(expected, rel=1e-12)
    else:
        assert cost == expected
        np.testing.assert_array_equal(path, expected_path)
    assert expected == pytest.approx(costs[tuple(expected_path.T)].sum(), rel=1e-12)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(MOVES)),
    st.tuples(st.integers(1, 14), st.integers(1, 14)),
    st.one_of(st.none(), st.integers(0, 6)),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.sampled_from(_core.available_instruction_sets()),
)
def test_every_pattern_equals_plain_dynamic_programming(pattern, shape, window, seed, tied, isa):
    random = np.random.default_rng(seed)
    costs = random.integers(0, 4, shape).astype(float) if tied else random.uniform(0, 1, shape)
    before = _core.instruction_set()
    _core.set_instruction_set(isa)
    try:
        expected = plain_dtw(costs, pattern, window)
        options = {"metric": "precomputed", "step_pattern": pattern, "window": window}
        if expected is None:
            with pytest.raises(ValueError, match=f"no path of the step pattern {pattern}"):
                wavenet.dtw(costs, **options)
            return
        cost, path = wavenet.dtw(costs, **options)
        assert cost == pytest.approx(expected[0], rel=1e-12)
        if not tied:
            np.testing.assert_array_equal(path, expected[1])
    finally:
        _core.set_instruction_set(before)


@pytest.mark.parametrize("pattern", MOVES)
def test_long_sequences_equal_plain_dynamic_programming(pattern, instruction_set):
    costs = cdist(*walk(5, 70, 80, 3))
    cost, path = wavenet.dtw(costs, metric="precomputed", step_pattern=pattern)
    expected, expected_path = plain_dtw(costs, pattern)
    assert cost == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(path, expected_path)


def test_the_same_bits_on_every_instruction_set():
    X, Y = walk(6, 130, 140, 13)
    before = _core.instruction_set()
    for pattern in MOVES:
        results = []
        for name in _core.available_instruction_sets():
            _core.set_instruction_set(name)
            results.append(wavenet.dtw(X, Y, step_pattern=pattern, metric="cosine"))
        _core.set_instruction_set(before)
        for cost, path in results[1:]:
            assert cost == results[0][0]
            np.testing.assert_array_equal(path, results[0][1])


def test_identical_sequences_cost_nothing():
    X, _ = walk(7, 30, 1, 4)
    for pattern in MOVES:
        cost, path = wavenet.dtw(X, X, step_pattern=pattern)
        assert cost == 0.0
        np.testing.assert_array_equal(path, np.repeat(np.arange(30)[:, None], 2, axis=1))


def test_a_narrow_window_needs_little_memory():
    """The whole matrix would take 40 GB."""
    X = np.zeros((200_000, 1))
    cost, path = wavenet.dtw(X, X[:-20], window=2)
    assert cost == 0.0
    assert len(path) == 200_000


ONE = np.ones((3, 2))


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        ((ONE, np.ones(3)), {}, r"Y must have the shape \(n_frames, n_features\).* got \(3,\)"),
        ((np.ones((0, 2)), ONE), {}, r"X must have the shape .* not be empty, got \(0, 2\)"),
        ((ONE, np.ones((3, 4))), {}, "as many features, got 2 and 4"),
        ((ONE, np.full((3, 2), np.nan)), {}, "Y must be finite, got nan at place 0"),
        ((ONE, ONE), {"metric": "manhattan"}, "metric must be one of euclidean.* got 'manhattan'"),
        ((ONE, ONE), {"metric": "precomputed"}, "Y must be None where metric is 'precomputed'"),
        ((ONE,), {}, "Y must be given unless metric is 'precomputed'"),
        ((ONE, ONE), {"step_pattern": "p3"}, "step_pattern must be one of symmetric1.* got 'p3'"),
        ((ONE, ONE), {"window": -1}, "window must be None.* got -1"),
        ((ONE, ONE), {"window": 1.5}, "window must be None.* got 1.5"),
        ((ONE, ONE), {"window": True}, "window must be None.* got True"),
        ((ONE, 0 * ONE), {"metric": "cosine"}, "cosine metric needs frames that are not all zero"),
        (
            (np.ones((3, 2)), np.ones((9, 2))),
            {"step_pattern": "symmetricP1"},
            "no path of the step pattern symmetricP1 leads from the first to the last of 3 and 9",
        ),
    ],
)
def test_bad_arguments_are_refused(arguments, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        wavenet.dtw(*arguments, **options)
