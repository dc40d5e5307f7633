"""The configuration of a recurrent model, shared by the torch module, the core and the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wavenet.base.validation import check_field, choice, integer, number, require
from wavenet.config.precision import PRECISIONS, Precision
from wavenet.config.series import SeriesColumns
from wavenet.dsp.mulaw import MULAW_CONVENTIONS, MulawConvention

_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
# Rows of parameters of a component.
_OUTPUTS = {"categorical": 0, "point": 1, "gaussian": 2, "logistic": 2, "student-t": 3}


Level = Literal["char", "word"]


@dataclass(frozen=True)
class TextSymbols:
    """Classes that are pieces of text.

    Parameters
    ----------
    level
        "char", or "word" (punctuation and line breaks are words; see `wavenet.inference.text`).
    vocabulary
        The piece of each class.
    """

    level: Level = "char"
    vocabulary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        choice("level", self.level, ("char", "word"))
        require(len(set(self.vocabulary)) == len(self.vocabulary), "the vocabulary must differ")


@dataclass(frozen=True)
class MulawSymbols:
    """Classes that are mu-law codes of audio; see `wavenet.mulaw_encode`.

    Parameters
    ----------
    sample_rate
        [Hz]
    channels
        Number of codes, a power of two.
    convention
        Mu-law convention.
    """

    sample_rate: int = 16000
    channels: int = 256
    convention: MulawConvention = "wavenet"

    def __post_init__(self) -> None:
        check_field(self, "sample_rate", integer, 1, 1_000_000)
        check_field(self, "channels", integer, 4, 65536)
        require(self.channels & (self.channels - 1) == 0, "channels must be a power of two")
        choice("convention", self.convention, MULAW_CONVENTIONS)


@dataclass(frozen=True)
class RecurrentConfig:
    """Architecture, samples and conditioning of a stack of recurrent layers.

    The input of a step is the sample before it, if there is feedback, then covariates of the step,
    then a global vector; the output is the distribution of the sample.

    Parameters
    ----------
    cell
        "rnn" (tanh), "lstm" or "gru", each as torch has it.
    layers
        Number of recurrent layers.
    hidden_size
        Units of each layer.
    leak
        Leak of an RNN: h' = h + leak (tanh(...) - h). Below 1 the units are slow (Jaeger 2007).
    peepholes
        The gates of an LSTM see its cells (Gers 2000).
    residual
        Every layer but the first adds its input to its output.
    dropout
        Between the layers and before the output, in training.
    feedback
        Whether the sample before is an input. Without it the model is an effect: it maps
        covariates to samples.
    input_skip
        The sample before (of vectors) and the covariates lead to the output directly too.
    output
        "categorical" over classes; or of vectors, "gaussian", "logistic" or "student-t" with
        independent dimensions, or "point": the values themselves, no distribution.
    components
        Above 1, the output is a mixture of as many of these distributions.
    classes
        Number of classes of "categorical", where neither text nor audio says it.
    embedding_size
        Channels of the learned embedding of the classes.
    dimensions
        Size of vector samples.
    covariates
        Channels of the covariates.
    global_channels
        Size of the global vector.
    text, audio
        What the classes are, or None.
    series
        What the vectors and covariates are, or None.
    temperature
        The best one to generate with: the default of `generate`.
    precision
        What the weights are computed with unless `wavenet.load` is given another one; those of
        "bf16" are kept so in the model file.
    """

    kind: Literal["recurrent"] = "recurrent"
    cell: Literal["rnn", "lstm", "gru"] = "lstm"
    layers: int = 2
    hidden_size: int = 256
    leak: float = 1.0
    peepholes: bool = False
    residual: bool = False
    dropout: float = 0.0
    feedback: bool = True
    input_skip: bool = False
    output: Literal["categorical", "gaussian", "logistic", "student-t", "point"] = "categorical"
    components: int = 1
    classes: int = 0
    embedding_size: int = 64
    dimensions: int = 1
    covariates: int = 0
    global_channels: int = 0
    text: TextSymbols | None = None
    audio: MulawSymbols | None = None
    series: SeriesColumns | None = None
    temperature: float = 1.0
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        choice("cell", self.cell, tuple(_GATES))
        check_field(self, "layers", integer, 1, 64)
        check_field(self, "hidden_size", integer, 1, 16384)
        require(self.cell == "lstm" or not self.peepholes, "peepholes are those of an LSTM")
        check_field(self, "leak", number, 1e-6, 1.0)
        require(self.cell == "rnn" or self.leak == 1, "a leak is that of an RNN")
        check_field(self, "dropout", number, 0.0, 0.99)
        choice("output", self.output, tuple(_OUTPUTS))
        mixed = self.output not in ("categorical", "point")
        require(
            not self.input_skip or self.given_channels > 0, "input_skip needs vectors or covariates"
        )
        check_field(self, "components", integer, 1, 256 if mixed else 1)
        check_field(self, "embedding_size", integer, 1, 16384)
        check_field(self, "dimensions", integer, 1, 65536)
        check_field(self, "covariates", integer, 0, 65536)
        check_field(self, "global_channels", integer, 0, 65536)
        check_field(self, "temperature", number, 0.0, 1e6)
        choice("precision", self.precision, PRECISIONS)
        require(not (self.text and self.audio), "the classes are either text or audio")
        if self.output == "categorical":
            integer("number of classes", self.class_count, 2, 65536)
        else:
            require(not (self.text or self.audio), "text and audio need output 'categorical'")
        if self.series:
            rows = self.series.patch
            sizes = (rows * len(self.series.targets), rows * self.series.covariate_channels)
            require(
                self.output != "categorical" and (self.dimensions, self.covariates) == sizes,
                f"a step has {sizes[0]} targets and {sizes[1]} channels of covariates; the model "
                f"takes {self.dimensions} and {self.covariates}",
            )
        if self.text or self.audio:
            require(self.classes in (0, self.class_count), "classes do not match the symbols")
        require(self.feedback or self.covariates > 0, "a model without feedback needs covariates")

    @property
    def class_count(self) -> int:
        """Number of classes of "categorical"."""
        if self.text:
            return len(self.text.vocabulary)
        return self.audio.channels if self.audio else self.classes

    @property
    def input_size(self) -> int:
        """Channels of the first layer's input: sample before, covariates, global vector."""
        size = self.embedding_size if self.output == "categorical" else self.dimensions
        return (size if self.feedback else 0) + self.covariates + self.global_channels

    @property
    def given_channels(self) -> int:
        """Channels of the vector fed back and the covariates."""
        vectors = self.feedback and self.output != "categorical"
        return (self.dimensions if vectors else 0) + self.covariates

    @property
    def output_size(self) -> int:
        """Numbers that describe the distribution of a sample."""
        if self.output == "categorical":
            return self.class_count
        logits = self.components if self.components > 1 else 0
        return logits + self.components * _OUTPUTS[self.output] * self.dimensions

    @property
    def sample_rate(self) -> int | None:
        """[Hz], of audio; else None."""
        return self.audio.sample_rate if self.audio else None

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights, as `wavenet.models.RecurrentModel` has them."""
        units, rows = self.hidden_size, _GATES[self.cell] * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        if self.feedback and self.output == "categorical":
            shapes["embedding.weight"] = (self.class_count, self.embedding_size)
        for i in range(self.layers):
            layer = f"layers.{i}"
            shapes[f"{layer}.weight_ih_l0"] = (rows, units if i else self.input_size)
            shapes[f"{layer}.weight_hh_l0"] = (rows, units)
            shapes |= {f"{layer}.bias_ih_l0": (rows,), f"{layer}.bias_hh_l0": (rows,)}
            if self.peepholes:
                shapes[f"{layer}.peepholes"] = (3, units)
        if self.input_skip:
            shapes["skip.weight"] = (self.output_size, self.given_channels)
        shapes |= {"output.weight": (self.output_size, units), "output.bias": (self.output_size,)}
        if self.series:
            shapes |= self.series.tensor_shapes()
        return shapes

    def reduced_weights(self) -> dict[str, str | None]:
        """Weights that the file keeps in bfloat16: the matrices of the precision "bf16"."""
        if self.precision != "bf16":
            return {}
        shapes = self.tensor_shapes()
        return {name: None for name in shapes if len(shapes[name]) == 2 and "weight" in name}
