"""Many recordings from one model: a manifest, over processes or a Ray cluster."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wavenet.base.validation import integer, processors
from wavenet.bulk.jobs import Job, read_jobs
from wavenet.bulk.worker import Result, Setup
from wavenet.io.atomic import check_writable, naming

RESULTS = "results.jsonl"


@dataclass(frozen=True)
class Summary:
    """What became of the rows of a manifest.

    Attributes
    ----------
    written, skipped
        Numbers of recordings that were made, and that were there already.
    failed
        What could not be made, with the reason.
    """

    written: int
    skipped: int
    failed: tuple[Result, ...]


def synthesize_manifest(
    manifest: str | os.PathLike,
    output: str | os.PathLike,
    model: str | os.PathLike,
    *,
    jobs: int | None = None,
    ray: str | None = None,
    retries: int = 2,
    seed: int = 0,
    options: dict[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Makes the recordings that a manifest lists; a bad one does not lose the others.

    What is there already is left as it is, so that a run which was stopped resumes where it was.
    Each recording appears whole or not at all. `results.jsonl` in the output folder gets one line
    for each when it is done.

    Parameters
    ----------
    manifest
        CSV or JSON lines; see `wavenet.bulk.jobs.read_jobs`.
    output
        Folder, made if it is not there.
    model
        Model folder, file or shipped name. Each worker loads it once.
    jobs
        Workers, of one thread each; by default one per processor (of the cluster).
    ray
        Address of a Ray cluster, "auto" for the running one or "local" for one of this call's own;
        None: processes on this machine. The cluster's machines must see the paths of the model,
        the manifest and the output.
    retries
        How often a recording is tried again after a read or write error or a worker's death.
    seed
        Row i of the manifest (from 0) has the seed `seed` + i unless it names one.
    options
        `temperature`, `top_k`, `top_p` as for `WaveNetGenerator.generate`.
    progress
        Called with the numbers of rows done and of all.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such manifest or model, or the manifest has a row that makes no sense.
    ImportError
        `ray` is given and Ray is not installed.
    """
    integer("retries", retries, 0, 100)
    rows = read_jobs(Path(manifest), integer("seed", seed, 0, 2**63))
    folder = Path(output)
    if jobs is not None:
        integer("jobs", jobs, 1, 4096)
    setup = Setup(str(model), str(folder.resolve()), options or {})
    setup.check()
    folder.mkdir(parents=True, exist_ok=True)
    check_writable(folder / RESULTS)
    left = [job for job in rows if not (folder / job.output).exists()]
    skipped = len(rows) - len(left)
    failed: list[Result] = []
    written = 0
    with open(folder / RESULTS, "a", encoding="utf-8") as log:
        for result in _results(left, setup, jobs, ray, retries):
            with naming(folder / RESULTS):
                log.write(json.dumps(asdict(result)) + "\n")
                log.flush()
            if result.error is None:
                written += 1
            else:
                failed.append(result)
            if progress:
                progress(skipped + written + len(failed), len(rows))
    return Summary(written, skipped, tuple(failed))


def _results(
    left: list[Job], setup: Setup, jobs: int | None, ray: str | None, retries: int
) -> Iterable[Result]:
    if ray is not None:
        from wavenet.bulk.cluster import run_on_ray

        return run_on_ray(left, setup, jobs, ray, retries)
    from wavenet.bulk.local import run_in_processes

    return run_in_processes(left, setup, min(jobs or processors(), max(1, len(left))), retries)
