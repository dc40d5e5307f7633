"""What counts as a recording in a folder, and what is said of the rest."""

import unicodedata

import numpy as np
import pytest
import soundfile

from wavenet.conversion.pipeline.recordings import find_pairs
from wavenet.evaluation.vocoder import evaluate_copies
from wavenet.io.audio_files import AUDIO_FORMATS, find_audio
from wavenet.io.manifest import read_clips

SOUND = np.random.default_rng(0).uniform(-0.5, 0.5, 4000)


def write(path, kind=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, SOUND, 8000, format=kind)
    return path


@pytest.fixture
def notes():
    return []


def test_every_format_that_is_listed_can_be_read(tmp_path):
    """Under each of its extensions, for training and for pairs alike."""
    for suffix, kind in AUDIO_FORMATS.items():
        subtype = {"SDS": "PCM_16", "WVE": "ALAW", "XI": "DPCM_16", "IRCAM": "PCM_16"}.get(kind)
        path = tmp_path / f"{suffix[1:]}{suffix.upper()}"
        soundfile.write(path, SOUND, 8000, format=kind, subtype=subtype)
        assert soundfile.info(path).frames > 0, suffix
    files = find_audio(tmp_path)
    assert len(files) == len(AUDIO_FORMATS) > 20
    assert [clip.path for clip in read_clips(tmp_path)] == files
    assert find_pairs(tmp_path, tmp_path).source == files
    assert {".wave", ".caf", ".oga", ".w64", ".aifc", ".snd"} <= AUDIO_FORMATS.keys()


def test_linked_folders_are_entered_once(tmp_path, notes):
    """Through a link from elsewhere, around a circle, and beside the folder itself."""
    for i in range(8):
        write(tmp_path / "elsewhere" / "deep" / f"{i}.wav")
    data = tmp_path / "data"
    write(data / "a.wav")
    (data / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "circle").symlink_to(data)
    (data / "same").symlink_to(data / "link" / "deep")
    (data / "gone.wav").symlink_to(tmp_path / "gone.wav")
    clips = read_clips(data, notes.append)
    assert len({clip.path.resolve() for clip in clips}) == len(clips) == 9
    (sentence,) = notes
    assert sentence.startswith(f"{data}: passed over ")
    assert "2 folder that was entered by another way" in sentence and "1 link to" in sentence


def test_what_is_no_recording_is_passed_over_and_said(tmp_path, notes):
    for name in ("a.wav", "b.WAVE", "._a.wav", ".git/c.wav", "below/d.wav"):
        write(tmp_path / name, "WAV")
    for name in ("e.m4a", "f.m4a", "notes.txt", "README"):
        (tmp_path / name).touch()
    assert [path.name for path in find_audio(tmp_path, notes.append)] == ["a.wav", "b.WAVE"]
    expected = "2 hidden, 1 without extension, 1 folder, 2 .m4a, 1 .txt"
    assert set(expected.split(", ")) <= set(notes[0].split("over ")[1].split("; ")[0].split(", "))
    assert notes[0].endswith("; libsndfile does not read .m4a: convert them to .flac")
    assert len(read_clips(tmp_path)) == 3
    with pytest.raises(FileNotFoundError, match=r"no sound file .*: passed over 1 \.m4a; libsnd"):
        (tmp_path / "g").mkdir()
        (tmp_path / "g" / "e.m4a").touch()
        find_audio(tmp_path / "g")


def test_names_of_other_unicode_forms_are_partners(tmp_path, notes):
    for form in ("NFC", "NFD"):
        write(tmp_path / form / f"{unicodedata.normalize(form, 'é')}.wav")
        write(tmp_path / form / "a.wav")
    (tmp_path / "NFC" / "notes.txt").touch()
    pairs = find_pairs(tmp_path / "NFC", tmp_path / "NFD", notes.append)
    assert len(pairs.source) == len(pairs.target) == 2 and not pairs.unmatched
    assert len(notes) == 1
    result = evaluate_copies(tmp_path / "NFD", tmp_path / "NFC", note=notes.append)
    assert len(result.files) == 2 and not result.failed and len(notes) == 2
    write(tmp_path / "NFC" / f"{unicodedata.normalize('NFD', 'é')}.wav")
    with pytest.raises(ValueError, match="have one name"):
        find_pairs(tmp_path / "NFC", tmp_path / "NFD")
