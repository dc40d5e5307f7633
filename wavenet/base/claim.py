"""One call at a time on an object that several threads may hold."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., Any])


class Claim:
    """`with claim:` RuntimeError where another thread is in such a block."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("these streams are advancing in another thread; use a copy")

    def __exit__(self, *error: object) -> None:
        self._lock.release()


def claimed(method: Method) -> Method:
    """A method that has the object, with all that it remembers in `_claim`, for itself."""

    @functools.wraps(method)
    def claiming(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self._claim:
            return method(self, *args, **kwargs)

    return cast(Method, claiming)
