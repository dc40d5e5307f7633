"""Runs cases of a fuzzer in a process of their own and writes down those that failed.

    python tests/fuzz/run.py models|arrays|files [--first SEED] [--count N | --minutes M]
                             [--findings FOLDER]

A case is made of its seed alone. It fails by a crash, by taking longer than a minute, by wrong
results, or by an exception that the documentation does not name. Ends with 1 if any did.
"""

import argparse
import importlib
import json
import os
import resource
import select
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

KINDS = ("models", "arrays", "files")
EXPECTED = (ValueError, OSError)  # what the documentation names
LONGEST = 60.0  # [s] that a case may take
MEMORY = 6 << 30  # [bytes] that a process may ask for: no input here is worth more
SANITIZED = "LD_PRELOAD" in os.environ  # shadow memory takes terabytes of addresses


def run_cases(kind: str, first: int) -> None:
    """Says the seed of each case before it runs, and afterwards what was wrong."""
    warnings.simplefilter("ignore")
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    case = importlib.import_module(kind).case
    seed = first
    while True:
        print(json.dumps({"seed": seed}), flush=True)
        try:
            case(seed)
        except EXPECTED:
            pass
        except Exception:
            print(json.dumps({"failed": traceback.format_exc()}), flush=True)
        seed += 1


def results(kind: str, first: int) -> Iterator[tuple[int, str]]:
    """(seed, what was wrong or "") for one case after the other, for ever."""
    seed = first
    while True:
        command = [sys.executable, __file__, kind, "--child", "--first", str(seed)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        failure = ""
        try:
            started = False
            while True:
                if not select.select([process.stdout], [], [], LONGEST)[0]:
                    failure = f"took longer than {LONGEST:g} s"
                    break
                line = process.stdout.readline()
                if not line:
                    process.wait()
                    errors = process.stderr.read().decode(errors="replace")[-6000:]
                    failure = f"ended with {process.returncode}\n{errors}"
                    break
                message = json.loads(line)
                if "failed" in message:
                    failure = message["failed"]
                    continue
                if started:
                    yield seed, failure
                    failure, seed = "", seed + 1
                started = True
        finally:
            process.kill()
            process.communicate()
        yield seed, failure
        seed += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    parser.add_argument("--count", type=int, help="cases; by default as many as time allows")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--findings", type=Path, help="folder for what failed, a file a case")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_cases(options.kind, options.first)
    end = time.monotonic() + 60 * options.minutes
    failed = done = 0
    cases = results(options.kind, options.first)
    for seed, failure in cases:
        done += 1
        if failure:
            failed += 1
            print(f"{options.kind} {seed}: {failure.strip().splitlines()[-1]}", flush=True)
            if options.findings:
                options.findings.mkdir(parents=True, exist_ok=True)
                (options.findings / f"{options.kind}-{seed}.txt").write_text(failure)
        if done == options.count or (options.count is None and time.monotonic() > end):
            break
    cases.close()
    print(f"{options.kind}: {done} cases from seed {options.first} on, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
