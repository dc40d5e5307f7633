"""Models of the Hugging Face Hub, of which a folder stands in for the network."""

import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import wavenet
from wavenet.io.hub import find_model, push_to_hub
from wavenet.models import WaveNet


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """The folder of all repositories; what is downloaded lies in another."""
    shelf = tmp_path / "hub"

    def transfer(source: Path, target: Path, patterns: list[str]) -> str:
        target.mkdir(parents=True, exist_ok=True)
        for file in source.iterdir():
            if any(fnmatch(file.name, pattern) for pattern in patterns):
                shutil.copy(file, target)
        return str(target)

    def snapshot_download(name, allow_patterns):
        if not (shelf / name).is_dir():
            raise OSError(f"404 Client Error: {name}\n\nmore lines")
        return transfer(shelf / name, tmp_path / "cache" / name, allow_patterns)

    module = ModuleType("huggingface_hub")
    module.create_repo = lambda name, private, exist_ok: (shelf / name).mkdir(parents=True)
    module.upload_folder = lambda repo_id, folder_path, allow_patterns: transfer(
        Path(folder_path), shelf / repo_id, allow_patterns
    )
    module.snapshot_download = snapshot_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return shelf


def test_what_is_pushed_comes_back(hub, plain_model):
    model = WaveNet.from_pretrained(plain_model)
    model.push_to_hub("ann/plain")
    assert {path.name for path in (hub / "ann/plain").iterdir()} == {
        "config.json",
        "model.safetensors",
    }
    (hub / "ann/plain/evil.pkl").touch()
    expected = wavenet.load(plain_model).generate(100)
    assert np.array_equal(wavenet.load("ann/plain").generate(100), expected)
    assert WaveNet.from_pretrained("ann/plain").config == model.config
    assert not (find_model("ann/plain") / "evil.pkl").exists()


def test_the_card_of_a_folder_is_pushed(hub):
    push_to_hub(find_model("digits"), "ann/digits")
    assert (hub / "ann/digits/README.md").is_file()
    assert wavenet.load("ann/digits").config.speakers


def test_a_local_model_comes_first(hub, plain_model, tmp_path, monkeypatch):
    push_to_hub(plain_model, "ann/plain")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(plain_model, "ann/plain")
    assert find_model("ann/plain") == Path("ann/plain")


@pytest.mark.parametrize("name", ["no-model", "a/b/c", "../model", "/model", "ann/x.safetensors"])
def test_other_names_are_not_asked_for(hub, name):
    with pytest.raises(FileNotFoundError, match=r"no model at [^;]*; shipped models: [^;]*$"):
        find_model(name)


def test_errors_are_one_sentence(hub, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="Hub: 404 Client Error: ann/none"):
        wavenet.load("ann/none")
    with pytest.raises(FileNotFoundError, match="is not a model folder: it has no"):
        push_to_hub(tmp_path, "ann/none")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(FileNotFoundError, match=r'pip install "wavenet-engine\[hub\]"'):
        wavenet.load("ann/none")
    with pytest.raises(ImportError, match=r'pip install "wavenet-engine\[hub\]"'):
        push_to_hub(find_model("digits"), "ann/digits")
