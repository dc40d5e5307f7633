"""Is a converted voice as loud, in every band, as the target's: clean, and with noise added.

    python benchmarks/conversion_loudness.py DATA/speech_arctic --pairs a0181-a0200 b0490-b0539

For the shipped converters, or others: power in bands of the sounds over that of the target's
recordings (mean and 95th percentile over frames of 25 ms, all frames of all recordings), level of
each file over that of the target's recording, the same power of the target's recordings over that
of those trained on, and, for the first --noisy sources with white, pink and babble noise added, the
highest peak and the level over that of the clean source's conversion.
Babble is six other sentences of the two speakers at once.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path

import numpy as np

import wavenet
from wavenet.conversion.pipeline.recordings import for_each
from wavenet.features.bands import band_edges, band_power
from wavenet.io.audio import read_audio

NOISES = ("white", "pink", "babble")
RATIOS = (30, 20, 10)  # [dB]


def power(y: np.ndarray, rate: int) -> np.ndarray:
    """Power in bands (n_frames, n_bands)."""
    length, hop = rate // 40, rate // 200
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, length // 2), length)[::hop]
    return band_power(np.abs(np.fft.rfft(frames * np.hanning(length), 1024)) ** 2, rate)


def ratios(given: np.ndarray, wanted: np.ndarray, rate: int) -> dict:
    """Mean and 95th percentile of frames (n_frames, n_bands) over those of others [dB]."""
    edges = [f"{a:.0f}-{b:.0f}" for a, b in itertools.pairwise(band_edges(rate))]
    values = {
        "mean": given.mean(axis=0) / wanted.mean(axis=0),
        "95th percentile": np.quantile(given, 0.95, axis=0) / np.quantile(wanted, 0.95, axis=0),
    }
    return {
        name: dict(zip(edges, (10 * np.log10(r)).round(1).tolist(), strict=True))
        for name, r in values.items()
    }


def streamed(converter: wavenet.VoiceConverter, y: np.ndarray) -> np.ndarray:
    """What a stream with blocks of 10 ms makes of a sound."""
    rate = converter.config_.sample_rate
    stream = converter.stream(rate)
    parts = [stream.process(y[i : i + rate // 100]) for i in range(0, len(y), rate // 100)]
    return np.concatenate([*parts, stream.flush()])


def over_target(sounds: list[np.ndarray], targets: list[np.ndarray], rate: int) -> dict:
    """Mean and 95th percentile of each band over the targets', and the files' levels [dB]."""
    given, wanted = (np.concatenate([power(y, rate) for y in side]) for side in (sounds, targets))
    levels = [
        10 * np.log10((y**2).mean() / (t**2).mean()) for y, t in zip(sounds, targets, strict=True)
    ]
    return ratios(given, wanted, rate) | {
        "level": {
            "mean": float(np.mean(levels)), "lowest": min(levels), "highest": max(levels),
            "files beyond 3 dB": int((np.abs(np.array(levels)) > 3).sum()), "files": len(levels),
        },
        "peak": float(max(np.abs(y).max() for y in sounds)),
    }  # fmt: skip


def with_noise(
    y: np.ndarray, kind: str, ratio: float, babble: list[np.ndarray], seed: int
) -> np.ndarray:
    """The sound and noise `ratio` dB below it."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal(len(y))
    if kind == "pink":
        spectrum = np.fft.rfft(noise)
        noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(y))
    elif kind == "babble":
        noise = sum(np.resize(np.roll(b, random.integers(len(b))), len(y)) for b in babble)
    return y + noise * np.sqrt((y**2).mean() / (noise**2).mean()) * 10 ** (-ratio / 20)


def noisy(
    converter: wavenet.VoiceConverter, sources: list[np.ndarray], babble: list[np.ndarray],
    options: dict, jobs: int,
) -> dict:  # fmt: skip
    """Highest peak and level over the clean conversion's [dB], by noise and ratio."""
    rate = converter.config_.sample_rate
    clean = for_each(lambda y: converter.convert_sound(y, rate, **options)[0], sources, jobs)
    results = {}
    for kind, ratio in itertools.product(NOISES, RATIOS):
        given = [with_noise(y, kind, ratio, babble, i) for i, y in enumerate(sources)]
        found = for_each(lambda y: converter.convert_sound(y, rate, **options), given, jobs)
        levels = [
            float(10 * np.log10((y**2).mean() / (c**2).mean()))
            for (y, _), c in zip(found, clean, strict=True)
        ]
        results[f"{kind}, {ratio} dB"] = {
            "peak": float(max(np.abs(y).max() for y, _ in found)),
            "lowest level": min(levels), "highest level": max(levels),
            "warned of": sum(bool(findings) for _, findings in found),
        }  # fmt: skip
    return results


def chosen(ranges: list[str]) -> list[str]:
    """a0181-a0200 and so on as names."""
    bounds = [r.split("-") for r in ranges]
    return [
        f"arctic_{first[0]}{i:04d}"
        for first, last in bounds
        for i in range(int(first[1:]), int(last[1:]) + 1)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with one folder for each speaker")
    parser.add_argument("--pairs", nargs="+", default=["a0181-a0200", "b0490-b0539"])
    parser.add_argument("--trained", nargs="+", default=["a0001-a0180", "b0440-b0469"])
    parser.add_argument("--converters", nargs="+", default=["slt-to-bdl", "bdl-to-slt"])
    parser.add_argument("--speakers", nargs="+", default=["slt", "bdl"], help="of the first")
    parser.add_argument("--method", help="of convert, or stream: no noise is added then")
    parser.add_argument("--vocoder")
    parser.add_argument("--noisy", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--output", "-o", type=Path)
    arguments = parser.parse_args()
    results = {}
    options = {"method": arguments.method}
    if arguments.vocoder:
        options["vocoder"] = wavenet.load(arguments.vocoder, threads=1)
    speakers = arguments.speakers
    for name, (a, b) in zip(arguments.converters, (speakers, speakers[::-1]), strict=False):
        converter = wavenet.VoiceConverter.load(name)
        rate = converter.config_.sample_rate
        sources, targets, trained = (
            [read_audio(arguments.data / s / f"{n}.flac", rate)[0] for n in chosen(names)]
            for s, names in ((a, arguments.pairs), (b, arguments.pairs), (b, arguments.trained))
        )
        if arguments.method == "stream":
            found = [(streamed(converter, y), []) for y in sources]
        else:
            found = for_each(
                lambda y, c=converter, r=rate: c.convert_sound(y, r, **options),
                sources, arguments.jobs,
            )  # fmt: skip
        results[name] = over_target([y for y, _ in found], targets, rate)
        results[name]["warned of"] = sum(bool(findings) for _, findings in found)
        frames = [np.concatenate([power(y, rate) for y in side]) for side in (targets, trained)]
        results[name]["target over its training recordings"] = ratios(*frames, rate)
        if arguments.noisy and arguments.method != "stream":
            babble = [*sources[-3:], *targets[-3:]]
            first = sources[: arguments.noisy]
            results[name]["noise"] = noisy(converter, first, babble, options, arguments.jobs)
        print(name, json.dumps(results[name], indent=1, default=float), flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
