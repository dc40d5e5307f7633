"""The library that counts and refuses calls of the system's, for processes that preload it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def counting(tmp_path):
    """The environment of a process in which `count_calls.c` stands before the system's calls."""
    if not (sys.platform == "linux" and shutil.which("cc")) or "LD_PRELOAD" in os.environ:
        pytest.skip("needs Linux, a C compiler and no other preloaded library")
    library = tmp_path / "count_calls.so"
    source = Path(__file__).parent / "count_calls.c"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
    return os.environ | {"LD_PRELOAD": str(library)}
