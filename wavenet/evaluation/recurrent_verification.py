"""Checks of a recurrent model's file, and examples of what such a model takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from wavenet.config.recurrent import RecurrentConfig
from wavenet.inference.recurrent import RecurrentGenerator
from wavenet.inference.sequences import decode_sequence, encode_sequence

_LENGTH = 500  # samples of a check


def verify_recurrent(generator: RecurrentGenerator) -> Iterator[tuple[str, bool, str]]:
    """Yields name, result and finding of each check; see `evaluation.verification.verify`."""
    config = generator.config
    count = sum(int(np.prod(shape)) for shape in config.tensor_shapes().values())
    yield "weights", True, f"{count:,} parameters, all there and finite"
    conditioning = example_conditioning(config, _LENGTH)
    y = generator.generate(_LENGTH, temperature=0, **conditioning)
    one_by_one = list(generator.stream(_LENGTH, 1, temperature=0, **conditioning))
    joined = "".join(one_by_one) if config.text else np.concatenate(one_by_one)
    same = bool(np.array_equal(joined, y))
    yield "steps and blocks", same, "same bits" if same else "different samples"
    outputs = generator.outputs(y if config.feedback else None, **conditioning)
    if config.output == "categorical":
        values = encode_sequence(y, config)[:, 0].astype(np.int64)
        short = outputs.max(axis=1) - outputs[np.arange(len(values)), values]
    else:  # the means of the likeliest component
        logits = config.components if config.components > 1 else 0
        rows = outputs[:, logits:].reshape(_LENGTH, config.components, -1)
        best = outputs[:, :logits].argmax(axis=1) if logits else np.zeros(_LENGTH, dtype=int)
        means = rows[np.arange(_LENGTH), best, : config.dimensions]
        short = np.abs(encode_sequence(y, config) - means).max(axis=1)
    right = int(np.count_nonzero(short <= 1e-5 * np.abs(outputs).max()))
    detail = f"{right} of {_LENGTH} samples are the ones that teacher forcing picks"
    yield "generation", right == _LENGTH, detail


def example_conditioning(config: RecurrentConfig, n_samples: int) -> dict[str, Any]:
    """Random conditioning of the right shapes, for `n_samples`."""
    random = np.random.default_rng(0)
    values = {}
    if config.global_channels:
        values["global_vector"] = random.standard_normal(config.global_channels)
    if config.covariates:
        values["condition"] = random.standard_normal((n_samples, config.covariates))
    return values


def example_samples(config: RecurrentConfig, n_samples: int) -> Any:
    """Random samples of one stream, as `RecurrentGenerator.score` takes them."""
    random = np.random.default_rng(0)
    before = np.full((1, 1), -1, np.float32)
    if config.output == "categorical":
        classes = random.integers(0, config.class_count, (1, n_samples, 1))
        return decode_sequence(classes.astype(np.float32), config, before)[0]
    return random.standard_normal((n_samples, config.dimensions)).astype(np.float32)
