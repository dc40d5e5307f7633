"""Power, modulation and bands of conversions: as the target's, and bounded for any source."""

import numpy as np
import pytest
import soundfile

from wavenet.config.conversion import modulation_taps
from wavenet.conversion.pipeline.utterance import Utterance
from wavenet.conversion.trajectory.band_mapping import BandMapping, level, power_in_bands
from wavenet.conversion.trajectory.modulation_filter import ModulationFilter
from wavenet.features import world
from wavenet.features.bands import band_edges, band_power
from wavenet.features.world import WorldSettings

RATE = 16000
SETTINGS = WorldSettings()


@pytest.mark.parametrize(
    ("rate", "edges"),
    [
        (8000, [0, 3000, 3950]),
        (16000, [0, 3000, 5000, 6500, 7900]),
        (48000, [0, 3000, 5000, 6500, 9000, 13000, 18000, 23700]),
    ],
)
def test_bands_end_below_half_the_rate(rate, edges):
    np.testing.assert_allclose(band_edges(rate), edges)


def test_power_in_bands_is_a_part_of_the_mean_spectrum():
    spectrum = np.random.default_rng(0).uniform(0.1, 1.0, (5, 513))
    frequency = np.arange(513) * RATE / 1024
    expected = spectrum[:, (frequency >= 3000) & (frequency < 5000)].sum(axis=1) / 513
    np.testing.assert_allclose(band_power(spectrum, RATE)[:, 1], expected)


def test_power_of_each_frame_is_the_sources(converter):
    """In linear frequency, whatever the shape of its spectrum: coefficient 0 alone kept less."""
    random = np.random.default_rng(1)
    source = random.standard_normal((30, 25)) * 0.3
    y = random.standard_normal((30, 24))
    shaping = converter.shaping_
    powers = [
        power_in_bands(c, SETTINGS).sum(axis=1) for c in (shaping.with_power(y, source), source)
    ]
    np.testing.assert_allclose(10 * np.log10(powers[0] / powers[1]), shaping.gain_db, atol=1e-9)


def test_gain_is_the_difference_of_the_speakers_levels(converter, files):
    source, target = (
        np.mean([10 * np.log10((soundfile.read(p)[0] ** 2).mean()) for p in side]) for side in files
    )
    assert converter.shaping_.gain_db == pytest.approx(target - source, abs=0.1)


@pytest.mark.parametrize("method", ["mlpg", "mlpg+gv", "differential"])
def test_sounds_are_as_loud_as_the_source_and_the_gain(converter, say, method):
    """Offset and rumble do not count; a vocoder's own loudness does not show."""
    y = say(53, 0)
    rumble = 0.1 + 0.1 * np.sin(2 * np.pi * 20 / RATE * np.arange(len(y)))
    wanted = world.sound_level(y, RATE) + converter.shaping_.gain_db
    for sound in (y, y + rumble):
        found = world.sound_level(converter.convert(sound, RATE, method=method), RATE)
        passes = method == "differential" and sound is not y  # rumble, which the limiter hears
        assert found == pytest.approx(wanted, abs=2.0 if passes else 0.1)


def trajectories(seed, smoothing):
    """Ten utterances (240, 3) that begin and end at 0, smoothed over so many frames."""
    random = np.random.default_rng(seed)
    kernel = np.hanning(smoothing + 2) / np.hanning(smoothing + 2).sum()
    raw = [random.standard_normal((240, 3)).cumsum(axis=0) / 5 for _ in range(10)]
    raw = [y * np.hanning(len(y))[:, None] for y in raw]
    flat = [np.stack([np.convolve(c, kernel, "same") for c in y.T], axis=1) for y in raw]
    return [Utterance(y, np.arange(len(y))) for y in flat]


def test_modulation_filter_gives_natural_variance_and_fast_modulation():
    natural, flat = trajectories(2, 1), trajectories(2, 9)
    modulation = ModulationFilter.fit(natural, flat, frame_period=5.0)
    assert modulation.response.shape == (modulation_taps(5.0), 3) == (17, 3)
    np.testing.assert_allclose(modulation.response, modulation.response[::-1], atol=1e-12)
    filtered = [modulation(y.features) for y in flat]

    def mean_variance(utterances):
        return np.mean([y.var(axis=0) for y in utterances], axis=0)

    ratio = mean_variance(filtered) / mean_variance([y.features for y in natural])
    np.testing.assert_allclose(ratio, 1.0, atol=0.05)

    def fast(trajectories):  # modulation from 10 to 25 Hz
        spectra = [np.fft.rfft(y, 2000, axis=0)[100:250] for y in trajectories]
        return np.mean([np.abs(spectrum) ** 2 for spectrum in spectra])

    of_natural = fast([y.features for y in natural])
    assert fast([y.features for y in flat]) < 0.5 * of_natural
    assert fast(filtered) == pytest.approx(of_natural, rel=0.25)


def test_modulation_filter_stays_in_the_trained_range():
    natural, flat = trajectories(3, 1), trajectories(3, 5)
    modulation = ModulationFilter.fit(natural, flat, frame_period=5.0)
    wild = modulation(1e6 * np.random.default_rng(4).standard_normal((50, 3)))
    speech = np.concatenate([y.features for y in natural])
    assert (wild >= speech.min(axis=0)).all()
    assert (wild <= speech.max(axis=0)).all()


def test_constant_trajectories_can_be_trained_on():
    still = [Utterance(np.ones((60, 2)), np.arange(60))] * 5
    modulation = ModulationFilter.fit(trajectories(5, 1)[:5], trajectories(5, 1)[:5], 5.0)
    assert np.isfinite(modulation.response).all()
    for natural, converted in ((still, still), (still, two(5)), (two(5), still)):
        response = ModulationFilter.fit(natural, converted, 5.0).response
        assert np.isfinite(response).all()
        assert np.abs(response).sum(axis=0).max() < 100


def two(seed):
    return [Utterance(y.features[:, :2], y.active) for y in trajectories(seed, 1)]


def spectra(seed, n_frames=2000):
    """Mel-cepstra (n_frames, 25) that fall towards high frequencies."""
    random = np.random.default_rng(seed)
    cepstra = np.zeros((n_frames, 25))
    cepstra[:, 0] = 0.2 * random.standard_normal(n_frames)
    cepstra[:, 1] = 1.0 + 0.3 * random.standard_normal(n_frames)
    return cepstra


def test_band_mapping_cuts_off_what_the_target_never_has():
    """Frames that hiss 30 dB louder than any that were trained on come back to the range."""
    natural = spectra(6)
    mapping = BandMapping.fit([natural], [power_in_bands(natural, SETTINGS)], SETTINGS)
    hissing = natural.copy()
    hissing[::10, 1:] *= -1.5
    powers = [power_in_bands(c, SETTINGS) for c in (natural, hissing, mapping(hissing, SETTINGS))]
    top = [np.log(power[:, 3]).max() - level(power) for power in powers]
    assert top[1] > top[0] + 3
    assert top[2] < top[0] + 0.7


def test_band_mapping_brings_the_targets_distribution():
    given = spectra(7)
    random = np.random.default_rng(8)
    wanted = power_in_bands(given, SETTINGS) * np.array([1.0, 2.0, 0.5, 4.0])
    wanted = wanted * np.exp(0.3 * random.standard_normal((len(given), 1)))
    mapping = BandMapping.fit([given], [wanted], SETTINGS)
    mapped = power_in_bands(mapping(given, SETTINGS), SETTINGS)
    shift = level(power_in_bands(given, SETTINGS)) - level(wanted)
    for statistic in (lambda p: p.mean(axis=0), lambda p: np.quantile(p, 0.95, axis=0)):
        reached = 10 * np.log10(statistic(mapped) / statistic(wanted) / np.exp(shift))
        np.testing.assert_allclose(reached, 0.0, atol=0.5)


@pytest.mark.parametrize("snr", [30, 20, 10])
def test_noisy_source_stays_within_full_scale(converter, say, snr):
    """Frames unlike those trained on: the global variance of white noise was spread to a roar."""
    y = say(50, 0)
    noise = np.random.default_rng(snr).standard_normal(len(y))
    noise *= np.sqrt((y**2).mean() / (noise**2).mean() * 10 ** (-snr / 10))

    def converted(sound):
        out, findings = converter.convert_sound(sound, RATE, method="mlpg+gv")
        return out, 10 * np.log10((out**2).mean()), findings

    _, clean, _ = converted(y)
    out, noisy, findings = converted(y + noise)
    assert np.abs(out).max() < 1
    assert noisy == pytest.approx(clean, abs=4)
    assert findings
    assert findings[0].startswith("the source is unlike the recordings trained on: ")
