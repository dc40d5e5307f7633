"""Models as torch modules, for training; generation runs on the C++ core without torch."""

from wavenet.base.extras import extra

with extra("train", "wavenet.models and wavenet.training"):
    from wavenet.models.recurrent import RecurrentModel
    from wavenet.models.sequence_to_sequence import BidirectionalEncoder, SequenceToSequence
    from wavenet.models.wavenet import WaveNet

__all__ = ["BidirectionalEncoder", "RecurrentModel", "SequenceToSequence", "WaveNet"]
