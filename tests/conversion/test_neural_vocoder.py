"""Conversion whose sound a WaveNet makes: what it is conditioned on, and what is refused."""

import dataclasses

import numpy as np
import pytest

import wavenet
import wavenet.io.audio
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.conversion.pipeline.recordings import find_pairs
from wavenet.conversion.waveform.limiter import limited
from wavenet.conversion.waveform.neural_vocoder import vocode
from wavenet.features import world
from wavenet.features.mel import MelFeatures
from wavenet.features.world_frames import WorldFeatures
from wavenet.inference.wavenet import WaveNetGenerator


def make_vocoder(features) -> WaveNetGenerator:
    config = WaveNetConfig(
        dilations=(1, 2), residual_channels=8, gate_channels=8, skip_channels=8, features=features,
        local=LocalConditioning(features.channels, features.hop_length, hidden_channels=8),
    )  # fmt: skip
    random = np.random.default_rng(0)
    shapes = config.tensor_shapes()
    weights = {n: random.normal(0, 0.1, shape).astype(np.float32) for n, shape in shapes.items()}
    return WaveNetGenerator(config, weights)


@pytest.fixture(scope="module")
def converter(corpus):
    pairs = find_pairs(corpus / "source", corpus / "target")
    return wavenet.VoiceConverter(2, n_mixtures=1, n_alignments=1).fit(pairs.source, pairs.target)


@pytest.fixture(scope="module")
def source(say):
    return say(99, 0)


def test_world_features_of_the_conversion(converter, source):
    """The model sees the converted F0 and mel-cepstra, and the source's aperiodicity."""
    vocoder = make_vocoder(WorldFeatures(f0_min=60.0))
    y = converter.convert(source, 16000, vocoder=vocoder, seed=3)
    assert y.shape == source.shape and y.dtype == np.float32
    config = converter.config_
    analysis = world.analyze(source, config.world, config.source.f0_range)
    converted = dataclasses.replace(
        analysis,
        f0=converter.convert_f0(analysis.f0),
        mel_cepstrum=converter.convert_features(analysis),
    )
    frames = vocoder.config.features.from_analysis(converted)[: -(-len(source) // 80)]
    expected = vocoder.generate(len(source), condition=frames, seed=3)
    level = analysis.level + config.gain_db
    expected = expected * 10 ** ((level - world.sound_level(expected, 16000)) / 20)
    np.testing.assert_allclose(y, limited(expected, 16000), atol=1e-6)
    assert not np.array_equal(y, converter.convert(source, 16000, vocoder=vocoder, seed=4))


def test_mel_of_the_world_sound(converter, source):
    vocoder = make_vocoder(MelFeatures(mel_channels=20))
    settings = converter.config_.world
    analysis = world.analyze(source, settings)
    y = vocode(vocoder, analysis, settings, len(source), seed=1)
    heard = world.synthesize(analysis.f0, analysis.mel_cepstrum, analysis.aperiodicity, settings)
    frames = vocoder.condition_from_sound(heard)[: -(-len(source) // 80)]
    np.testing.assert_array_equal(y, vocoder.generate(len(source), condition=frames, seed=1))
    longer = vocode(vocoder, analysis, settings, len(source) + 500, seed=1)
    assert len(longer) == len(source) + 500


def test_files(converter, corpus, tmp_path):
    from wavenet.conversion.files import convert_files

    vocoder = make_vocoder(WorldFeatures())
    file = sorted((corpus / "source").iterdir())[0]
    made = convert_files(converter, [file], tmp_path / "a.wav", vocoder=vocoder)
    assert made == ([tmp_path / "a.wav"], [])
    y, rate = wavenet.io.audio.read_audio(file)
    assert len(wavenet.io.audio.read_audio(tmp_path / "a.wav")[0]) == len(y) and rate == 16000


@pytest.mark.parametrize(
    ("features", "options", "message"),
    [
        (WorldFeatures(order=30), {}, "the vocoder has the order 30, the converter 24"),
        (WorldFeatures(frame_period=10.0), {}, "frame_period 10.0, the converter 5.0"),
        (WorldFeatures(), {"method": "differential"}, "differential takes no vocoder"),
        (None, {}, "conditioned on WORLD features or on mel"),
    ],
)
def test_refusals(converter, source, features, options, message):
    if features is None:
        vocoder = wavenet.load("digits")
    else:
        vocoder = make_vocoder(features)
    with pytest.raises(ValueError, match=message):
        converter.convert(source, 16000, vocoder=vocoder, **options)
