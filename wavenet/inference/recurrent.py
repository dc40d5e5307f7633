"""A recurrent model that generates and scores on the C++ core."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from wavenet import _core
from wavenet.config import RecurrentConfig
from wavenet.inference.generator import Generator, Speaker
from wavenet.inference.recurrent_streams import RecurrentStreams
from wavenet.inference.sequences import class_values, encode_sequence
from wavenet.metrics.baselines import baselines


class RecurrentGenerator(Generator):
    """A recurrent model ready to generate; `wavenet.load` makes it from a file.

    Samples are texts (`str`), audio `(n,)` in [-1, 1], classes `(n,)` or vectors
    `(n, dimensions)`, as the model has it; a batch is a list of texts or an array with the streams
    first. Precisions are "float32", "bf16" (weights) and "int8" (weights and hidden values).
    """

    config: RecurrentConfig
    _config_type = RecurrentConfig

    def __init__(
        self,
        config: RecurrentConfig,
        tensors: dict[str, np.ndarray],
        precision: str | None = None,
        threads: int | None = None,
    ):
        super().__init__(config, tensors, precision, threads)
        classes = config.class_count if config.output == "categorical" else 0
        self._model = _core.Recurrent(vars(config) | {"classes": classes}, tensors, self.precision)

    @property
    def receptive_field(self) -> None:
        """None: an output depends on all of the past."""

    @property
    def precisions(self) -> tuple[str, ...]:
        """Those that the model can be loaded in: all, as hidden values need no calibration."""
        return ("float32", "bf16", "int8")

    @property
    def symbols(self) -> tuple[str, ...]:
        """The vocabulary of the text that the model writes; empty: it has none."""
        return self.config.text.vocabulary if self.config.text else ()

    def streams(
        self,
        *,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        speaker: Speaker = None,
        condition: Any = None,
        global_vector: ArrayLike | None = None,
        prime: Any = None,
        batch: int = 1,
    ) -> RecurrentStreams:
        """Streams to advance by hand, to copy (fork), to save and to restore.

        See `RecurrentStreams` for the arguments; recurrent models have no speakers.
        """
        if speaker is not None:
            raise ValueError(f"this model has no speakers, got speaker {speaker!r}")
        return RecurrentStreams(
            self, seed=seed, temperature=temperature, top_k=top_k, top_p=top_p,
            condition=condition, global_vector=global_vector, prime=prime, batch=batch,
        )  # fmt: skip

    def baselines(self, y: Any, condition: ArrayLike | None = None) -> dict[str, float]:
        """Bits per sample that simple codes need for classes: a scale for those of `score`.

        See `wavenet.metrics.baselines.baselines`. Empty for vectors; `condition` plays no part.
        """
        if self.config.output != "categorical":
            return {}
        codes = encode_sequence(y, self.config)[:, 0].astype(np.int64)
        return baselines([codes], self.config.class_count, class_values(self.config))
