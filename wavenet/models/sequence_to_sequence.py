"""Bidirectional encoders, and sequence to sequence with attention, in torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from wavenet.config.sequence_to_sequence import SequenceToSequenceConfig
from wavenet.models.saved import SavedModule

_CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


class BidirectionalEncoder(nn.Module):
    """Recurrent layers that read a sequence in both directions, for analysis.

    Parameters
    ----------
    inputs
        Channels of the vectors that it reads.
    hidden_size, layers
        Units in each direction, and layers.
    cell
        "lstm" or "gru".
    dropout
        Between the layers, in training.
    """

    def __init__(
        self,
        inputs: int,
        hidden_size: int,
        layers: int = 1,
        cell: str = "lstm",
        dropout: float = 0.0,
    ):
        super().__init__()
        self.layers = _CELLS[cell](
            inputs, hidden_size, layers, batch_first=True, bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )  # fmt: skip

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What each place means among the others, forward units first.

        Parameters
        ----------
        x
            `(B, T, inputs)`.
        lengths
            `(B,)`: how much of each sequence counts; what lies behind changes nothing.

        Returns
        -------
        Tensor
            `(B, T, 2 * hidden_size)`, zeros behind the lengths.
        """
        if lengths is None:
            return self.layers(x)[0]
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        values, _ = self.layers(packed)
        return pad_packed_sequence(values, batch_first=True, total_length=x.shape[1])[0]


class SequenceToSequence(SavedModule):
    """Writes one sequence of symbols while it reads another (Sutskever 2014, Bahdanau 2015).

    At each step the decoder's units ask, by a bilinear product (Luong 2015), which places of the
    source matter; their mean and the units say which symbol comes.

    Parameters
    ----------
    config
        The architecture.
    """

    config_type = SequenceToSequenceConfig

    def __init__(self, config: SequenceToSequenceConfig):
        super().__init__()
        self.config = config
        size, units = config.embedding_size, config.hidden_size
        if not config.source_dimensions:
            self.source_embedding = nn.Embedding(config.source_classes, size)
        self.encoder = BidirectionalEncoder(
            config.source_dimensions or size, units, config.layers, config.cell, config.dropout
        )
        self.target_embedding = nn.Embedding(config.end + 1, size)
        self.decoder = _CELLS[config.cell](size + 2 * units, units, batch_first=True)
        self.bridge = nn.Linear(2 * units, units)
        self.query = nn.Linear(units, 2 * units, bias=False)
        self.output = nn.Linear(3 * units, config.end + 1)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, source: Tensor, target: Tensor, source_lengths: Tensor | None = None
    ) -> Tensor:
        """Logits of each symbol of the target given those before it.

        Parameters
        ----------
        source
            `(B, S)` int64, or `(B, S, source_dimensions)` float.
        target
            `(B, T)` int64.
        source_lengths
            `(B,)`, by default all of each source.

        Returns
        -------
        Tensor
            `(B, T + 1, target_classes + 1)`: the last place, and the last class, are the end.
        """
        memory, mask, state, context = self._read(source, source_lengths)
        before = functional.pad(target, (1, 0), value=self.config.end)
        logits = []
        for t in range(before.shape[1]):
            values, state, context, _ = self._step(before[:, t], state, context, memory, mask)
            logits.append(values)
        return torch.stack(logits, dim=1)

    def loss(
        self,
        source: Tensor,
        target: Tensor,
        source_lengths: Tensor | None = None,
        target_lengths: Tensor | None = None,
    ) -> Tensor:
        """Mean negative log-likelihood of the symbols of the targets and their ends [nats]."""
        logits = self(source, target, source_lengths)
        places = torch.arange(logits.shape[1], device=target.device)[None]
        if target_lengths is None:
            target_lengths = torch.full_like(target[:, 0], target.shape[1])
        expected = functional.pad(target, (0, 1))
        expected = torch.where(places == target_lengths[:, None], self.config.end, expected)
        losses = functional.cross_entropy(logits.transpose(1, 2), expected, reduction="none")
        counted = places <= target_lengths[:, None]
        return (losses * counted).sum() / counted.sum()

    @torch.no_grad()
    def generate(
        self, source: Tensor, most: int, source_lengths: Tensor | None = None
    ) -> tuple[list[list[int]], Tensor]:
        """The likeliest symbol at each step, until the end or for `most` steps.

        Returns
        -------
        targets, attention
            A list of classes for each source, and `(B, steps, S)`: what each step looked at.
        """
        memory, mask, state, context = self._read(source, source_lengths)
        symbol = torch.full((len(source),), self.config.end, device=source.device)
        steps, weights = [], []
        for _ in range(most):
            logits, state, context, attention = self._step(symbol, state, context, memory, mask)
            symbol = logits.argmax(dim=1)
            steps.append(symbol)
            weights.append(attention)
            if all((torch.stack(steps, dim=1) == self.config.end).any(dim=1)):
                break
        rows = torch.stack(steps, dim=1).tolist()
        end = self.config.end
        targets = [row[: row.index(end)] if end in row else row for row in rows]
        return targets, torch.stack(weights, dim=1)

    def _read(
        self, source: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | tuple[Tensor, Tensor], Tensor]:
        """Meanings `(B, S, 2 * hidden_size)`, which of them count, first state and context."""
        if not self.config.source_dimensions:
            source = self.dropout(self.source_embedding(source))
        memory = self.dropout(self.encoder(source, lengths))
        places = torch.arange(memory.shape[1], device=memory.device)[None]
        if lengths is None:
            lengths = torch.full((len(memory),), memory.shape[1], device=memory.device)
        mask = places < lengths[:, None].to(memory.device)
        mean = memory.sum(dim=1) / mask.sum(dim=1, keepdim=True)
        first = torch.tanh(self.bridge(mean))[None]
        state = (first, torch.zeros_like(first)) if self.config.cell == "lstm" else first
        return memory, mask, state, torch.zeros_like(mean)

    def _step(
        self,
        symbol: Tensor,
        state: Tensor | tuple[Tensor, Tensor],
        context: Tensor,
        memory: Tensor,
        mask: Tensor,
    ) -> tuple[Tensor, Tensor | tuple[Tensor, Tensor], Tensor, Tensor]:
        """From the symbol before: logits, the next state and context, and the attention."""
        inputs = torch.cat([self.dropout(self.target_embedding(symbol)), context], dim=1)
        hidden, state = self.decoder(inputs[:, None], state)
        scores = (self.query(hidden) @ memory.transpose(1, 2))[:, 0]
        attention = torch.softmax(scores.masked_fill(~mask, float("-inf")), dim=1)
        context = (attention[:, None] @ memory)[:, 0]
        values = self.dropout(torch.cat([hidden[:, 0], context], dim=1))
        return self.output(values), state, context, attention
