"""Training: data sets, the trainer and the export of models; what runs needs torch."""

from typing import TYPE_CHECKING, Any

from wavenet.base.extras import extra
from wavenet.training.config import TrainingConfig

if TYPE_CHECKING:
    from wavenet.training.run import train

__all__ = ["TrainingConfig", "train"]


def __getattr__(name: str) -> Any:
    if name != "train":
        raise AttributeError(f"module 'wavenet.training' has no attribute {name!r}")
    with extra("train", "wavenet.models and wavenet.training"):
        from wavenet.training.run import train
    return train
