"""Checks that a model file does in generation what it did in training."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wavenet.base.validation import sampling_options
from wavenet.config.conversion import VoiceConverterConfig
from wavenet.forecasting.time_axis import step_text
from wavenet.inference.load import load
from wavenet.inference.samples import decode_samples
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.hub import find_model
from wavenet.io.model_file import load_model

_LENGTH = 2000  # generated samples that are held against teacher forcing


@dataclass(frozen=True)
class Check:
    """One check: what was looked at, whether it holds, and what was found."""

    name: str
    passed: bool
    detail: str


def verify(path: str | os.PathLike) -> list[Check]:
    """Checks a model: files, features, cached generation against teacher forcing, receptive field.

    A recurrent model: files, steps against blocks, generation against teacher forcing. A voice
    converter: files, the conversion of a test sound, and its stream.

    Parameters
    ----------
    path
        As for `wavenet.load`, whose errors are raised here too: they cover missing, misshapen and
        non-finite weights.
    """
    config, _ = load_model(find_model(path))
    if isinstance(config, VoiceConverterConfig):
        from wavenet.evaluation.converter_verification import verify_converter

        return [Check(*values) for values in verify_converter(path)]
    generator = load(path)
    if not isinstance(generator, WaveNetGenerator):
        from wavenet.evaluation.recurrent_verification import verify_recurrent

        return [Check(*values) for values in verify_recurrent(generator)]
    return list(_checks(generator))


def _checks(generator: WaveNetGenerator) -> Iterator[Check]:
    config = generator.config
    parameters = sum(int(np.prod(shape)) for shape in config.tensor_shapes().values())
    yield Check("weights", True, f"{parameters:,} parameters, all there and finite")
    yield _features(generator)
    conditioning = example_conditioning(generator, _LENGTH)
    yield _teacher_forcing(generator, _codes(generator, conditioning, 0.0), conditioning)
    yield _steps_and_blocks(generator, _codes(generator, conditioning, 1.0), conditioning)
    yield _receptive_field(generator)


def example_conditioning(generator: WaveNetGenerator, n_samples: int) -> dict[str, Any]:
    """Conditioning for at least `n_samples`: random frames and vectors of the right shapes."""
    config = generator.config
    random = np.random.default_rng(0)
    values = {}
    if config.global_channels:
        values["global_vector"] = random.standard_normal(config.global_channels)
    if config.local:
        frames = -(-n_samples // config.local.hop_length)
        statistics = getattr(config.features, "statistics", None)
        values["condition"] = (
            statistics.draw(random, frames)
            if statistics
            else random.standard_normal((frames, config.local.channels))
        )
    return values


def _features(generator: WaveNetGenerator) -> Check:
    config = generator.config
    if config.local is None:
        return Check("features", True, "no local conditioning")
    if config.series:
        names = ", ".join(config.series.targets)
        step = step_text(config.series.step, config.series.step_unit)
        return Check("features", True, f"a time series of {names}, step {step}")
    if config.features is None:
        detail = (
            f"the model file does not say how its {config.local.channels} feature channels are "
            "computed; the caller must know"
        )
        return Check("features", False, detail)
    if config.features.kind != "labels":
        detail = f"{config.features.channels} channels, hop {config.local.hop_length} samples"
        if config.features.statistics is None:
            detail += "; not normalized, and the trained range is not known"
        return Check("features", True, detail)
    speakers = config.speakers or ("",)
    durations = config.features.durations
    lacking = [s for s in speakers if set(durations.get(s, ())) != set(config.features.symbols)]
    detail = f"{len(config.features.symbols)} symbols, hop {config.local.hop_length} samples"
    if lacking:
        detail += f"; not all durations of {', '.join(map(repr, lacking))} are known"
    return Check("features", bool(config.features.symbols) and not lacking, detail)


def _codes(
    generator: WaveNetGenerator, conditioning: dict[str, Any], temperature: float
) -> NDArray[np.uint16]:
    """Codes `(1, n)` that the model draws, as they are before the noise shaping is undone."""
    options = sampling_options(generator.config, temperature=temperature)
    return generator.streams(**conditioning).core.generate(_LENGTH, **options)


def _logits(
    generator: WaveNetGenerator, codes: np.ndarray, conditioning: dict
) -> NDArray[np.float32]:
    return generator.streams(**conditioning).core.logits(codes)[0]


def _teacher_forcing(
    generator: WaveNetGenerator, codes: np.ndarray, conditioning: dict[str, Any]
) -> Check:
    """The most likely samples, generated one by one, must be the most likely when given."""
    outputs = _logits(generator, codes, conditioning)
    tolerance = 1e-5 * np.abs(outputs).max()
    if generator.config.output == "categorical":
        chosen = outputs[np.arange(len(outputs)), codes[0]]
        right = chosen >= outputs.max(axis=1) - tolerance
    else:  # the mean of a component that is the likeliest, to half a step
        y = decode_samples(codes[0], generator.config)
        count, step = generator.config.components, 2 / generator.config.levels
        means = np.clip(outputs[:, -2 * count : -count], -1, 1 - step)
        logits = outputs[:, : outputs.shape[1] - 2 * count]  # none for a single component
        likeliest = logits >= logits.max(axis=1, keepdims=True, initial=-np.inf) - tolerance
        near = np.abs(means - y[:, None]) <= 0.51 * step + tolerance
        right = np.any(near & likeliest if logits.size else near, axis=1)
    wrong = int(np.count_nonzero(~right))
    detail = f"{len(right) - wrong} of {len(right)} samples are the ones that teacher forcing picks"
    return Check("cached generation", wrong == 0, detail)


def _steps_and_blocks(
    generator: WaveNetGenerator, codes: np.ndarray, conditioning: dict[str, Any]
) -> Check:
    codes = codes[:, :256]
    streams = generator.streams(**conditioning)
    steps = [streams.core.logits(codes[:, t : t + 1])[0, 0] for t in range(codes.shape[1])]
    same = np.array_equal(steps, _logits(generator, codes, conditioning))
    return Check("steps and blocks", same, "same bits" if same else "different logits")


def _receptive_field(generator: WaveNetGenerator) -> Check:
    """The samples of the field's older half matter; one just outside does not.

    That the oldest alone matters cannot be asked for: its weight is a product of one of every
    block, which rounding may hide.
    """
    field, levels = generator.receptive_field, generator.config.levels
    codes = np.random.default_rng(0).integers(0, levels, (1, field + 2)).astype(np.uint16)
    conditioning = example_conditioning(generator, field + 2)

    def last_output(codes: np.ndarray) -> np.ndarray:
        return generator.streams(**conditioning).core.logits(codes)[0, -1]

    last, changed = last_output(codes), []
    for past in ([field + 1], range(field, field // 2, -1)):
        other = codes.copy()
        places = -1 - np.array(past)
        other[0, places] = levels - 1 - other[0, places]
        changed.append(not np.array_equal(last, last_output(other)))
    detail = f"{field} samples"
    if not generator.config.series:
        detail += f", {1000 * field / generator.sample_rate:.1f} ms"
    return Check("receptive field", changed == [False, True], detail)
