"""Echo state networks: a random recurrent layer whose read-out alone is trained (Jaeger 2001)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet.base.extras import extra
from wavenet.base.validation import doubles, integer
from wavenet.config import SeriesColumns
from wavenet.config.recurrent import RecurrentConfig
from wavenet.inference.recurrent import RecurrentGenerator
from wavenet.io.model_file import save_model

_LEAST_SCALE = 1e-3  # of the noise that the read-out leaves: exp(-7), as the outputs have it


class EchoStateNetwork:
    """An echo state network of vectors, with the methods of every other model once it is fitted.

    What `fit` makes is a recurrent model of one layer (cell "rnn" with a leak, Gaussian output), so
    that its file is read by `wavenet.load` and it runs on the core.

    Parameters
    ----------
    units
        Size of the reservoir.
    spectral_radius
        Largest absolute eigenvalue of the recurrent weights; below 1 the past fades in most cases.
    leak
        Share of the new value in a unit, above 0 to 1; small: slow units.
    input_scale
        Largest input weight, for inputs of deviation 1.
    bias_scale
        Largest bias of a unit.
    connections
        Recurrent weights of a unit that are not zero.
    ridge
        Penalty on the squared weights of the read-out, for inputs of deviation 1.
    washout
        First samples of each sequence that the read-out does not learn.
    noise
        Deviation of noise added to the samples that the reservoir sees in `fit`, in units of their
        deviations; it steadies what is generated.
    seed
        Seed of the reservoir and of the noise.

    Attributes
    ----------
    config_, tensors_, generator_
        The model that was fitted: its configuration, its weights, and on the core.
    """

    def __init__(
        self,
        units: int = 500,
        *,
        spectral_radius: float = 0.9,
        leak: float = 1.0,
        input_scale: float = 0.5,
        bias_scale: float = 0.1,
        connections: int = 10,
        ridge: float = 1e-6,
        washout: int = 100,
        noise: float = 0.0,
        seed: int = 0,
    ):
        self.units = integer("units", units, 1, 16384)
        self.connections = integer("connections", connections, 1, 16384)
        self.washout = integer("washout", washout, 0, 2**40)
        self.seed = integer("seed", seed, 0, 2**63)
        self.leak = leak
        self.spectral_radius, self.ridge = spectral_radius, ridge
        self.input_scale, self.bias_scale, self.noise = input_scale, bias_scale, noise
        for name in ("spectral_radius", "ridge"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("input_scale", "bias_scale", "noise"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be 0 or above, got {getattr(self, name)}")

    def fit(
        self,
        y: ArrayLike | Sequence[ArrayLike],
        covariates: ArrayLike | Sequence[ArrayLike] | None = None,
        series: SeriesColumns | None = None,
    ) -> EchoStateNetwork:
        """Makes the reservoir and learns the read-out, by ridge regression.

        Parameters
        ----------
        y
            Samples `(n, dimensions)`, or several such sequences, each of which starts from nothing.
        covariates
            `(n, covariates)` for each sequence: known beforehand.
        series
            What the samples are, if they are those of a time series.

        Raises
        ------
        ValueError
            Misshapen or non-finite samples, or none after the washout; a constant dimension.
        """
        with extra("train", "echo state networks"):
            from sklearn.linear_model import Ridge

        sequences = _sequences(y, "samples")
        given = _sequences(covariates, "covariates") if covariates is not None else None
        if given is not None and [len(c) for c in given] != [len(s) for s in sequences]:
            raise ValueError("covariates must have as many rows as the samples")
        dimensions = sequences[0].shape[1]
        channels = given[0].shape[1] if given else 0
        self.config_ = RecurrentConfig(
            cell="rnn", leak=float(self.leak), layers=1, hidden_size=self.units,
            output="gaussian", dimensions=dimensions, covariates=channels, input_skip=True,
            series=series,
        )  # fmt: skip
        inputs = [_inputs(s, given[i] if given else None) for i, s in enumerate(sequences)]
        scales = _scales(np.concatenate(inputs))
        reservoir = self._reservoir(*scales)
        random = np.random.default_rng([self.seed, 1])
        parts = []
        for x, samples in zip(inputs, sequences, strict=True):
            noise = self.noise * random.standard_normal((len(x), dimensions))
            x[1:, :dimensions] += (noise * scales[1][:dimensions])[1:]
            rows = np.concatenate([_run(reservoir, self.leak, x), (x - scales[0]) / scales[1]], 1)
            parts.append((rows[self.washout :], samples[self.washout :]))
        states, targets = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if not len(states):
            raise ValueError(f"no sequence is longer than the washout, {self.washout} samples")
        deviations = targets.std(axis=0)
        readout = Ridge(self.ridge, solver="cholesky").fit(states, targets / deviations)
        weights = readout.coef_.reshape(dimensions, -1) * deviations[:, None]
        intercept = readout.intercept_ * deviations
        errors = targets - states @ weights.T - intercept
        noise_scale = np.maximum(np.sqrt(np.mean(errors**2, axis=0)), _LEAST_SCALE)
        self.tensors_ = reservoir | _readout(weights, intercept, noise_scale, scales)
        self.generator_ = RecurrentGenerator(self.config_, self.tensors_, threads=1)
        return self

    @property
    def generator(self) -> RecurrentGenerator:
        """The fitted network on the C++ core, which generates and scores.

        Raises
        ------
        ValueError
            It is not fitted yet.
        """
        if not hasattr(self, "generator_"):
            raise ValueError("this echo state network is not fitted yet: call fit first")
        return self.generator_

    def save(self, directory: str | os.PathLike) -> None:
        """Writes the model file, which `wavenet.load` reads."""
        save_model(directory, self.generator.config, self.tensors_)

    def _reservoir(self, means: NDArray, deviations: NDArray) -> dict[str, NDArray[np.float32]]:
        """Random weights; those of the inputs take them as they are, neither centred nor scaled."""
        random = np.random.default_rng([self.seed, 0])
        units, inputs = self.units, len(means)
        recurrent = np.zeros((units, units))
        for row in recurrent:
            places = random.choice(units, min(self.connections, units), replace=False)
            row[places] = random.uniform(-1, 1, len(places))
        radius = np.abs(np.linalg.eigvals(recurrent)).max()
        recurrent *= self.spectral_radius / max(radius, 1e-12)
        weights = random.uniform(-self.input_scale, self.input_scale, (units, inputs)) / deviations
        bias = random.uniform(-self.bias_scale, self.bias_scale, units) - weights @ means
        tensors = {
            "weight_ih_l0": weights, "weight_hh_l0": recurrent, "bias_ih_l0": bias,
            "bias_hh_l0": np.zeros(units),
        }  # fmt: skip
        return {f"layers.0.{name}": value.astype(np.float32) for name, value in tensors.items()}


def _sequences(values: Any, name: str) -> list[NDArray[np.float64]]:
    """One array or several, each `(n, channels)`."""
    several = isinstance(values, list | tuple) and np.ndim(values[0]) == 2
    arrays = [doubles(v, name) for v in (values if several else [values])]
    for array in arrays:
        if array.ndim != 2 or array.shape[1] != arrays[0].shape[1] or not array.size:
            raise ValueError(f"{name} must have the shape (n, channels), got {array.shape}")
        if not np.isfinite(array).all():
            row, column = np.argwhere(~np.isfinite(array))[0]
            raise ValueError(f"{name}: row {row}, column {column} is {array[row, column]}")
    return arrays


def _inputs(samples: NDArray, covariates: NDArray | None) -> NDArray[np.float64]:
    """The sample before each (zeros at first) and the covariates."""
    before = np.concatenate([np.zeros((1, samples.shape[1])), samples[:-1]])
    return before if covariates is None else np.concatenate([before, covariates], axis=1)


def _scales(inputs: NDArray) -> tuple[NDArray, NDArray]:
    """Means and deviations of the inputs."""
    deviations = inputs[1:].std(axis=0)
    if not deviations.all():
        raise ValueError(f"channel {int(np.argmin(deviations))} of the inputs is constant")
    return inputs[1:].mean(axis=0), deviations


def _run(reservoir: dict[str, NDArray], leak: float, inputs: NDArray) -> NDArray[np.float64]:
    """Hidden values `(n, units)`, by the core: a model whose outputs they are."""
    units = len(reservoir["layers.0.bias_ih_l0"])
    config = RecurrentConfig(
        cell="rnn", leak=float(leak), layers=1, hidden_size=units, output="point",
        dimensions=units, feedback=False, covariates=inputs.shape[1],
    )  # fmt: skip
    identity = {
        "output.weight": np.eye(units, dtype=np.float32),
        "output.bias": np.zeros(units, dtype=np.float32),
    }
    generator = RecurrentGenerator(config, reservoir | identity, threads=1)
    return generator.outputs(None, condition=inputs.astype(np.float32)).astype(np.float64)


def _readout(
    weights: NDArray, intercept: NDArray, noise: NDArray, scales: tuple[NDArray, NDArray]
) -> dict[str, NDArray[np.float32]]:
    """Tensors of the read-out: means of hidden values and inputs as they are, constant scales."""
    dimensions, units = len(weights), weights.shape[1] - len(scales[0])
    direct = weights[:, units:] / scales[1]
    zeros = np.zeros_like(weights)
    tensors = {
        "output.weight": np.concatenate([weights, zeros])[:, :units],
        "output.bias": np.concatenate([intercept - direct @ scales[0], np.log(noise)]),
        "skip.weight": np.concatenate([direct, zeros[:dimensions, units:]]),
    }
    return {name: value.astype(np.float32) for name, value in tensors.items()}
