"""Many recordings from a manifest, in processes of this machine."""

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import wavenet
from wavenet.bulk import RESULTS, synthesize_manifest
from wavenet.bulk.jobs import Job, read_jobs
from wavenet.bulk.worker import Setup, Worker
from wavenet.io.audio import read_audio


def results(folder) -> dict[str, dict]:
    lines = (folder / RESULTS).read_text().splitlines()
    return {values["output"]: values for values in map(json.loads, lines)}


def test_recordings_are_those_of_the_generator(model, tmp_path, write_manifest, frames):
    rows = [{"condition": f"{n}.npy", "speaker": "b"} for n in (5, 12, 700)]
    rows.append({"condition": "5.npy", "output": "deep/down.flac", "seed": 9})
    out = tmp_path / "out"
    summary = synthesize_manifest(write_manifest(rows), out, model, jobs=2, seed=3)
    assert (summary.written, summary.skipped, summary.failed) == (4, 0, ())
    generator = wavenet.load(model)
    for i, n in enumerate((5, 12, 700)):
        y, rate = read_audio(out / f"{n}.wav")
        expected = generator.generate(condition=frames(n), speaker="b", seed=3 + i)
        assert rate == generator.sample_rate
        np.testing.assert_allclose(y, expected, atol=1e-4)
    y, _ = read_audio(out / "deep" / "down.flac")
    np.testing.assert_allclose(y, generator.generate(condition=frames(5), seed=9), atol=1e-4)
    assert results(out)["700.wav"]["seconds"] == pytest.approx(0.7)


def test_bad_rows_do_not_lose_the_rest_and_a_second_run_makes_them(
    model, tmp_path, write_manifest, frames
):
    rows = [{"condition": f"{n}.npy"} for n in range(3, 9)]
    rows += [
        {"condition": "missing.npy"},
        {"condition": "3.npy", "speaker": "c", "output": "c.wav"},
    ]
    manifest = write_manifest(rows)
    (tmp_path / "4.npy").write_bytes(b"broken")
    out = tmp_path / "out"
    summary = synthesize_manifest(manifest, out, model, jobs=2)
    assert summary.written == 5
    reasons = {result.output: result.error for result in summary.failed}
    assert set(reasons) == {"4.wav", "missing.wav", "c.wav"}
    assert "is not a .npy file" in reasons["4.wav"]
    assert "unknown speaker 'c'" in reasons["c.wav"]
    assert not (out / "4.wav").exists()
    assert {name for name, row in results(out).items() if row["error"]} == set(reasons)

    np.save(tmp_path / "4.npy", frames(4))
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.wav")}
    summary = synthesize_manifest(manifest, out, model, jobs=2)
    assert (summary.written, summary.skipped, len(summary.failed)) == (1, 5, 2)
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())


def test_a_worker_that_dies_loses_nothing(model, tmp_path, write_manifest, killing):
    """The first worker that shows up is killed amid its work."""
    rows = [{"condition": "20000.npy", "output": f"{i}.wav"} for i in range(6)]
    manifest = write_manifest(rows)
    out = tmp_path / "out"

    def workers() -> list[int]:
        return [child.pid for child in multiprocessing.active_children()]

    with killing(out, workers) as killed:
        summary = synthesize_manifest(manifest, out, model, jobs=2)
    assert killed
    assert (summary.written, summary.failed) == (6, ())
    assert len(list(out.glob("*.wav"))) == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_end_of_the_command_ends_its_workers(model, tmp_path, write_manifest, number):
    manifest = write_manifest([{"condition": "900000.npy", "output": f"{i}.wav"} for i in range(2)])
    out = tmp_path / "out"
    command = [sys.executable, "-m", "wavenet", "synthesize", "--model", model, "--manifest",
               manifest, "--jobs", "2", "-o", out]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        while len(list(out.glob(".*.wav"))) < 2:
            time.sleep(0.05)
        os.kill(process.pid, number)  # alone, without its workers
        process.wait(30)
    assert process.returncode in (130, -number)
    deadline = time.monotonic() + 30
    while list(workers_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(workers_of(process.pid)) == []
    assert not list(out.glob("[0-9].wav"))


def workers_of(session: int) -> Iterator[int]:
    """Processes of a session."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            yield int(path.parent.name)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"sound": "a"}, "line 1 has the unknown column 'sound'"),
        ({"output": "../a.wav"}, "line 1 has the output '../a.wav', which is not below"),
        ({"output": "/a.wav"}, "which is not below"),
        ({"output": "a.txt"}, "no known audio extension"),
        ({"text": "a", "condition": "3.npy"}, "a text and a condition"),
        ({"seconds": -1}, "line 1 has the seconds -1, not a number"),
        ({"seconds": "long"}, "line 1 has the seconds 'long'"),
        ({"seed": 1.5}, "line 1 has the seed 1.5"),
        ({"seed": int("9" * 400)}, "line 1 has the seed 999"),
        ({"seconds": int("9" * 400)}, "line 1 has the seconds 999"),
        (["a"], "line 1 is not an object"),
    ],
)
def test_manifests_that_make_no_sense(tmp_path, row, message):
    path = tmp_path / "manifest.jsonl"
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(ValueError, match=message):
        read_jobs(path, 0)


def test_a_full_disk_is_said_by_name(plain_model, tmp_path, full_disk):
    """Of a row as of the list of results; it may be tried again."""
    worker = Worker(Setup(str(plain_model), str(tmp_path)))
    with full_disk(1000):
        result = worker.run(Job("a.wav", seed=0, seconds=0.5))
    assert result.error == f"{tmp_path / 'a.wav'}: {os.strerror(errno.EFBIG)}" and result.retry
    assert not list(tmp_path.iterdir())
    (tmp_path / "m.csv").write_text("seconds\n0.01\n")
    with full_disk(40), pytest.raises(OSError, match=f"File too large.*{RESULTS}"):
        synthesize_manifest(tmp_path / "m.csv", tmp_path / "out", plain_model, jobs=1)


def test_manifests_without_rows(tmp_path):
    with pytest.raises(FileNotFoundError, match="no manifest at"):
        read_jobs(tmp_path / "none.csv", 0)
    (tmp_path / "empty.csv").write_text("output,text\n")
    with pytest.raises(ValueError, match="lists nothing"):
        read_jobs(tmp_path / "empty.csv", 0)
    (tmp_path / "twice.csv").write_text("condition\na.npy\nb/a.npy\n")
    with pytest.raises(ValueError, match=r"lines 2 and 3 both write a\.wav"):
        read_jobs(tmp_path / "twice.csv", 0)


def test_bad_arguments(model, tmp_path, write_manifest):
    manifest = write_manifest([{"condition": "3.npy"}])
    with pytest.raises(ValueError, match="temperature"):
        synthesize_manifest(manifest, tmp_path / "o", model, options={"temperature": -1})
    with pytest.raises(ValueError, match="jobs must be from 1"):
        synthesize_manifest(manifest, tmp_path / "o", model, jobs=0)
    with pytest.raises(FileNotFoundError):
        synthesize_manifest(manifest, tmp_path / "o", tmp_path / "none")
    assert not (tmp_path / "o").exists()
