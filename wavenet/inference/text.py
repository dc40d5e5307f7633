"""Text as a sequence of symbols: characters, or words with punctuation."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wavenet.config.recurrent import Level, TextSymbols

# A word (with inner apostrophes and hyphens), a mark with the spaces beside it, a line break, or
# any other white space.
_WORD = r"\w+(?:['\u2019-]\w+)*"
_TOKENS = re.compile(rf"{_WORD}| ?[^\w\s] ?|\s")
_IS_WORD = re.compile(_WORD)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, its line ends as one character.

    Raises
    ------
    ValueError
        The file is not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}") from error


def split_text(text: str, level: str) -> list[str]:
    """The symbols of a text; `join_text` of them is the text.

    At the level "word" one space between two words is no symbol, and a punctuation mark holds the
    space before and after it.
    """
    if level == "char":
        return list(text)
    found = _TOKENS.findall(text)
    between_words = [
        token == " " and 0 < i < len(found) - 1 and is_word(found[i - 1]) and is_word(found[i + 1])
        for i, token in enumerate(found)
    ]
    return [token for token, dropped in zip(found, between_words, strict=True) if not dropped]


def join_text(symbols: list[str], level: str, before: str = "") -> str:
    """The text of symbols; `before` is the symbol that they follow."""
    if level == "char":
        return "".join(symbols)
    pieces = []
    for last, symbol in zip([before, *symbols], symbols, strict=False):
        if is_word(last) and is_word(symbol):
            pieces.append(" ")
        pieces.append(symbol)
    return "".join(pieces)


def is_word(symbol: str) -> bool:
    """Whether a symbol is a word, not a mark or white space."""
    return bool(_IS_WORD.fullmatch(symbol))


def make_vocabulary(symbols: list[str], level: Level) -> TextSymbols:
    """All symbols: characters in their order, words by falling frequency."""
    counts = Counter(symbols)
    key = None if level == "char" else (lambda symbol: (-counts[symbol], symbol))
    return TextSymbols(level, tuple(sorted(counts, key=key)))


def encode_text(text: str, symbols: TextSymbols) -> NDArray[np.int64]:
    """Classes `(n,)` of the symbols of a text.

    Raises
    ------
    ValueError
        The text has a symbol that is not in the vocabulary; the sentence names it.
    """
    index = {symbol: i for i, symbol in enumerate(symbols.vocabulary)}
    pieces = split_text(text, symbols.level)
    unknown = sorted({piece for piece in pieces if piece not in index}, key=pieces.index)
    if unknown:
        kind = "character" if symbols.level == "char" else "word"
        more = f" and {len(unknown) - 1} others" if len(unknown) > 1 else ""
        raise ValueError(
            f"the {kind} {unknown[0]!r}{more} at place {pieces.index(unknown[0])} of the text is "
            f"not in the vocabulary of the model, which has {len(index)} {kind}s"
        )
    return np.array([index[piece] for piece in pieces], dtype=np.int64)


def decode_text(classes: NDArray, symbols: TextSymbols, before: int = -1) -> str:
    """The text of classes `(n,)` that follow the class `before`, if that is not negative."""
    pieces = [symbols.vocabulary[int(c)] for c in classes]
    return join_text(pieces, symbols.level, symbols.vocabulary[before] if before >= 0 else "")
