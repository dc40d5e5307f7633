"""Long calls of foreign C code that Ctrl-C interrupts."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_GRACE = 0.05  # [s]; what ends by then ends before the interpreter does


def interruptible(function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """`function(*args, **kwargs)`, at once a KeyboardInterrupt where the main thread gets Ctrl-C.

    Python handles signals in its main thread, and not before C code returns there. Such code, which
    must release the interpreter lock, runs in another thread here, for which the main one waits.
    After an interrupt it continues unheard; the end of the process does not wait for it.
    """
    if threading.current_thread() is not threading.main_thread():
        return function(*args, **kwargs)
    return next(in_threads(lambda _: function(*args, **kwargs), [None], 1))


def in_threads(function: Callable[[T], R], items: Sequence[T], n_jobs: int) -> Iterator[R]:
    """`map(function, items)` over threads, which an interrupt does not wait for."""
    futures: list[Future[R]] = [Future() for _ in items]
    waiting = deque(zip(futures, items, strict=True))

    def work() -> None:
        while waiting:
            try:
                future, item = waiting.popleft()
            except IndexError:  # another thread was quicker
                return
            try:
                future.set_result(function(item))
            except BaseException as error:
                future.set_exception(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(n_jobs, len(items)))]
    for thread in threads:
        thread.start()
    try:
        for future in futures:
            yield future.result()
    except KeyboardInterrupt:
        waiting.clear()
        for thread in threads:
            thread.join(_GRACE / len(threads))
        raise
    finally:
        waiting.clear()
