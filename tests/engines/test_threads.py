"""One stream on two cores, and what the core does where the system gives it no threads."""

import copy
import subprocess
import sys
import threading

import numpy as np
import pytest

import wavenet
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.inference.wavenet import WaveNetGenerator
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
        WaveNetGenerator(config, weights, precision, threads).generate(
            512, condition=frames, speaker="a"
        )
        for threads in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


# Shortly before sample 300 the conditioning takes memory for a second frame, which the second core
# asks for: the 64 samples that follow the first 256 are surely drawn on two.
REFUSED = """
import copy, ctypes
import numpy as np
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.inference.wavenet import WaveNetGenerator

config = WaveNetConfig(dilations=(1, 2, 4), local=LocalConditioning(3, 300, layers=0))
weights = {name: np.zeros(shape, np.float32) for name, shape in config.tensor_shapes().items()}
streams = WaveNetGenerator(config, weights, threads=2).streams(condition=np.zeros((4, 3)), seed=1)
streams.generate(256)
refuse = ctypes.c_int.in_dll(ctypes.CDLL(None), "refuse_in_threads")
refuse.value = 1
try:
    streams.generate(200)
except MemoryError:
    print("MemoryError")
refuse.value = 0
for call in (lambda: streams.generate(1), lambda: copy.copy(streams), lambda: streams.core.time):
    try:
        call()
    except RuntimeError as error:
        print(error)
"""


def test_a_failure_on_the_second_core(counting):
    """The first core does not wait for ever, and streams that are between two samples say so."""
    done = subprocess.run(
        [sys.executable, "-c", REFUSED], env=counting,
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    failed = "an earlier call on these streams failed amid its work: make new ones"
    assert done.stdout.splitlines() == ["MemoryError", failed, failed, failed]


def test_copies_of_a_stream_on_two_cores(plain_model):
    streams = wavenet.load(plain_model, threads=2).streams(seed=5)
    streams.generate(700)
    fork = copy.copy(streams)
    expected = wavenet.load(plain_model, threads=1).streams(seed=5).generate(1300)[:, 700:]
    np.testing.assert_array_equal(streams.generate(600), expected)
    np.testing.assert_array_equal(fork.generate(600), expected)


def call_from_another_thread(call) -> BaseException | None:
    """What a call raises in another thread."""
    raised = []

    def run():
        try:
            call()
            raised.append(None)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0]


@pytest.mark.parametrize("model", ["plain_model", "vocoder_model", "writing_model"])
def test_one_call_at_a_time(model, request, monkeypatch):
    """What a stream remembers beside the core, as the noise shaping, is claimed with it."""
    generator = wavenet.load(request.getfixturevalue(model), threads=1)
    config = generator.config
    conditioning = {"condition": np.zeros((9, 6))} if getattr(config, "local", None) else {}
    streams = generator.streams(**conditioning)
    calls = {"generate": lambda: streams.generate(3), "copy": lambda: copy.copy(streams)}
    if config.kind == "wavenet":
        calls["prime"] = lambda: streams.prime(np.zeros(3))
    else:
        calls |= {"save": streams.save, "restore": lambda: streams.restore(memory)}
        memory = streams.save()
    raised = {}

    def meanwhile(total, *arguments, **options):
        for name, call in calls.items():
            raised[name] = call_from_another_thread(call)
        return left(total, *arguments, **options)

    left = streams.samples_left
    monkeypatch.setattr(streams, "samples_left", meanwhile)
    streams.generate(5)
    assert raised.keys() == calls.keys()
    for name, error in raised.items():
        assert isinstance(error, RuntimeError) and "another thread" in str(error), name
    monkeypatch.undo()
    assert call_from_another_thread(calls["generate"]) is None
