"""Files appear whole or not at all; what is no regular file stays what it is."""

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from wavenet.compression.quantization import quantize
from wavenet.io.atomic import atomic_path, check_writable, explain, remove_temporary
from wavenet.io.audio import write_audio
from wavenet.io.model_file import load_model, save_model


def write(path, text="new"):
    with atomic_path(path) as temporary:
        temporary.write_text(text)


def test_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail():
        with atomic_path(path) as temporary:
            temporary.write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_a_new_file(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the mask is the whole process's"))
    (tmp_path / "plain.txt").write_text("")
    write(tmp_path / "file.txt")
    modes = [(tmp_path / name).stat().st_mode for name in ("plain.txt", "file.txt")]
    assert modes[0] == modes[1]


def test_models_can_be_read_by_others(tmp_path, plain_model):
    (tmp_path / "plain.txt").write_text("")
    for path in plain_model.iterdir():
        assert path.stat().st_mode == (tmp_path / "plain.txt").stat().st_mode, path


def test_symbolic_links_stay(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file.txt").write_text("old")
    for name in ("file.txt", "fresh.txt"):
        (tmp_path / name).symlink_to(f"folder/{name}")
        write(tmp_path / name)
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "folder" / name).read_text() == "new"
    assert len(list((tmp_path / "folder").iterdir())) == 2


def test_pipes_and_devices_are_written(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    texts = []
    reader = threading.Thread(target=lambda: texts.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join()
    assert texts == ["new"] and pipe.is_fifo()
    device = tmp_path / "null"
    device.symlink_to(os.devnull)
    write(device)
    assert device.is_char_device() and sorted(tmp_path.iterdir()) == [device, pipe]


NOISE = np.random.default_rng(0).uniform(-1, 1, 400_000).astype(np.float32)


def save_array(path):
    with atomic_path(path) as temporary:
        np.savez(temporary, y=NOISE)


def save_weights(path):
    with atomic_path(path) as temporary:
        save_file({"y": NOISE}, temporary)


TOO_LARGE = {
    "wav": lambda path: write_audio(path, NOISE, 16000),
    "flac": lambda path: write_audio(path, NOISE, 16000),
    "ogg": lambda path: write_audio(path, NOISE, 16000),
    "npz": save_array,
    "txt": lambda path: write(path, "x" * 100_000),
    "safetensors": save_weights,
}


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_a_full_disk_is_an_error_with_name_and_reason(tmp_path, full_disk, kind):
    with full_disk(65536):
        path = tmp_path / f"file.{kind}"
        with pytest.raises(OSError) as caught:
            TOO_LARGE[kind](path)
        assert caught.value.errno == errno.EFBIG and caught.value.filename == str(path)
        assert explain(caught.value) == f"{path}: {os.strerror(errno.EFBIG)}"
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_the_end_of_a_sound_is_not_lost_in_silence(tmp_path, full_disk, kind):
    """What is written last, in closing the file, may be what does not fit."""
    path = tmp_path / f"file.{kind}"
    write_audio(path, NOISE[:20_000], 16000)
    with full_disk(path.stat().st_size - 1):
        with pytest.raises(OSError, match="again"):
            write_audio(tmp_path / f"again.{kind}", NOISE[:20_000], 16000)
        assert list(tmp_path.iterdir()) == [path]


def test_models_that_do_not_fit(tmp_path, full_disk, plain_model):
    config, tensors = load_model(plain_model)
    with full_disk(1000):
        for save in (
            lambda: save_model(tmp_path / "model", config, tensors),
            lambda: quantize(plain_model, tmp_path / "model", "bf16"),
        ):
            with pytest.raises(OSError) as caught:
                save()
            assert Path(caught.value.filename).name == "model.safetensors"
            assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.parametrize("length", [246, 250, 255])
@pytest.mark.parametrize("letter", ["x", "é", "語"])
def test_the_longest_names_can_be_written(tmp_path, length, letter):
    stem = (letter * 255).encode()[: length - 4].decode(errors="ignore")
    for path in (tmp_path / f"{stem}.wav", tmp_path / f"{stem}.txt"):
        check_writable(path)
        if path.suffix == ".wav":
            write_audio(path, NOISE[:100], 8000)
        else:
            write(path)
        assert path.stat().st_size > 0
    assert len(list(tmp_path.iterdir())) == 2


def test_what_cannot_be_written_is_found_before(tmp_path, full_disk):
    (tmp_path / "folder").mkdir()
    for path, number in (
        (tmp_path / f"{'x' * 252}.wav", errno.ENAMETOOLONG),
        (tmp_path / "folder", errno.EISDIR),
    ):
        with pytest.raises(OSError) as caught:
            check_writable(path)
        assert (caught.value.errno, caught.value.filename) == (number, str(path))
    with pytest.raises(FileNotFoundError, match=r"the folder .*gone does not exist"):
        check_writable(tmp_path / "gone" / "x.wav")
    check_writable(tmp_path / "gone" / "below" / "x.wav", parents=True)
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
    with full_disk(100):
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            check_writable(tmp_path / "x.wav")
        assert [p.name for p in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folders_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError) as caught:
        check_writable(tmp_path / "x.wav")
    assert caught.value.filename == str(tmp_path / "x.wav")


def test_temporary_files_of_the_dead_are_removed(tmp_path):
    for name in ("[a].wav", f"{'x' * 250}.wav"):
        stale = tmp_path / "stale"
        with atomic_path(tmp_path / name) as temporary:
            os.link(temporary, stale)
            hidden = temporary
        os.rename(stale, hidden)
        (tmp_path / ".b-12345678.wav").touch()
        remove_temporary(tmp_path / name)
        assert not hidden.exists() and (tmp_path / ".b-12345678.wav").exists()
