"""Instruction sets of this processor."""

from __future__ import annotations

import warnings
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


def warn_of_refused_tiles(precision: str) -> None:
    """Says where the system refuses tiles that would multiply weights of this precision."""
    if precision != "float32" and _core.tiles_refused():
        warnings.warn(
            "the system refuses the tiles of this processor (AMX) to this process, as it does "
            f"where a signal stack (sigaltstack) is too small for them: {precision} is slower",
            RuntimeWarning,
            stacklevel=4,
        )
