"""What `import wavenet` loads, and how it names what is missing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wavenet

HEAVY = ["torch", "librosa", "sklearn", "scipy", "matplotlib", "pyworld", "numba", "pandas"]


def loaded_after(statement: str) -> list[str]:
    code = f"import sys; {statement}; print(*[m for m in {HEAVY} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return result.stdout.split()


@pytest.mark.parametrize(
    "statement",
    [
        "import wavenet",
        "import wavenet; wavenet.mulaw_encode([0.5]); wavenet.cpu_info(); wavenet.load",
        "import wavenet.cli",
        "import wavenet; wavenet.read_audio; wavenet.config.WaveNetConfig()",
    ],
)
def test_nothing_heavy_is_loaded(statement):
    assert loaded_after(statement) == []


def test_public_names():
    for name in wavenet.__all__:
        assert getattr(wavenet, name) is not None
    assert set(wavenet.__all__) <= set(dir(wavenet))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = wavenet.no_such_name


def test_subpackages_are_there_when_used():
    assert loaded_after("import wavenet; wavenet.training.TrainingConfig; wavenet.plot") == []
    assert "torch" in loaded_after("import wavenet; wavenet.models.WaveNet")


def test_missing_core_is_named(tmp_path):
    """A copy of the source without the core, and no other copy to be found (-S)."""
    source = Path(wavenet.__file__).parent
    shutil.copytree(source, tmp_path / "wavenet", ignore=shutil.ignore_patterns("*.so", "*.pyd"))
    for statement in ("wavenet.cpu_info", "from wavenet import _core"):
        result = subprocess.run(
            [sys.executable, "-S", "-c", f"import wavenet; {statement}"],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert "ImportError: the C++ core of wavenet is not built" in result.stderr


def test_cpu_info():
    info = wavenet.cpu_info()
    assert info["available"][0] == "generic"
    assert info["chosen"] in info["available"]


def test_forced_instruction_set():
    code = "import wavenet; print(wavenet.cpu_info()['chosen'])"
    for name, expected in [("generic", "generic"), ("sparc", None)]:
        result = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env={"WAVENET_ISA": name, "PATH": ""},
        )
        if expected:
            assert result.stdout.strip() == expected
        else:
            assert result.returncode == 1
            assert "ValueError: instruction set 'sparc' is not available" in result.stderr
