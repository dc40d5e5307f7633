"""Files appear whole or not at all; what is no regular file stays what it is."""

import os
import threading

import pytest

from wavenet.formats.atomic import atomic_path


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
