"""The voice converter: what it learns, what it keeps, what it refuses."""

import json

import numpy as np
import pytest
import scipy.signal
import sklearn
import soundfile

import wavenet
from wavenet import VoiceConverter
from wavenet.conversion.mixture.joint_features import SourceProjection, stack_context, with_deltas
from wavenet.conversion.pipeline import recordings
from wavenet.conversion.pipeline.training import different_texts
from wavenet.conversion.waveform.differential import filter_sound
from wavenet.dsp.pitch_shift import shift_pitch
from wavenet.evaluation.conversion import evaluate_conversion
from wavenet.features import world
from wavenet.features.world import WorldSettings
from wavenet.io.audio import write_audio

RATE = 16000
SETTINGS = WorldSettings()
METHODS = ["frame", "mlpg", "mlpg+gv", "differential"]


def distortion(analysis, reference):
    a, b = analysis.mel_cepstrum[analysis.power > -20], reference.mel_cepstrum
    return wavenet.mel_cepstral_distortion(b[reference.power > -20], a)


def test_parameters_follow_scikit_learn():
    converter = VoiceConverter(16, f0="keep", source_f0_range=(60.0, 200.0))
    copy = sklearn.clone(converter)
    assert copy is not converter
    assert copy.get_params() == converter.get_params()
    assert copy.set_params(order=30).order == 30
    assert repr(converter) == (
        "VoiceConverter(f0='keep', n_components=16, source_f0_range=(60.0, 200.0))"
    )
    with pytest.raises(ValueError, match="no parameter 'colour'"):
        converter.set_params(colour=1)


def test_unseen_sentence_comes_nearer_the_target(converter, say):
    source, target = say(50, 0), say(50, 1)
    reference = world.analyze(target, SETTINGS)
    before = distortion(world.analyze(source, SETTINGS), reference)
    for method in METHODS:
        sound = converter.convert(source, RATE, method=method)
        assert sound.shape == source.shape
        assert sound.dtype == np.float32
        after = world.analyze(sound, SETTINGS)
        assert distortion(after, reference) < 0.75 * before, method
        voiced = after.f0[after.f0 > 0]
        assert np.median(voiced) == pytest.approx(200, rel=0.1), method


def test_f0_methods(converter):
    config = converter.config_
    random = np.random.default_rng(0)
    log_f0 = config.source.log_f0_mean + config.source.log_f0_deviation * random.normal(size=9999)
    f0 = np.append(np.exp(log_f0), 0.0)
    converted = converter.convert_f0(f0, "log-gaussian")
    assert converted[-1] == 0
    log_f0 = np.log(converted[:-1])
    assert log_f0.mean() == pytest.approx(config.target.log_f0_mean, abs=0.01)
    assert log_f0.std() == pytest.approx(config.target.log_f0_deviation, rel=0.05)
    regression = np.append(np.clip(f0[:-1] * config.f0_slope, *config.target.f0_range), 0.0)
    np.testing.assert_allclose(converter.convert_f0(f0, "regression"), regression)
    assert config.f0_slope == pytest.approx(200 / 110, rel=0.05)
    np.testing.assert_array_equal(converter.convert_f0(f0, "keep"), f0)


def test_global_variance_is_the_targets(converter, files):
    ratios = []
    for pair in zip(*files, strict=True):
        source, target = (world.analyze(soundfile.read(f)[0], SETTINGS) for f in pair)
        lively = converter.convert_features(source, "mlpg+gv")[source.power > -20, 1:]
        natural = target.mel_cepstrum[target.power > -20, 1:]
        ratios.append(lively.var(axis=0).sum() / natural.var(axis=0).sum())
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.15)


def test_level_follows_the_source(converter, say):
    """Half as loud a source gives half as loud a conversion: nothing is scaled by the peak."""
    y = say(51, 0)
    loud, quiet = (converter.convert(gain * y, RATE) for gain in (0.5, 0.05))
    assert 20 * np.log10(loud.std() / quiet.std()) == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-3), ("float16", 0.05)])
def test_saved_converter_converts_the_same(converter, say, tmp_path, dtype, tolerance):
    converter.save(tmp_path / "model", dtype)
    loaded = VoiceConverter.load(tmp_path / "model")
    assert loaded.config_ == converter.config_
    analysis = world.analyze(say(52, 0), SETTINGS)
    for method in METHODS[:3]:
        difference = loaded.convert_features(analysis, method) - converter.convert_features(
            analysis, method
        )
        assert np.abs(difference).max() < tolerance
    single = VoiceConverter.load(tmp_path / "model" / "model.safetensors")
    assert single.config_ == converter.config_
    with pytest.raises(ValueError, match="float16 or float32, got 'int8'"):
        converter.save(tmp_path / "other", "int8")


def test_loaded_converter_fits_again_to_the_same(files, tmp_path):
    options = {
        "n_components": np.int64(3), "prior_frames": 50, "context": (0, 3), "n_alignments": 1,
        "n_mixtures": 2, "method": "mlpg", "f0": "keep", "frame_period": 10.0, "order": 12,
        "f0_method": "dio", "power_threshold": -25, "random_state": 5,
    }  # fmt: skip
    converter = VoiceConverter(**options).fit(*files)
    converter.save(tmp_path)
    loaded = VoiceConverter.load(tmp_path)
    found = loaded.get_params()
    assert {name: found[name] for name in options} == options
    assert found["source_dimensions"] == 24
    assert 60 < found["source_f0_range"][0] < 110 < found["source_f0_range"][1] < 200
    again = sklearn.clone(loaded).fit(*files)
    assert again.config_ == converter.config_ == loaded.config_
    np.testing.assert_array_equal(again.mapping_.mixture.means_, converter.mapping_.mixture.means_)


def test_converters_of_an_earlier_version_are_refused(converter, tmp_path):
    converter.save(tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    for name in ("revision", "gain_db", "source_statistics"):
        del config[name]
    path.write_text(json.dumps(config))
    with pytest.raises(
        ValueError, match=r"has revision 1, .* fit it again with `wavenet voice-con"
    ):
        VoiceConverter.load(tmp_path)


def test_other_models_are_refused(tmp_path):
    with pytest.raises(ValueError, match="holds a wavenet model, which does not convert voices"):
        VoiceConverter.load("digits")
    with pytest.raises(FileNotFoundError, match="no model at"):
        VoiceConverter.load(tmp_path / "none")


def test_stereo_and_other_rates(converter, say):
    y = say(53, 0)
    mono = converter.convert(y, RATE)
    stereo = converter.convert(np.stack([y, 0.5 * y], axis=1), RATE)
    np.testing.assert_array_equal(stereo[:, 0], mono)
    high = scipy.signal.resample_poly(y, 3, 1)
    converted = converter.convert(high, 3 * RATE)
    assert len(converted) == len(high)
    level = np.abs(converted).mean()
    assert level == pytest.approx(np.abs(mono).mean(), rel=0.1)


def test_silent_channel_stays_silent(converter, say):
    y = say(53, 0)[:8000]
    converted = converter.convert(np.stack([0 * y, y], axis=1), RATE)
    np.testing.assert_array_equal(converted[:, 0], 0)
    np.testing.assert_array_equal(converted[:, 1], converter.convert(y, RATE))
    with pytest.raises(ValueError, match="the sound is silent"):
        converter.convert(np.zeros((RATE, 2)), RATE)


def test_fit_is_repeatable_and_cached(files, converter, tmp_path):
    calls = []
    again = VoiceConverter(
        8,
        n_mixtures=1,
        n_alignments=2,
        n_jobs=2,
        cache=tmp_path,
        progress=lambda *c: calls.append(c),
    )
    for _ in range(2):
        again.fit(*files)
        np.testing.assert_array_equal(
            again.mapping_.mixture.means_, converter.mapping_.mixture.means_
        )
    assert len(list(tmp_path.iterdir())) == 32  # rough F0 and features of 16 recordings
    assert ("training", 2, 2) in calls
    assert ("features", 16, 16) in calls


def test_warm_cache_saves_all_work_on_sound(files, tmp_path, monkeypatch):
    options = {"n_mixtures": 1, "n_alignments": 1, "f0_method": "dio", "cache": tmp_path}
    first = VoiceConverter(4, **options).fit(*files)
    monkeypatch.setattr(soundfile, "read", None)
    monkeypatch.setattr(recordings, "read_audio", None)
    monkeypatch.setattr(world, "pyworld", None)
    again = VoiceConverter(4, **options).fit(*files)
    assert again.config_ == first.config_


def test_given_f0_ranges_are_not_looked_for(files, monkeypatch):
    monkeypatch.setattr(world, "rough_f0", None)
    options = {"n_mixtures": 1, "n_alignments": 1, "f0_method": "dio"}
    ranges = {"source_f0_range": (70, 170), "target_f0_range": (120.0, 300.0)}
    converter = VoiceConverter(4, **options, **ranges).fit(*files)
    assert converter.config_.source.f0_range == (70.0, 170.0)


@pytest.mark.parametrize("change", ["versions", "settings", "range", "content"])
def test_cache_key(files, tmp_path, monkeypatch, change):
    path = tmp_path / "a.wav"
    path.write_bytes(files[0][0].read_bytes())
    settings, f0_range = WorldSettings(f0_method="dio"), (70.0, 170.0)
    cache = tmp_path / "cache"
    recordings.cached_analysis(path, settings, f0_range, cache)
    recordings.cached_analysis(path, settings, f0_range, cache)
    assert len(list(cache.iterdir())) == 1
    if change == "versions":
        monkeypatch.setattr("wavenet.io.cache._versions", lambda: "others")
    elif change == "settings":
        settings = WorldSettings(f0_method="dio", order=25)
    elif change == "range":
        f0_range = (71.0, 170.0)
    else:
        path.write_bytes(files[0][1].read_bytes())
    recordings.cached_analysis(path, settings, f0_range, cache)
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p.write_bytes(b"junk"), "03.wav cannot be read as audio"),
        (lambda p: write_audio(p, np.zeros(RATE), RATE), "03.wav: the sound is silent"),
        (lambda p: write_audio(p, np.ones(100) / 2, RATE), "03.wav: the sound has 100 samples"),
        (
            lambda p: write_audio(p, np.sign(np.sin(np.arange(RATE) / 20)), RATE),
            r"03.wav: .* % of the samples are clipped",
        ),
        (
            lambda p: write_audio(p, np.sin(np.arange(RATE) * 1.2) / 2, RATE),
            "03.wav: no F0 was found between",
        ),
    ],
    ids=["unreadable", "silent", "short", "clipped", "no F0"],
)
def test_bad_file_is_named_or_skipped(files, tmp_path, make, message):
    bad = tmp_path / "03.wav"
    make(bad)
    sources = [bad if p.name == "03.wav" else p for p in files[0]]
    options = {"n_components": 4, "n_mixtures": 1, "n_alignments": 1, "sample_rate": RATE}
    with pytest.raises(ValueError, match=message):
        VoiceConverter(**options).fit(sources, files[1])
    converter = VoiceConverter(**options, skip_bad_files=True).fit(sources, files[1])
    assert len(converter.skipped_) == 1
    assert converter.config_.training["pairs"] == 7


def test_other_text_is_named(files, say, tmp_path):
    mismatched = tmp_path / "02.wav"
    write_audio(mismatched, say(77, 1), RATE)
    targets = [mismatched if p.name == "02.wav" else p for p in files[1]]
    with pytest.raises(ValueError, match=r"02.wav and .*02.wav seem to hold different texts"):
        VoiceConverter(8, n_mixtures=1).fit(files[0], targets)


def test_texts_that_differ_stand_out():
    assert different_texts([5.0, 5.5, 8.9, 4.8, 5.2]) == [2]


@pytest.mark.parametrize(
    ("options", "n", "message"),
    [
        ({}, 4, "4 usable pairs are too few: at least 5 are needed"),
        ({"method": "magic"}, 8, "method must be one of frame, mlpg, mlpg.gv, differential"),
        ({"f0": "up"}, 8, "f0 must be one of .* got 'up'"),
        ({"n_components": 0}, 8, "n_components must be from 1 to 4096, got 0"),
        ({"n_mixtures": 50}, 8, "n_mixtures must be from 1 to 32, got 50"),
        ({"n_alignments": 0}, 8, "n_alignments must be from 1 to 100, got 0"),
        ({"prior_frames": -1.0}, 8, "prior_frames must be from 0.0 to .* got -1.0"),
        ({"random_state": None}, 8, "random_state must be a whole number, got None"),
        ({"context": (1, 2)}, 8, r"context must hold 0 and each offset once, got \(1, 2\)"),
        ({"context": (0, 200)}, 8, "context must be from -100 to 100, got 200"),
        ({"context": (0, 0.5)}, 8, "context must be a whole number, got 0.5"),
        ({"source_dimensions": 10}, 8, "source_dimensions must be from 24 to 168, got 10"),
        ({"source_f0_range": (10, 300)}, 8, r"source_f0_range \(10, 300\): f0_low must be from 20"),
        ({"target_f0_range": (100,)}, 8, r"target_f0_range \(100,\): "),
        ({"power_threshold": 3}, 8, "power_threshold must be from -100.0 to 0.0, got 3"),
    ],
)
def test_bad_arguments_are_refused(files, monkeypatch, options, n, message):
    """Before any sound is looked at."""
    monkeypatch.setattr("wavenet.conversion.pipeline.recordings.read_audio", None)
    with pytest.raises(ValueError, match=message):
        VoiceConverter(**options).fit(files[0][:n], files[1][:n])


def test_rates_that_differ_are_named(files, tmp_path):
    other = tmp_path / "other.wav"
    write_audio(other, scipy.signal.resample_poly(soundfile.read(files[0][0])[0], 1, 2), 8000)
    sources = [other, *files[0][1:]]
    sentence = r"other.wav has 8000 Hz, and most recordings 16000 Hz: give sample_rate"
    with pytest.raises(ValueError, match=sentence):
        VoiceConverter().fit(sources, files[1])
    options = {"n_components": 4, "n_mixtures": 1, "n_alignments": 1, "f0_method": "dio"}
    skipping = VoiceConverter(**options, skip_bad_files=True).fit(sources, files[1])
    assert len(skipping.skipped_) == 1
    assert skipping.config_.training["pairs"] == 7
    resampling = VoiceConverter(**options, sample_rate=8000).fit(sources, files[1])
    assert resampling.config_.training["pairs"] == 8


def test_two_files_of_one_name_are_refused(corpus, tmp_path):
    for name in ("a.wav", "a.flac", "b.wav"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"a.flac and .*a.wav have one name"):
        recordings.find_pairs(tmp_path, corpus / "target")


def test_unequal_lists_and_unfitted_converter(files):
    with pytest.raises(ValueError, match="8 source files and 3 target files are not pairs"):
        VoiceConverter().fit(files[0], files[1][:3])
    with pytest.raises(ValueError, match="not fitted"):
        VoiceConverter().convert(np.ones(RATE), RATE)


def test_folders_are_fitted_as_their_files(converter, corpus, files, tmp_path):
    folders = [str(corpus / name) for name in ("source", "target")]
    again = VoiceConverter(8, n_mixtures=1, n_alignments=2, n_jobs=1).fit(*folders)
    np.testing.assert_array_equal(again.mapping_.mixture.means_, converter.mapping_.mixture.means_)
    with pytest.raises(FileNotFoundError, match="there is no folder anna"):
        converter.fit("anna", "ben")
    with pytest.raises(FileNotFoundError, match="is a file, no folder"):
        converter.fit(files[0][0], folders[1])
    with pytest.raises(ValueError, match="give two folders, or two lists of files"):
        converter.fit(files[0], folders[1])


def test_files_without_counterpart_are_warned_of(corpus, tmp_path):
    (tmp_path / "b.wav").touch()
    (tmp_path / "00.wav").symlink_to(corpus / "source" / "00.wav")
    with pytest.warns(recordings.UnpairedWarning) as found:
        pairs = recordings.pair_files(tmp_path, corpus / "target")
    assert str(found[0].message) == f"{tmp_path / 'b.wav'} has no counterpart"
    assert len(found) == 8  # and seven of the targets
    assert pairs == [(tmp_path / "00.wav", corpus / "target" / "00.wav")]


def test_score_is_the_evaluations_distortion(converter, corpus):
    folders = corpus / "source", corpus / "target"
    _, after = evaluate_conversion(converter, *folders).means["distortion_db"]
    assert converter.score(*folders) == pytest.approx(-after.mean, rel=1e-9)
    with pytest.raises(ValueError, match="there is no pair of recordings"):
        converter.score([], [])


@pytest.mark.parametrize(
    ("y", "sr", "options", "message"),
    [
        (np.zeros(RATE), RATE, {}, "silent"),
        (np.ones(RATE), 100, {}, r"sr \[Hz\] must be from 8000 to 192000, got 100"),
        (np.ones(RATE), "16k", {}, r"sr \[Hz\] must be a number, got '16k'"),
        (np.ones(RATE), RATE, {"method": "x"}, "method must be one of"),
        (np.ones(RATE), RATE, {"f0": "x"}, "f0 must be one of"),
    ],
)
def test_bad_sound_is_refused(converter, y, sr, options, message):
    with pytest.raises(ValueError, match=message):
        converter.convert(y, sr, **options)


@pytest.mark.parametrize("bad", ["bogus", ""])
def test_unknown_methods_are_refused_everywhere(converter, files, say, bad):
    analysis = world.analyze(say(50, 0), SETTINGS)
    with pytest.raises(ValueError, match=f"method must be one of frame, .* got '{bad}'"):
        converter.convert_features(analysis, bad)
    with pytest.raises(ValueError, match=f"f0 must be one of log-gaussian, .* got '{bad}'"):
        converter.convert_f0(analysis.f0, bad)
    with pytest.raises(ValueError, match=f"^method must be one of frame, .* got '{bad}'"):
        evaluate_conversion(converter, *files, method=bad)


def test_constant_filter_is_the_minimum_phase_response(pysptk):
    """Against direct convolution with the impulse response of pysptk's cepstrum: 1e-9."""
    random = np.random.default_rng(0)
    y = random.standard_normal(4000)
    mel_cepstrum = random.standard_normal(25) * 0.3 / np.arange(1, 26)
    cepstrum = pysptk.freqt(mel_cepstrum, 511, -0.41)
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum, 4096)))
    expected = scipy.signal.lfilter(response, 1, y)
    filtered = filter_sound(y, np.tile(mel_cepstrum, (50, 1)), RATE, 5.0, 0.41, 1024)
    np.testing.assert_allclose(filtered, expected, atol=1e-9)


def test_pitch_shift(say):
    y = say(54, 0)
    f0 = world.analyze(y, SETTINGS, (60, 200)).f0
    for ratio in (0.7, 1.0, 1.6):
        shifted = shift_pitch(y, f0, ratio * f0, RATE, 5.0)
        assert len(shifted) == len(y)
        again = world.analyze(shifted, SETTINGS).f0[: len(f0)]
        both = (f0 > 0) & (again > 0)
        assert np.median(np.abs(np.log(again[both] / (ratio * f0[both])))) < 0.02
        level = np.sqrt((shifted**2).mean() / (y**2).mean())
        assert 0.7 < level < 1.3
    np.testing.assert_allclose(
        shift_pitch(y, 0 * f0, f0, RATE, 5.0)[400:-400], y[400:-400], atol=0.02
    )


def test_projection_keeps_the_frame_and_decorrelates_the_rest():
    random = np.random.default_rng(0)
    x = random.standard_normal((500, 3)).cumsum(axis=0)
    stacked = stack_context(x, (-2, 0, 1))
    np.testing.assert_array_equal(stacked[:, 3:6], x)
    np.testing.assert_array_equal(stacked[0, :3], x[0])
    projection = SourceProjection.fit(stacked, (-2, 0, 1), 5)
    z = projection(x)
    np.testing.assert_allclose(z[:, :3], x - x.mean(axis=0))
    assert np.abs(np.corrcoef(z.T)[:3, 3:]).max() < 1e-8
    assert np.abs(np.corrcoef(z.T)[3, 4]) < 1e-6
    np.testing.assert_allclose(with_deltas(x)[5, 3:], (x[6] - x[4]) / 2)


def test_real_pairs_from_the_shipped_converter(data):
    """Held-out sentences of CMU ARCTIC come nearer bdl than they were."""
    folder = data / "speech_arctic"
    converter = VoiceConverter.load("slt-to-bdl")
    for name in ("arctic_a0190.flac", "arctic_b0510.flac"):
        y, rate = soundfile.read(folder / "slt" / name)
        target, _ = soundfile.read(folder / "bdl" / name)
        reference = world.analyze(target, SETTINGS, (65, 180))
        after = world.analyze(converter.convert(y, rate, method="mlpg"), SETTINGS, (65, 180))
        before = world.analyze(y, SETTINGS, (120, 280))
        assert distortion(after, reference) < distortion(before, reference) - 2.5
        log_f0 = np.log(after.f0[after.f0 > 0]).mean()
        assert log_f0 == pytest.approx(np.log(reference.f0[reference.f0 > 0]).mean(), abs=0.2)


@pytest.mark.parametrize("speakers", [("slt", "bdl"), ("bdl", "slt")])
def test_shipped_converters_stay_as_loud_as_the_target(data, speakers):
    """Of a0184 and white noise 20 dB below it they made 26 and 5 times full scale."""
    source, target = (
        soundfile.read(data / "speech_arctic" / speaker / "arctic_a0184.flac")[0]
        for speaker in speakers
    )
    converter = VoiceConverter.load("-to-".join(speakers))
    noise = np.random.default_rng(0).standard_normal(len(source))
    noise *= 0.1 * source.std() / noise.std()
    clean, findings = converter.convert_sound(source, RATE, method="mlpg+gv")
    noisy, warnings = converter.convert_sound(source + noise, RATE, method="mlpg+gv")
    assert findings == []
    assert len(warnings) == 1
    assert warnings[0].startswith("the source is unlike the recordings trained on: ")
    assert np.abs(noisy).max() <= 1
    assert 20 * np.log10(noisy.std() / clean.std()) == pytest.approx(0, abs=4)
    loud = [
        np.quantile(world.analyze(y, SETTINGS).band_power, 0.95, axis=0) for y in (clean, target)
    ]
    assert np.abs(10 * np.log10(loud[0] / loud[1])).max() < 6  # 2 over many sentences
