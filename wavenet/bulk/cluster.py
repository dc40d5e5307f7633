"""Workers that are actors of a Ray cluster."""

from __future__ import annotations

import dataclasses
import socket
from collections import deque
from collections.abc import Iterator
from typing import Any

from wavenet.bulk.jobs import Job
from wavenet.bulk.worker import Result, Setup, Worker

_PATIENCE = 10.0  # with a machine that does not answer [s]


def run_on_ray(
    jobs: list[Job], setup: Setup, workers: int | None, address: str, retries: int
) -> Iterator[Result]:
    """Results as they come; Ray starts a dead worker anew and gives it its row once more.

    Raises
    ------
    ImportError
        Ray is not installed.
    ValueError
        There is no cluster at the address.
    """
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError as error:
        raise ImportError(
            f"--ray needs Ray, which is not installed: pip install 'wavenet-engine[cluster]' "
            f"({error})"
        ) from error
    ours = not ray.is_initialized()
    if ours:
        _check_address(address)
        local = {"include_dashboard": False} if address == "local" else {}
        try:
            ray.init(address, log_to_driver=False, logging_level="error", **local)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ValueError(f"no Ray cluster at {address}: {error}") from error
    try:
        processors = max(1, int(ray.cluster_resources().get("CPU", 1)))
        remote = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=retries)(Worker)
        # No more than can run at once: one that dies needs its processor again.
        count = min(workers or processors, processors, len(jobs))
        actors = [remote.remote(setup) for _ in range(count)]
        yield from _run_actors(ray, RayError, actors, jobs, retries)
    finally:
        if ours:
            ray.shutdown()


def _check_address(address: str) -> None:
    """Finds out whether somebody is there: Ray itself waits for minutes."""
    if address in ("auto", "local"):
        return
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError(f"the Ray address {address!r} is none of auto, local, HOST:PORT")
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ValueError(f"no Ray cluster at {address}: {error}") from error


def _run_actors(
    ray: Any, ray_error: type[Exception], actors: list[Any], jobs: list[Job], retries: int
) -> Iterator[Result]:
    queue = deque((job, 1) for job in jobs)
    starting = {actor.ready.remote(): actor for actor in actors}  # some may never find a processor
    idle: list[Any] = []
    under_way: dict[Any, tuple[Any, Job, int]] = {}
    while queue or under_way:
        while queue and idle:
            actor, (job, attempt) = idle.pop(), queue.popleft()
            under_way[actor.run.remote(job)] = actor, job, attempt
        done, _ = ray.wait([*under_way, *starting], num_returns=1)
        for reference in done:
            if reference in starting:
                actor = starting.pop(reference)
                try:
                    ray.get(reference)
                    idle.append(actor)
                except ray_error as error:
                    if not (starting or idle or under_way):
                        raise RuntimeError(f"no worker could start: {_sentence(error)}") from error
                continue
            actor, job, attempt = under_way.pop(reference)
            idle.append(actor)
            try:
                result = ray.get(reference)
            except ray_error as error:
                reason = f"the worker died: {_sentence(error)}"
                result = Result(job.output, reason, attempts=retries + 1)
            if result.retry and attempt <= retries:
                queue.append((job, attempt + 1))
            else:
                yield dataclasses.replace(result, attempts=max(attempt, result.attempts))


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
