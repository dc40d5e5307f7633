"""The same manifest on a Ray instance of this machine, one worker of which is killed."""

from pathlib import Path

import pytest

from wavenet.bulk import synthesize_manifest

pytest.importorskip(
    "ray", reason="Ray (80 MB, the extra cluster) is not installed and no requirement of the tests"
)
pytestmark = pytest.mark.filterwarnings("ignore")  # of Ray itself


def ray_workers() -> list[int]:
    """Processes that run our actors; Ray titles them so."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if command.startswith(b"ray::Worker"):
            found.append(int(path.parent.name))
    return found


def test_a_worker_that_dies_loses_nothing(model, tmp_path, write_manifest, killing):
    rows = [{"condition": "20000.npy", "output": f"{i}.wav"} for i in range(6)]
    rows.append({"condition": "missing.npy"})
    manifest = write_manifest(rows)
    out = tmp_path / "out"
    with killing(out, ray_workers) as killed:
        summary = synthesize_manifest(manifest, out, model, jobs=9, ray="local")
    assert killed
    assert summary.written == 6
    assert [result.output for result in summary.failed] == ["missing.wav"]
    summary = synthesize_manifest(manifest, out, model, jobs=2, ray="local")
    assert (summary.written, summary.skipped) == (0, 6)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("auto", "no Ray cluster at auto"),
        ("localhost:1", "no Ray cluster at localhost:1"),
        ("ray://localhost:1", "no Ray cluster at"),
        ("somewhere", "'somewhere' is none of auto, local, HOST:PORT"),
    ],
)
def test_no_cluster_at_the_address(model, tmp_path, write_manifest, address, message):
    manifest = write_manifest([{"condition": "3.npy"}])
    with pytest.raises(ValueError, match=message):
        synthesize_manifest(manifest, tmp_path / "out", model, ray=address)
