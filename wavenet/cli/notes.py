"""Sentences beside the results of a command."""

import sys


def note(sentence: str) -> None:
    """Says something on standard error, where it is in no result's way."""
    print(f"wavenet: {sentence}", file=sys.stderr)
