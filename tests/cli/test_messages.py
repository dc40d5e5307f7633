"""What commands say: help, version, models, what was written, a scale for scores."""

import json
from typing import get_args

import numpy as np
import pytest
import soundfile

from wavenet import load
from wavenet.config.conversion import F0_METHODS, METHODS
from wavenet.config.wavenet import Precision
from wavenet.features.world import F0Extractor


@pytest.mark.parametrize("command", [[], ["-h"], ["--help"]])
@pytest.mark.parametrize("group", [[], ["voice-convert"]])
def test_bare_commands_print_their_help(wavenet, group, command):
    outcome = wavenet(*group, *command)
    assert outcome.code == 0 and outcome.err == ""
    assert outcome.out.startswith(f"Usage: {' '.join(['wavenet', *group])}")


def test_help_shows_choices(wavenet):
    for command, option, choices in (
        ("fit", "--method", METHODS), ("apply", "--f0", F0_METHODS),
        ("fit", "--f0-method", get_args(F0Extractor)),
    ):  # fmt: skip
        help_ = " ".join(wavenet("voice-convert", command, "--help").out.split())
        assert f"{option} {'|'.join(choices)} " in help_
    help_ = " ".join(wavenet("quantize", "--help").out.split())
    assert f"--precision {'|'.join(reversed(get_args(Precision)))} " in help_


def test_version_and_completion(wavenet, monkeypatch):
    assert wavenet("--version").out == "wavenet 0.1.0\n"
    monkeypatch.setenv("_WAVENET_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "wavenet sy")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert "synthesize" in wavenet().out


def test_info_lists_the_shipped_models(wavenet):
    lines = wavenet("info").out.splitlines()
    (digits,) = [line for line in lines if line.startswith("digits ")]
    for part in ("speech from text", " 8000 ", "george, jackson, nicolas, theo", " MB", "CC BY-SA"):
        assert part in digits
    (vocoder,) = [line for line in lines if line.startswith("slt16k ")]
    assert "vocoder" in vocoder and "16000" in vocoder and "free for any purpose" in vocoder
    assert sum(line.startswith("    wavenet ") for line in lines) == 4


def test_info_of_a_converter(wavenet):
    out = wavenet("info", "slt-to-bdl").out
    assert "components: 80; method " in out and "target: F0 from 64 to 179 Hz" in out
    assert out.count("sample rate") == 1


def test_what_was_written_is_said(wavenet, speaking_model, plain_model, writing_model, tmp_path):
    path = tmp_path / "a b.wav"
    said = wavenet("synthesize", "-o", path, "--model", speaking_model, "--text", "a b").out
    seconds = soundfile.info(path).duration
    assert said == f'{path}: {seconds:.2f} s at 8,000 Hz, ann, "a b"\n'
    options = ["--model", plain_model, "--seconds", 0.1, "--batch", 2]
    lines = wavenet("synthesize", "-o", path, *options).out.splitlines()
    assert lines == [f"{tmp_path / f'a b-{i}.wav'}: 0.10 s at 8,000 Hz" for i in range(2)]
    options = ["--model", writing_model, "--length", 20]
    said = wavenet("synthesize", "-o", tmp_path / "a.txt", *options).out
    assert said == f"{tmp_path / 'a.txt'}: 20 characters\n"


def test_all_symbols_as_often_as_the_seconds_want(wavenet, speaking_model, tmp_path):
    options = ["--model", speaking_model, "--seconds", 5]
    outcome = wavenet("synthesize", "-o", tmp_path / "a.wav", *options)
    assert outcome.code == 0 and '"a b long ..."' in outcome.out
    assert soundfile.info(tmp_path / "a.wav").duration == 5
    primed = ["--prime", tmp_path / "a.wav", "--text", "a", "--seconds", 0.1]
    outcome = wavenet("synthesize", "-o", tmp_path / "b.wav", *options[:2], *primed)
    assert outcome.code == 0, outcome.err


def test_speakers_in_any_case(wavenet, speaking_model, tmp_path):
    generator = load(speaking_model)
    assert generator.speaker_index("Bob") == generator.speaker_index("bob") == 1
    options = ["--model", speaking_model, "--text", "a", "--speaker", "BOB"]
    assert "Hz, bob, " in wavenet("synthesize", "-o", tmp_path / "a.wav", *options).out


def test_scores_have_a_scale(wavenet, plain_model, writing_model, tmp_path):
    y = np.sin(np.arange(900) / 9) / 2
    soundfile.write(tmp_path / "a.wav", y, 8000)
    soundfile.write(tmp_path / "b.wav", y, 16000)
    outcome = wavenet("score", tmp_path / "a.wav", "--model", plain_model)
    assert "(uniform code 8.00, independent codes " in outcome.out and outcome.err == ""
    outcome = wavenet("score", tmp_path / "b.wav", "--model", plain_model, "--json")
    assert "b.wav has 16,000 Hz, the model 8,000: it is resampled" in outcome.err
    scale = json.loads(outcome.out)["baselines"][str(tmp_path / "b.wav")]
    assert scale["linear prediction"] < scale["independent codes"] < scale["uniform code"]
    (tmp_path / "a.txt").write_text("a bad cab\n")
    outcome = wavenet("score", tmp_path / "a.txt", "--model", writing_model)
    assert "(uniform code 2.81, independent codes " in outcome.out
