"""Packages that only some uses need: what to install where one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str, use: str) -> Iterator[None]:
    """A missing package becomes an ImportError that says how to install the extra `name`.

    Parameters
    ----------
    name
        Name of the extra in `pyproject.toml`.
    use
        What needs it: the start of the sentence, in the plural.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("wavenet"):
            raise
        raise ImportError(
            f'{use} need {error.name}, which is not installed: pip install "wavenet-engine[{name}]"'
        ) from error
