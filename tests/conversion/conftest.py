"""Two synthetic speakers who say the same things."""

import pytest

from wavenet.io.audio import write_audio

RATE = 16000


@pytest.fixture(scope="session")
def corpus(tmp_path_factory, say):
    """Folders "source" and "target" with eight pairs, in a folder."""
    folder = tmp_path_factory.mktemp("corpus")
    for speaker, name in enumerate(("source", "target")):
        (folder / name).mkdir()
        for text in range(8):
            write_audio(folder / name / f"{text:02d}.wav", say(text, speaker), RATE)
    return folder


@pytest.fixture(scope="session")
def files(corpus):
    """The sorted files of source and target."""
    return [sorted((corpus / name).glob("*.wav")) for name in ("source", "target")]


@pytest.fixture(scope="session")
def converter(files):
    from wavenet import VoiceConverter

    return VoiceConverter(8, n_mixtures=1, n_alignments=2, n_jobs=1).fit(*files)
