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


def test_models_are_not_overwritten(wavenet, tmp_path):
    (tmp_path / "model.safetensors").touch()
    outcome = wavenet("import-model", "c.pth", "--config", "h.json", "-o", tmp_path)
    assert outcome.code == 2
    assert "holds a model already" in outcome.err
