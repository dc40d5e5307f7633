"""Blocks of generation and scoring neither allocate nor lock: they may run in an audio callback.

A preloaded library counts the calls in a process of its own.
"""

import json
import subprocess
import sys

# Prints the counts of each call that a trivial one does not have, for 32, 64 and 256 steps.
SCRIPT = """
import ctypes
import json
import numpy as np
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.inference.wavenet import WaveNetGenerator

counter = ctypes.CDLL(None)
counter.allocation_count.restype = counter.lock_count.restype = ctypes.c_long

def calls(function, *arguments):
    counts = []
    for _ in range(9):
        before = counter.allocation_count(), counter.lock_count()
        function(*arguments)
        counts.append((counter.allocation_count() - before[0], counter.lock_count() - before[1]))
    return np.median(counts, axis=0)

def conditioning(upsampling, taps=1):
    factors = () if upsampling == "repeat" else (4, 4)
    return LocalConditioning(
        3, 16, layers=1, hidden_channels=4, upsampling=upsampling, upsampling_factors=factors,
        frequency_kernel_size=taps,
    )

def streams(config):
    random = np.random.default_rng(0)
    shapes = config.tensor_shapes().items()
    tensors = {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes}
    condition = {"condition": random.normal(0, 1, (2000, 3))} if config.local else {}
    return WaveNetGenerator(config, tensors, threads=1).streams(**condition).core

local = {"no": None, "blended": conditioning("stretch"), "stretched": conditioning("stretch", 3)}
local |= {name: conditioning(name) for name in ("repeat", "transposed", "spread")}
none = calls(int)
found = {}
for output in ("categorical", "logistic-mixture"):
    for name, conditions in (local | {"no (8 channels)": None}).items():  # in planes
        few = "8" in name
        core = streams(
            WaveNetConfig(
                dilations=(1, 2, 4, 8, 16), kernel_size=3, residual_channels=8 if few else 48,
                gate_channels=16 if few else 32, skip_channels=16, output=output, local=conditions,
                input="one-hot" if output == "categorical" else "scalar",
            )
        )
        def generate(codes):
            core.generate(codes.shape[1], seed=1, temperature=1.0, top_k=0, top_p=1.0)
        def generate_likely(codes):
            core.generate(codes.shape[1], seed=1, temperature=1.0, top_k=100, top_p=0.9)
        def score_and_generate(codes):
            core.score(codes)
            core.generate(1, seed=1, temperature=1.0, top_k=0, top_p=1.0)
        calls_of_core = [generate, core.score, core.prime, core.logits, score_and_generate]
        if output == "categorical":
            calls_of_core.append(generate_likely)
        for call in calls_of_core:
            inputs = [np.full((1, steps), 3, np.uint16) for steps in (32, 64, 256)]
            for codes in inputs + inputs:  # warm up
                call(codes)
            counts = [(calls(call, codes) - none).tolist() for codes in inputs]
            found[f"{output}, {name} conditioning, {call.__name__}"] = counts
print(json.dumps(found))
"""


BINDING = 2  # allocations of pybind11, before the core is called
RESULT = 3  # of an array of results


def test_blocks_neither_allocate_nor_lock(counting):
    environment = counting | {"OPENBLAS_NUM_THREADS": "1"}
    output = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    ).stdout
    found = json.loads(output)
    assert len(found) == 77
    for what, counts in found.items():
        allowed = BINDING + RESULT * ("prime" not in what)
        if "score_and" in what:
            allowed *= 2
        for allocations, locks in counts:
            assert allocations <= allowed, what
            assert locks == counts[0][1], what  # of the interpreter
