"""`wavenet synthesize --condition`: frames in, audio out, block by block."""

import io
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

import wavenet as package
from wavenet.base.sound import to_int16
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.io.frames import blocks_of_pipe
from wavenet.models import WaveNet

CHANNELS, HOP = 3, 8
FRAMES = np.random.default_rng(0).standard_normal((40, CHANNELS)).astype(np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    config = WaveNetConfig(
        sample_rate=8000, dilations=(1, 2), residual_channels=8, gate_channels=8, skip_channels=8,
        local=LocalConditioning(CHANNELS, HOP, layers=1, hidden_channels=4),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("model")
    WaveNet(config).save_pretrained(path)
    return path


@pytest.fixture
def stdin(monkeypatch):
    """`stdin(data)`: what standard input holds."""

    def give(data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))

    return give


def npy(frames: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, frames)
    return file.getvalue()


@pytest.mark.parametrize("form", ["raw", "npy", "npy of float64"])
@pytest.mark.parametrize("extension", [".wav", ".flac", ".raw"])
def test_from_standard_input_to_a_file(wavenet, stdin, model, tmp_path, form, extension):
    stdin(
        {
            "raw": FRAMES.astype("<f4").tobytes(),
            "npy": npy(FRAMES),
            "npy of float64": npy(FRAMES.astype(np.float64)),
        }[form]
    )
    path = tmp_path / f"out{extension}"
    raw = ["--raw"] if extension == ".raw" else []
    outcome = wavenet("synthesize", "--model", model, "--condition", "-", "-o", path, *raw)
    assert outcome.code == 0, outcome.err
    expected = package.load(model).generate(condition=FRAMES)
    if raw:
        y = np.frombuffer(path.read_bytes(), "<i2") / 32768
    else:
        y, rate = soundfile.read(path)
        assert rate == 8000
    np.testing.assert_allclose(y, expected, atol=0.5 / 32768)


def test_from_a_file_to_standard_output(model, tmp_path):
    """A WAV file whose header says how long it is; the same as written to a file."""
    np.save(tmp_path / "frames.npy", FRAMES)
    command = [sys.executable, "-m", "wavenet", "synthesize", "--model", model, "--condition",
               tmp_path / "frames.npy", "-o"]  # fmt: skip
    out = subprocess.run([*command, "-"], capture_output=True, check=True).stdout
    subprocess.run([*command, tmp_path / "out.wav"], check=True, capture_output=True)
    y, rate = soundfile.read(io.BytesIO(out), dtype="int16")
    assert rate == 8000
    np.testing.assert_array_equal(y, soundfile.read(tmp_path / "out.wav", dtype="int16")[0])
    assert len(y) == len(FRAMES) * HOP


def test_latency(model):
    """The samples of a frame are there when `lookahead_frames` further ones have come."""
    generator = package.load(model)
    ahead = generator.lookahead_frames
    assert ahead == 1
    command = [sys.executable, "-m", "wavenet", "synthesize", "--model", model, "--condition", "-",
               "-o", "-", "--raw"]  # fmt: skip
    expected = to_int16(generator.generate(condition=FRAMES))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for i in range(len(FRAMES)):
            process.stdin.write(FRAMES[i].tobytes())
            process.stdin.flush()
            if i >= ahead:  # blocks for ever if it is not there
                block = np.frombuffer(process.stdout.read(2 * HOP), "<i2")
                np.testing.assert_array_equal(block, expected[(i - ahead) * HOP :][:HOP])
        process.stdin.close()
        rest = np.frombuffer(process.stdout.read(), "<i2")
        np.testing.assert_array_equal(rest, expected[-ahead * HOP :])
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the input has no feature frames"),
        (FRAMES.tobytes()[:-5], "the input ends amid a frame: 7 bytes over"),
        (b"\x93NUMPY", "a .npy file that ends in its header"),
        (npy(FRAMES)[:-4], "the input ends after 39 of 40 frames"),
        (npy(FRAMES[:, :2]), r"the input has the shape (40, 2); the model needs (frames, 3)"),
        (npy(np.asfortranarray(FRAMES)), "frame by frame"),
        (npy(FRAMES.astype(str)), "the input must be numbers"),
        (np.full((3, 3), np.nan, np.float32).tobytes(), "values that are not finite"),
    ],
)
def test_bad_input(wavenet, stdin, model, tmp_path, data, message):
    stdin(data)
    path = tmp_path / "out.wav"
    outcome = wavenet("synthesize", "--model", model, "--condition", "-", "-o", path)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.strip().count("\n") == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch", 2], "frames from standard input make one stream; they go with no --batch"),
        (["--text", "a"], "they go with no --text"),
        (["--seconds", 9], "the condition covers"),
        (["--jobs", 2], "without --manifest there is no --jobs"),
    ],
)
def test_options_that_do_not_go_together(wavenet, stdin, model, tmp_path, options, message):
    stdin(FRAMES.tobytes())
    path = tmp_path / "out.wav"
    outcome = wavenet("synthesize", "--model", model, "--condition", "-", "-o", path, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert not path.exists()


def test_files_of_another_shape(wavenet, model, tmp_path):
    np.save(tmp_path / "f.npy", FRAMES[:, :2])
    condition = ["--condition", tmp_path / "f.npy", "-o", tmp_path / "out.wav"]
    outcome = wavenet("synthesize", "--model", model, *condition)
    assert outcome.code == 2
    assert "f.npy has the shape (40, 2); the model needs (frames, 3)" in outcome.err


def test_frames_come_as_they_are_read():
    """Each read is passed on, without waiting for more."""
    parts = [FRAMES[:2].tobytes(), FRAMES[2:3].tobytes()[:5], FRAMES[2:3].tobytes()[5:], b""]
    file = SimpleNamespace(read1=lambda size: parts.pop(0))
    assert [len(block) for block in blocks_of_pipe(file, CHANNELS)] == [2, 1]


def test_a_manifest(wavenet, model, tmp_path):
    np.save(tmp_path / "a.npy", FRAMES)
    (tmp_path / "list.csv").write_text("condition,seed\na.npy,4\nb.npy,5\n")
    command = ["synthesize", "--model", model, "--manifest", tmp_path / "list.csv", "-o",
               tmp_path / "out", "--jobs", 1]  # fmt: skip
    outcome = wavenet(*command)
    assert outcome.code == 1
    assert "1 written, 0 there already, 1 failed" in outcome.out
    assert "b.wav: " in outcome.err
    np.save(tmp_path / "b.npy", FRAMES)
    outcome = wavenet(*command)
    assert outcome.code == 0
    assert "1 written, 1 there already, 0 failed" in outcome.out
