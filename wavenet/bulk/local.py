"""Workers that are processes on this machine."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from wavenet.bulk.jobs import Job
from wavenet.bulk.worker import Result, Setup, Worker

_DEATH = "the worker process died"

_worker: Worker


def run_in_processes(jobs: list[Job], setup: Setup, workers: int, retries: int) -> Iterator[Result]:
    """Results as they come.

    A process that dies takes its pool along. The rows that were under way are then tried alone, one
    after the other, so that none is blamed for another's death; the rest continues after them.
    """
    waiting = deque((job, 1) for job in jobs)
    suspects: deque[tuple[Job, int]] = deque()
    while waiting or suspects:
        alone = bool(suspects)
        queue = suspects if alone else waiting
        broken = yield from _run_pool(queue, setup, 1 if alone else workers, retries)
        if not alone:
            suspects.extend(broken)
            continue
        for job, attempt in broken:  # it was alone: the death is its own
            if attempt > retries:
                yield Result(job.output, _DEATH, attempts=attempt)
            else:
                suspects.append((job, attempt + 1))


def _run_pool(
    queue: deque[tuple[Job, int]], setup: Setup, workers: int, retries: int
) -> Generator[Result, None, list[tuple[Job, int]]]:
    """Runs a queue until it is empty or the pool breaks; returns what was under way then."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(setup,))
    under_way: dict[Future, tuple[Job, int]] = {}
    try:
        while queue or under_way:
            while queue and len(under_way) < workers:
                future = pool.submit(_run, queue[0][0])
                under_way[future] = queue.popleft()
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                job, attempt = under_way[future]
                result = future.result()
                del under_way[future]
                if result.retry and attempt <= retries:
                    queue.append((job, attempt + 1))
                else:
                    yield dataclasses.replace(result, attempts=attempt)
    except BrokenProcessPool:
        return list(under_way.values())
    except BaseException:  # Ctrl-C: what is under way may take minutes
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return []


def _start(setup: Setup) -> None:
    global _worker  # noqa: PLW0603  # a process has one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(setup)


def _end_with_parent() -> None:
    """A parent that was killed cannot end its workers."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _run(job: Job) -> Result:
    return _worker.run(job)
