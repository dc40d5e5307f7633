"""`wavenet verify`: does a model file do in generation what it did in training?"""

from __future__ import annotations

from typing import Annotated

import typer


def verify(
    model: Annotated[str, typer.Argument(help="Model folder, file, or name of a shipped model.")],
) -> None:
    """Check a model: weights, features, cached against teacher-forced generation, receptive field.

    Exit code 1 if a check fails.
    """
    from wavenet.evaluation.verification import verify as run

    checks = run(model)
    for check in checks:
        print(f"{'ok    ' if check.passed else 'FAILED'}  {check.name}: {check.detail}")
    if not all(check.passed for check in checks):
        raise typer.Exit(1)
