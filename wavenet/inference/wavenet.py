"""A WaveNet that generates and scores on the C++ core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.sound import as_samples, as_signal
from wavenet.base.validation import integer, per_stream
from wavenet.config import WaveNetConfig
from wavenet.features.labels import LabelFeatures, Span, label_track, spans_from_text
from wavenet.inference.generator import Generator, Speaker
from wavenet.inference.noise_shaping import filters_of_frames, noise_shaping_of
from wavenet.inference.samples import decode_samples, encode_samples, silence_code
from wavenet.inference.wavenet_streams import WaveNetStreams
from wavenet.metrics.baselines import baselines

_LARGEST_TRACK = 2**30  # values of a label track: 4 GB


class WaveNetGenerator(Generator):
    """A WaveNet ready to generate; `wavenet.load` makes it from a file.

    The weights include those of `config.range_shapes()` for the precision "int8".
    """

    config: WaveNetConfig
    _config_type = WaveNetConfig

    def __init__(
        self,
        config: WaveNetConfig,
        tensors: dict[str, np.ndarray],
        precision: str | None = None,
        threads: int | None = None,
    ):
        super().__init__(config, tensors, precision, threads)
        self._calibrated = tensors.keys() >= config.range_shapes().keys()
        self._model = _core.WaveNet(
            vars(config)
            | {"local": vars(config.local) if config.local else None, "levels": config.levels},
            tensors,
            silence=silence_code(config),
            code_values=decode_samples(np.arange(config.levels), config).tolist(),
            precision=self.precision,
            activation_ranges=self._activation_ranges(tensors),
        )

    @property
    def precisions(self) -> tuple[str, ...]:
        """Those that the model can be loaded in: "int8" where it is calibrated."""
        return ("float32", "bf16", "int8") if self._calibrated else ("float32", "bf16")

    @property
    def receptive_field(self) -> int:
        """Number of past samples that one output depends on."""
        return self.config.receptive_field

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers; empty: the model has none."""
        return self.config.speakers

    @property
    def symbols(self) -> tuple[str, ...]:
        """The vocabulary of the text that the model speaks; empty: it has none."""
        return self.config.label_features.symbols if self.config.label_features else ()

    @property
    def lookahead_frames(self) -> int:
        """Feature frames after its own that a sample depends on: the latency of streaming.

        Where frames come one by one, the samples of a frame can be generated once this many
        further ones have come.
        """
        return self._model.lookahead_frames

    def streams(
        self,
        *,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        speaker: Speaker = None,
        condition: Any = None,
        global_vector: ArrayLike | None = None,
        prime: ArrayLike | None = None,
        batch: int = 1,
    ) -> WaveNetStreams:
        """Streams to advance by hand, to copy (fork), to save and to restore.

        See `WaveNetStreams` for the arguments.
        """
        return WaveNetStreams(
            self, seed=seed, temperature=temperature, top_k=top_k, top_p=top_p, speaker=speaker,
            condition=condition, global_vector=global_vector, prime=prime, batch=batch,
        )  # fmt: skip

    def baselines(self, y: ArrayLike, condition: ArrayLike | None = None) -> dict[str, float]:
        """Bits per sample that simple codes need for a signal `(n,)`: a scale for those of `score`.

        See `wavenet.metrics.baselines.baselines`; `condition` as for `codes`.
        """
        levels = self.config.levels
        values = decode_samples(np.arange(levels), self.config)
        return baselines([self.codes(y, condition)], levels, values)

    def condition_from_text(
        self, text: str, speaker: str | int | None = None, seed: int = 0
    ) -> NDArray[np.float32]:
        """Feature frames of a text, with durations drawn from those of the training data.

        Parameters
        ----------
        text
            Symbols of `config.features.symbols`.
        speaker
            Whose durations; by default the first speaker.
        seed
            For the durations.

        Returns
        -------
        ndarray
            `(frames, channels)` float32, the `condition` of `generate`.
        """
        features = self._label_features()
        name = self.config.speakers[self.speaker_index(speaker)] if self.config.speakers else ""
        spans, seconds = spans_from_text(features, text, name, seed)
        return self.condition_from_spans(spans, int(np.ceil(seconds * self.sample_rate)))

    def condition_from_sound(self, y: ArrayLike) -> NDArray[np.float32]:
        """Feature frames of a sound at the model's rate, for copy synthesis.

        Parameters
        ----------
        y
            `(n,)`, see `wavenet.base.sound.as_samples`.

        Returns
        -------
        ndarray
            `(frames, channels)` float32, the `condition` of `generate` and `score`. The frames
            cover at least n samples.
        """
        features = self.config.features
        if features is None or features.kind == "labels":
            raise ValueError("this model does not say how to make feature frames from sound")
        return features.track(as_samples(y))

    def condition_of(self, y: ArrayLike, spans: Sequence[Span] = ()) -> NDArray[np.float32] | None:
        """Feature frames of a recording `(n,)`, as the model was trained: from its sound or labels.

        None for a model without features.
        """
        features, y = self.config.features, as_samples(y)
        if features is None:
            return None
        if features.kind == "labels":
            return self.condition_from_spans(list(spans), len(y))
        return self.condition_from_sound(y)

    def condition_from_spans(self, spans: list[Span], n_samples: int) -> NDArray[np.float32]:
        """Feature frames of symbols at given times.

        Parameters
        ----------
        spans
            (symbol, start, end) with times [s]; gaps are silence.
        n_samples
            Length that the frames must cover at least.

        Returns
        -------
        ndarray
            `(frames, channels)` float32, the `condition` of `generate` and `score`.
        """
        features = self._label_features()
        hop = self.config.local.hop_length
        frames = -(-n_samples // hop)
        if frames * features.channels > _LARGEST_TRACK:
            raise ValueError(
                f"{n_samples / self.sample_rate:,.0f} s of symbols are {frames:,} frames of "
                f"{features.channels} channels, more than fit in memory: divide the text"
            )
        return label_track(features, spans, frames, self.sample_rate / hop)

    def speaker_index(self, speaker: str | int | None) -> int:
        """Index of a speaker given by name, in any case, or by index; None is the first."""
        names = self.config.speakers
        if speaker is None:
            return 0
        if not names:
            raise ValueError(f"this model has no speakers, got speaker {speaker!r}")
        if isinstance(speaker, str):
            alike = [name for name in names if name.casefold() == speaker.casefold()]
            if speaker not in names and len(alike) != 1:
                raise ValueError(f"unknown speaker {speaker!r}; known: {', '.join(names)}")
            return names.index(speaker if speaker in names else alike[0])
        return integer("speaker", speaker, 0, len(names) - 1)

    def codes(self, y: ArrayLike, condition: ArrayLike | None = None) -> NDArray[np.uint16]:
        """Codes of a signal `(n,)` in the quantization of the model, uint16.

        They are those of the sound after the filter of noise shaping. `condition`, feature frames
        `(frames, channels)`, matters only where these give the filters.
        """
        config = self.config
        shaping = noise_shaping_of(config, 1)
        if config.adaptive_noise_shaping:
            frames = per_stream("condition", condition, config.local.channels, 2, 1)
            shaping.append([filters_of_frames(config, frames[0])])
        y = as_signal(y)
        return encode_samples(shaping.shape(y)[0] if shaping else y, config)

    def _activation_ranges(self, tensors: dict[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
        if self.precision != "int8":
            return {}
        if not self._calibrated:
            raise ValueError(
                "8-bit weights need the ranges of the activations, which this model does not have: "
                "run `wavenet quantize` first, with --calibrate and recordings like those that it "
                "is for"
            )
        blocks = [f"blocks.{i}" for i in range(len(self.config.dilations))]
        return {
            "residual": [tensors[f"{block}.dilated.input_range"] for block in blocks],
            "gated": [tensors[f"{block}.skip.input_range"] for block in blocks],
        }

    def _label_features(self) -> LabelFeatures:
        if self.config.label_features is None:
            raise ValueError("this model does not read text; it has no label features")
        return self.config.label_features
