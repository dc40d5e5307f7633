"""Training: data sets, the trainer and the export of models."""

from wavenet.training.config import TrainingConfig
from wavenet.training.run import train

__all__ = ["TrainingConfig", "train"]
