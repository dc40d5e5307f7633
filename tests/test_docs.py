"""Python of README.md, pages and docstrings runs and shows what is true; links lead somewhere."""

import doctest
import re
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import wavenet

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NOT_RUN = {"push_to_hub(": "the network", "VoiceConverter(n_components": "25 recordings"}


def given() -> dict:
    """What a reader has: the names that pages use and do not define."""
    speech, _ = soundfile.read(ROOT / "examples" / "sample.flac", 16000)
    soundfile.write("speech.wav", speech, 16000)
    vocoder = wavenet.load("slt16k")
    random = np.random.default_rng(0)
    return {
        "wavenet": wavenet,
        "vocoder": vocoder,
        "blocks_of_frames": iter(vocoder.condition_from_sound(speech[:4000])[None]),
        "play": len,
        "x": speech,
        "y": speech[:, None],
        "microphone": speech[:4000].reshape(10, 400),
        "speaker": sys.stdout.buffer,
        "source": torch.ones(2, 9, dtype=int),
        "target": torch.ones(2, 5, dtype=int),
        "theirs": lambda name, shape: random.normal(0, 0.1, shape).astype(np.float32),
    }


def python_of(page: Path) -> list[tuple[str, str]]:
    """Kinds and texts of the blocks: statements, or a session with what it shows."""
    return re.findall(r"^```(python|pycon)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page", [p for p in PAGES if python_of(p)], ids=lambda p: str(p.relative_to(ROOT))
)
def test_python_of_pages(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    names = given()
    for kind, text in python_of(page):
        if kind == "pycon":
            test = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), 0)
            runner = doctest.DocTestRunner(optionflags=FLAGS)
            runner.run(test, clear_globs=False)
            names |= test.globs
            assert runner.summarize(verbose=False).failed == 0
        elif not any(mark in text for mark in NOT_RUN):
            exec(compile(text, str(page), "exec"), names)


EXAMPLES = sorted(p for p in (ROOT / "wavenet").rglob("*.py") if ">>> " in p.read_text())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: str(p.relative_to(ROOT)))
def test_examples_of_docstrings(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    assert doctest.testmod(import_module(module), optionflags=FLAGS).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not link.startswith("https://"):
            assert (page.parent / link).exists(), link
