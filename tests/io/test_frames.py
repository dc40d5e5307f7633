"""Damaged files of feature frames are refused with a sentence, from a file and from a pipe."""

import io

import numpy as np
import pytest

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.frames import blocks_of_file, blocks_of_pipe
from wavenet.models import WaveNet

HEADERS = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-5, 80)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 80)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 80)}",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 80)}",
    "{['a']: 3}",
    "",
]


@pytest.mark.filterwarnings("ignore")  # of NumPy's own parser
@pytest.mark.parametrize("header", HEADERS)
def test_damaged_headers(tmp_path, header):
    text = header.encode().ljust(117) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(320)
    path = tmp_path / "frames.npy"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        list(blocks_of_file(path, 80)[1])
    with pytest.raises(ValueError):
        list(blocks_of_pipe(io.BytesIO(content), 80))


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 7])
def test_few_frames_in_blocks(frames):
    """Fewer than the condition network looks around, too."""
    config = WaveNetConfig(dilations=(1, 2), local=LocalConditioning(3, 8))
    weights = {name: value.numpy() for name, value in WaveNet(config).state_dict().items()}
    generator = WaveNetGenerator(config, weights, threads=1)
    values = np.random.default_rng(0).standard_normal((frames, 3)).astype(np.float32)
    blocks = generator.stream(condition=iter([row[None] for row in values]))
    expected = generator.generate(condition=values)
    np.testing.assert_array_equal(np.concatenate(list(blocks)), expected)
