"""Reading and writing of sound files."""

import io
import os
import struct

import numpy as np
import pytest
import soundfile

from wavenet.io.audio import (
    AudioFileWarning,
    audio_writer,
    pcm_bytes,
    read_audio,
    resample,
    wav_bytes,
    wav_header,
    write_audio,
)


@pytest.mark.parametrize("claimed", [2**36 - 1, 0], ids=["too many", "unknown"])
def test_header_that_claims_too_much_is_refused(tmp_path, claimed):
    """Before memory for all claimed samples is asked for."""
    path = tmp_path / "a.flac"
    write_audio(path, np.full(800, 0.1), 16000)
    content = bytearray(path.read_bytes())
    field = int.from_bytes(content[18:26], "big") & ~(2**36 - 1) | claimed
    content[18:26] = field.to_bytes(8, "big")
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a.flac claims \d+ samples in \d+ bytes"):
        read_audio(path)
    with open(path, "rb") as file, pytest.raises(ValueError, match=r"^the input claims"):
        read_audio(file)


@pytest.mark.parametrize("extension", ["flac", "ogg", "wav"])
def test_silence_is_no_false_claim(tmp_path, extension):
    path = tmp_path / f"silence.{extension}"
    write_audio(path, np.zeros(10**6), 48000)
    assert len(read_audio(path)[0]) == 10**6


def test_minutes_of_vorbis(tmp_path):
    """libsndfile takes all of a block on the stack."""
    write_audio(tmp_path / "long.ogg", np.zeros(4 * 10**6), 48000)
    assert soundfile.info(tmp_path / "long.ogg").frames == 4 * 10**6


def test_formats_that_cannot_be_written(tmp_path):
    for name in ("a.raw", "a.xyz", "a"):
        with pytest.raises(ValueError, match="no known audio extension"):
            write_audio(tmp_path / name, np.zeros(10), 8000)
    assert not list(tmp_path.iterdir())


EXACT = ["wav", "flac", "aiff", "au", "caf", "w64", "rf64"]


@pytest.fixture(scope="module")
def fine():
    """Floats between the values of 16-bit audio, and beyond full scale."""
    random = np.random.default_rng(0)
    return np.concatenate(
        [random.uniform(-1, 1, 100_000), [1, -1, 1.5, -1.5, 0, 2**-16, -(2**-17)]]
    )


@pytest.mark.parametrize("extension", EXACT)
def test_files_hold_the_nearest_values(tmp_path, fine, extension):
    """Neither floored, which is a DC offset, nor scaled by 32767; and not changed again."""
    path = tmp_path / f"a.{extension}"
    write_audio(path, fine, 16000)
    y, rate = read_audio(path)
    expected = np.clip(np.rint(fine * 32768), -32768, 32767) / 32768
    assert rate == 16000
    np.testing.assert_array_equal(y, expected)
    error = 32768 * (y - fine)[:100_000]
    assert abs(error.mean()) < 0.01
    assert np.abs(error).max() <= 1
    write_audio(tmp_path / f"b.{extension}", y, rate)
    np.testing.assert_array_equal(read_audio(tmp_path / f"b.{extension}")[0], y)


def test_pipes_and_blocks_hold_what_files_do(tmp_path, fine):
    write_audio(tmp_path / "a.wav", fine, 16000)
    expected = soundfile.read(tmp_path / "a.wav", dtype="int16")[0]
    np.testing.assert_array_equal(np.frombuffer(pcm_bytes(fine), "<i2"), expected)
    stream = io.BytesIO(wav_bytes(fine, 16000))
    np.testing.assert_array_equal(soundfile.read(stream, dtype="int16")[0], expected)
    with audio_writer(tmp_path / "b.wav", 16000) as write:
        for part in np.array_split(fine, 7):
            write(part)
    assert (tmp_path / "b.wav").read_bytes() == (tmp_path / "a.wav").read_bytes()


def test_compressed_files_are_of_these_values_too(tmp_path, fine):
    """What differs by less than half a step gives the same file."""
    for extension in ("ogg", "mp3"):
        write_audio(tmp_path / f"a.{extension}", fine[:16000], 16000)
        y = np.clip(np.rint(fine[:16000] * 32768), -32768, 32767).astype(np.int16)
        write_audio(tmp_path / f"b.{extension}", y, 16000)
        a, b = (read_audio(tmp_path / f"{name}.{extension}")[0] for name in "ab")
        np.testing.assert_array_equal(a, b)


def wav(y, before=b"", after=b"", claimed=None) -> bytes:
    """A 16-bit WAV file at 8 kHz, with chunks around its sound."""
    sound = np.asarray(y, "<i2").tobytes()
    claimed = len(sound) if claimed is None else claimed
    head = wav_header(8000, len(y))[12:36] + before + struct.pack("<4sI", b"data", claimed)
    content = b"WAVE" + head + sound + after
    return struct.pack("<4sI", b"RIFF", len(content)) + content


RAMP = np.arange(1, 1001)
CHUNK = struct.pack("<4sI4s", b"LIST", 4, b"INFO")


@pytest.mark.parametrize(
    ("content", "length", "message"),
    [
        (wav(RAMP)[:1044], 500, "says 2,000 bytes of sound, and 1,000 are there"),
        (wav(RAMP, CHUNK)[:1057], 500, "says 2,000 bytes of sound, and 1,001 are there"),
        (wav(RAMP, claimed=600), 300, "1,400 bytes after its sound are not read"),
        (wav(RAMP, after=CHUNK + b"\1" * 50), 1000, "50 bytes after its sound are not read"),
    ],
    ids=["cut off", "cut off in a sample", "grown", "more behind"],
)
def test_other_length_than_the_header_says(tmp_path, content, length, message):
    path = tmp_path / "a b.wav"
    path.write_bytes(content)
    with pytest.warns(AudioFileWarning, match=f"a b.wav: .*{message}"):
        y, _ = read_audio(path)
    np.testing.assert_array_equal(32768 * y, RAMP[:length])
    with pytest.warns(AudioFileWarning, match=f"the input: .*{message}"):
        np.testing.assert_array_equal(read_audio(io.BytesIO(content))[0], y)


def test_aiff_that_is_cut_off(tmp_path):
    write_audio(tmp_path / "a.aiff", RAMP.astype(np.int16), 8000)
    (tmp_path / "b.aiff").write_bytes((tmp_path / "a.aiff").read_bytes()[:1500])
    with pytest.warns(AudioFileWarning, match=r"its header says 2,008 bytes of sound"):
        read_audio(tmp_path / "b.aiff")


@pytest.mark.parametrize(
    "content",
    [
        wav(RAMP, CHUNK, CHUNK),
        wav(RAMP, after=bytes(100)),
        wav(RAMP, claimed=2**32 - 1),
        wav(RAMP, claimed=0x7FFFF000),
    ],
    ids=["chunks", "padding", "a pipe", "a pipe of sox"],
)
def test_lengths_that_are_as_they_should_be(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    np.testing.assert_array_equal(32768 * read_audio(tmp_path / "a.wav")[0], RAMP)


def test_sound_behind_a_header_of_none_is_said(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(RAMP, claimed=0))
    with pytest.raises(ValueError, match=r"a.wav has no samples: 2,000 bytes after its sound"):
        read_audio(tmp_path / "a.wav")


def test_every_encoding_of_wav(tmp_path):
    """GSM 6.10 and its like cannot be sought in."""
    y = 0.5 * np.sin(np.arange(8000) / 20)
    for subtype in ("GSM610", "G721_32", "NMS_ADPCM_16", "ULAW", "IMA_ADPCM", "PCM_24", "DOUBLE"):
        soundfile.write(tmp_path / "a.wav", y, 8000, subtype=subtype)
        found, rate = read_audio(tmp_path / "a.wav")
        assert rate == 8000
        assert np.abs(found[100:7900] - y[100:7900]).max() < 0.1, subtype


def test_raw_samples_are_not_guessed(tmp_path):
    for name in ("a.raw", "A.RAW"):
        (tmp_path / name).write_bytes(bytes(100))
        with pytest.raises(ValueError, match=r"\.(raw|RAW) says neither its rate nor its format"):
            read_audio(tmp_path / name)
    with open(path := tmp_path / "a.raw", "rb") as file:
        with pytest.raises(ValueError, match="the input says neither"):
            read_audio(file)
    assert path.exists()


def test_channels_that_cancel_each_other(tmp_path):
    y = 0.4 * np.sin(np.arange(800) / 7)
    for other, cancels in ((-y, True), (-0.99 * y, True), (-0.9 * y, False), (0 * y, False)):
        soundfile.write(tmp_path / "a.wav", np.stack([y, other], axis=1), 8000)
        if cancels:
            with pytest.raises(ValueError, match=r"a\.wav: the 2 channels cancel .* one of them"):
                read_audio(tmp_path / "a.wav")
        else:
            read_audio(tmp_path / "a.wav")
        assert read_audio(tmp_path / "a.wav", mono=False)[0].shape == (800, 2)
    soundfile.write(tmp_path / "a.wav", np.zeros((800, 2)), 8000)
    assert not read_audio(tmp_path / "a.wav")[0].any()


def test_rates_too_far_apart(tmp_path):
    """A header of 1 Hz would make millions of samples of a few."""
    soundfile.write(tmp_path / "a.wav", np.full(2000, 0.1), 1)
    assert read_audio(tmp_path / "a.wav")[1] == 1
    with pytest.raises(ValueError, match=r"a.wav: a rate of 1 Hz is too far from 16000 Hz"):
        read_audio(tmp_path / "a.wav", 16000)
    with pytest.raises(ValueError, match="too far"):
        resample(np.zeros(10**6), 10**7, 16000)


def test_floats_that_are_not_scaled(tmp_path):
    y = 20_000 * np.sin(np.arange(8000) / 20)
    soundfile.write(tmp_path / "a.wav", y, 8000, subtype="FLOAT")
    with pytest.raises(ValueError, match=r"a.wav: the sound has values up to 20000.* by 32768"):
        read_audio(tmp_path / "a.wav")
    soundfile.write(tmp_path / "a.wav", y / 15_000, 8000, subtype="FLOAT")  # a hot mix
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav")[0], y / 15_000, rtol=1e-6)


def test_channels_lengths_names_and_links(tmp_path):
    stereo = np.stack([RAMP, -RAMP // 2], axis=1).astype(np.int16)
    path = tmp_path / "two channels, ü.wav"
    write_audio(path, stereo, 8000)
    os.symlink(path, tmp_path / "link.wav")
    for name in (path, str(path), tmp_path / "link.wav"):
        np.testing.assert_array_equal(32768 * read_audio(name, mono=False)[0], stereo)
        np.testing.assert_array_equal(32768 * read_audio(name)[0], stereo.mean(axis=1))
    write_audio(tmp_path / "link.wav", RAMP[:1].astype(np.int16), 8000)
    assert read_audio(path)[0].tolist() == [1 / 32768]
    assert (tmp_path / "link.wav").is_symlink()
    with pytest.raises(ValueError, match=r"link.wav: nothing of the sound is left at 500 Hz"):
        read_audio(tmp_path / "link.wav", 500)
    write_audio(path, [], 8000)
    with pytest.raises(ValueError, match=r"has no samples$"):
        read_audio(path)
