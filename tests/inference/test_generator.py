"""The face that all generators share."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import wavenet
from wavenet.inference.generator import Generator
from wavenet.inference.recurrent import RecurrentGenerator
from wavenet.inference.wavenet import WaveNetGenerator

KINDS = ["plain_model", "mixture_model", "speaking_model", "vocoder_model", "writing_model"]


@pytest.fixture(params=KINDS)
def generator(request):
    return wavenet.load(request.getfixturevalue(request.param), threads=1)


def conditioning(generator, frames: int = 40) -> dict[str, np.ndarray]:
    local = getattr(generator.config, "local", None)
    if local is None:
        return {}
    random = np.random.default_rng(0)
    statistics = getattr(generator.config.features, "statistics", None)
    if statistics:
        return {"condition": statistics.draw(random, frames)}
    return {"condition": random.standard_normal((frames, local.channels))}


def prompt(generator):
    """Samples of the kind that the model has."""
    return generator.generate(60, seed=1, **conditioning(generator))


def parameters(method) -> list[str]:
    return list(inspect.signature(method).parameters)


@pytest.mark.parametrize("name", ["generate", "stream", "streams", "score", "outputs"])
@pytest.mark.parametrize("kind", [WaveNetGenerator, RecurrentGenerator])
def test_signatures_are_those_of_the_base(kind, name):
    found = inspect.signature(getattr(kind, name)).parameters
    assert list(found) == parameters(getattr(Generator, name))
    assert all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in found.values())


def test_a_typo_is_named(generator):
    with pytest.raises(TypeError, match="temprature"):
        generator.generate(5, temprature=0.5)


def test_a_copy_and_a_pickle_generate_the_same(generator):
    given = conditioning(generator)
    expected = generator.generate(50, seed=3, **given)
    for other in (copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))):
        assert type(other) is type(generator) and other.threads == 1
        assert np.array_equal(other.generate(50, seed=3, **given), expected)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("start", [0, 7, 90])
def test_streams_resume_what_was_saved(generator, batch, start):
    given = conditioning(generator)
    streams = generator.streams(seed=5, batch=batch, prime=prompt(generator), **given)
    if start:
        streams.generate(start)
    memory = pickle.loads(pickle.dumps(streams.save()))
    expected = streams.generate(40)
    for resumed in (
        generator.streams(seed=5, batch=batch, **given),
        generator.streams(seed=5, batch=batch, prime=prompt(generator), **given),
    ):
        resumed.restore(memory)
        assert np.array_equal(resumed.generate(40), expected)
        assert resumed.core.time == streams.core.time


def test_a_memory_of_another_batch_is_refused(generator):
    given = conditioning(generator)
    streams = generator.streams(batch=2, **given)
    streams.generate(9)
    with pytest.raises(ValueError):
        generator.streams(**given).restore(streams.save())


def test_streams_do_not_go_back(plain_model):
    streams = wavenet.load(plain_model).streams()
    memory = streams.save()
    streams.generate(5)
    with pytest.raises(ValueError, match="at sample 5, beyond 0"):
        streams.restore(memory)


def test_text_is_spoken_in_one_call_with_the_durations_of_the_speaker(speaking_model):
    generator = wavenet.load(speaking_model)
    frames = generator.condition_from_text("a b", "bob", seed=4)
    expected = generator.generate(speaker="bob", condition=frames, seed=4)
    assert np.array_equal(generator.generate(text="a b", speaker="bob", seed=4), expected)
    blocks = generator.stream(text="a b", speaker="bob", seed=4)
    assert np.array_equal(np.concatenate(list(blocks)), expected)
    assert (generator.speakers, generator.symbols) == (("ann", "bob"), ("a", "b", "long"))


def test_text_that_makes_no_sense(speaking_model, plain_model, writing_model):
    speaking = wavenet.load(speaking_model)
    with pytest.raises(ValueError, match="exclude each other"):
        speaking.generate(text="a", condition=speaking.condition_from_text("a"))
    with pytest.raises(ValueError, match="one speaker"):
        speaking.generate(text="a", speaker=["ann", "bob"], batch=2)
    for path in (plain_model, writing_model):
        with pytest.raises(ValueError, match="does not read text"):
            wavenet.load(path).generate(9, text="a")
    with pytest.raises(ValueError, match="no speakers"):
        wavenet.load(writing_model).generate(9, speaker="ann")


@pytest.mark.parametrize("batch", [1, 2])
def test_blocks_come_in_a_list_too(vocoder_model, batch):
    generator = wavenet.load(vocoder_model)
    frames = conditioning(generator)["condition"]
    if batch > 1:
        frames = np.stack([frames, frames[::-1]])
    cuts = [frames[..., :9, :], frames[..., 9:10, :], frames[..., 10:, :]]
    expected = generator.generate(condition=frames, batch=batch)
    found = list(generator.stream(condition=cuts, batch=batch))
    assert np.array_equal(np.concatenate(found, axis=-1), expected)


def test_what_it_is(generator):
    text = repr(generator)
    assert type(generator).__name__ in text and "float32" in text
    assert "parameters" in text and generator.instruction_set in text


def test_another_kind_is_refused(plain_model, writing_model):
    with pytest.raises(ValueError, match="holds a recurrent model, which WaveNetGenerator"):
        WaveNetGenerator.load(writing_model)
    with pytest.raises(ValueError, match="holds a wavenet model, which RecurrentGenerator"):
        RecurrentGenerator.load(plain_model)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_recurrent_file_keeps_its_precision(writing_model, tmp_path, precision):
    from wavenet.compression.quantization import quantize

    quantize(writing_model, tmp_path / "reduced", precision)
    reduced = wavenet.load(tmp_path / "reduced")
    assert reduced.precision == precision
    expected = wavenet.load(writing_model, precision).generate(80, seed=2)
    assert reduced.generate(80, seed=2) == expected
