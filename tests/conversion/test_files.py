"""Conversion of files and folders, with a converter that only doubles the sound."""

import errno
import os
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from wavenet.conversion.files import convert_files, convert_recording
from wavenet.io.audio import read_audio, write_audio

RATE = 16000


class Doubling:
    """Stands for a converter; a recording that begins with 0.25 is too large for it."""

    config_ = SimpleNamespace(method="mlpg", f0="keep")

    def convert_sound(self, y, sr, *, method=None, f0=None, vocoder=None):
        if y.flat[0] == 0.25:
            raise MemoryError
        return 2 * y, ["doubled"]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i, name in enumerate(("a.wav", "b.flac", "c.ogg")):
        write_audio(folder / name, np.full((800, 2), 0.1 * (i + 1)), RATE)
    return folder


def claim(path, n_samples):
    """Changes the number of samples in the header of a FLAC file."""
    content = bytearray(path.read_bytes())
    field = int.from_bytes(content[18:26], "big") & ~(2**36 - 1) | n_samples
    path.write_bytes(bytes(content[:18]) + field.to_bytes(8, "big") + bytes(content[26:]))


def test_a_folder_becomes_a_folder(folder, tmp_path):
    calls = []
    written, failed = convert_files(
        Doubling(), [folder], tmp_path / "out", n_jobs=2, progress=lambda *c: calls.append(c)
    )
    assert written == [tmp_path / "out" / name for name in ("a.wav", "b.flac", "c.wav")]
    assert failed == []
    assert calls[-1] == ("convert", 3, 3)
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["a.wav", "b.flac", "c.wav"]
    y, _ = read_audio(tmp_path / "out" / "b.flac", mono=False)
    np.testing.assert_allclose(y, np.full((800, 2), 0.4), atol=1e-4)


def test_bad_files_do_not_lose_the_rest(folder, tmp_path):
    claim(folder / "b.flac", 2**36 - 1)
    write_audio(folder / "d.wav", np.full(800, 0.25), RATE)
    written, failed = convert_files(Doubling(), [folder], tmp_path / "out")
    assert written == [tmp_path / "out" / name for name in ("a.wav", "c.wav")]
    assert len(failed) == 2
    assert failed[0].startswith(f"{folder / 'b.flac'} claims 68719476735 samples in ")
    assert failed[1] == f"{folder / 'd.wav'}: there is not enough memory for it"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.wav", "c.wav"]
    with pytest.raises(ValueError, match=r"d.wav: there is not enough memory for it"):
        convert_files(Doubling(), [folder / "d.wav"], tmp_path / "d.wav")


def test_a_full_disk_does_not_lose_the_rest(folder, tmp_path, full_disk):
    """What fits is written, the others are named with the reason, and nothing is left of them."""
    noise = np.random.default_rng(0).uniform(-0.4, 0.4, 8000)
    for name in ("d.wav", "e.flac"):
        write_audio(folder / name, noise, RATE)
    with full_disk(8000):
        _, failed = convert_files(Doubling(), [folder], tmp_path / "out")
    reason = os.strerror(errno.EFBIG)
    assert failed == [f"{tmp_path / 'out' / name}: {reason}" for name in ("d.wav", "e.flac")]
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["a.wav", "b.flac", "c.wav"]


def test_names_that_are_too_long_are_found_before_the_work(folder, tmp_path):
    """An .ogg of 255 bytes becomes a .wav of as many; a .au of 255 would need one more."""
    (folder / "c.ogg").rename(folder / f"{'c' * 251}.ogg")
    write_audio(folder / f"{'d' * 252}.au", np.full(800, 0.1), RATE)
    _, failed = convert_files(Doubling(), [folder], tmp_path / "out")
    assert failed == [f"{tmp_path / 'out' / ('d' * 252)}.wav: {os.strerror(errno.ENAMETOOLONG)}"]
    assert (tmp_path / "out" / f"{'c' * 251}.wav").is_file()


def test_recordings_are_not_overwritten(folder, tmp_path):
    before = {p: p.read_bytes() for p in folder.iterdir()}
    (tmp_path / "link").symlink_to(folder)
    single = folder / "a.wav"
    for inputs, output in (
        ([folder], folder),
        ([folder], tmp_path / "link"),
        ([single], single),
        ([single, folder / "b.flac"], folder / ".." / "in"),
    ):
        with pytest.raises(ValueError, match=r"a.wav is a recording to be converted: give another"):
            convert_files(Doubling(), inputs, output)
    assert {p: p.read_bytes() for p in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "bogus"}, "^method must be one of frame, .* got 'bogus'"),
        ({"f0": ""}, "^f0 must be one of log-gaussian, .* got ''"),
    ],
)
def test_unknown_methods_are_refused_before_the_work(folder, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        convert_files(Doubling(), [folder], tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_places_that_do_not_fit_are_refused(folder, tmp_path):
    write_audio(folder / "c.wav", np.zeros(800), RATE)
    with pytest.raises(ValueError, match=r"two inputs would both become .*c.wav"):
        convert_files(Doubling(), [folder], tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file is a file; 2 recordings need a folder"):
        convert_files(Doubling(), [folder / "a.wav", folder / "b.flac"], tmp_path / "file")


@pytest.mark.parametrize("there", [False, True])
def test_only_a_new_folder_is_removed_where_nothing_was_written(folder, tmp_path, there):
    class Stopped(Doubling):
        def convert_sound(self, y, sr, **options):
            raise KeyboardInterrupt

    class Failing(Doubling):
        def convert_sound(self, y, sr, **options):
            raise ValueError("no")

    output = tmp_path / "out"
    if there:
        output.mkdir()
    with pytest.raises(KeyboardInterrupt):
        convert_files(Stopped(), [folder], output)
    assert output.exists() == there
    written, failed = convert_files(Failing(), [folder], output)
    assert (written, len(failed), output.exists()) == ([], 3, there)


def test_what_is_doubtful_is_said_with_the_name(tmp_path):
    said = []
    write_audio(tmp_path / "loud.wav", np.full(800, 1.0), RATE)
    _, rate = convert_recording(Doubling(), tmp_path / "loud.wav", warn=said.append)
    assert rate == RATE
    name = tmp_path / "loud.wav"
    assert said == [
        f"{name}: 100.0 % of the samples are clipped, the loudest at 1",
        f"{name}: doubled",
    ]


def test_floats_beyond_full_scale_are_not_clipped(tmp_path):
    said = []
    soundfile.write(tmp_path / "mix.wav", np.full(800, 1.5), RATE, subtype="FLOAT")
    y, _ = convert_recording(Doubling(), tmp_path / "mix.wav", warn=said.append)
    np.testing.assert_allclose(y, 3.0)
    sentence = "its samples reach 1.5 times full scale: it is converted as it is, then limited"
    assert said == [f"{tmp_path / 'mix.wav'}: {sentence}", f"{tmp_path / 'mix.wav'}: doubled"]


def test_standard_input_is_named(tmp_path):
    with open(tmp_path / "junk", "w+b") as file:
        file.write(b"junk")
        file.seek(0)
        with pytest.raises(ValueError, match=r"^the input cannot be read as audio"):
            convert_recording(Doubling(), file)


@pytest.mark.parametrize("output", ["a.xyz", "none/a.wav"])
def test_places_that_cannot_be_written_are_refused_before_the_work(folder, tmp_path, output):
    class Unused(Doubling):
        def convert_sound(self, y, sr, **options):
            raise AssertionError

    with pytest.raises(
        (ValueError, OSError), match=r"a\.xyz has no known audio|none does not exist"
    ):
        convert_files(Unused(), [folder / "a.wav"], tmp_path / output)
