"""What the core does where the system gives it no threads."""

import subprocess
import sys

import numpy as np

import wavenet

# The streams have their memory; then no stack of a further thread fits in the address space.
WITHOUT_THREADS = """
import resource, sys
import numpy as np
import wavenet
generator = wavenet.load(sys.argv[1], threads=16)
streams = generator.streams(batch=16, seed=3)
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**20, used + 2**20))
np.save(sys.argv[2], streams.generate(50))
"""


def test_fewer_threads_do_the_same(plain_model, tmp_path):
    arguments = [str(plain_model), str(tmp_path / "audio.npy")]
    subprocess.run([sys.executable, "-c", WITHOUT_THREADS, *arguments], check=True)
    expected = wavenet.load(plain_model).streams(batch=16, seed=3).generate(50)
    np.testing.assert_array_equal(np.load(tmp_path / "audio.npy"), expected)
