"""The mu-law codec against its formulas in double precision and against other libraries."""

import hypothesis.extra.numpy as hnp
import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import wavenet
from wavenet import mulaw_decode, mulaw_encode
from wavenet.base.sound import to_int16
from wavenet.dsp.mulaw import values_of_codes

CONVENTIONS = ["wavenet", "nnmnkwii", "librosa"]
CHANNELS = [2**bits for bits in range(2, 17)]


def companded(y: np.ndarray, channels: int) -> np.ndarray:
    y = np.clip(np.asarray(y, dtype=np.float64), -1, 1)
    return np.sign(y) * np.log1p((channels - 1) * np.abs(y)) / np.log1p(channels - 1)


def formula(y: np.ndarray, channels: int, convention: str) -> np.ndarray:
    s, mu = companded(y, channels), channels - 1
    if convention == "librosa":
        return np.digitize(s, np.linspace(-1, 1, channels), right=True)
    return np.floor((s + 1) / 2 * mu + (0.5 if convention == "wavenet" else 0)).astype(int)


def inverse(codes: np.ndarray, channels: int, convention: str) -> np.ndarray:
    mu = channels - 1
    codes = np.asarray(codes, dtype=np.float64)
    s = (codes - channels // 2) * 2 / (1 + mu) if convention == "librosa" else 2 * codes / mu - 1
    return np.sign(s) / mu * (np.power(1.0 + mu, np.abs(s)) - 1)


def edges(channels: int, convention: str, dtype: type) -> np.ndarray:
    """The first number of every code, and the number before it, by bisection of the formula."""
    codes = np.arange(1, channels)
    low, high = np.full(len(codes), -1.0, dtype), np.full(len(codes), 1.0, dtype)
    reached = formula(high, channels, convention) >= codes
    low, high, codes = low[reached], high[reached], codes[reached]
    while True:
        middle = ((low.astype(np.float64) + high) / 2).astype(dtype)
        if np.all((middle == low) | (middle == high)):
            return np.concatenate([low, high])
        above = formula(middle, channels, convention) >= codes
        high = np.where(above & (middle != low), middle, high)
        low = np.where(~above & (middle != high), middle, low)


def samples(dtype: type) -> np.ndarray:
    random = np.random.default_rng(0)
    small = random.standard_normal(50_000) * 10.0 ** random.uniform(-20, 0, 50_000)
    special = [0.0, -0.0, 1.0, -1.0, 1.5, -7.0, 1e30, -1e30]
    return np.concatenate([random.uniform(-1.1, 1.1, 50_000), small, special]).astype(dtype)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("channels", CHANNELS)
def test_encode_is_the_formula(channels, convention, instruction_set):
    for dtype in (np.float32, np.float64):
        y = samples(dtype)
        codes = mulaw_encode(y, channels, convention)
        assert codes.dtype == (np.uint8 if channels <= 256 else np.uint16)
        np.testing.assert_array_equal(codes, formula(y, channels, convention))
    integers = np.arange(-32768, 32768).astype(np.int16)
    expected = formula(integers / 32768, channels, convention)
    np.testing.assert_array_equal(mulaw_encode(integers, channels, convention), expected)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("channels", [4, 256, 1024, 65536])
def test_both_sides_of_every_edge(channels, convention, instruction_set):
    y = edges(channels, convention, np.float32)
    assert len(y) >= 2 * (channels - 2)
    expected = formula(y, channels, convention)
    np.testing.assert_array_equal(mulaw_encode(y, channels, convention), expected)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("channels", CHANNELS)
def test_decode_is_the_formula(channels, convention, instruction_set):
    codes = np.arange(channels)
    y = mulaw_decode(codes, channels, convention, dtype="float64")
    np.testing.assert_allclose(y, inverse(codes, channels, convention), rtol=1e-14, atol=1e-16)
    assert mulaw_decode(codes, channels, convention).dtype == np.float32
    for dtype in ("float32", "float64"):
        y = mulaw_decode(codes, channels, convention, dtype)
        np.testing.assert_array_equal(mulaw_encode(y, channels, convention), codes)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("channels", [4, 256, 512, 4096])
def test_values_keep_their_codes_in_16_bits(channels, convention):
    values = values_of_codes(channels, convention)
    codes = np.arange(channels)
    exact = mulaw_decode(codes, channels, convention)
    assert np.abs(values - exact).max() < 1 / 32768
    possible = np.unique(
        mulaw_encode(np.arange(-32768, 32768).astype(np.int16), channels, convention)
    )
    assert len(possible) >= channels - (convention == "nnmnkwii") or channels > 512
    kept = mulaw_encode(to_int16(values), channels, convention) == codes
    np.testing.assert_array_equal(np.flatnonzero(kept), possible)


def test_other_libraries_differ_only_by_their_rounding():
    y = np.random.default_rng(1).uniform(-1, 1, 200_000).astype(np.float32)
    mu = 255
    tensor = torch.from_numpy(y)
    torch_codes = torch.sign(tensor) * torch.log1p(mu * torch.abs(tensor)) / np.log1p(mu)
    torch_codes = ((torch_codes + 1) / 2 * mu + 0.5).to(torch.int64).numpy()
    nnmnkwii_codes = np.sign(y) * np.log1p(np.float32(mu) * np.abs(y)) / np.log1p(np.float32(mu))
    nnmnkwii_codes = ((nnmnkwii_codes + 1) / 2 * mu).astype(int)
    librosa_codes = librosa.mu_compress(y, mu=mu, quantize=True) + 128
    for convention, theirs in [
        ("wavenet", torch_codes),
        ("nnmnkwii", nnmnkwii_codes),
        ("librosa", librosa_codes),
    ]:
        difference = np.abs(mulaw_encode(y, convention=convention).astype(int) - theirs)
        assert difference.max() <= 1
        assert np.count_nonzero(difference) < 2e-4 * len(y), convention


def test_librosa_expands_the_same():
    codes = np.arange(256)
    theirs = librosa.mu_expand(codes - 128, mu=255, quantize=True)
    np.testing.assert_allclose(mulaw_decode(codes, convention="librosa"), theirs, rtol=1e-6)


@settings(deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
        elements=st.floats(-2, 2, width=32),
    ),
    st.sampled_from(CHANNELS),
    st.sampled_from(CONVENTIONS),
)
def test_round_trip_stays_within_a_bin(y, channels, convention):
    codes = mulaw_encode(y, channels, convention)
    back = mulaw_decode(codes, channels, convention, dtype="float64")
    assert codes.shape == back.shape == y.shape
    distance = np.abs(companded(back, channels) - companded(y, channels))
    assert np.all(distance <= 2.001 / (channels - 1))


def test_any_memory_layout():
    y = np.random.default_rng(0).uniform(-1, 1, (6, 5, 4)).astype(np.float32)
    expected = formula(y, 256, "wavenet")
    for view in (y, np.asfortranarray(y), y[::-1, ::2].copy()[:, :], y.astype(">f4")):
        np.testing.assert_array_equal(mulaw_encode(view), formula(view, 256, "wavenet"))
    np.testing.assert_array_equal(mulaw_encode(y[:, ::2, ::-1]), expected[:, ::2, ::-1])
    unaligned = np.zeros(41, dtype=np.uint8)[1:].view(np.float32)
    assert np.all(mulaw_encode(unaligned) == 128)
    read_only = y.copy()
    read_only.flags.writeable = False
    np.testing.assert_array_equal(mulaw_encode(read_only), expected)
    integers = np.arange(-32768, 32768, 7).astype(np.int16)
    np.testing.assert_array_equal(mulaw_encode(integers.astype(">i2")), mulaw_encode(integers))
    assert mulaw_encode([-1, 0, 1]).tolist() == [0, 128, 255]
    assert mulaw_encode(0.0) == 128 and mulaw_encode(0.0).shape == ()
    assert mulaw_encode([]).shape == mulaw_decode([]).shape == (0,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("channels", [256, 512])
@pytest.mark.parametrize(
    ("value", "name"), [(np.nan, "NaN"), (np.inf, "infinite"), (-np.inf, "infinite")]
)
def test_what_is_not_finite_is_named(dtype, channels, value, name, instruction_set):
    y = np.zeros(1000, dtype)
    y[777] = value
    with pytest.raises(ValueError, match=f"sample 777 is {name}"):
        mulaw_encode(y, channels)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mulaw_encode([0.0], channels=300), "power of two.*300"),
        (lambda: mulaw_encode([0.0], channels=2), "got 2"),
        (lambda: mulaw_encode([0.0], channels=2**17), "131072"),
        (lambda: mulaw_encode([0.0], channels=256.0), "whole number"),
        (lambda: mulaw_encode([0.0], convention="alaw"), "alaw"),
        (lambda: mulaw_encode(["a"]), "real numbers"),
        (lambda: mulaw_encode([1j]), "real numbers"),
        (lambda: mulaw_encode([0, 1 << 20]), "dtype int64"),
        (lambda: mulaw_encode([True]), "dtype bool"),
        (lambda: mulaw_encode(np.ma.masked_less([0.5, -0.5], 0)), "masked"),
        (lambda: mulaw_decode([0.5]), "whole numbers"),
        (lambda: mulaw_decode([256]), "code 256 at place 0"),
        (lambda: mulaw_decode([3, -1]), "code -1 at place 1"),
        (lambda: mulaw_decode(np.array([70], np.uint8), channels=64), "code 70 at place 0"),
        (lambda: mulaw_decode([0.0]), "whole numbers"),
        (lambda: mulaw_decode([True]), "whole numbers"),
        (lambda: mulaw_decode(np.ma.masked_less([5, 3], 4)), "masked"),
        (lambda: mulaw_decode([0], dtype="int16"), "float32 or float64"),
        (lambda: mulaw_decode([0], dtype="nonsense"), "float32 or float64, got 'nonsense'"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_real_recording(data):
    import soundfile

    y, _ = soundfile.read(data / "music_clips" / "piano.flac", dtype="int16")
    codes = wavenet.mulaw_encode(y)
    np.testing.assert_array_equal(codes, formula(y / 32768, 256, "wavenet"))
    error = wavenet.mulaw_decode(codes, dtype="float64") - y / 32768
    assert 10 * np.log10(np.mean((y / 32768) ** 2) / np.mean(error**2)) > 30  # [dB]
