"""One stream on two cores, and what the core does where the system gives it no threads."""

import copy
import subprocess
import sys

import numpy as np
import pytest

import wavenet
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.generator import Generator
from wavenet.models import WaveNet

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


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize(
    "upsampling", [{}, {"upsampling": "stretch", "upsampling_factors": (4, 2)}]
)
def test_one_stream_on_two_cores(precision, upsampling, instruction_set):
    """Samples 256 to 511 are drawn on two cores, here up to the end of the conditioning."""
    local = LocalConditioning(3, 8, layers=1, hidden_channels=5, **upsampling)
    config = WaveNetConfig(dilations=(1, 2, 4, 8, 16), kernel_size=3, local=local, speakers=("a",))
    weights = {name: value.numpy() for name, value in WaveNet(config).state_dict().items()}
    frames = np.random.default_rng(0).standard_normal((64, 3))
    one, two = (
        Generator(config, weights, threads, precision).generate(512, condition=frames, speaker="a")
        for threads in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_copies_of_a_stream_on_two_cores(plain_model):
    streams = wavenet.load(plain_model, threads=2).streams(seed=5)
    streams.generate(700)
    fork = copy.copy(streams)
    expected = wavenet.load(plain_model, threads=1).streams(seed=5).generate(1300)[:, 700:]
    np.testing.assert_array_equal(streams.generate(600), expected)
    np.testing.assert_array_equal(fork.generate(600), expected)
