"""What a model is: the configuration that its file holds, shared by torch and the core."""

from wavenet.config.conditioning import LocalConditioning
from wavenet.config.conversion import VoiceConverterConfig
from wavenet.config.recurrent import MulawSymbols, RecurrentConfig, TextSymbols
from wavenet.config.sequence_to_sequence import SequenceToSequenceConfig
from wavenet.config.serialization import from_dict, to_dict
from wavenet.config.series import SeriesColumns
from wavenet.config.wavenet import WaveNetConfig

__all__ = [
    "LocalConditioning",
    "MulawSymbols",
    "RecurrentConfig",
    "SequenceToSequenceConfig",
    "SeriesColumns",
    "TextSymbols",
    "VoiceConverterConfig",
    "WaveNetConfig",
    "from_dict",
    "to_dict",
]
