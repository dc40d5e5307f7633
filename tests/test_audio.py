"""Reading and writing of sound files."""

import numpy as np
import pytest
import soundfile

from wavenet.audio import as_samples, read_audio, write_audio


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


def test_samples():
    y = np.array([[-32768, 0], [16384, 32767]])
    np.testing.assert_array_equal(as_samples(y.astype(np.int16)), y / 32768)
    np.testing.assert_array_equal(as_samples(y.astype(">i2")), y / 32768)
    assert as_samples(y.astype(np.float32)).dtype == np.float64
    for dtype in ("int32", "uint8", "complex64", "bool"):
        with pytest.raises(ValueError, match=f"or int16, got dtype {dtype}"):
            as_samples(y.astype(dtype))


def test_pcm_is_written_as_it_is(tmp_path):
    pcm = np.arange(-300, 300, dtype=np.int16)
    write_audio(tmp_path / "a.wav", pcm, 8000)
    np.testing.assert_array_equal(soundfile.read(tmp_path / "a.wav", dtype="int16")[0], pcm)


def test_formats_that_cannot_be_written(tmp_path):
    for name in ("a.raw", "a.xyz", "a"):
        with pytest.raises(ValueError, match="no known audio extension"):
            write_audio(tmp_path / name, np.zeros(10), 8000)
    assert not list(tmp_path.iterdir())
