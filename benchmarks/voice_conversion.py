"""Voice conversion on held-out sentences: wavenet beside sprocket-vc and nnmnkwii.

    python benchmarks/voice_conversion.py ARCTIC_FOLDER --pairs 25 50 --out vc.json

All see the same mel-cepstra of the same pairs and are measured by the same code. Peers that do not
import are left out. sprocket-vc asks for dtw-c, which does not build beside NumPy 2 and is used
only on request of an option; install sprocket-vc with --no-deps, and h5py, fastdtw and dtw.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import types
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

import wavenet
from wavenet.conversion.pipeline.recordings import (
    cached_analysis,
    find_pairs,
    for_each,
    read_recording,
)
from wavenet.features import world
from wavenet.features.world import Analysis, WorldSettings
from wavenet.metrics.summary import global_variance_ratio, mean_interval

THRESHOLD = -20.0
TEST = 40  # the last pairs; none is trained on
DEVELOPMENT = 10  # the pairs before them
SETTINGS = WorldSettings()
METRIC = {
    "distortion": "10/ln10 sqrt(2 sum d^2), coefficients 1 to 24, mean over the path",
    "alignment": "dynamic time warping of converted to target, symmetric steps",
    "frames": f"power above {THRESHOLD} dB of the recording's mean, on each side",
    "features": f"WORLD (Harvest, CheapTrick), mel-cepstrum order {SETTINGS.order}, alpha "
    f"{SETTINGS.alpha}, {SETTINGS.frame_period} ms, {SETTINGS.sample_rate} Hz",
    "global variance": "mean over coefficients of converted over target variance",
}

Pair = tuple[Analysis, Analysis]
Converter = Callable[[Analysis], np.ndarray]  # to coefficients 1 to order, (n_frames, order)


def active(analysis: Analysis) -> np.ndarray:
    return analysis.power > THRESHOLD


def speech(analysis: Analysis) -> np.ndarray:
    """Coefficients 1 to order of the frames that speak."""
    return analysis.mel_cepstrum[active(analysis), 1:]


def measure(test: list[Pair], convert: Converter) -> dict[str, float]:
    converted = [convert(a)[active(a)] for a, _ in test]
    return measure_frames(converted, [speech(b) for _, b in test])


def measure_frames(converted: list[np.ndarray], targets: list[np.ndarray]) -> dict[str, float]:
    values = [
        wavenet.mel_cepstral_distortion(b, a, first=0)
        for a, b in zip(converted, targets, strict=True)
    ]
    mean, half_width = mean_interval(values)
    ratio = float(global_variance_ratio(targets, converted).mean())
    return {"distortion_db": mean, "half_width_db": half_width, "global_variance_ratio": ratio}


def ours(train_files: list, test: list[Pair], test_files: list, options: dict, audio: bool) -> dict:
    start = time.perf_counter()
    converter = wavenet.VoiceConverter(**options).fit(*train_files)
    results: dict[str, dict] = {"fit_s": time.perf_counter() - start}
    for method in ("frame", "mlpg", "mlpg+gv"):
        results[method] = measure(test, lambda a, m=method: converter.convert_features(a, m)[:, 1:])
    pairs = [(converter.convert_f0(a.f0), b.f0) for a, b in test]
    results["f0"] = measure_f0(pairs)
    results["f0 by regression"] = measure_f0(
        [(converter.convert_f0(a.f0, "regression"), b.f0) for a, b in test]
    )
    if audio:
        results["differential, from sound"] = measure_sound(converter, test, test_files)
    return results


def measure_f0(pairs: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    a, b = (np.log(np.concatenate([p[i][p[i] > 0] for p in pairs])) for i in (0, 1))
    return {
        "mean_log_f0_difference": float(a.mean() - b.mean()),
        "log_f0_deviation_ratio": float(a.std() / b.std()),
    }


def measure_sound(converter: wavenet.VoiceConverter, test: list[Pair], files: list) -> dict:
    """Distortion of the differential conversion's sound, analysed like a recording."""

    def convert(path: Path) -> Analysis:
        y = read_recording(path, SETTINGS.sample_rate)
        sound = converter.convert(y, SETTINGS.sample_rate, method="differential")
        return world.analyze(sound, SETTINGS, converter.config_.target.f0_range, False)

    converted = for_each(convert, files)
    return measure_frames([speech(c) for c in converted], [speech(b) for _, b in test])


def sprocket(train: list[Pair], test: list[Pair]) -> dict:
    """sprocket-vc: three rounds of alignment, 32 components, deltas; its example's settings."""
    sys.modules.setdefault("dtw_c", types.SimpleNamespace(dtw_c=None))
    here = str(Path(__file__).parent)
    sys.path[:] = [p for p in sys.path if p != here]  # its dtw.py would hide the package dtw
    from sprocket.model import GV, GMMConvertor, GMMTrainer
    from sprocket.util import align_data, estimate_twf, extfrm, static_delta

    start = time.perf_counter()
    convertor, converted = None, [speech(a) for a, _ in train]
    for _ in range(3):
        joint = []
        for (a, b), stand_in in zip(train, converted, strict=True):
            x = extfrm(static_delta(a.mel_cepstrum[:, 1:]), a.power, THRESHOLD)
            y = extfrm(static_delta(b.mel_cepstrum[:, 1:]), b.power, THRESHOLD)
            joint.append(align_data(x, y, estimate_twf(stand_in, speech(b))))
        trainer = GMMTrainer(n_mix=32, n_iter=100, covtype="full")
        trainer.train(np.concatenate(joint))
        convertor = GMMConvertor(n_mix=32, covtype="full")
        convertor.open_from_param(trainer.param)
        full = [convertor.convert(static_delta(a.mel_cepstrum[:, 1:])) for a, _ in train]
        converted = [c[active(a)] for c, (a, _) in zip(full, train, strict=True)]
    seconds = time.perf_counter() - start
    variance = GV()
    of_target = variance.estimate([speech(b) for _, b in train])
    of_converted = variance.estimate(converted)

    def mapped(kind: str) -> Converter:
        return lambda a: convertor.convert(static_delta(a.mel_cepstrum[:, 1:]), cvtype=kind)

    def with_variance(a: Analysis) -> np.ndarray:
        return variance.postfilter(mapped("mlpg")(a), of_target, of_converted, startdim=0)

    return {
        "fit_s": seconds,
        "frame": measure(test, mapped("mmse")),
        "mlpg": measure(test, mapped("mlpg")),
        "mlpg+gv": measure(test, with_variance),
    }


def nnmnkwii(train: list[Pair], test: list[Pair]) -> dict:
    """nnmnkwii: the settings of its tutorial on GMM voice conversion."""
    from nnmnkwii.baseline.gmm import MLPG
    from nnmnkwii.metrics import melcd
    from nnmnkwii.preprocessing import delta_features
    from nnmnkwii.preprocessing.alignment import DTWAligner
    from sklearn.mixture import GaussianMixture

    windows = [
        (0, 0, np.array([1.0])),
        (1, 1, np.array([-0.5, 0.0, 0.5])),
        (1, 1, np.array([1.0, -2.0, 1.0])),
    ]
    start = time.perf_counter()
    joint = []
    for a, b in train:
        x, y = speech(a), speech(b)
        longest = max(len(x), len(y))
        padded = (np.pad(z, ((0, longest - len(z)), (0, 0)))[None] for z in (x, y))
        x, y = (z[0] for z in DTWAligner(verbose=0, dist=melcd).transform(tuple(padded)))
        x, y = delta_features(x, windows), delta_features(y, windows)
        joint.append(np.hstack([x, y])[np.abs(np.hstack([x, y])).sum(axis=1) > 0])
    mixture = GaussianMixture(n_components=64, covariance_type="full", max_iter=100)
    mixture.fit(np.concatenate(joint))
    seconds = time.perf_counter() - start
    trajectory = MLPG(mixture, windows=windows)
    return {
        "fit_s": seconds,
        "mlpg": measure(
            test, lambda a: trajectory.transform(delta_features(a.mel_cepstrum[:, 1:], windows))
        ),
    }


def table(results: dict[str, dict]) -> str:
    lines = [f"{'':34s} {'MCD [dB]':>14s} {'GV ratio':>9s} {'fit [s]':>8s}"]
    for run, systems in results.items():
        for system, values in systems.items():
            for method, value in values.items():
                if isinstance(value, dict) and "distortion_db" in value:
                    name = f"{run} {system} {method}"
                    interval = f"{value['distortion_db']:.2f} ± {value['half_width_db']:.2f}"
                    ratio = value["global_variance_ratio"]
                    fit = f"{values['fit_s']:8.1f}" if "fit_s" in values else ""
                    lines.append(f"{name:44s} {interval:>14s} {ratio:9.2f} {fit}")
                elif isinstance(value, dict):
                    shown = ", ".join(f"{k} {v:.3f}" for k, v in value.items())
                    lines.append(f"{run} {system} {method}: {shown}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="folder with one folder for each speaker")
    parser.add_argument("--speakers", nargs=2, default=("slt", "bdl"))
    parser.add_argument("--pairs", nargs="+", type=int, default=[25, 50, 150])
    parser.add_argument("--one-direction", action="store_true")
    parser.add_argument("--systems", nargs="+", default=["ours", "sprocket", "nnmnkwii"])
    parser.add_argument("--no-sound", action="store_true", help="skip what needs synthesis")
    parser.add_argument("--cache", type=Path, default=Path("benchmarks/.cache"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--settings", type=json.loads, default={}, help="of VoiceConverter, JSON")
    parser.add_argument(
        "--development",
        action="store_true",
        help="measure on the 10 pairs before the last 40, on which settings are chosen",
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")

    found = find_pairs(*(arguments.data / s for s in arguments.speakers))
    files = dict(zip(arguments.speakers, (found.source, found.target), strict=True))
    analyses = {}
    for speaker, paths in files.items():
        contours = [
            world.rough_f0(read_recording(p, SETTINGS.sample_rate), SETTINGS) for p in paths[:25]
        ]
        f0_range = world.find_f0_range(contours)
        analyses[speaker] = for_each(
            lambda p, r=f0_range: cached_analysis(p, SETTINGS, r, arguments.cache), paths
        )
    results: dict[str, dict] = {}
    forward = tuple(arguments.speakers)
    for a, b in [forward] if arguments.one_direction else [forward, forward[::-1]]:
        pairs = list(zip(analyses[a], analyses[b], strict=True))
        chosen = slice(-TEST - DEVELOPMENT, -TEST) if arguments.development else slice(-TEST, None)
        test = pairs[chosen]
        unconverted = measure(test, lambda x: x.mel_cepstrum[:, 1:])
        results[f"{a}-{b}"] = {"source": {"unconverted": unconverted}}
        for n in arguments.pairs:
            run = results.setdefault(f"{a}-{b} {n}", {})
            for system in arguments.systems:
                if system == "ours":
                    options = {"cache": arguments.cache} | arguments.settings
                    run[system] = ours(
                        [files[a][:n], files[b][:n]],
                        test,
                        files[a][chosen],
                        options,
                        not arguments.no_sound,
                    )
                else:
                    peer = {"sprocket": sprocket, "nnmnkwii": nnmnkwii}[system]
                    try:
                        run[system] = peer(pairs[:n], test)
                    except ImportError as error:
                        print(f"{system} is left out: {error}", file=sys.stderr)
                if arguments.out:
                    report = {"metric": METRIC, "results": results}
                    arguments.out.write_text(json.dumps(report, indent=1))
            print(table({k: v for k, v in results.items() if k.startswith(f"{a}-{b}")}), flush=True)
    for name, value in METRIC.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
