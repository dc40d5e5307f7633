"""Files of every kind that is read, damaged, or made of what should not be in them."""

import io
import json
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from values import choose, mutated_json

from wavenet.bulk.jobs import read_jobs
from wavenet.forecasting.series import read_series
from wavenet.inference.text import read_text
from wavenet.io.audio import read_audio
from wavenet.io.frames import blocks_of_file, blocks_of_pipe
from wavenet.io.manifest import read_clips

RATE = 8000
PIECES = (b"\0", b"\xff" * 4, b"\n", b"\r\n", b'"', b",", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"-1",
          b"1e999", b"9" * 30, b"nan", b"[" * 1000, b"{" * 1000, b"\x85", b"\x0b",
          b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\x01\x00\x00\x00", b"../",
          b"%s", b"\xf0\x9f\x98\x80")  # fmt: skip


def mutated(random, content: bytes) -> bytes:
    """Bytes changed, taken away, put in or repeated, more often near the start."""
    content = bytearray(content)
    for _ in range(random.integers(1, 6)):
        end = max(1, min(len(content), choose(random, (16, 64, 200, len(content)))))
        place = int(random.integers(end))
        kind = random.random()
        if kind < 0.5 and content:
            content[min(place, len(content) - 1)] = int(random.integers(256))
        elif kind < 0.75:
            content[place:place] = choose(random, PIECES)
        elif kind < 0.85:
            del content[place : place + int(random.integers(1, 40))]
        elif kind < 0.95:
            piece = choose(random, PIECES)
            content[place : place + len(piece)] = piece
        else:
            del content[int(random.integers(1 + len(content))) :]
    return bytes(content)


def sound(random, format_: str) -> bytes:
    file = io.BytesIO()
    subtypes = {"WAV": ("PCM_16", "PCM_24", "PCM_U8", "FLOAT", "DOUBLE", "ULAW", "GSM610",
                        "IMA_ADPCM"),
                "FLAC": ("PCM_16", "PCM_24"), "OGG": ("VORBIS",), "AIFF": ("PCM_16", "FLOAT"),
                "W64": ("PCM_16",), "RF64": ("PCM_16",), "CAF": ("PCM_16",)}  # fmt: skip
    y = random.uniform(-0.5, 0.5, (400, 1 if format_ == "WAV" else int(random.integers(1, 3))))
    soundfile.write(file, y, RATE, format=format_, subtype=choose(random, subtypes[format_]))
    return file.getvalue()


def audio(random, folder: Path) -> None:
    format_ = choose(random, ("WAV", "WAV", "WAV", "FLAC", "OGG", "AIFF", "W64", "RF64", "CAF"))
    path = folder / f"a.{choose(random, (format_.lower(), 'wav'))}"
    path.write_bytes(mutated(random, sound(random, format_)))
    y, rate = read_audio(path, choose(random, (None, RATE, 16000)))
    assert np.isfinite(y).all() and rate > 0
    assert y.size < 10_000_000  # a file of a few kilobytes


def clips(random, folder: Path) -> None:
    rows = [{"path": f"{i}.wav", "speaker": "a", "text": "one", "start": 0.0, "end": 0.01}
            for i in range(3)]  # fmt: skip
    for row in rows:
        (folder / row["path"]).write_bytes(sound(random, "WAV"))
    if random.random() < 0.5:
        if random.random() < 0.6:
            rows = [mutated_json(random, row) for row in rows]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path = folder / "manifest.jsonl"
    else:
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        content = "\n".join(lines).encode()
        path = folder / "manifest.csv"
    path.write_bytes(mutated(random, content) if random.random() < 0.7 else content)
    choose(random, (read_clips, lambda p: read_jobs(p, 0)))(path)


def series(random, folder: Path) -> None:
    hours = [f"2024-01-01T{hour:02}:00:00,{random.normal():.3f},{hour}" for hour in range(20)]
    content = "\n".join(["time,load,hour", *hours, ""]).encode()
    path = folder / "series.csv"
    path.write_bytes(mutated(random, content))
    read_series(path)


def frames(random, folder: Path) -> None:
    file = io.BytesIO()
    np.save(file, random.normal(size=(20, 3)).astype(choose(random, ("f4", "f8", "i2", ">f4"))))
    content = mutated(random, file.getvalue())
    (folder / "frames.npy").write_bytes(content)
    if random.random() < 0.5:
        _, blocks = blocks_of_file(folder / "frames.npy", 3)
    else:
        blocks = blocks_of_pipe(io.BytesIO(content), 3)
    for block in blocks:
        assert block.shape[1] == 3


def text(random, folder: Path) -> None:
    path = folder / "a.txt"
    path.write_bytes(mutated(random, "one two\nthrée\n".encode() * 20))
    read_text(path)


CASES = (audio, audio, clips, clips, series, frames, text)


def case(seed: int) -> None:
    random = np.random.default_rng([3, seed])
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
        choose(random, CASES)(random, Path(folder))
