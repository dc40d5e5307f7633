"""Linux grants the tiles of AMX to a process that asks, and then refuses small signal stacks."""

import os
import subprocess
import sys

import pytest

from wavenet import _core

SCRIPT = """
import ctypes, sys, warnings
import numpy as np

class Stack(ctypes.Structure):
    _fields_ = [("place", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

libc = ctypes.CDLL(None, use_errno=True)
memory = ctypes.create_string_buffer(4096)
stack = Stack(ctypes.addressof(memory), 0, len(memory))

def set_stack():
    return libc.sigaltstack(ctypes.byref(stack), None)

def permissions():
    found = ctypes.c_ulong()
    libc.syscall(158, 0x1022, ctypes.byref(found))  # arch_prctl(ARCH_GET_XCOMP_PERM)
    return found.value >> 18 & 1

if "stack" in sys.argv:
    assert set_stack() == 0
import wavenet
from wavenet import _core
if "set" in sys.argv:
    try:
        _core.set_instruction_set("amx")
    except ValueError as error:
        print(error)
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    print(wavenet.load(sys.argv[1], "bf16").instruction_set, permissions(), set_stack())
    for warning in warned:
        print(warning.message)
"""

pytestmark = pytest.mark.skipif(
    "amx" not in _core.available_instruction_sets(), reason="needs a processor with AMX"
)


def run(model, *arguments, isa="") -> list[str]:
    environment = {k: v for k, v in os.environ.items() if k != "WAVENET_ISA"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(model), *arguments], check=True, capture_output=True,
        text=True, env=environment | ({"WAVENET_ISA": isa} if isa else {}),
    )  # fmt: skip
    return done.stdout.splitlines()


def test_tiles_are_asked_for_where_they_are_wanted(plain_model):
    assert run(plain_model) == ["amx 1 -1"]
    assert run(plain_model, isa="amx") == ["amx 1 -1"]


@pytest.mark.parametrize("isa", ["generic", "avx512-bf16"])
def test_tiles_are_not_asked_for_otherwise(plain_model, isa):
    assert run(plain_model, isa=isa) == [f"{isa} 0 0"]


def test_a_small_signal_stack(plain_model):
    """It goes on to work, without tiles, which is said."""
    first, warning = run(plain_model, "stack")
    assert first == "avx512-bf16 0 0"
    assert "refuses the tiles of this processor" in warning
    assert "refuses the tiles of 'amx'" in run(plain_model, "stack", "set")[0]
