"""Models that other projects trained, as model files of this one; see docs/import.md."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from wavenet.io.frames import file_frames
from wavenet.io.model_file import save_model
from wavenet.models.importing import pytorch_wavenet_vocoder, wavenet_vocoder
from wavenet.models.importing.checkpoint import read_checkpoint, read_settings
from wavenet.models.importing.layers import Imported, PeerTensors

_Mapping = Callable[[PeerTensors, dict[str, Any], np.ndarray | None], Imported]

# A tensor that only the checkpoints of one project have, and how to map them.
_PROJECTS: dict[str, tuple[str, _Mapping]] = {
    "wavenet_vocoder": ("first_conv.weight", wavenet_vocoder.convert),
    "PytorchWaveNetVocoder": ("causal.conv.weight", pytorch_wavenet_vocoder.convert),
}


def import_model(
    checkpoint: str | os.PathLike,
    settings: str | os.PathLike,
    output: str | os.PathLike,
    statistics: str | os.PathLike | None = None,
) -> Imported:
    """Writes a model file from a checkpoint of another project.

    Parameters
    ----------
    checkpoint
        File that torch.save wrote, of r9y9/wavenet_vocoder or kan-bayashi/PytorchWaveNetVocoder.
        It is read with `weights_only`: nothing in it is executed.
    settings
        The project's hyper-parameters (JSON).
    output
        Folder of the model.
    statistics
        A .npy file `(2, channels)`: means and deviations that the mel spectrograms of
        wavenet_vocoder (present form) were normalized by. With them the model says how its frames
        are made of a recording.

    Returns
    -------
    Imported
        What was written, with notes on what the user has to know.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The checkpoint is unsafe or damaged, of another project, or of a form that has no equal
        here; the sentence says what.
    """
    tensors = PeerTensors(read_checkpoint(Path(checkpoint)), str(checkpoint))
    values = read_settings(Path(settings))
    read = None if statistics is None else np.array(file_frames(statistics), dtype=np.float64)
    for name, (sign, convert) in _PROJECTS.items():
        if sign in tensors:
            imported = convert(tensors, values, read)
            tensors.refuse_unused(name)
            save_model(output, imported.config, imported.tensors)
            return imported
    raise ValueError(
        f"{checkpoint} is not a checkpoint of {' or '.join(_PROJECTS)}; docs/import.md says how to "
        "map others"
    )


__all__ = ["Imported", "import_model"]
