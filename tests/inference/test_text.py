"""Text as symbols and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavenet.inference.text import decode_text, encode_text, join_text, make_vocabulary, split_text

PLAY = "ALGERNON.  Did you hear what I was playing, Lane?\nLANE.  I didn't think it polite - sir."


@pytest.mark.parametrize("level", ["char", "word"])
@given(text=st.text(st.sampled_from("ab' -_.,!(\n\t\u2019\u00e9\u4e2d1")) | st.text())
def test_symbols_are_the_text(level, text):
    assert join_text(split_text(text, level), level) == text


def test_words():
    assert split_text(PLAY, "word") == [
        "ALGERNON", ". ", " ", "Did", "you", "hear", "what", "I", "was", "playing", ", ", "Lane",
        "?", "\n", "LANE", ". ", " ", "I", "didn't", "think", "it", "polite", " - ", "sir", ".",
    ]  # fmt: skip


def test_vocabulary():
    symbols = make_vocabulary(split_text("b a b.", "word"), "word")
    assert symbols.vocabulary == ("b", ".", "a")
    assert make_vocabulary(list("cab"), "char").vocabulary == ("a", "b", "c")
    classes = encode_text("a b.", symbols)
    assert classes.tolist() == [2, 0, 1] and decode_text(classes, symbols) == "a b."
    with pytest.raises(ValueError, match="the word 'zebra' and 1 others at place 1 of the text"):
        encode_text("a zebra yak", symbols)
    with pytest.raises(ValueError, match=r"the character .z. at place 1 .* has 3 characters"):
        encode_text("az", make_vocabulary(list("cab"), "char"))
