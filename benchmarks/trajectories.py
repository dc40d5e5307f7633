"""What the ways to a converted trajectory do to its distortion, variance and modulation spectrum.

    OPENBLAS_NUM_THREADS=1 python benchmarks/trajectories.py ARCTIC_FOLDER [--pairs 50] [--json OUT]

ARCTIC_FOLDER has the folders slt and bdl; the converter is trained on the first pairs from slt to
bdl and tested on the last 40 of the first 200, on features, as in voice_conversion.py.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import report
from scipy.special import softmax
from scipy.stats import multivariate_normal

import wavenet
from wavenet.conversion import (
    ModulationStatistics,
    global_variance_gradient,
    global_variance_postfilter,
    modulation_spectrum_postfilter,
    trajectory_convert,
)
from wavenet.conversion.mixture.joint_features import WINDOWS
from wavenet.conversion.pipeline.recordings import cached_analysis
from wavenet.features.world import Analysis
from wavenet.metrics.summary import global_variance_ratio, mean_interval

TEST = 40
N_FFT = 2048
Pairs = list[tuple[Analysis, Analysis]]
Converter = Callable[[Analysis], np.ndarray]


def mixture_converter(converter: wavenet.VoiceConverter, n_iterations: int) -> Converter:
    """Trajectories of the mixture's components, from their means and covariances."""
    mixture, projection = converter.mapping_.mixture, converter.mapping_.projection
    n = projection.matrix.shape[1]
    of_x, of_xy = mixture.covariances_[:, :n, :n], mixture.covariances_[:, :n, n:]
    slopes = np.linalg.solve(of_x, of_xy).transpose(0, 2, 1)
    biases = mixture.means_[:, n:] - np.einsum("myx,mx->my", slopes, mixture.means_[:, :n])
    variances = np.einsum("mii->mi", mixture.covariances_)[:, n:]
    variances = variances - np.einsum("myx,mxy->my", slopes, of_xy)
    densities = [
        multivariate_normal(mean[:n], covariance)
        for mean, covariance in zip(mixture.means_, of_x, strict=True)
    ]

    def convert(source: Analysis) -> np.ndarray:
        x = projection(source.source_cepstrum[:, 1:])
        logs = np.stack([density.logpdf(x) for density in densities], axis=1)
        posteriors = softmax(logs + np.log(mixture.weights_), axis=1)
        return trajectory_convert(
            x, posteriors, slopes, biases, variances, WINDOWS, n_iterations=n_iterations
        ).trajectory

    return convert


def converters(converter: wavenet.VoiceConverter, train: Pairs) -> dict[str, Converter]:
    mapping, threshold = converter.mapping_, converter.config_.power_threshold
    natural = [target.mel_cepstrum[:, 1:] for _, target in train]
    speech = [y[a.power > threshold].var(axis=0) for y, (_, a) in zip(natural, train, strict=True)]

    def mlpg(source: Analysis) -> np.ndarray:
        return mapping.trajectory(source.source_cepstrum[:, 1:])

    def spread(source: Analysis) -> np.ndarray:
        active = source.power > threshold
        return global_variance_postfilter(
            mlpg(source), np.mean(speech, axis=0), frames=active, largest_gain=3.0
        )

    def climb(source: Analysis) -> np.ndarray:
        means, variances = mapping.mixture.conditional(
            mapping.projection(source.source_cepstrum[:, 1:])
        )
        statistics = np.mean(speech, axis=0), np.var(speech, axis=0)
        return global_variance_gradient(means, variances, WINDOWS, *statistics).trajectory

    of_natural = ModulationStatistics.measure(natural, N_FFT)
    of_converted = ModulationStatistics.measure([mlpg(source) for source, _ in train], N_FFT)

    def modulated(strength: float) -> Converter:
        return lambda source: modulation_spectrum_postfilter(
            mlpg(source), of_natural, of_converted, strength=strength
        )

    return {
        "posterior-weighted": mlpg,
        "suboptimum mixture sequence": mixture_converter(converter, 0),
        "EM, 5 iterations": mixture_converter(converter, 5),
        "global variance, closed form": spread,
        "the converter's mlpg+gv": lambda a: converter.convert_features(a, "mlpg+gv")[:, 1:],
        "global variance, gradient": climb,
        "modulation spectrum, strength 0.5": modulated(0.5),
        "modulation spectrum, strength 0.85": modulated(0.85),
        "modulation spectrum, strength 1": modulated(1.0),
    }


def measure(convert: Converter, test: Pairs, threshold: float) -> dict[str, float]:
    whole = [convert(source) for source, _ in test]
    converted = [y[a.power > threshold] for y, (a, _) in zip(whole, test, strict=True)]
    targets = [b.mel_cepstrum[b.power > threshold, 1:] for _, b in test]
    distortions = [
        wavenet.mel_cepstral_distortion(b, a, first=0)
        for a, b in zip(converted, targets, strict=True)
    ]
    modulation = ModulationStatistics.measure(whole, N_FFT).mean
    wanted = ModulationStatistics.measure([b.mel_cepstrum[:, 1:] for _, b in test], N_FFT).mean
    return {
        "distortion [dB]": mean_interval(distortions)[0],
        "global variance ratio": float(global_variance_ratio(targets, converted).mean()),
        "modulation spectrum [dB]": float(
            10 / np.log(10) * np.abs(modulation - wanted)[1:].mean()  # without the mean
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--cache", type=Path, help="folder that keeps features between runs")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sources, targets = (
        sorted((arguments.folder / speaker).glob("*.flac"))[:200] for speaker in ("slt", "bdl")
    )
    n = arguments.pairs
    converter = wavenet.VoiceConverter(cache=arguments.cache).fit(sources[:n], targets[:n])
    config = converter.config_

    def analyses(part: slice) -> Pairs:
        return [
            (
                cached_analysis(source, config.world, config.source.f0_range, arguments.cache),
                cached_analysis(target, config.world, config.target.f0_range, arguments.cache),
            )
            for source, target in zip(sources[part], targets[part], strict=True)
        ]

    test = analyses(slice(-TEST, None))
    results = {}
    for name, convert in converters(converter, analyses(slice(n))).items():
        for what, value in measure(convert, test, config.power_threshold).items():
            results[f"{name}: {what}"] = value
    report(results, arguments.json)


if __name__ == "__main__":
    main()
