"""Recurrent sequence models in torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wavenet.config.recurrent import RecurrentConfig
from wavenet.inference.recurrent import RecurrentGenerator
from wavenet.models.saved import SavedModule

State = list[tuple[Tensor, ...]]

_CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class PeepholeLSTM(nn.LSTM):
    """One LSTM layer whose gates see its cells (Gers 2000).

    Parameters
    ----------
    input_size, hidden_size
        As of `torch.nn.LSTM`, whose parameters it has; beside them `peepholes` `(3, hidden_size)`,
        of the input, forget and output gate.
    """

    weight_ih_l0: Tensor
    weight_hh_l0: Tensor
    bias_ih_l0: Tensor
    bias_hh_l0: Tensor

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size, batch_first=True)
        self.peepholes = nn.Parameter(torch.zeros(3, hidden_size))

    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """`(B, T, input_size)` to `(B, T, hidden_size)`; states are `(1, B, hidden_size)`."""
        if state is None:
            zeros = x.new_zeros(1, x.shape[0], self.hidden_size)
            state = zeros, zeros
        h, c = state[0][0], state[1][0]
        gates = functional.linear(x, self.weight_ih_l0, self.bias_ih_l0 + self.bias_hh_l0)
        hidden = []
        for t in range(x.shape[1]):
            i, f, g, o = (gates[:, t] + functional.linear(h, self.weight_hh_l0)).chunk(4, dim=1)
            i = torch.sigmoid(i + self.peepholes[0] * c)
            f = torch.sigmoid(f + self.peepholes[1] * c)
            c = f * c + i * torch.tanh(g)
            h = torch.sigmoid(o + self.peepholes[2] * c) * torch.tanh(c)
            hidden.append(h)
        return torch.stack(hidden, dim=1), (h[None], c[None])


class LeakyRNN(nn.RNN):
    """One RNN layer of slow units: h' = h + leak (tanh(...) - h) (Jaeger 2007).

    Parameters
    ----------
    input_size, hidden_size
        As of `torch.nn.RNN`, whose parameters it has.
    leak
        Share of the new value in a hidden value.
    """

    weight_ih_l0: Tensor
    weight_hh_l0: Tensor
    bias_ih_l0: Tensor
    bias_hh_l0: Tensor

    def __init__(self, input_size: int, hidden_size: int, leak: float):
        super().__init__(input_size, hidden_size, batch_first=True)
        self.leak = leak

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`(B, T, input_size)` to `(B, T, hidden_size)`; the state is `(1, B, hidden_size)`."""
        h = x.new_zeros(x.shape[0], self.hidden_size) if state is None else state[0]
        gates = functional.linear(x, self.weight_ih_l0, self.bias_ih_l0 + self.bias_hh_l0)
        hidden = []
        for t in range(x.shape[1]):
            new = torch.tanh(gates[:, t] + functional.linear(h, self.weight_hh_l0))
            h = h + self.leak * (new - h)
            hidden.append(h)
        return torch.stack(hidden, dim=1), h[None]


class RecurrentModel(SavedModule):
    """A stack of recurrent layers that predicts each sample of a sequence from those before it.

    Parameters
    ----------
    config
        The architecture.

    Notes
    -----
    `wavenet.models.losses.recurrent_nll` is the loss.
    """

    config_type = RecurrentConfig

    def __init__(self, config: RecurrentConfig):
        super().__init__()
        self.config = config
        units = config.hidden_size
        if config.feedback and config.output == "categorical":
            self.embedding = nn.Embedding(config.class_count, config.embedding_size)
        self.layers = nn.ModuleList(
            self._layer(config.input_size if i == 0 else units) for i in range(config.layers)
        )
        self.dropout = nn.Dropout(config.dropout)
        if config.input_skip:
            self.skip = nn.Linear(config.given_channels, config.output_size, bias=False)
        self.output = nn.Linear(units, config.output_size)
        if config.series and config.series.lags:  # which know of the last sample
            shape = config.series.tensor_shapes()["lag_weights"]
            self.register_buffer("lag_weights", torch.zeros(shape))
        elif config.input_skip and config.feedback and config.output != "categorical":
            self._start_from_the_last_sample()

    def forward(
        self,
        samples: Tensor | None,
        covariates: Tensor | None = None,
        global_vector: Tensor | None = None,
        state: State | None = None,
    ) -> tuple[Tensor, State]:
        """Outputs for the next sample at every time.

        Parameters
        ----------
        samples
            The sample before each: `(B, T)` int64 classes, negative where there is none; or
            `(B, T, dimensions)` float; or None without feedback.
        covariates
            `(B, T, covariates)` float.
        global_vector
            `(B, global_channels)` float.
        state
            What the last call returned, to go on from there; by default zeros.

        Returns
        -------
        outputs, state
            `(B, T, output_size)`, and the state of each layer.
        """
        inputs = h = self._inputs(samples, covariates, global_vector)
        after = []
        for i, layer in enumerate(self.layers):
            values, last = layer(h, None if state is None else _torch_state(state[i]))
            after.append(last if isinstance(last, tuple) else (last,))
            values = values + h if self.config.residual and i else values
            h = self.dropout(values)
        outputs = self.output(h)
        if self.config.input_skip:
            end = inputs.shape[2] - self.config.global_channels
            outputs = outputs + self.skip(inputs[:, :, end - self.config.given_channels : end])
        return outputs, after

    def to_generator(
        self, precision: str | None = None, threads: int | None = None
    ) -> RecurrentGenerator:
        """The same model on the C++ core; `precision` and `threads` as for `wavenet.load`."""
        return RecurrentGenerator(self.config, self.arrays(), precision=precision, threads=threads)

    def _layer(self, inputs: int) -> nn.RNNBase:
        units = self.config.hidden_size
        layer: nn.RNNBase
        if self.config.peepholes:
            layer = PeepholeLSTM(inputs, units)
        elif self.config.leak < 1:
            layer = LeakyRNN(inputs, units, self.config.leak)
        else:
            layer = _CELLS[self.config.cell](inputs, units, batch_first=True)
        if self.config.cell == "lstm":  # remember at first (Gers 2000)
            with torch.no_grad():
                layer.get_parameter("bias_ih_l0")[units : 2 * units] = 1.0
        return layer

    def _start_from_the_last_sample(self) -> None:
        """At first the mean of a vector is about the one before: a random walk."""
        size = self.config.dimensions
        logits = self.config.components if self.config.components > 1 else 0
        rows = (self.config.output_size - logits) // self.config.components
        with torch.no_grad():
            self.skip.weight.zero_()
            for first in range(logits, self.config.output_size, rows):
                self.skip.weight[first : first + size, :size] = torch.eye(size)

    def _inputs(
        self, samples: Tensor | None, covariates: Tensor | None, global_vector: Tensor | None
    ) -> Tensor:
        """`(B, T, input_size)`."""
        config = self.config
        parts = []
        if config.feedback:
            if samples is None:
                raise ValueError("this model needs the samples before")
            if config.output == "categorical":
                known = (samples >= 0)[:, :, None]
                samples = self.embedding(samples.clamp(min=0)) * known
            parts.append(samples)
        if config.covariates:
            if covariates is None:
                raise ValueError("this model needs covariates")
            parts.append(covariates)
        if config.global_channels:
            if global_vector is None:
                raise ValueError("this model needs a global vector")
            parts.append(global_vector[:, None].expand(-1, parts[0].shape[1], -1))
        return torch.cat(parts, dim=2)


def _torch_state(state: tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    return state if len(state) > 1 else state[0]
