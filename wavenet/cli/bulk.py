"""`wavenet synthesize --manifest`: many recordings, on this machine or a Ray cluster."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

_SHOWN = 10  # failures that are printed; the log has all


def synthesize_many(
    manifest: Path, output: str, model: str, options: dict[str, Any], **settings: Any
) -> None:
    """Prints a summary; exit code 1 if a recording could not be made."""
    from rich.console import Console
    from rich.progress import Progress

    from wavenet.bulk import RESULTS, synthesize_manifest

    if output == "-" or Path(output).is_file():
        raise ValueError(f"{output} is not a folder; a manifest makes many files")
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("synthesize", total=None)
        summary = synthesize_manifest(
            manifest, output, model, options=options, **settings,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )  # fmt: skip
    print(
        f"{output}: {summary.written} written, {summary.skipped} there already, "
        f"{len(summary.failed)} failed; see {Path(output) / RESULTS}"
    )
    for result in summary.failed[:_SHOWN]:
        print(f"{result.output}: {result.error}", file=sys.stderr)
    if len(summary.failed) > _SHOWN:
        print(f"and {len(summary.failed) - _SHOWN} more", file=sys.stderr)
    if summary.failed:
        raise typer.Exit(1)
