"""Instruction sets of this processor."""

from __future__ import annotations

from typing import TypedDict

from wavenet import _core


class CpuInfo(TypedDict):
    """Instruction sets that can be used here, and the one in use."""

    available: list[str]
    chosen: str


def cpu_info() -> CpuInfo:
    """Instruction sets found on this processor (slowest first) and chosen for new models.

    The environment variable WAVENET_ISA forces one of them.

    Raises
    ------
    ValueError
        WAVENET_ISA names an instruction set that is not available.
    """
    return {
        "available": _core.available_instruction_sets(),
        "chosen": _core.instruction_set(),
    }
