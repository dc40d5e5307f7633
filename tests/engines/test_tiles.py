"""Products by tiles (AMX), emulated where the processor has none: packing, rests, arithmetic."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wavenet import _core
from wavenet.compression.quantization import Recording, quantize
from wavenet.config import WaveNetConfig
from wavenet.inference.load import load
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.model_file import save_model

# Residual, gate and skip channels: whole tiles; tiles and a rest of steps; only a rest; panels in
# several groups.
SIZES = [(64, 128, 128), (48, 70, 20), (33, 30, 8), (160, 416, 16)]
SOUND = np.sin(np.arange(600) * 0.05).astype(np.float32) * 0.5
STEPS = 3


@pytest.fixture(params=["amx", "amx-emulated"])
def tiles(request):
    before = _core.instruction_set()
    try:
        _core.set_instruction_set(request.param)
    except ValueError as error:
        pytest.skip(str(error))
    yield request.param
    _core.set_instruction_set(before)


@pytest.fixture(scope="module", params=SIZES, ids=str)
def folder(request, tmp_path_factory):
    """The same model in float32 and in 8 bits."""
    residual, gate, skip = request.param
    config = WaveNetConfig(
        dilations=(1, 2, 4), residual_channels=residual, gate_channels=gate, skip_channels=skip
    )
    random = np.random.default_rng(0)
    tensors = {
        name: (random.standard_normal(shape) / np.sqrt(max(1, np.prod(shape[1:])))).astype("f4")
        for name, shape in config.tensor_shapes().items()
    }
    folder = tmp_path_factory.mktemp("models")
    save_model(folder / "float32", config, tensors)
    quantize(folder / "float32", folder / "int8", "int8", [Recording(SOUND, {})])
    return folder


def logits(folder, precision: str, codes: np.ndarray) -> np.ndarray:
    """Of several streams together, one step after another: (streams, steps, classes)."""
    path = folder / ("int8" if precision == "int8" else "float32")
    streams = load(path, precision, threads=1).streams(batch=len(codes)).core
    steps = [streams.logits(codes[:, t : t + 1]) for t in range(codes.shape[1])]
    return np.concatenate(steps, axis=1)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
@pytest.mark.parametrize("columns", [15, 16, 33, 50])
def test_tiles_have_the_bits_of_single_columns(folder, precision, columns, tiles):
    """Single columns go through vectors; the integers of 8 bits are exact, whatever adds them."""
    codes = np.random.default_rng(1).integers(0, 256, (columns, STEPS)).astype(np.uint16)
    together = logits(folder, precision, codes)
    for stream in (0, 7, columns - 1):
        alone = logits(folder, precision, codes[stream : stream + 1])
        np.testing.assert_array_equal(together[stream], alone[0])


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_tiles_are_near_vectors_of_float32(folder, precision, tiles):
    codes = np.random.default_rng(1).integers(0, 256, (32, STEPS)).astype(np.uint16)
    found = logits(folder, precision, codes)
    _core.set_instruction_set("avx512")
    expected = logits(folder, precision, codes)
    error = np.sqrt(np.mean((found - expected) ** 2))
    assert error < (2**-9 if precision == "bf16" else 2e-3) * np.abs(expected).max()


@pytest.mark.parametrize("columns", [1, 16, 33])
def test_numbers_below_the_normal_ones(columns, tiles):
    """Tiles take them for 0: so do vectors, though large activations would make them matter."""
    config = WaveNetConfig(
        dilations=(1, 2, 4), residual_channels=32, gate_channels=32, skip_channels=32
    )
    random = np.random.default_rng(0)
    tensors = {n: random.standard_normal(s).astype("f4") for n, s in config.tensor_shapes().items()}
    tensors["input.weight"] *= 1e36
    for block in range(3):  # weights on both sides of 2^-126
        tensors[f"blocks.{block}.dilated.weight"] *= 1e-38
        tensors[f"blocks.{block}.skip.weight"] *= 1e-37
        tensors[f"blocks.{block}.skip.bias"][:] = 0
    tensors["hidden.weight"] *= 1e37
    codes = random.integers(0, 256, (columns, 8)).astype(np.uint16)
    generator = WaveNetGenerator(config, tensors, threads=1, precision="bf16")
    together = generator.streams(batch=columns).core.logits(codes)
    assert np.isfinite(together).all() and together.std() > 0.1
    for stream in {0, columns - 1}:
        core = generator.streams().core
        alone = [core.logits(codes[stream : stream + 1, t : t + 1]) for t in range(8)]
        np.testing.assert_array_equal(together[stream], np.concatenate(alone, axis=1)[0])


@pytest.mark.skipif(
    sys.platform != "linux"
    or not shutil.which("c++")
    or _core.available_instruction_sets()[-1] != "avx512-bf16",
    reason="needs Linux, a C++ compiler and a processor with AVX512-BF16 but no AMX",
)
def test_instructions_of_tiles(tmp_path):
    """The compiled kernels of AMX themselves, whose instructions a signal handler carries out."""
    root = Path(__file__).parents[2]
    text = (root / "CMakeLists.txt").read_text()
    flags = re.search(r"add_instruction_set\(amx ([^)]*)\)", text)[1].split()
    compiler = ["c++", "-std=c++20", "-O2", "-ffp-contract=off", f"-I{root / 'csrc'}"]
    kernels, program = tmp_path / "amx.o", tmp_path / "program"
    source = str(root / "csrc" / "kernels" / "amx.cpp")
    subprocess.run([*compiler, *flags, "-c", source, "-o", str(kernels)], check=True)
    source = str(Path(__file__).with_name("tile_instructions.cpp"))
    subprocess.run([*compiler, source, str(kernels), "-o", str(program)], check=True)
    done = subprocess.run([program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert int(done.stdout) == 480


def test_emulated_tiles_are_not_chosen():
    assert "amx-emulated" not in _core.available_instruction_sets()
