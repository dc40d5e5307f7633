"""Bad input: one sentence on standard error, exit code 2, and no file left behind."""

import errno
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile


@pytest.fixture
def files(tmp_path, plain_model, speaking_model, writing_model, vocoder_model):
    """Good and bad files by name, for the arguments below."""
    root = tmp_path / "files"
    root.mkdir()
    soundfile.write(root / "good.wav", np.zeros(800), 8000)
    (root / "link.wav").symlink_to("good.wav")
    soundfile.write(root / "short.wav", np.zeros(50), 8000)
    soundfile.write(root / "empty.wav", np.zeros(0), 8000)
    nan = np.array([0.0, np.nan], np.float32)
    soundfile.write(root / "nan.wav", nan, 8000, subtype="FLOAT")
    soundfile.write(root / "1Hz.wav", np.zeros(2000), 1)
    (root / "samples.raw").write_bytes(bytes(1600))
    (root / "unscaled").mkdir()
    loud = 20_000 * np.sin(np.arange(8000) / 20)
    for name in ("loud", "m", "n", "o", "p"):  # as many as a fit needs
        soundfile.write(root / "unscaled" / f"{name}.wav", loud, 8000, subtype="FLOAT")
    (root / "text.wav").write_text("not audio")
    (root / "empty.txt").write_text("")
    (root / "empty.safetensors").write_text("")
    np.save(root / "frames.npy", np.zeros((5, 10), np.float32))
    np.save(root / "narrow.npy", np.zeros((5, 3), np.float32))
    np.save(root / "flat.npy", np.zeros(10, np.float32))
    np.save(root / "nan.npy", np.full((5, 10), np.nan, np.float32))
    np.save(root / "words.npy", np.array([["a"] * 10]))
    np.save(root / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    (root / "broken.npy").write_bytes(b"\x93NUMPY")
    with open(root / "giant.npy", "wb") as file:  # a header for terabytes, and nothing behind it
        header = {"descr": "<f4", "fortran_order": False, "shape": (2**38, 10)}
        np.lib.format.write_array_header_1_0(file, header)
    write_giant_flac(root / "giant.flac")
    for name, change in MODEL_CHANGES.items():
        shutil.copytree(plain_model, root / name)
        change(root / name)
    return {
        "out": tmp_path / "out.wav",
        "trained": tmp_path / "trained",
        "plain": plain_model,
        "speaking": speaking_model,
        "writing": writing_model,
        "vocoder": vocoder_model,
    } | {path.name: path for path in root.iterdir()}


def write_giant_flac(path):
    """A second of sound in a file that claims 2^36 - 1 samples."""
    soundfile.write(path, np.zeros(8000), 8000)
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F  # the length is the last 36 bits of the eight bytes from 18 on
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)


def edit_config(**changes):
    def change(folder):
        values = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(values | changes))

    return change


def truncate(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


MODEL_CHANGES = {
    "no-config": lambda folder: (folder / "config.json").unlink(),
    "no-weights": lambda folder: (folder / "model.safetensors").unlink(),
    "truncated": truncate,
    "not-json": lambda folder: (folder / "config.json").write_text("{"),
    "not-text": lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe\x00"),
    "json-list": lambda folder: (folder / "config.json").write_text("[]"),
    "deep": lambda folder: (folder / "config.json").write_text(
        f'{{"features": {"[" * 950 + "]" * 950}}}'
    ),
    "deeper": lambda folder: (folder / "config.json").write_text("[" * 100_000),
    "future": edit_config(format_version=99),
    "other-kind": edit_config(kind="diffusion"),
    "other-shape": edit_config(residual_channels=9),
    "no-blocks": edit_config(dilations=[]),
    "unknown-setting": edit_config(flavour="mint"),
    "wrong-type": edit_config(kernel_size="two"),
    "zero-rate": edit_config(sample_rate=0),
    "huge": edit_config(dilations=[65536] * 1000),
}

MODEL_MESSAGES = {
    "no-config": "config.json does not exist",
    "no-weights": "model.safetensors does not exist",
    "truncated": "not a valid safetensors file",
    "not-json": "not valid JSON",
    "not-text": "not UTF-8",
    "json-list": "not a JSON object",
    "deep": "nested more than 100 levels deep",
    "deeper": "nested more than 100 levels deep",
    "future": "format version 99",
    "other-kind": "'diffusion' is not known",
    "other-shape": "has shape",
    "no-blocks": "number of dilations",
    "unknown-setting": "unknown setting 'flavour'",
    "wrong-type": "kernel_size must be of type int",
    "zero-rate": "sample_rate must be from 1",
    "huge": "receptive field",
}

CASES = [
    ("synthesize", "Missing option"),
    ("synthesize -o {out} --model nowhere", "no model at nowhere"),
    ("synthesize -o {out} --model {good.wav}", "not a valid safetensors"),
    ("synthesize -o {out} --model {plain} --seconds 0", "--seconds must be above 0"),
    ("synthesize -o {out} --model {plain} --seconds 1e9", "at most 1e6, got 1e+09"),
    ("synthesize -o {good.wav} --model {plain} --prime {good.wav}", "would overwrite"),
    ("synthesize -o {good.wav} --model slt16k --condition {good.wav}", "would overwrite"),
    ("synthesize -o {link.wav} --model {plain} --prime {good.wav}", "would overwrite"),
    ("forecast {good.wav} -o {good.wav} --model {plain}", "would overwrite"),
    ("synthesize -o {out} --model {plain} --seconds nan", "--seconds"),
    ("synthesize -o {out} --model {plain} --seconds many", "--seconds"),
    ("synthesize -o {out} --model {plain} --temperature -1", "temperature must be from 0"),
    ("synthesize -o {out} --model {plain} --temperature nan", "temperature"),
    ("synthesize -o {out} --model {plain} --top-k 0", "'--top-k': "),
    ("synthesize -o {out} --model {plain} --top-k 1000", "top_k must be at most"),
    ("synthesize -o {out} --model {plain} --top-p 1.5", "top_p"),
    ("synthesize -o {out} --model {plain} --top-p 0", "top_p"),
    ("synthesize -o {out} --model {plain} --seed -1", "'--seed': "),
    ("synthesize -o {out} --model {plain} --batch 0", "'--batch': "),
    ("synthesize -o {out} --model {plain} --threads 0", "'--threads': "),
    ("synthesize -o {out} --model {plain} --speaker ann", "no speakers"),
    ("synthesize -o {out} --model {plain} --text a", "does not read text"),
    ("synthesize -o {out} --model {plain} --condition {frames.npy}", "takes no condition"),
    ("synthesize -o {out} --model {speaking} --speaker zoe", "unknown speaker 'zoe'; known: ann"),
    ("synthesize -o {out} --model {speaking} --text xyz", "unknown symbol 'xyz'"),
    ("synthesize -o {out} --model {speaking} --text ,", "no symbol"),
    (
        "synthesize -o {out} --model {speaking} --text a --seconds 99",
        "s, not for --seconds 99: give more text, or no --seconds",
    ),
    ("synthesize -o {out} --model {speaking} --text a --condition {frames.npy}", "exclude"),
    (
        "synthesize -o {out} --model {speaking} --condition {narrow.npy}",
        "shape (5, 3); the model needs (frames, 10)",
    ),
    (
        "synthesize -o {out} --model {speaking} --condition {flat.npy}",
        "shape (10,); the model needs",
    ),
    ("synthesize -o {out} --model {speaking} --condition {nan.npy}", "not finite"),
    ("synthesize -o {out} --model {speaking} --condition {words.npy}", "frames are real numbers"),
    ("synthesize -o {out} --model {speaking} --condition {pickled.npy}", "not a .npy file"),
    ("synthesize -o {out} --model {speaking} --condition {broken.npy}", "not a .npy file"),
    ("synthesize -o {out} --model {speaking} --condition {good.wav}", ".npy files only"),
    ("synthesize -o {out} --model {speaking} --condition gone.npy", "gone.npy"),
    ("synthesize -o {out} --model {plain} --prime gone.wav", "no audio file at gone.wav"),
    ("synthesize -o {out} --model {plain} --prime {text.wav}", "cannot be read"),
    ("synthesize -o {out} --model {plain} --prime {empty.wav}", "has no samples"),
    ("synthesize -o {out} --model {plain} --prime {nan.wav}", "not finite"),
    ("synthesize -o {out}.raw --model {plain}", "no known audio extension"),
    ("synthesize -o {out}.xyz --model {plain}", "no known audio extension"),
    ("synthesize -o gone/x.wav --model {plain}", "folder gone does not exist"),
    ("synthesize -o {plain} --model {plain}", "is a folder"),
    ("synthesize -o {out} --model {plain} --seconds 900000 --plot a.xyz", "no known picture"),
    ("synthesize -o {out} --model {plain} --seconds 900000 --plot gone/a.png", "folder gone does"),
    ("synthesize -o {out} --model {plain} --seconds 900000 --batch 60000", "memory"),
    ("synthesize -o {out} --model {speaking} --condition {giant.npy}", "not a .npy file"),
    ("score {giant.flac} --model {plain}", "claims 68719476735 samples"),
    ("synthesize -o - --model {plain} --batch 2", "one stream"),
    ("synthesize -o {out} --model {plain} --prompt KING", "takes no --prompt"),
    ("synthesize -o {out}.txt --model {writing} --prompt KING", "the character 'K' and 3 others"),
    ("synthesize -o {out} --model {writing}", "out.wav has the name of a sound; this model writes"),
    ("synthesize -o {out}.txt --model {writing} --length 0", "'--length': "),
    ("synthesize -o {out} --model {writing} --seconds 1", "takes no --seconds"),
    ("synthesize -o {out} --model {writing} --speaker ann", "takes no --speaker"),
    ("synthesize -o {out}.txt --model {writing} --top-k 9", "top_k must be at most"),
    ("synthesize -o - --model {plain} --play", "--play needs a file"),
    (
        "synthesize -o {out} --model {vocoder}",
        "makes sound from features: name a recording to copy, --condition FILE.wav, or",
    ),
    (
        "synthesize -o {out} --model slt-to-bdl",
        "use it by the command `wavenet voice-convert apply`",
    ),
    ("verify {empty.safetensors}", "not a valid safetensors file"),
    ("voice-convert apply {plain} {good.wav} -o {out}", "does not convert voices: load it with"),
    ("score {good.wav} --model {speaking}", "needs to know what is said: --text SYMBOLS"),
    ("score {empty.txt} --model {writing}", "empty.txt is empty"),
    ("bench {plain} --batch 0", "'--batch': "),
    ("forecast {good.wav} -o - --model {plain} --seed -1", "'--seed': "),
    ("synthesize -o {out} --model {vocoder} --text a", "does not read text"),
    ("synthesize -o {out} --model {vocoder} --condition {nan.wav}", "not finite"),
    ("synthesize -o {out} --model {vocoder} --condition {empty.wav}", "no samples"),
    (
        "synthesize -o {out} --model {vocoder} --condition {short.wav}",
        "the sound has 50 samples; its frames need at least 129",
    ),
    (
        "synthesize -o {out} --model {vocoder} --condition {frames.npy}",
        "shape (5, 10); the model needs (frames, 6)",
    ),
    ("synthesize -o {out} --model {speaking} --condition {good.wav}", "from .npy files only"),
    ("score {good.wav} --model {vocoder} --text a", "does not read text"),
    ("synthesize -o {out} --model {plain} --frobnicate", "No such option"),
    ("speak", "No such command"),
    ("score gone.wav --model {plain}", "no audio file"),
    ("score {nan.wav} --model {plain}", "not finite"),
    ("score {samples.raw} --model {plain}", "samples.raw says neither its rate nor its format"),
    ("score {1Hz.wav} --model {plain}", "1Hz.wav: a rate of 1 Hz is too far from 8000 Hz"),
    ("score {unscaled}/loud.wav --model {plain}", "loud.wav: the sound has values up to 20000"),
    ("synthesize -o {out} --model {plain} --prime {unscaled}/loud.wav", "values up to 20000"),
    ("synthesize -o {out} --model {vocoder} --condition {unscaled}/loud.wav", "up to 20000"),
    ("evaluate {unscaled} {unscaled}", "loud.wav: the sound has values up to 20000"),
    ("voice-convert apply slt-to-bdl {unscaled}/loud.wav -o {out}", "values up to 20000"),
    ("voice-convert fit {unscaled} {unscaled} -o {out}", "loud.wav: the sound has values up"),
    ("train {unscaled} -o {trained}", "loud.wav: the sound has values up to 20000"),
    ("score {good.wav} --model {plain} --text a", "does not read text"),
    ("score {good.wav} --model {speaking} --text q", "unknown symbol 'q'"),
    ("score --model {plain}", "Missing argument"),
    ("score {good.wav} --model {writing}", "is not UTF-8 text"),
    ("score {good.wav} --model {writing} --speaker ann", "takes no --text and no --speaker"),
    ("verify nowhere", "no model at nowhere"),
    ("info nowhere", "no model at nowhere"),
    ("bench {plain} --seconds 0", "seconds must be above 0"),
    ("train gone -o {out}", "no folder or manifest"),
    ("train {plain} -o {out}", "there is no sound file in"),
    ("train {good.wav} -o {out}", "neither a folder nor"),
    ("train gone.txt -o {out}", "gone.txt"),
    ("train gone.txt -o {out} --hiden-size 3", "did you mean hidden_size"),
    ("train gone -o {out} --stepz 3", "did you mean steps"),
    ("train gone -o {out} --steps", "not an option with a value"),
    ("train gone -o {out} --steps some", "steps cannot be 'some'"),
    ("train gone -o {out} --steps=some", "steps cannot be 'some'"),
    ("train gone -o {out} --steps=3", "no folder or manifest"),
    ("train gone -o {out} --config {frames.npy}", "is not valid JSON"),
    ("train gone -o {out} --resume", "no checkpoint"),
]


def assert_refused(outcome, message, files):
    assert outcome.code == 2, outcome
    lines = [line for line in outcome.err.splitlines() if line.strip()]
    assert len(lines) == 1 and lines[0].startswith("wavenet: "), outcome.err
    assert message in lines[0]
    assert not [path for path in files["out"].parent.iterdir() if path.name.startswith("out")]


@pytest.mark.parametrize(("command", "message"), CASES)
def test_bad_input(wavenet, files, command, message):
    arguments = command.split()
    for name, path in files.items():
        arguments = [argument.replace(f"{{{name}}}", str(path)) for argument in arguments]
    assert_refused(wavenet(*arguments), message, files)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_standard_output_on_a_full_disk(plain_model):
    command = [sys.executable, "-m", "wavenet", "info", str(plain_model)]
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 2
    assert result.stderr == f"wavenet: standard output: {os.strerror(errno.ENOSPC)}\n"


@pytest.mark.parametrize("name", MODEL_CHANGES)
@pytest.mark.parametrize("command", ["synthesize -o {out} --seconds 0.1 --model", "verify", "info"])
def test_bad_models(wavenet, files, name, command):
    arguments = command.replace("{out}", str(files["out"])).split()
    assert_refused(wavenet(*arguments, files[name]), MODEL_MESSAGES[name], files)


def test_debug_shows_the_traceback(monkeypatch):
    from wavenet.cli import main

    monkeypatch.setattr("sys.argv", ["wavenet", "--debug", "info", "nowhere"])
    with pytest.raises(FileNotFoundError):
        main()


def test_bad_environment(wavenet, files, monkeypatch):
    monkeypatch.setenv("WAVENET_THREADS", "two")
    options = ["--model", files["plain"], "--seconds", 0.1]
    outcome = wavenet("synthesize", "-o", files["out"], *options)
    assert_refused(outcome, "WAVENET_THREADS", files)
