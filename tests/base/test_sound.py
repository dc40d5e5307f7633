"""Sound means the same to every function that takes it, and what is no sound is refused by each."""

import dataclasses
import importlib
import inspect
import pkgutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import wavenet
from wavenet import plot
from wavenet.base import sound
from wavenet.compression import quantization
from wavenet.config import WaveNetConfig
from wavenet.config.recurrent import MulawSymbols, RecurrentConfig
from wavenet.conversion.waveform import differential
from wavenet.dsp import mulaw as codec
from wavenet.dsp import noise_shaping, pitch_shift
from wavenet.dsp.mulaw import mulaw_encode
from wavenet.evaluation import vocoder as evaluation
from wavenet.features import f0_tracking, mel, world
from wavenet.features.world import WorldSettings
from wavenet.features.world_frames import WorldFeatures
from wavenet.forecasting.echo_state import EchoStateNetwork
from wavenet.inference import samples
from wavenet.inference import sequences as recurrent_samples
from wavenet.io import audio
from wavenet.metrics import log_spectral_distance, perception
from wavenet.models import RecurrentModel, WaveNet

RATE = 16000
TAKES_SOUND = {"y", "sound", "sounds", "audio", "reference", "other", "prime"}  # parameters' names
# What these take under such a name is not sound.
NOT_SOUND = {
    "metrics.baselines.baselines": "codes",
    "metrics.baselines.some_samples": "codes",
    "conversion.trajectory.global_variance.global_variance_objective": "trajectories",
    "conversion.trajectory.global_variance.global_variance_postfilter": "trajectories",
    "conversion.mixture.gmm.JointDensityGMM.fit": "scikit-learn's unused argument",
    "conversion.mixture.gmm.JointDensityGMM.score": "scikit-learn's unused argument",
    "conversion.waveform.limiter.Limiter.process": "what was converted, of any level",
    "conversion.waveform.limiter.limited": "what was converted, of any level",
    "conversion.trajectory.modulation_filter.ModulationFilter.__call__": "trajectories",
    "conversion.trajectory.modulation_spectrum.modulation_spectrum_postfilter": "trajectories",
    "conversion.mixture.spectral_mapping.SpectralMapping.with_global_variance": "trajectories",
    "conversion.trajectory.voice_shaping.VoiceShaping.lively": "mel-cepstra",
    "conversion.trajectory.voice_shaping.VoiceShaping.with_power": "mel-cepstra",
    "metrics.f0.compare_f0": "contours",
    "metrics.forecasts.continuous_ranked_probability_score": "a time series",
    "metrics.mel_cepstral_distortion.mel_cepstral_distortion": "mel-cepstra",
    "metrics.mel_cepstral_distortion.path_distortion": "mel-cepstra",
    "config.recurrent.RecurrentConfig": "a configuration",
    "forecasting.echo_state.EchoStateNetwork.fit": "a time series",
}
SETTINGS = WorldSettings(RATE)
MEL = mel.MelFeatures(sample_rate=RATE, fft_length=512, window_length=400, hop_length=80)
CONTOUR = np.full(60, 150.0)
FILTERS = np.full((60, 25), 0.01)


def bytes_written(write):
    """An entrance that writes a sound to a path."""

    def entrance(m, y):
        write(m.folder / "sound.wav", y)
        return np.frombuffer((m.folder / "sound.wav").read_bytes(), np.uint8)

    return entrance


def write_a_block(path, y):
    with audio.audio_writer(path, RATE) as write:
        write(y)


def filtered(y):
    moving = differential.TimeVaryingFilter(SETTINGS.alpha, 1024)
    moving.start(FILTERS[0])
    return moving.process(y, np.array([0, 400, 800]), FILTERS[:2])


def primed(streams, y):
    streams.prime(y)
    return streams.generate(50)


TAPS = np.array([[1.0, -0.5], [0.8, 0.1]])
ENTRANCES = {
    "io.audio.audio_writer": bytes_written(write_a_block),
    "io.audio.pcm_bytes": lambda m, y: np.frombuffer(audio.pcm_bytes(y), np.int16),
    "io.audio.band_limited": lambda m, y: audio.band_limited(y, RATE).astype(np.float32),
    "io.audio.resample": lambda m, y: audio.resample(y, RATE, 8000).astype(np.float32),
    "io.audio.wav_bytes": lambda m, y: np.frombuffer(audio.wav_bytes(y, RATE), np.uint8),
    "io.audio.write_audio": bytes_written(lambda path, y: audio.write_audio(path, y, RATE)),
    "dsp.mulaw.mulaw_encode": lambda m, y: codec.mulaw_encode(y),
    "conversion.converter.VoiceConverter.convert": lambda m, y: m.converter.convert(
        y, RATE, method="mlpg"
    ),
    "conversion.converter.VoiceConverter.convert_sound": lambda m, y: m.converter.convert_sound(
        y, RATE, method="differential"
    )[0],
    "conversion.waveform.differential.TimeVaryingFilter.process": lambda m, y: filtered(y),
    "conversion.waveform.differential.differential": lambda m, y: differential.differential(
        y, (a := world.analyze(y, SETTINGS)), 0.9 * a.mel_cepstrum, a.f0, SETTINGS
    ),
    "conversion.waveform.differential.filter_sound": lambda m, y: differential.filter_sound(
        y, FILTERS, RATE, 5.0, SETTINGS.alpha, 1024
    ),
    "dsp.pitch_shift.PitchShifter.process": lambda m, y: pitch_shift.PitchShifter(
        RATE, 5.0
    ).process(y, CONTOUR, 1.2 * CONTOUR),
    "dsp.pitch_shift.shift_pitch": lambda m, y: pitch_shift.shift_pitch(
        y, CONTOUR, 1.2 * CONTOUR, RATE, 5.0
    ),
    "conversion.streaming.StreamingConverter.process": lambda m, y: m.converter.stream().process(y),
    "evaluation.vocoder.CopyComparison": lambda m, y: dataclasses.astuple(
        evaluation.CopyComparison(y, RATE)(m.partner)
    ),
    "evaluation.vocoder.CopyComparison.__call__": lambda m, y: dataclasses.astuple(
        evaluation.CopyComparison(m.partner, RATE)(y)
    ),
    "evaluation.vocoder.mulaw_round_trip": lambda m, y: evaluation.mulaw_round_trip(y),
    "features.f0_tracking.local_f0": lambda m, y: f0_tracking.local_f0(
        y, np.arange(500, 4000, 500), RATE, (80, 400)
    ),
    "features.mel.MelFeatures.track": lambda m, y: MEL.track(y),
    "features.mel.mel_spectrogram": lambda m, y: mel.mel_spectrogram(y, MEL),
    "features.world.analyze": lambda m, y: dataclasses.astuple(world.analyze(y, SETTINGS)),
    "features.world.checked_sound": lambda m, y: world.checked_sound(y, SETTINGS),
    "features.world.rough_f0": lambda m, y: world.rough_f0(y, SETTINGS),
    "features.world.sound_level": lambda m, y: (world.sound_level(y, RATE),),
    "features.world_frames.WorldFeatures.track": lambda m, y: WorldFeatures().track(y),
    "inference.wavenet.WaveNetGenerator.baselines": lambda m, y: tuple(
        m.plain.baselines(y).values()
    ),
    "inference.wavenet.WaveNetGenerator.codes": lambda m, y: (
        m.mixture.codes(y),
        m.vocoder.codes(y),
    ),
    "inference.wavenet.WaveNetGenerator.condition_from_sound": lambda m, y: (
        m.vocoder.condition_from_sound(y)
    ),
    "inference.wavenet.WaveNetGenerator.condition_of": lambda m, y: m.speaking.condition_of(y),
    "inference.generator.Generator.baselines": lambda m, y: tuple(m.plain.baselines(y).values()),
    "inference.generator.Generator.generate": lambda m, y: m.mixture.generate(50, prime=y),
    "inference.generator.Generator.outputs": lambda m, y: (
        m.plain.outputs(y),
        m.recurrent.outputs(y),
    ),
    "inference.generator.Generator.stream": lambda m, y: next(m.plain.stream(50, prime=y)),
    "inference.generator.Generator.streams": lambda m, y: m.plain.streams(prime=y).generate(50),
    "inference.generator.Generator.score": lambda m, y: (
        m.plain.score(y).log_likelihood,
        m.recurrent.score(y).log_likelihood,
        m.mixture.score(y).log_likelihood,
        m.vocoder.score(y, condition=m.vocoder.condition_from_sound(y)).log_likelihood,
    ),
    "inference.wavenet_streams.WaveNetStreams": lambda m, y: m.plain.generate(50, prime=y),
    "inference.wavenet_streams.WaveNetStreams.codes": lambda m, y: m.plain.streams().codes(y),
    "inference.recurrent.RecurrentGenerator.streams": lambda m, y: m.recurrent.streams(
        prime=y
    ).generate(50),
    "inference.recurrent_streams.RecurrentStreams.feed": lambda m, y: np.concatenate(
        m.recurrent.streams().feed("score", y), axis=1
    ),
    "inference.streams.Streams.feed": lambda m, y: np.concatenate(
        m.mixture.streams().feed("score", y), axis=1
    ),
    "inference.streams.Streams.prime": lambda m, y: primed(m.plain.streams(), y),
    "inference.wavenet.WaveNetGenerator.streams": lambda m, y: m.plain.streams(prime=y).generate(
        50
    ),
    "inference.wavenet_streams.WaveNetStreams.feed": lambda m, y: np.concatenate(
        m.plain.streams().feed("outputs", y), axis=1
    ),
    "metrics.log_spectral_distance.log_spectral_distance": lambda m, y: (
        log_spectral_distance.log_spectral_distance(y, m.partner),
        log_spectral_distance.log_spectral_distance(m.partner, y),
    ),
    "metrics.perception.pesq": lambda m, y: perception.pesq(y, y, RATE),
    "metrics.perception.stoi": lambda m, y: perception.stoi(y, y, RATE),
    "dsp.noise_shaping.NoiseShaping.shape": lambda m, y: noise_shaping.NoiseShaping(
        1, 4000, noise_shaping.unlimited(TAPS)
    ).shape(y),
    "dsp.noise_shaping.average_log_spectrum": lambda m, y: noise_shaping.average_log_spectrum([y]),
    "dsp.noise_shaping.shape_by_frames": lambda m, y: noise_shaping.shape_by_frames(y, TAPS, 4000),
    "dsp.noise_shaping.shape_noise": lambda m, y: (
        noise_shaping.shape_noise(y, (1.0, -0.9)),
        noise_shaping.shape_noise(y, ()),
    ),
    "dsp.noise_shaping.shaping_scale": lambda m, y: noise_shaping.shaping_scale([(y, TAPS)], 4000),
    "dsp.noise_shaping.shaping_taps": lambda m, y: noise_shaping.shaping_taps([y], 0.5),
    "plot.plot_audio": lambda m, y: plot.plot_audio(m.folder / "sound.svg", y, RATE),
    "compression.quantization.Recording": lambda m, y: quantization.bits_per_sample(
        m.plain, [quantization.Recording(y, {})]
    ),
    "inference.recurrent.RecurrentGenerator.baselines": lambda m, y: tuple(
        m.recurrent.baselines(y).values()
    ),
    "inference.recurrent_streams.RecurrentStreams": lambda m, y: m.recurrent.generate(50, prime=y),
    "inference.sequences.encode_sequence": lambda m, y: recurrent_samples.encode_sequence(
        y, m.recurrent.config
    ),
    "inference.samples.encode_samples": lambda m, y: (
        samples.encode_samples(y, m.plain.config),
        samples.encode_samples(y, m.mixture.config),
    ),
    "base.sound.as_samples": lambda m, y: sound.as_samples(y),
    "base.sound.clipping": lambda m, y: sound.clipping(y) == "",
    "base.sound.as_signal": lambda m, y: sound.as_signal(y),
    "base.sound.scaled": lambda m, y: sound.scaled(y),
    "base.sound.to_int16": lambda m, y: sound.to_int16(y),
}


def entrances() -> set[str]:
    """Every public function, method and class of the package that takes what may be sound."""
    found = set()
    for module in pkgutil.walk_packages(wavenet.__path__, "wavenet."):
        if module.name.split(".")[1] in ("_core", "__main__", "cli", "models", "training"):
            continue
        members = vars(importlib.import_module(module.name))
        for name, value in members.items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.name:
                continue
            calls = {name: value} if callable(value) else {}
            if inspect.isclass(value):
                public = (n for n in vars(value) if n == "__call__" or not n.startswith("_"))
                calls |= {f"{name}.{n}": getattr(value, n) for n in public}
            for path, call in calls.items():
                if callable(call) and TAKES_SOUND & parameters(call):
                    found.add(f"{module.name.removeprefix('wavenet.')}.{path}")
    return found


def parameters(call) -> set[str]:
    try:
        return set(inspect.signature(call).parameters)
    except ValueError:  # of an exception or an alias
        return set()


def voice(seconds: float = 0.3) -> np.ndarray:
    """A vowel-like sound whose samples are multiples of 1/128, so that every type can hold them."""
    time = np.arange(round(seconds * RATE)) / RATE
    harmonics = np.arange(1, 30)
    y = (np.sin(2 * np.pi * 150 * time[:, None] * harmonics) / harmonics).sum(axis=1)
    return np.round(60 * y / np.abs(y).max()) / 128


SOUND = voice()
SAME = {
    "float32": SOUND.astype(np.float32),
    "float16": SOUND.astype(np.float16),
    "int16": (SOUND * 2**15).astype(np.int16),
    "int16 of the other byte order": (SOUND * 2**15).astype(">i2"),
    "int32": (SOUND * 2**31).astype(np.int32),
    "int8": (SOUND * 2**7).astype(np.int8),
    "uint8": (SOUND * 2**7 + 128).astype(np.uint8),
}
NO_SOUND = {
    "NaN": np.where(np.arange(len(SOUND)) == 100, np.nan, SOUND),
    "infinity": np.where(np.arange(len(SOUND)) == 100, np.inf, SOUND).astype(np.float32),
    "minus infinity": np.where(np.arange(len(SOUND)) == 100, -np.inf, SOUND),
    "bool": SOUND > 0,
    "complex": SOUND + 0j,
    "object": SOUND.astype(object),
    "text": SOUND.astype(str),
    "masked": np.ma.masked_less(SOUND, 0),
    "int64": (SOUND * 2**15).astype(np.int64),
    "uint16": (SOUND * 2**15 + 2**15).astype(np.uint16),
}
# What clips what is loud.
CODECS = ("dsp.mulaw.mulaw_encode", "inference.samples.encode_samples", "base.sound.scaled")


@pytest.fixture(scope="module")
def m(tmp_path_factory, plain_model, mixture_model, speaking_model, vocoder_model):
    """Models of every kind, another sound, and a folder."""
    recurrent = RecurrentConfig("recurrent", "gru", 1, 8, audio=MulawSymbols(RATE))
    return SimpleNamespace(
        plain=wavenet.load(plain_model),
        mixture=wavenet.load(mixture_model),
        speaking=wavenet.load(speaking_model),
        vocoder=wavenet.load(vocoder_model),
        recurrent=RecurrentModel(recurrent).eval().to_generator(),
        converter=wavenet.VoiceConverter.load("slt-to-bdl"),
        partner=0.5 * SOUND[::-1],
        folder=tmp_path_factory.mktemp("sounds"),
    )


def assert_equal(found, expected):
    if isinstance(expected, tuple):
        for a, b in zip(found, expected, strict=True):
            assert_equal(a, b)
    elif expected is not None:
        np.testing.assert_array_equal(found, expected)


def needs(name: str) -> None:
    if name.startswith("metrics.perception"):
        pytest.importorskip({"stoi": "pystoi"}.get(name.rsplit(".", 1)[1], "pesq"))


def test_every_entrance_is_known():
    """A new function that takes sound must join `ENTRANCES`."""
    assert entrances() - NOT_SOUND.keys() == ENTRANCES.keys() - {"io.audio.audio_writer"}


@pytest.mark.parametrize("name", ENTRANCES)
def test_one_sound_of_every_type_gives_equal_results(name, m):
    needs(name)
    expected = ENTRANCES[name](m, SOUND)
    for kind, y in SAME.items():
        assert y.dtype != np.float64, kind
        assert_equal(ENTRANCES[name](m, y), expected)


@pytest.mark.parametrize("name", ENTRANCES)
def test_what_is_no_sound_is_refused(name, m):
    needs(name)
    for kind, y in NO_SOUND.items():
        with pytest.raises(ValueError, match=r"sample|masked"):
            ENTRANCES[name](m, y)
            pytest.fail(f"{kind} is taken")
    if name not in CODECS:
        with pytest.raises(ValueError, match=r"values up to 15360.*divide .* by 32768"):
            ENTRANCES[name](m, SOUND * 32768)


@pytest.mark.parametrize("convention", ["wavenet", "nnmnkwii", "librosa"])
def test_generated_sound_keeps_its_codes(convention, tmp_path):
    """As it is and from a file: scoring it finds the classes that were drawn."""
    torch.manual_seed(0)
    config = WaveNetConfig(
        sample_rate=RATE, dilations=(1, 2), residual_channels=8, gate_channels=8, skip_channels=8,
        mulaw_convention=convention,
    )  # fmt: skip
    recurrent = RecurrentConfig("recurrent", "gru", 1, 8, audio=MulawSymbols(RATE, 256, convention))
    for generator in (
        WaveNet(config).eval().to_generator(),
        RecurrentModel(recurrent).eval().to_generator(),
    ):
        y = generator.generate(3000, seed=1)
        codes = mulaw_encode(y, 256, convention)
        assert len(np.unique(codes)) > 200
        np.testing.assert_array_equal(codec.values_of_codes(256, convention)[codes], y)
        audio.write_audio(tmp_path / "a.wav", y, RATE)
        from_file, _ = audio.read_audio(tmp_path / "a.wav")
        possible = codes.clip(max=254) if convention == "nnmnkwii" else codes  # 255 is 1 alone
        np.testing.assert_array_equal(mulaw_encode(from_file, 256, convention), possible)


def test_sound_beyond_full_scale_is_said(m):
    loud = 1.2 * SOUND / np.abs(SOUND).max()
    for call in (
        lambda: m.plain.score(loud),
        lambda: m.plain.generate(5, prime=loud),
        lambda: m.recurrent.score(loud),
    ):
        with pytest.warns(sound.ClippingWarning, match=r"% of the samples are clipped, .* 1\.2"):
            call()
    with pytest.warns(sound.ClippingWarning, match="the loudest at 1$"):
        m.plain.score(loud.clip(-1, 1))  # clipped before
    few = np.where(np.arange(len(SOUND)) % 500 == 0, 1.1, SOUND)  # as decoders leave
    assert m.plain.score(few).bits_per_sample == m.plain.score(few.clip(-1, 1)).bits_per_sample


def test_other_arrays_are_not_masked_either(m):
    """What a mask hides would count: frames, conditioning, vectors."""
    frames = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
    masked = np.ma.masked_greater(frames, 1)
    for call in (
        lambda x: wavenet.dtw(x, frames),
        lambda x: wavenet.dtw(abs(x), metric="precomputed"),
        lambda x: wavenet.mlpg(x, np.ones((50, 6)), [[1.0]]),
        lambda x: wavenet.JointDensityGMM(1).fit(x),
        lambda x: EchoStateNetwork(10, washout=5).fit(x),
        lambda x: m.vocoder.generate(50, condition=x - 5),
        lambda x: recurrent_samples.encode_sequence(
            x, RecurrentConfig(output="gaussian", dimensions=6)
        ),
    ):
        call(frames)
        with pytest.raises(ValueError, match="masked arrays are not taken"):
            call(masked)
