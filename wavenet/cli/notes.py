"""Sentences beside the results of a command."""

import sys


def note(sentence: str) -> None:
    """Says something on standard error, where it is in no result's way."""
    print(f"wavenet: {sentence}", file=sys.stderr)


def warn(sentence: object) -> None:
    """Says what makes a result doubtful."""
    note(f"warning: {sentence}")
