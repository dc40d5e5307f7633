"""The cards of the shipped models: their head is what the Hugging Face Hub reads."""

import pytest

import wavenet
from wavenet.assets import model_card
from wavenet.config import WaveNetConfig
from wavenet.io.hub import find_model
from wavenet.io.model_file import load_config

yaml = pytest.importorskip("yaml")
LISTS = {"datasets", "tags"}
WORDS = {"license", "language", "library_name", "pipeline_tag"}


@pytest.mark.parametrize("name", wavenet.shipped_models())
def test_head_of_the_card(name):
    text = (find_model(name) / "README.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    values = yaml.safe_load(head)
    assert body.startswith(f"\n# {name}\n")
    assert values.keys() - {"license_name", "license_link"} == LISTS | WORDS
    assert all(isinstance(values[key], list) and values[key] for key in LISTS)
    assert all(isinstance(values[key], str) for key in WORDS)
    assert ("license_name" in values) == (values["license"] == "other")
    config = load_config(find_model(name))
    speaks = isinstance(config, WaveNetConfig) and config.label_features is not None
    assert values["pipeline_tag"] == ("text-to-speech" if speaks else "audio-to-audio")
    assert ("wavenet" in values["tags"]) == isinstance(config, WaveNetConfig)
    assert values["license"] == ("cc-by-sa-4.0" if speaks else "other")
    assert model_card(name)["licence"] and model_card(name)["example"].startswith("wavenet ")
