"""`wavenet bench`: speed of a model on this machine."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def bench(
    model: Annotated[
        str, typer.Argument(help="Model folder, file, or name of a shipped model.")
    ] = "digits",
    seconds: Annotated[float, typer.Option(help="Time for each figure.")] = 1.0,
    batch: Annotated[int, typer.Option(min=1, help="Streams of the batched figure.")] = 16,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure samples per second, one thread, for each precision and instruction set here."""
    from wavenet.evaluation.speed import measure_speed

    rows = measure_speed(model, seconds, batch)
    if as_json:
        print(json.dumps(rows))
        return
    print(
        f"{'':22}{'one stream':>12}{'real time':>11}{'cycles':>9}{'bytes':>11}{'of limit':>10}"
        f"{f'{batch} streams':>13}{'scoring':>11}"
    )
    for row in rows:
        print(
            f"{row['instruction_set']:14}{row['precision']:8}{row['one_stream']:>12,.0f}"
            f"{_times(row.get('real_time_factor'))}{row['cycles']:>9,.0f}{row['bytes']:>11,.0f}"
            f"{row['one_stream'] / row['limit']:>10.0%}{row['batch']:>13,.0f}"
            f"{row['scoring']:>11,.0f}"
        )
    print("samples per second of one thread; cycles, and bytes of weights read, for each of one")
    print("stream; its share of the rate at which this machine multiplies or reads those weights")


def _times(factor: float | None) -> str:
    return f"{factor:>10.2f}x" if factor else " " * 11
