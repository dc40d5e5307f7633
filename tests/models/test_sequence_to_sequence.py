"""Bidirectional encoders, and sequence to sequence with attention."""

import pytest
import torch

import wavenet
from wavenet.cli.info import info
from wavenet.config.sequence_to_sequence import SequenceToSequenceConfig
from wavenet.models import BidirectionalEncoder, SequenceToSequence

SMALL = {"source_classes": 6, "target_classes": 6, "embedding_size": 16, "hidden_size": 32}


def reversals(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Sequences of 3 to 7 symbols, padded, the same backwards, and their lengths."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(3, 8, (count,), generator=generator)
    source = torch.randint(0, 6, (count, 7), generator=generator)
    target = torch.zeros_like(source)
    for row, length in enumerate(lengths):
        target[row, :length] = source[row, :length].flip(0)
    return source, target, lengths


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_learns_to_reverse(cell, tmp_path):
    torch.manual_seed(0)
    model = SequenceToSequence(SequenceToSequenceConfig(cell=cell, **SMALL))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for step in range(250):
        source, target, lengths = reversals(64, step)
        optimizer.zero_grad()
        loss = model.loss(source, target, lengths, lengths)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.save_pretrained(tmp_path / "model")
    model = SequenceToSequence.from_pretrained(tmp_path / "model").eval()
    source, target, lengths = reversals(100, 10_000)
    written, attention = model.generate(source, 12, lengths)
    right = [w == t[:n].tolist() for w, t, n in zip(written, target, lengths.tolist(), strict=True)]
    assert sum(right) >= 95
    # It looks at the source backwards: at the first step at the last symbol.
    looked = attention[:, 0].argmax(dim=1)
    assert ((looked - (lengths - 1)).abs() <= 1).float().mean() > 0.9
    assert float(attention[lengths == 3, :, 3:].max()) == 0


def test_padding_changes_nothing():
    torch.manual_seed(0)
    encoder = BidirectionalEncoder(3, 5, layers=2, cell="gru").eval()
    x = torch.randn(2, 9, 3)
    alone = encoder(x[:1, :4])
    padded = encoder(x, torch.tensor([4, 9]))
    torch.testing.assert_close(padded[:1, :4], alone)
    assert padded.shape == (2, 9, 10) and not padded[0, 4:].any()


def test_both_directions_count():
    torch.manual_seed(0)
    encoder = BidirectionalEncoder(1, 4)
    x = torch.zeros(1, 10, 1)
    changed = x.clone()
    changed[0, 5] = 1
    different = (encoder(x) != encoder(changed))[0]
    assert different[5:, :4].any(dim=1).all() and not different[:5, :4].any()
    assert different[:6, 4:].any(dim=1).all() and not different[6:, 4:].any()


def test_loss_is_the_likelihood_of_the_symbols():
    torch.manual_seed(0)
    model = SequenceToSequence(SequenceToSequenceConfig(**SMALL)).eval()
    source, target, lengths = reversals(3, 0)
    total = 0.0
    for s, t, n in zip(source, target, lengths.tolist(), strict=True):
        log = torch.log_softmax(model(s[None, :n], t[None, :n])[0], dim=1)
        total -= log[torch.arange(n + 1), torch.cat([t[:n], torch.tensor([6])])].sum()
    found = model.loss(source, target, lengths, lengths)
    torch.testing.assert_close(found, total / (lengths + 1).sum())


def test_vectors_as_source(tmp_path, capsys):
    torch.manual_seed(0)
    config = SequenceToSequenceConfig(source_dimensions=3, target_classes=4, hidden_size=8)
    model = SequenceToSequence(config)
    written, attention = model.generate(torch.randn(2, 5, 3), 6)
    assert len(written) == 2 and attention.shape[0] == 2 and attention.shape[2] == 5
    model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="sequence-to-sequence model, which does not generate"):
        wavenet.load(tmp_path)
    info(str(tmp_path))
    assert "kind: sequence-to-sequence" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "message"),
    [({}, "source_classes"), ({"source_classes": 3, "cell": "rnn"}, "cell must be one of")],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        SequenceToSequenceConfig(**settings)
