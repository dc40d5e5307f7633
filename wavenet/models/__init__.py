"""Models as torch modules, for training; generation runs on the C++ core without torch."""

from wavenet.models.recurrent import RecurrentModel
from wavenet.models.wavenet import WaveNet

__all__ = ["RecurrentModel", "WaveNet"]
