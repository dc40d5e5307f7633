"""Features that are kept: for the same content, settings and versions alone."""

import errno
import os

import numpy as np
import pytest

from wavenet.io import cache
from wavenet.io.cache import Cache, content_of


@pytest.fixture
def versions(monkeypatch):
    """The function, without what it remembers."""
    monkeypatch.setattr(cache, "_versions", cache._versions.__wrapped__)
    return cache._versions


@pytest.mark.parametrize("part", ["world.py", "mel.py", "noise_shaping.py", "audio.py", "_core"])
def test_the_code_of_features_is_part_of_the_key(versions, monkeypatch, part):
    before = versions()
    assert versions() == before
    changed = []

    def content(path):
        changed.append(os.path.basename(path))
        return "other" if changed[-1].startswith(part) else content_of(path)

    monkeypatch.setattr(cache, "content_of", content)
    assert versions() != before
    assert any(name.startswith(part) for name in changed)


@pytest.mark.parametrize("library", ["pyworld", "soxr"])
def test_versions_of_libraries_are_part_of_the_key(versions, monkeypatch, library):
    before = versions()
    version = cache.importlib.metadata.version
    monkeypatch.setattr(
        "importlib.metadata.version", lambda name: "0.0.1" if name == library else version(name)
    )
    assert versions() != before
    monkeypatch.undo()
    monkeypatch.setattr(cache, "__version__", "0.0.0")
    assert cache._versions.__wrapped__() != before


def test_a_cache_that_cannot_be_written_only_warns(tmp_path, full_disk):
    arrays = {"y": np.arange(10_000)}
    with full_disk(1000):
        for _ in range(2):
            with pytest.warns(
                UserWarning, match=f"cache: {os.strerror(errno.EFBIG)}; nothing is kept"
            ):
                found = Cache(tmp_path / "cache").get(lambda: "content", "what", lambda: arrays)
            assert found is arrays
        assert not list((tmp_path / "cache").iterdir())


def test_without_a_folder_nothing_is_read_or_kept():
    def content():
        raise AssertionError

    assert Cache(None).get(content, "what", lambda: {}) == {}
