"""Echo state networks: what they learn, and that they are models as any other."""

import numpy as np
import pytest

import wavenet
from wavenet.forecasting.echo_state import EchoStateNetwork


def waves(n: int) -> np.ndarray:
    """Two sines whose periods do not fit, and a third that depends on them, `(n, 2)`."""
    t = np.arange(n)
    a, b = np.sin(0.17 * t), np.sin(0.27 * t + 1)
    return np.stack([3 + a + 0.5 * b, 100 * a * b], axis=1)


def lorenz(n: int) -> np.ndarray:
    """The Lorenz system every 0.02, by the classical Runge-Kutta method, `(n, 3)`."""

    def slope(s):
        return np.array([10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]])

    state, step, states = np.array([1.0, 1.0, 20.0]), 0.01, []
    for i in range(2 * n):
        a = slope(state)
        b = slope(state + step / 2 * a)
        c = slope(state + step / 2 * b)
        d = slope(state + step * c)
        state = state + step / 6 * (a + 2 * b + 2 * c + d)
        if i % 2:
            states.append(state)
    return np.array(states)


@pytest.fixture(scope="module")
def fitted():
    return EchoStateNetwork(200, leak=0.7, seed=3).fit(waves(2000))


def test_goes_on_with_chaos():
    """A second of the Lorenz system, in which small errors grow to 2.5 times their size."""
    y = lorenz(4200)
    network = EchoStateNetwork(300, seed=1).fit(y[:4000])
    future = network.generator.generate(50, prime=y[3000:4000], temperature=0)
    assert np.abs(future - y[4000:4050]).max() < 0.1 * y.std(axis=0).min()
    blocks = list(network.generator.stream(50, 7, prime=y[3000:4000], temperature=0))
    np.testing.assert_array_equal(np.concatenate(blocks), future)


def test_reservoir_against_numpy(fitted):
    """The core's units are those of the definition, and the read-out is the least squares fit."""
    w = {name: value.astype(np.float64) for name, value in fitted.tensors_.items()}
    recurrent = w["layers.0.weight_hh_l0"]
    assert np.abs(np.linalg.eigvals(recurrent)).max() == pytest.approx(0.9, rel=1e-4)
    assert (np.count_nonzero(recurrent, axis=1) == 10).all()
    y = waves(300)
    before = np.concatenate([np.zeros((1, 2)), y[:-1]])
    h, expected = np.zeros(200), []
    for x in before:
        new = np.tanh(w["layers.0.weight_ih_l0"] @ x + recurrent @ h + w["layers.0.bias_ih_l0"])
        h = 0.3 * h + 0.7 * new
        expected.append(w["output.weight"] @ h + w["skip.weight"] @ x + w["output.bias"])
    outputs = fitted.generator.outputs(y)
    scale = np.abs(w["output.weight"]).sum(axis=1) * 1e-6
    assert (np.abs(outputs - expected) < 10 * scale + 1e-4).all()


def test_ridge_is_that_of_a_dense_solve():
    y = np.random.default_rng(0).standard_normal((400, 1)).cumsum(axis=0) * 0.01
    network = EchoStateNetwork(20, ridge=0.1, washout=50, connections=5).fit(y)
    identity = dict(network.tensors_)
    h = []
    streams = network.generator.streams()
    for row in y:
        streams.prime(row[None])
        h.append(streams.save()["hidden"].ravel())
    x = np.concatenate([np.zeros((1, 1)), y[:-1]])
    x = (x - x[1:].mean()) / x[1:].std()
    rows = np.concatenate([np.array(h), x], axis=1)[50:]
    target = y[50:] / y[50:].std()
    centred = rows - rows.mean(axis=0)
    weights = np.linalg.solve(
        centred.T @ centred + 0.1 * np.eye(21), centred.T @ (target - target.mean())
    )
    found = identity["output.weight"][0] / y[50:].std()
    np.testing.assert_allclose(found, weights[:20, 0], rtol=1e-3, atol=1e-3)


def test_file_is_a_model(fitted, tmp_path):
    fitted.save(tmp_path / "esn")
    loaded = wavenet.load(tmp_path / "esn", threads=1)
    assert loaded.config.cell == "rnn" and loaded.config.leak == pytest.approx(0.7)
    np.testing.assert_array_equal(
        loaded.generate(50, prime=waves(200), seed=1),
        fitted.generator.generate(50, prime=waves(200), seed=1),
    )
    assert (
        fitted.generator.score(waves(500)).bits_per_sample
        == loaded.score(waves(500)).bits_per_sample
    )
    with pytest.raises(ValueError, match="not fitted yet"):
        EchoStateNetwork(10).generator.generate(5)


def test_covariates_and_sequences():
    """A filter of a known signal; two sequences learn as one."""
    random = np.random.default_rng(0)
    x = random.standard_normal((1000, 1))
    y = 0.5 * x + 0.3 * np.roll(x, 1, axis=0)
    network = EchoStateNetwork(100, seed=1).fit([y[:500], y[500:]], [x[:500], x[500:]])
    log_likelihood = network.generator.score(y, condition=x).log_likelihood[100:]
    assert log_likelihood.mean() > 2.5  # that of a deviation of 0.02; that of y is 0.6


@pytest.mark.parametrize(
    ("settings", "y", "message"),
    [
        ({"units": 0}, None, "units must be from 1"),
        ({"spectral_radius": 0}, None, "spectral_radius must be above 0, got 0"),
        ({"ridge": -1}, None, "ridge must be above 0, got -1"),
        ({"noise": -1}, None, "noise must be 0 or above, got -1"),
        ({"leak": 2.0}, waves(300), "leak must be from 1e-06 to 1.0, got 2.0"),
        ({}, waves(300)[:, 0], r"shape \(n, channels\), got \(300,\)"),
        ({}, waves(50), "no sequence is longer than the washout, 100 samples"),
        ({}, waves(300) * [1, 0], "channel 1 of the inputs is constant"),
        ({}, np.where(waves(300) > 80, np.nan, 1), "row .*, column 1 is nan"),
    ],
)
def test_refused(settings, y, message):
    with pytest.raises(ValueError, match=message):
        EchoStateNetwork(**{"units": 10} | settings).fit(y)
