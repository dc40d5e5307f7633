"""`wavenet import-model`: what is refused, in one sentence. The mappings: tests/models."""

import os

import pytest
import torch


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("malicious", "is refused: it is damaged, or holds more than tensors and plain values"),
        ("other", "is not a checkpoint of wavenet_vocoder or PytorchWaveNetVocoder"),
        (None, "there is no file"),
    ],
)
def test_refused(wavenet, tmp_path, content, message):
    path = tmp_path / "checkpoint.pth"
    if content == "malicious":
        torch.save({"state_dict": Malicious(tmp_path / "executed")}, path)
    elif content == "other":
        torch.save({"state_dict": {"encoder.weight": torch.ones(2)}}, path)
    (tmp_path / "h.json").write_text("{}")
    outcome = wavenet("import-model", path, "--config", tmp_path / "h.json", "-o", tmp_path / "m")
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "executed").exists()
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kept", [0, 100, 3000])
def test_cut_off(wavenet, tmp_path, zipped, kept):
    path = tmp_path / "checkpoint.pth"
    weights = {"state_dict": {"a": torch.ones(1000), "b": torch.ones(1000)}}
    torch.save(weights, path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:kept])
    (tmp_path / "h.json").write_text("{}")
    outcome = wavenet("import-model", path, "--config", tmp_path / "h.json", "-o", tmp_path / "m")
    assert outcome.code == 2 and outcome.err.count("\n") == 1
    said = ("is not a file of torch.save, or is cut off: ", "is refused: it is damaged")
    assert any(text in outcome.err for text in said) and "Errno" not in outcome.err
    assert len(outcome.err) < 300


def test_models_are_not_overwritten(wavenet, tmp_path):
    (tmp_path / "model.safetensors").touch()
    outcome = wavenet("import-model", "c.pth", "--config", "h.json", "-o", tmp_path)
    assert outcome.code == 2
    assert "holds a model already" in outcome.err
