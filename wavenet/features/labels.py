"""Label tracks: sequences of symbols with their times, as feature frames."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wavenet.base.validation import check_field, integer, number, require

Span = tuple[str, float, float]
"""A symbol, its start and its end [s]."""

_LONGEST = 1e6  # duration of a symbol [s]


@dataclass(frozen=True)
class LabelFeatures:
    """Local conditioning on a sequence of symbols (words, digits, phonemes) with their times.

    Each symbol is divided in `states_per_symbol` states. A frame inside a symbol activates the two
    states next to its relative position, linearly interpolated; silence activates none. One more
    channel holds the logarithm of the symbol's duration relative to `reference_duration`.

    Parameters
    ----------
    symbols
        The vocabulary. Upper and lower case differ.
    states_per_symbol
        Number of states, at least 2.
    reference_duration
        Duration whose logarithm is 0 [s].
    durations
        Mean and standard deviation [s] of each symbol's duration per speaker, from the training
        data: `durations[speaker][symbol] = (mean, deviation)`; the speaker is "" without speakers.
        Means are above 0, none is above 1e6.
    pause
        Silence before, between and after symbols in synthesis [s].
    """

    kind: Literal["labels"] = "labels"
    symbols: tuple[str, ...] = ()
    states_per_symbol: int = 10
    reference_duration: float = 0.4
    durations: dict[str, dict[str, tuple[float, float]]] = dataclasses.field(default_factory=dict)
    pause: float = 0.15

    def __post_init__(self) -> None:
        require(len(set(self.symbols)) == len(self.symbols), "symbols must differ")
        check_field(self, "states_per_symbol", integer, 2, 256)
        check_field(self, "reference_duration", number, 1e-3, 1e3)
        check_field(self, "pause", number, 0.0, 60.0)
        for speaker, by_symbol in self.durations.items():
            for symbol, (mean, deviation) in by_symbol.items():
                require(
                    0 < mean <= _LONGEST and 0 <= deviation <= _LONGEST,
                    f"durations of {symbol!r} by {speaker!r} must be a mean above 0 and a "
                    f"deviation, up to {_LONGEST:g} s, got {mean} and {deviation}",
                )

    @property
    def channels(self) -> int:
        """Number of feature channels of the label track."""
        return len(self.symbols) * self.states_per_symbol + 1


def label_track(
    features: LabelFeatures, spans: list[Span], frames: int, frame_rate: float
) -> np.ndarray:
    """Feature frames of a sequence of symbols.

    Parameters
    ----------
    features
        The vocabulary and the number of states.
    spans
        Symbols with their times; gaps are silence.
    frames
        Number of frames; frame i stands for time (i + 0.5) / frame_rate.
    frame_rate
        [Hz]

    Returns
    -------
    ndarray
        `(frames, features.channels)` float32.

    Raises
    ------
    ValueError
        An unknown symbol, or a span that ends before it starts.
    """
    track = np.zeros((frames, features.channels), dtype=np.float32)
    times = (np.arange(frames) + 0.5) / frame_rate
    states = features.states_per_symbol
    for symbol, start, end in spans:
        if symbol not in features.symbols:
            raise ValueError(f"unknown symbol {symbol!r}; known: {' '.join(features.symbols)}")
        if not start < end:
            raise ValueError(f"symbol {symbol!r} ends at {end} s, not after its start {start} s")
        inside = np.flatnonzero((times >= start) & (times < end))
        position = (times[inside] - start) / (end - start) * (states - 1)
        lower = np.minimum(position.astype(np.int64), states - 2)
        column = features.symbols.index(symbol) * states + lower
        track[inside, column] = 1 - (position - lower)
        track[inside, column + 1] = position - lower
        track[inside, -1] = np.log((end - start) / features.reference_duration)
    return track


def spans_from_text(
    features: LabelFeatures, text: str, speaker: str = "", seed: int = 0
) -> tuple[list[Span], float]:
    """Symbols of a text with durations drawn from those of the training data.

    White space separates nothing that the vocabulary already separates: "314" and "3 1 4" are the
    same where every symbol is one character. A comma is a pause of three times `features.pause`.

    Parameters
    ----------
    features
        The vocabulary, the durations and the pause.
    text
        Symbols of the vocabulary.
    speaker
        Whose durations; "" for a model without speakers.
    seed
        Durations are drawn within one deviation of the mean; the same seed gives the same.

    Returns
    -------
    spans, total
        The symbols with their times, and the length of the whole with pauses around it [s].

    Raises
    ------
    ValueError
        Text outside the vocabulary, or none at all.
    """
    durations = features.durations.get(speaker, {})
    random = np.random.default_rng(seed)
    spans: list[Span] = []
    time = features.pause
    for symbol in _tokens(features, text):
        if symbol == ",":
            time += 2 * features.pause
            continue
        mean, deviation = durations.get(symbol, (features.reference_duration, 0.0))
        end = time + max(0.5 * mean, mean + deviation * random.uniform(-1, 1))
        spans.append((symbol, time, end))
        time = end + features.pause
    if not spans:
        raise ValueError(f"the text has no symbol; known: {' '.join(features.symbols)}")
    return spans, time


def _tokens(features: LabelFeatures, text: str) -> list[str]:
    """The longest symbols that the text begins with, one after the other."""
    by_length = sorted(features.symbols, key=len, reverse=True)
    tokens = []
    rest = text.lstrip()
    while rest:
        symbol = next((s for s in by_length if rest.startswith(s)), None)
        if symbol is None and rest[0] != ",":
            raise ValueError(
                f"unknown symbol {rest.split()[0]!r} in the text; known: "
                f"{' '.join(features.symbols)}"
            )
        tokens.append(symbol or ",")
        rest = rest[len(tokens[-1]) :].lstrip()
    return tokens
