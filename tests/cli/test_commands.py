"""Every command on a small model."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from wavenet import load
from wavenet.base.sound import to_int16
from wavenet.io.audio import read_audio
from wavenet.io.model_file import load_model


def test_synthesize_plain(wavenet, plain_model, tmp_path):
    options = ["--model", plain_model, "--seconds", 0.1, "--seed", 5, "--temperature", 0.9]
    outcome = wavenet("synthesize", "-o", tmp_path / "a.wav", *options)
    assert outcome.code == 0, outcome.err
    audio, rate = soundfile.read(tmp_path / "a.wav")
    expected = load(plain_model).generate(800, seed=5, temperature=0.9)
    assert rate == 8000
    np.testing.assert_allclose(audio, expected, atol=0.5 / 32768)
    assert sorted(os.listdir(tmp_path)) == ["a.wav"]


def test_synthesize_text(wavenet, speaking_model, tmp_path):
    options = ["--model", speaking_model, "--text", "a b, long", "--speaker", "bob"]
    outcome = wavenet("synthesize", "-o", tmp_path / "a.flac", *options)
    assert outcome.code == 0, outcome.err
    audio, _ = soundfile.read(tmp_path / "a.flac")
    generator = load(speaking_model)
    frames = generator.condition_from_text("a b, long", "bob")
    expected = generator.generate(condition=frames, speaker="bob")
    # The largest value of 16 bits is a step below 1.
    np.testing.assert_allclose(audio, np.minimum(expected, 32767 / 32768), atol=0.5 / 32768)


def test_synthesize_says_something_by_default(wavenet, speaking_model, tmp_path):
    assert wavenet("synthesize", "-o", tmp_path / "a.wav", "--model", speaking_model).code == 0
    assert soundfile.info(tmp_path / "a.wav").duration > 0.3


def test_synthesize_batch_primed(wavenet, speaking_model, tmp_path):
    soundfile.write(tmp_path / "start.wav", np.sin(np.arange(4410) / 20) / 2, 44100)
    outcome = wavenet(
        "synthesize", "-o", tmp_path / "a.wav", "--model", speaking_model, "--text", "ab",
        "--prime", tmp_path / "start.wav", "--batch", 2, "--threads", 2, "--top-k", 9,
        "--top-p", 0.9,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    first, second = (soundfile.read(tmp_path / f"a-{i}.wav")[0] for i in range(2))
    assert first.shape == second.shape and not np.array_equal(first, second)


def test_commands_on_a_model_of_16_bit_audio(wavenet, mixture_model, tmp_path):
    options = ["--model", mixture_model, "--seconds", 0.1, "--seed", 5, "--temperature", 0.5]
    outcome = wavenet("synthesize", "-o", tmp_path / "a.wav", *options)
    assert outcome.code == 0, outcome.err
    expected = load(mixture_model).generate(800, seed=5, temperature=0.5)
    np.testing.assert_allclose(soundfile.read(tmp_path / "a.wav")[0], expected, atol=0.5 / 32768)
    outcome = wavenet("score", tmp_path / "a.wav", "--model", mixture_model, "--json")
    assert outcome.code == 0 and 0 < json.loads(outcome.out)["mean"] < 30
    assert wavenet("verify", mixture_model).code == 0
    assert "logistic-mixture of 4 components" in wavenet("info", mixture_model).out
    outcome = wavenet("synthesize", "-o", tmp_path / "b.wav", *options, "--top-k", 3)
    assert outcome.code == 2 and "categorical outputs" in outcome.err


def test_synthesize_writes_text(wavenet, writing_model, tmp_path):
    options = ["--model", writing_model, "--prompt", "bad ", "--length", 50, "--seed", 3]
    outcome = wavenet("synthesize", "-o", tmp_path / "a.txt", *options)
    assert outcome.code == 0, outcome.err
    expected = "bad " + load(writing_model).generate(50, prime="bad ", seed=3) + "\n"
    assert (tmp_path / "a.txt").read_text() == expected
    assert wavenet("synthesize", "-o", "-", *options).out == expected
    outcome = wavenet("synthesize", "-o", tmp_path / "b.txt", *options, "--batch", 2)
    assert outcome.code == 0 and (tmp_path / "b-0.txt").read_text() == expected
    assert (tmp_path / "b-1.txt").read_text() != expected
    assert "text of 7 characters" in wavenet("info", writing_model).out


def test_commands_on_a_model_of_text(wavenet, writing_model, tmp_path):
    (tmp_path / "a.txt").write_text("a bad cab\n")
    outcome = wavenet("score", tmp_path / "a.txt", "--model", writing_model, "--json")
    expected = load(writing_model).score("a bad cab\n").bits_per_sample
    assert json.loads(outcome.out)["mean"] == pytest.approx(expected)
    outcome = wavenet("verify", writing_model)
    assert outcome.code == 0 and outcome.out.count("ok") == 3, outcome.out
    rows = json.loads(wavenet("bench", writing_model, "--seconds", 0.01, "--json").out)
    assert all(row["one_stream"] > 0 and "real_time_factor" not in row for row in rows)


def test_synthesize_from_frames(wavenet, speaking_model, tmp_path):
    frames = load(speaking_model).condition_from_text("long")
    np.save(tmp_path / "c.npy", frames)
    options = ["--model", speaking_model, "--condition", tmp_path / "c.npy"]
    assert wavenet("synthesize", "-o", tmp_path / "a.wav", *options).code == 0
    assert soundfile.info(tmp_path / "a.wav").frames == 80 * len(frames)


def test_copy_synthesis(wavenet, vocoder_model, tmp_path):
    """From a recording of another rate, or from its frames: the length is that of the source."""
    y = np.random.default_rng(0).uniform(-0.5, 0.5, 4001)
    soundfile.write(tmp_path / "speech.wav", y, 16000)
    generator = load(vocoder_model)
    sound, _ = read_audio(tmp_path / "speech.wav", 8000)
    np.save(tmp_path / "frames.npy", generator.condition_from_sound(sound))
    for source, length in (("speech.wav", len(sound)), ("frames.npy", 40 * -(-len(sound) // 40))):
        options = ["--model", vocoder_model, "--condition", tmp_path / source]
        assert wavenet("synthesize", "-o", tmp_path / "a.wav", *options).code == 0
        assert soundfile.info(tmp_path / "a.wav").frames == length
    outcome = wavenet("score", tmp_path / "speech.wav", "--model", vocoder_model)
    expected = generator.score(sound, condition=generator.condition_from_sound(sound))
    assert outcome.out.startswith(f"{expected.bits_per_sample:.4f}")


def test_features_outside_the_trained_range(vocoder_model, tmp_path):
    np.save(tmp_path / "frames.npy", np.full((9, 6), 40.0, np.float32))
    files = ["-o", tmp_path / "a.wav", "--condition", tmp_path / "frames.npy"]
    command = [sys.executable, "-m", "wavenet", "synthesize", "--model", vocoder_model, *files]
    result = subprocess.run(command, capture_output=True, check=True, text=True)
    warning = next(line for line in result.stderr.splitlines() if "warning" in line)
    assert warning.startswith("wavenet: warning: the features leave the range of the training data")


@pytest.mark.parametrize("raw", [True, False])
def test_synthesize_to_standard_output(plain_model, raw):
    command = [sys.executable, "-m", "wavenet", "synthesize", "-o", "-", "--model",
               str(plain_model), "--seconds", "0.05"]  # fmt: skip
    result = subprocess.run(
        [*command, "--raw"] if raw else command, capture_output=True, check=True
    )
    expected = to_int16(load(plain_model).generate(400)).tobytes()
    assert result.stdout[:4] == (expected[:4] if raw else b"RIFF")
    if raw:
        assert result.stdout == expected


def test_all_outputs_hold_the_same_samples(wavenet, plain_model, tmp_path):
    """Files of every format, raw samples and standard output, from one seed."""
    command = ["synthesize", "--model", plain_model, "--seconds", 0.1, "--seed", 5, "-o"]
    expected = to_int16(load(plain_model).generate(800, seed=5))
    for name in ("a.wav", "a.flac", "a.aiff"):
        assert wavenet(*command, tmp_path / name).code == 0
        found, _ = soundfile.read(tmp_path / name, dtype="int16")
        np.testing.assert_array_equal(found, expected)
    assert wavenet(*command, tmp_path / "a.raw", "--raw").code == 0
    np.testing.assert_array_equal(np.fromfile(tmp_path / "a.raw", "<i2"), expected)
    run = [sys.executable, "-m", "wavenet", *map(str, command), "-"]
    out = subprocess.run(run, capture_output=True, check=True).stdout
    assert out == (tmp_path / "a.wav").read_bytes()


def test_synthesize_plot(wavenet, plain_model, tmp_path):
    options = ["--model", plain_model, "--seconds", 0.1, "--plot", tmp_path / "a.png"]
    assert wavenet("synthesize", "-o", tmp_path / "a.wav", *options).code == 0
    assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_ctrl_c_leaves_nothing(plain_model, tmp_path):
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import wavenet.inference.wavenet; from wavenet.cli import main\n"
        "print('ready', flush=True); main()"
    )
    command = [sys.executable, "-c", code, "synthesize", "-o", str(tmp_path / "a.wav"),
               "--model", str(plain_model), "--seconds", "90000"]  # fmt: skip
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, **pipes)
    process.stdout.readline()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and "Traceback" not in errors
    assert time.monotonic() - started < 10
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_modules_are_loaded():
    code = (
        "import sys\nfrom wavenet.__main__ import main\n"
        "class Interrupted:\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'wavenet.cli': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted); main()"
    )
    command = [sys.executable, "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr) == (130, "wavenet: stopped\n")


def test_score(wavenet, speaking_model, plain_model, tmp_path):
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, 900)
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, audio, 8000)
    files = [tmp_path / "a.wav", tmp_path / "b.wav"]
    outcome = wavenet("score", *files, "--model", plain_model, "--json")
    values = json.loads(outcome.out)
    stored, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    expected = load(plain_model).score(stored).bits_per_sample
    assert values["files"][str(files[0])] == pytest.approx(expected)
    assert values["mean"] == pytest.approx(expected)
    outcome = wavenet(
        "score", *files, "--model", speaking_model, "--text", "a b", "--speaker", "bob"
    )
    assert outcome.code == 0 and outcome.out.count("bits per sample") == 3


@pytest.mark.parametrize("model", ["plain_model", "speaking_model", "vocoder_model"])
def test_verify(wavenet, model, request):
    outcome = wavenet("verify", request.getfixturevalue(model))
    assert outcome.code == 0 and outcome.out.count("ok ") == 5
    assert "FAILED" not in outcome.out


def test_info(wavenet, speaking_model, vocoder_model):
    assert "generic" in wavenet("info").out
    out = wavenet("info", speaking_model).out
    assert "speakers: ann, bob" in out and "symbols: a b long" in out
    assert "receptive field: 9 samples" in out
    out = wavenet("info", vocoder_model).out
    assert "features: mel spectrogram, 6 bands from 0 to 4000 Hz" in out and "3 taps" in out


def test_bench(wavenet, plain_model):
    options = ["--seconds", 0.02, "--batch", 2]
    rows = json.loads(wavenet("bench", plain_model, *options, "--json").out)
    assert rows[0]["instruction_set"] == "generic"
    assert all(row["one_stream"] > 0 and row["scoring"] > 0 for row in rows)
    assert "generic" in wavenet("bench", plain_model, *options).out


def test_quantize_calibrates_in_place(wavenet, plain_model, tmp_path):
    """Afterwards the model is what it was, and can be loaded in 8 bits."""
    random = np.random.default_rng(0)
    for i in range(6):
        soundfile.write(tmp_path / f"{i}.wav", random.uniform(-0.5, 0.5, 900), 8000)
    shutil.copytree(plain_model, tmp_path / "model")
    options = ["--precision", "float32", "--calibrate", tmp_path, "-o", tmp_path / "model"]
    outcome = wavenet("quantize", tmp_path / "model", *options)
    assert "float32" in outcome.out and "calibrated on 5 clips" in outcome.out, outcome
    assert "int8: " in outcome.out and "on 1 held-out clips" in outcome.out
    config, tensors = load_model(tmp_path / "model")
    assert config == load_model(plain_model)[0]
    for name, value in load_model(plain_model)[1].items():
        np.testing.assert_array_equal(tensors[name], value)
    assert load(tmp_path / "model", "int8").precision == "int8"
    rows = json.loads(wavenet("bench", tmp_path / "model", "--seconds", 0.01, "--json").out)
    assert {row["precision"] for row in rows} == {"float32", "bf16", "int8"}


def test_help_is_light():
    code = (
        "import sys; sys.argv = ['wavenet', '--help']\n"
        "from wavenet.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('heavy:', [m for m in ('torch', 'librosa', 'matplotlib') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "synthesize" in result.stdout and "heavy: []" in result.stdout
