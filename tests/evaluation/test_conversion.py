"""Figures of a conversion against hand calculation."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from wavenet.config.conversion import Voice
from wavenet.evaluation import conversion as evaluation
from wavenet.features.world import Analysis, WorldSettings

N = 20


def analysis(f0, shift=0.0, stretch=1.0, loudness=1.0):
    """Mel-cepstra that rise so fast that frames are aligned one to one."""
    mel_cepstrum = np.zeros((N, 5))
    mel_cepstrum[:, 1] = stretch * 10.0 * np.arange(N) + shift
    mel_cepstrum[:, 2:] = np.random.default_rng(0).normal(size=(N, 3))
    return Analysis(f0, mel_cepstrum, np.zeros(N), band_power=np.full((N, 4), loudness))


class Oracle:
    """Gives the target's features, its F0 in all frames."""

    voice = Voice(60.0, 400.0, 5.0, 0.1)
    config_ = SimpleNamespace(
        source=voice,
        target=voice,
        world=WorldSettings(order=4),
        power_threshold=-20.0,
        method="mlpg",
        f0="log-gaussian",
        sample_rate=16000,
    )

    def convert_features(self, source, method):
        return analysis(None).mel_cepstrum

    def convert_f0(self, f0):
        return np.linspace(100, 200, N)


def test_figures_before_and_after(monkeypatch):
    target = np.linspace(100, 200, N)
    source = 2 * target
    source[:4] = 0
    recordings = {"a": analysis(source, shift=1.0), "b": analysis(target)}
    monkeypatch.setattr(evaluation, "cached_analysis", lambda path, *_: recordings[path])
    result = evaluation.evaluate_conversion(Oracle(), ["a"], ["b"])
    before, after = result.files["a"].before, result.files["a"].after
    assert before.distortion_db == pytest.approx(10 / np.log(10) * np.sqrt(2))
    assert before.log_f0_rmse == pytest.approx(np.log(2))
    assert before.log_f0_correlation == pytest.approx(1.0)
    assert before.voicing_error == pytest.approx(0.2)
    assert before.global_variance_ratio == pytest.approx(1.0)
    assert (after.distortion_db, after.log_f0_rmse, after.voicing_error) == (0, 0, 0)
    assert result.settings["world"]["order"] == 4

    values = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert values["means"]["distortion_db"]["after"] == {"mean": 0.0, "half_width": None}
    assert values["files"]["a"]["before"]["voicing_error"] == pytest.approx(0.2)
    assert "global_variance_ratio" in values["settings"]


def test_power_in_bands_and_level_beside_the_targets(monkeypatch):
    f0 = np.full(N, 100.0)
    recordings = {"a": analysis(f0, loudness=10.0), "b": analysis(f0, loudness=0.1)}
    recordings["b"].band_power[:, 1] = np.geomspace(0.001, 1.0, N)
    monkeypatch.setattr(evaluation, "cached_analysis", lambda path, *_: recordings[path])
    result = evaluation.evaluate_conversion(Oracle(), ["a"], ["b"])
    assert list(result.bands) == ["0-3000 Hz", "3000-5000 Hz", "5000-6500 Hz", "6500-7900 Hz"]
    before, _ = result.bands["0-3000 Hz"]
    assert (before.mean, before.loud) == (pytest.approx(20.0), pytest.approx(20.0))
    before, _ = result.bands["3000-5000 Hz"]
    steps = np.geomspace(0.001, 1.0, N)
    assert before.mean == pytest.approx(10 * np.log10(10 / steps.mean()))
    assert before.loud == pytest.approx(10 * np.log10(10 / np.quantile(steps, 0.95)))
    level = result.files["a"].before.level_db
    assert level == pytest.approx(10 * np.log10(40 / (0.3 + steps.mean())))
    values = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert set(values["bands"]["6500-7900 Hz"]["after"]) == {"mean", "loud"}


def test_pairs_of_different_text_are_named(monkeypatch):
    """Their figures stay among the others: leaving out what went badly would flatter."""
    f0 = np.full(N, 100.0)
    recordings = {i: analysis(f0, shift=i) for i in (1, 2, 3, 9)}
    monkeypatch.setattr(evaluation, "cached_analysis", lambda path, *_: recordings[path])
    result = evaluation.evaluate_conversion(Oracle(), [1, 2, 3, 9], [1, 1, 1, 9])
    assert list(result.files) == ["1", "2", "3", "9"]
    (sentence,) = result.doubtful
    assert sentence.startswith("9 and 9 seem to hold different texts: ")


def test_mean_of_the_files_variance_is_that_of_all(monkeypatch):
    """Each file's ratio is to the target's mean variance, so that the means agree."""
    f0 = np.full(N, 100.0)
    recordings = {"a": analysis(f0, stretch=1.1), "b": analysis(f0), "c": analysis(f0, stretch=2)}
    monkeypatch.setattr(evaluation, "cached_analysis", lambda path, *_: recordings[path])
    result = evaluation.evaluate_conversion(Oracle(), ["a", "b"], ["c", "a"])
    before, after = result.means["global_variance_ratio"]
    assert before.mean == pytest.approx(result.global_variance_before.mean())
    assert after.mean == pytest.approx(result.global_variance_after.mean())
    assert after.mean < 1
