"""Pictures of evaluations: what a reader sees in them."""

import dataclasses
import math

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from wavenet import plot
from wavenet.evaluation.vocoder import CopyEvaluation, CopyMetrics, table


@pytest.fixture
def pictures(monkeypatch) -> list[Figure]:
    """The figures that are saved."""
    saved = []
    monkeypatch.setattr(plot, "_save", lambda figure, path: saved.append(figure))
    return saved


def copies(files: int, measures: int) -> CopyEvaluation:
    """An evaluation of files in which the first measures have values."""
    names = [field.name for field in dataclasses.fields(CopyMetrics)]
    random = np.random.default_rng(0)
    sides = [
        {
            str(file): CopyMetrics(**{
                name: random.random() + 1 if i < measures else math.nan
                for i, name in enumerate(names)
            })
            for file in range(files)
        }
        for _ in range(2)
    ]  # fmt: skip
    return CopyEvaluation(*sides, settings={})


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


@pytest.mark.parametrize(("measures", "rows"), [(4, 1), (5, 2), (7, 2)])
def test_copies(pictures, measures, rows):
    plot.plot_copies("x.png", copies(3, measures))
    (figure,) = pictures
    assert len(figure.axes) == measures
    heights = {round(axes.get_gridspec().nrows) for axes in figure.axes}
    assert heights == {rows}
    assert figure.axes[0].get_gridspec().ncols * rows - measures <= 1  # nothing is half empty
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[0] == "mel-cepstral distortion [dB]\n(lower is better)"
    assert not any("_" in text for text in texts(figure)), "raw names"
    assert all(axes.get_xlabel() != "file" for axes in figure.axes)
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["outputs", "8-bit mu-law"]
    assert "3 files, their means and 95 % intervals" in figure.get_suptitle()


def test_one_file(pictures):
    result = copies(1, 4)
    plot.plot_copies("x.png", result)
    assert pictures[0].get_suptitle().endswith("1 file")
    lines = table([("1 file", result.means["files"])])
    assert "nan" not in lines and "±" not in lines
    assert "±" in table([("2 files", copies(2, 4).means["files"])])


def test_conditions_that_were_not_measured_are_left_out(pictures):
    panel = plot.Panel("bits", "lower", {"a": [1.0, math.nan], "b": [2.0, 3.0]})
    nothing = plot.Panel("PESQ", "higher", {"a": [math.nan]})
    plot.plot_comparison("x.png", "title", [panel, nothing])
    (axes,) = pictures[0].axes
    assert axes.get_title() == "bits\n(lower is better)"
    assert {"1", "2.5"} <= set(texts(pictures[0]))
