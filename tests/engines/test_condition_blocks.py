"""Conditioning that comes in blocks: the same samples as at once, in bounded memory."""

import copy
import itertools
import resource

import numpy as np
import pytest
import torch

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.models import WaveNet

LOCALS = {
    "frames": LocalConditioning(4, 7, layers=0),
    "two layers": LocalConditioning(4, 7, layers=2, hidden_channels=9, kernel_size=5),
    "edge": LocalConditioning(4, 7, layers=2, hidden_channels=9, padding="edge"),
    "transposed": LocalConditioning(
        4, 12, layers=1, hidden_channels=9, upsampling="transposed", upsampling_factors=(4, 3)
    ),
    "transposed by 1": LocalConditioning(
        4, 6, layers=0, upsampling="transposed", upsampling_factors=(1, 2, 3)
    ),
    "stretch": LocalConditioning(
        4, 12, layers=1, hidden_channels=9, upsampling="stretch", upsampling_factors=(4, 3)
    ),
    "stretch over channels": LocalConditioning(
        4, 12, layers=1, hidden_channels=9, upsampling="stretch", upsampling_factors=(2, 3, 2),
        frequency_kernel_size=3,
    ),
    "spread": LocalConditioning(
        4, 6, layers=1, upsampling="spread", upsampling_factors=(2, 3), frequency_kernel_size=3
    ),
}  # fmt: skip


def make(local: LocalConditioning, threads: int = 1, **settings) -> WaveNetGenerator:
    torch.manual_seed(0)
    sizes = {"dilations": (1, 2, 4, 8), "residual_channels": 9, "gate_channels": 10}
    config = WaveNetConfig(**(sizes | {"skip_channels": 11, "local": local} | settings))
    model = WaveNet(config)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    return WaveNetGenerator(config, weights, threads=threads)


def frames_of(generator: WaveNetGenerator, count: int = 50) -> np.ndarray:
    size = (count, generator.config.local.channels)
    return np.random.default_rng(0).standard_normal(size).astype(np.float32)


def blocks_of(frames: np.ndarray, sizes):
    start = 0
    for size in itertools.cycle(sizes):
        if start >= len(frames):
            return
        yield frames[start : start + size]
        start += size


@pytest.mark.parametrize("sizes", [(1,), (3, 1, 7), (20,), (1000,)])
@pytest.mark.parametrize("name", LOCALS)
def test_same_bits_as_at_once(name, sizes):
    generator = make(LOCALS[name], speakers=("a", "b"))
    frames = frames_of(generator)
    expected = generator.generate(condition=frames, speaker="b", seed=3)
    blocks = blocks_of(frames, sizes)
    stream = generator.stream(block_size=33, condition=blocks, speaker="b", seed=3)
    np.testing.assert_array_equal(np.concatenate(list(stream)), expected)


@pytest.mark.parametrize("name", LOCALS)
def test_frames_are_taken_when_they_are_needed(name):
    """A frame's samples wait for `lookahead_frames` more, and for nothing else."""
    generator = make(LOCALS[name])
    frames = frames_of(generator, 20)
    taken = []

    def blocks():
        for frame in frames:
            taken.append(frame)
            yield frame[None]

    hop = generator.config.local.hop_length
    for i, _ in enumerate(generator.stream(block_size=hop, condition=blocks())):
        assert len(taken) == min(20, i + 1 + generator.lookahead_frames)
    assert i == 19


@pytest.mark.parametrize("name", LOCALS)
def test_lookahead_is_what_samples_depend_on(name):
    """The frame behind the last one that counts changes no output; that one does."""
    generator = make(LOCALS[name])
    hop, ahead = generator.config.local.hop_length, generator.lookahead_frames
    y = np.zeros(10 * hop)
    frames = frames_of(generator, 30)
    before = generator.outputs(y, condition=frames)
    changed = frames.copy()
    changed[10 + ahead :] += 1
    np.testing.assert_array_equal(generator.outputs(y, condition=changed), before)


@pytest.mark.parametrize("batch", [1, 5])
def test_scoring_and_batches(batch):
    generator = make(LOCALS["stretch"], threads=2)
    frames = frames_of(generator)
    expected = generator.generate(300, condition=frames, batch=batch).reshape(batch, -1)
    blocks = blocks_of(frames, (7,))
    y = generator.generate(300, condition=blocks, batch=batch).reshape(batch, -1)
    np.testing.assert_array_equal(y, expected)
    score = generator.score(y[0], condition=blocks_of(frames, (7,)))
    expected_score = generator.score(y[0], condition=frames)
    np.testing.assert_array_equal(score.log_likelihood, expected_score.log_likelihood)


def test_primed():
    generator = make(LOCALS["stretch"])
    frames = frames_of(generator)
    prime = np.random.default_rng(1).uniform(-1, 1, 100)
    expected = generator.generate(200, condition=frames, prime=prime)
    y = generator.generate(200, condition=blocks_of(frames, (3,)), prime=prime)
    np.testing.assert_array_equal(y, expected)


def test_memory_is_bounded():
    """An hour of frames streams through a generator that keeps a few."""
    local = LocalConditioning(40, 1, layers=1, hidden_channels=64)
    generator = make(local, dilations=(1,))
    block = np.ones((2000, 40), np.float32)
    stream = generator.stream(block_size=2000, condition=itertools.repeat(block))
    for _ in range(3):
        next(stream)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):  # 32 MB of frames, 51 MB encoded
        next(stream)
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # [KiB]
    assert added < 8000


def test_errors():
    generator = make(LOCALS["stretch"])
    frames = frames_of(generator, 5)
    with pytest.raises(ValueError, match="the condition ends 60 samples from here, not 61"):
        generator.generate(61, condition=blocks_of(frames, (2,)))
    with pytest.raises(ValueError, match="the model needs feature frames"):
        next(generator.stream(condition=iter(())))
    with pytest.raises(ValueError, match="values that are not finite"):
        list(generator.stream(condition=iter([frames, np.full((1, 4), np.nan)])))
    with pytest.raises(ValueError, match=r"shape \(frames, 4\), got \(5, 3\)"):
        list(generator.stream(condition=iter([frames[:, :3]])))
    with pytest.raises(ValueError, match="where the condition comes in blocks"):
        generator.generate(condition=iter([frames]))
    with pytest.raises(ValueError, match="cannot be copied"):
        copy.copy(generator.streams(condition=iter([frames])))
    with pytest.raises(ValueError, match="this model takes no condition"):
        make(None).streams(condition=iter([frames]))
