"""The configuration of an encoder and decoder with attention, shared by torch and the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wavenet.base.validation import check_field, choice, integer, number

_GATES = {"lstm": 4, "gru": 3}


@dataclass(frozen=True)
class SequenceToSequenceConfig:
    """A bidirectional encoder of one sequence and a decoder of another that attends to it.

    Parameters
    ----------
    source_classes, target_classes
        Symbols of the two sequences.
    source_dimensions
        Above 0: the source has vectors of this size instead of symbols.
    cell
        "lstm" or "gru".
    embedding_size
        Channels of the learned embeddings.
    hidden_size
        Units of the encoder in each direction, and of the decoder.
    layers
        Layers of the encoder; the decoder has one.
    dropout
        Behind embeddings and hidden values, in training.
    """

    kind: Literal["sequence-to-sequence"] = "sequence-to-sequence"
    source_classes: int = 0
    target_classes: int = 2
    source_dimensions: int = 0
    cell: Literal["lstm", "gru"] = "lstm"
    embedding_size: int = 64
    hidden_size: int = 128
    layers: int = 1
    dropout: float = 0.0

    def __post_init__(self) -> None:
        choice("cell", self.cell, tuple(_GATES))
        if self.source_dimensions:
            check_field(self, "source_dimensions", integer, 1, 65536)
        else:
            check_field(self, "source_classes", integer, 1, 65536)
        check_field(self, "target_classes", integer, 1, 65535)
        check_field(self, "embedding_size", integer, 1, 16384)
        check_field(self, "hidden_size", integer, 1, 16384)
        check_field(self, "layers", integer, 1, 64)
        check_field(self, "dropout", number, 0.0, 0.99)

    @property
    def sample_rate(self) -> None:
        """None: the sequences are not audio."""

    @property
    def end(self) -> int:
        """The class that ends a target, and comes before it."""
        return self.target_classes

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights, as `wavenet.models.SequenceToSequence` has them."""
        size, units = self.embedding_size, self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {"target_embedding.weight": (self.end + 1, size)}
        if not self.source_dimensions:
            shapes["source_embedding.weight"] = (self.source_classes, size)
        inputs = self.source_dimensions or size
        for layer in range(self.layers):
            for direction in ("", "_reverse"):
                shapes |= self._layer("encoder.layers", f"l{layer}{direction}", inputs)
            inputs = 2 * units
        shapes |= self._layer("decoder", "l0", size + 2 * units)
        shapes["bridge.weight"], shapes["bridge.bias"] = (units, 2 * units), (units,)
        shapes["query.weight"] = (2 * units, units)
        shapes["output.weight"] = (self.end + 1, 3 * units)
        shapes["output.bias"] = (self.end + 1,)
        return shapes

    def _layer(self, name: str, suffix: str, inputs: int) -> dict[str, tuple[int, ...]]:
        rows = _GATES[self.cell] * self.hidden_size
        return {
            f"{name}.weight_ih_{suffix}": (rows, inputs),
            f"{name}.weight_hh_{suffix}": (rows, self.hidden_size),
            f"{name}.bias_ih_{suffix}": (rows,),
            f"{name}.bias_hh_{suffix}": (rows,),
        }
