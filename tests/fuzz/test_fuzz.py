"""The fuzzers on as many cases as take some seconds; .ci/fuzz runs them for longer."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")


@pytest.mark.parametrize(("kind", "count"), [("models", 120), ("arrays", 400), ("files", 300)])
def test_fuzz(kind, count, tmp_path):
    done = subprocess.run(
        [sys.executable, RUN, kind, "--count", str(count), "--findings", tmp_path],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    findings = "\n\n".join(path.read_text() for path in sorted(tmp_path.iterdir()))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{findings}"


CRASHES = """
import ctypes
def case(seed):
    if seed == 3:
        ctypes.string_at(0)
    if seed == 5:
        raise KeyError(seed)
    if seed == 6:
        raise ValueError(seed)
"""


def test_crashes_are_found(tmp_path):
    """Every case is run, whatever the one before did to its process."""
    (tmp_path / "run.py").write_text(RUN.read_text())
    (tmp_path / "arrays.py").write_text(CRASHES)
    findings = tmp_path / "findings"
    done = subprocess.run(
        [sys.executable, tmp_path / "run.py", "arrays", "--count", "9", "--findings", findings],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1] == "arrays: 9 cases from seed 0 on, 2 failed"
    assert sorted(p.name for p in findings.iterdir()) == ["arrays-3.txt", "arrays-5.txt"]
    assert "ended with -11" in (findings / "arrays-3.txt").read_text()
    assert "KeyError: 5" in (findings / "arrays-5.txt").read_text()
