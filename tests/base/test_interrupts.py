"""Ctrl-C ends what takes long at once: calls of the core, loops of NumPy, pyworld in a thread."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from wavenet.base.interrupts import in_threads, interruptible

# Each would take ten seconds or more.
CALLS = {
    "mlpg": """
means = np.zeros((20_000, 16)) + np.sin(np.arange(20_000))[:, None]
call = lambda: mlpg(means, np.ones_like(means), [[1.0], np.sin(np.arange(201))])
""",
    "conditional": """
model = wavenet.JointDensityGMM(128, max_iter=1, tol=0.0, n_jobs=2).fit(random(2000, 96))
X = np.tile(random(2000, 48), (400, 1))
call = lambda: [model.conditional(X) for _ in range(10)]
""",
    "score": """
model = wavenet.JointDensityGMM(16, max_iter=1, tol=0.0, n_jobs=1).fit(random(2000, 64))
Z = np.tile(random(2000, 64), (200, 1))
call = lambda: [model.score_samples(Z) for _ in range(100)]
""",
    "expectation and maximisation": """
Z = random(20_000, 48)
start = np.full(16, 1 / 16), Z[:16], np.stack([np.eye(48)] * 16)
names = ("weights_init", "means_init", "covariances_init")
model = wavenet.JointDensityGMM(16, max_iter=10**6, tol=0.0, n_jobs=2, **dict(zip(names, start)))
call = lambda: model.fit(Z)
""",
    "k-means": """
Z = np.tile(random(5000, 32), (100, 1))
call = lambda: wavenet.JointDensityGMM(512).fit(Z)
""",
    "trajectory_convert": """
posteriors = np.full((20_000, 4), 0.25)
arguments = random(4, 72, 24), random(4, 72), np.ones((4, 72)), WINDOWS
X = random(20_000, 24)
call = lambda: trajectory_convert(X, posteriors, *arguments, n_iterations=10**5)
""",
    "global_variance_gradient": """
means, target = random(20_000, 72), (np.full(24, 2.0), np.ones(24))
options = {"max_iter": 10**6, "tol": 0.0}
call = lambda: [gradient(means, np.ones(72), WINDOWS, *target, **options) for _ in range(100)]
""",
    "dtw": """
X = random(12_000, 64)
call = lambda: [wavenet.dtw(X, X, metric="cosine") for _ in range(10)]
""",
    "pyworld": """
y = 0.1 * random(300 * 16_000)
call = lambda: world.analyze(y, world.WorldSettings())
""",
    "pyworld in threads": """
y = 0.1 * random(300 * 16_000)
settings = world.WorldSettings()
call = lambda: list(in_threads(lambda y: world.analyze(y, settings), [y, y, y], 2))
""",
}
CHILD = """
import signal, sys
import numpy as np
import wavenet
from wavenet.conversion.trajectory.global_variance import global_variance_gradient as gradient
from wavenet.dsp.mlpg import mlpg, trajectory_convert
from wavenet.features import world
from wavenet.base.interrupts import in_threads
WINDOWS = [[1.0], [-0.5, 0.0, 0.5], [1.0, -2.0, 1.0]]
random = lambda *shape: np.random.default_rng(0).standard_normal(shape)
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a shell
{setup}
print("ready", flush=True)
try:
    call()
except KeyboardInterrupt:
    sys.exit("stopped")
"""


@pytest.mark.parametrize("name", CALLS)
def test_interrupt(name):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(setup=CALLS[name])],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
        time.sleep(0.3)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
    finally:
        child.kill()
    assert errors == "stopped\n" and child.returncode == 1
    assert time.monotonic() - sent < 4  # with the end of the process on a busy machine


def test_results_and_errors_of_threads():
    assert interruptible(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        interruptible(divmod, 7, 0)
    items = list(range(50))
    assert list(in_threads(lambda i: i * i, items, 3)) == [i * i for i in items]
    assert list(in_threads(abs, [], 3)) == []
    seen = []

    def work(i):
        seen.append(i)
        time.sleep(0.01)
        return np.zeros(1)[i]

    with pytest.raises(IndexError):
        list(in_threads(work, [0, 1, *range(2, 1000)], 1))
    assert len(seen) < 1000
