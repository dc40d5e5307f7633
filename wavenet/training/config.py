"""Settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained.

    Parameters
    ----------
    steps
        Optimizer steps.
    minutes
        Time for all steps, after which the run ends; 0: as long as they take. The learning rate
        falls by the share of the time or of the steps, whichever is larger, and rises in a tenth of
        the time at most. A resumed run has what is left of the time; reading the data is not part
        of it.
    batch_size
        Sequences per step, over all processes.
    window
        Samples of a sequence that count in the loss (rounded up to whole feature frames); the
        receptive field comes before them as context.
    learning_rate
        The highest one, from which the rate falls as a half cosine.
    warmup_steps
        Steps in which the learning rate rises linearly.
    final_learning_rate
        Fraction of the highest learning rate that is left at the last step.
    weight_decay
        Weight decay of AdamW.
    gradient_clip
        Largest norm of the gradient.
    ema_decay
        Decay per step of the exponential moving average of the weights, which is validated and
        exported; shorter at the start.
    precision
        "float32", or "bf16" autocast.
    compile
        Use `torch.compile`.
    validation
        Fraction of the files held out where the manifest does not split them.
    validate_every
        Steps between validations.
    save_every
        Steps between checkpoints.
    noise_shaping
        How far the sound is whitened before it is quantized, from 0 (not at all) to 1; see
        `wavenet.dsp.noise_shaping`. The filter comes from the training data.
    adaptive_noise_shaping
        The same with a filter for each feature frame, which comes from the features. One of the
        two at most is above 0.
    seed
        Seed of the initial weights, the split and the order of the data.
    device
        "auto", or a torch device.
    """

    steps: int = 100_000
    minutes: float = 0.0
    batch_size: int = 8
    window: int = 8000
    learning_rate: float = 1e-3
    warmup_steps: int = 500
    final_learning_rate: float = 0.05
    weight_decay: float = 0.01
    gradient_clip: float = 1.0
    ema_decay: float = 0.9995
    precision: Literal["float32", "bf16"] = "float32"
    compile: bool = False
    validation: float = 0.1
    validate_every: int = 1000
    save_every: int = 1000
    noise_shaping: float = 0.0
    adaptive_noise_shaping: float = 0.0
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "window", "validate_every", "save_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "gradient_clip"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("final_learning_rate", "ema_decay", "validation"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be from 0 to below 1, got {getattr(self, name)}")
        for name in ("noise_shaping", "adaptive_noise_shaping"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")
        if self.noise_shaping and self.adaptive_noise_shaping:
            raise ValueError("noise_shaping and adaptive_noise_shaping exclude each other")
        for name in ("minutes", "warmup_steps", "weight_decay", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
