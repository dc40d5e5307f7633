"""Time series from CSV files: what is read, and what is refused in which words."""

import gzip

import numpy as np
import pytest

from wavenet.metrics.forecasts import continuous_ranked_probability_score
from wavenet.series import calendar_cycles, calendar_features, read_series

GOOD = "date,a,b\n2020-01-01 00:00:00,1,2\n2020-01-01 01:00:00,3,\n2020-01-01 02:00:00,5,6e1\n"


def write(folder, text, name="x.csv"):
    path = folder / name
    path.write_text(text)
    return path


def test_read(tmp_path):
    series = read_series(write(tmp_path, GOOD))
    assert series.names == ("a", "b") and series.step == 3600
    np.testing.assert_array_equal(series.columns(("b", "a")), [[2, 1], [np.nan, 3], [60, 5]])
    (tmp_path / "y.csv.gz").write_bytes(gzip.compress(GOOD.encode()))
    np.testing.assert_array_equal(read_series(tmp_path / "y.csv.gz").times, series.times)
    with pytest.raises(ValueError, match="no column 'c'; it has a, b"):
        series.columns(("c",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("3,", "three,"), "row 3, column 'a': 'three' is no number"),
        (("6e1", "inf"), "row 4, column 'b': 'inf' is not finite"),
        (("6e1", "nan"), "row 4, column 'b': 'nan' is not finite"),
        (("02:00:00", "02:30:00"), "row 4: the time 2020-01-01T02:30:00 is 5400 seconds after"),
        (("01:00:00", "00:00:00"), "row 3: .* does not come after"),
        (("2020-01-01 01", "yesterday 01"), "row 3: 'yesterday 01:00:00' is not a time"),
        (("2020-01-01 01:00:00", ""), "row 3: '' is not a time"),
        (("2020-01-01 01:00:00", "1577840400"), "row 3: '1577840400' is not a time"),
        (("2020-01-01 01:00:00", "2020-13-01"), "row 3: '2020-13-01' is not a time"),
        ((",6e1", ""), "row 4: 2 cells for 3 columns"),
        (("a,b", "a,a"), "two columns of one name"),
    ],
)
def test_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=rf"x\.csv.*{message}"):
        read_series(write(tmp_path, GOOD.replace(*change, 1))).columns(("a", "b"))


def test_rows_are_lines_of_the_file(tmp_path):
    """Blank lines and quoted line breaks count; marks that only look like line breaks do not."""
    text = (
        'date,a,note\n\n2020-01-01,1,"two\nlines"\n2020-01-02,2,\u2028\n\n2020-01-03,{},\x85\n'
        "{},4,\n"
    )
    path = write(tmp_path, text.format(3, "2020-01-04"))
    series = read_series(path)
    np.testing.assert_array_equal(series.columns(("a",))[:, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(series.lines, [3, 5, 7, 8])
    for a, last, message in (
        ("x", "2020-01-04", "row 7, column 'a': 'x' is no number"),
        ("3", "2020-01-05", "row 8: the time"),
        ("", "2020-01-04", "row 7, column 'a': no value"),
    ):
        write(tmp_path, text.format(a, last))
        with pytest.raises(ValueError, match=message):
            read_series(path).rows(1, 4).complete(("a",))
    write(tmp_path, 'date,a\n2020-01-01,1\n2020-01-02,"2\n2020-01-03,3\n')
    with pytest.raises(ValueError, match=r"line 3 .*: a quote is opened here and never closed"):
        read_series(path)


def test_other_columns_may_be_words(tmp_path):
    """Only what is asked for must be numbers."""
    series = read_series(write(tmp_path, GOOD.replace("3,", "sunny,")))
    assert series.names == ("a", "b") and series.rows(1, 3).columns(("b",)).shape == (2, 1)
    with pytest.raises(ValueError, match="row 3, column 'a': 'sunny' is no number"):
        series.rows(1, 3).columns(("a",))


def test_other_files_are_refused(tmp_path):
    for text, name in (("", "a.csv"), ("date\n1\n2\n", "b.csv"), ("date,a\n", "c.csv.gz")):
        with pytest.raises(ValueError, match="csv"):
            read_series(write(tmp_path, text, name))


def test_calendar():
    times = np.datetime64("2021-03-01T00:00:00") + np.arange(24 * 14) * np.timedelta64(1, "h")
    features = calendar_features(times, ("day", "week"))
    assert features.shape == (336, 4)
    np.testing.assert_allclose(features[:24, :2], features[24:48, :2], atol=1e-6)
    np.testing.assert_allclose(features[:168], features[168:], atol=1e-6)
    assert calendar_cycles(3600, 24 * 14) == ("day", "week")
    assert calendar_cycles(86_400, 3 * 366) == ("week", "year")
    assert calendar_cycles(86_400 * 365, 300) == ()


def test_continuous_ranked_probability_score():
    """Against the definition, and the value of a normal distribution (Gneiting & Raftery 2007)."""
    random = np.random.default_rng(0)
    paths, y = random.standard_normal((7, 3)), random.standard_normal(3)
    pairs = np.abs(paths[:, None] - paths[None]).sum(axis=(0, 1)) / (7 * 6)
    expected = np.abs(paths - y).mean(axis=0) - pairs / 2
    np.testing.assert_allclose(continuous_ranked_probability_score(paths, y), expected)
    normal = random.standard_normal((200_000, 1))
    score = continuous_ranked_probability_score(normal, np.zeros(1))
    assert score[0] == pytest.approx((np.sqrt(2) - 1) / np.sqrt(np.pi), abs=2e-3)
    assert continuous_ranked_probability_score([[3.0]], [1.0]) == 2
    with pytest.raises(ValueError, match="shape"):
        continuous_ranked_probability_score(paths, y[:2])
    for nothing in (np.zeros((0, 3)), np.zeros(3)[:0], 1.0):
        with pytest.raises(ValueError, match="shape"):
            continuous_ranked_probability_score(nothing, y if np.ndim(nothing) == 2 else 1.0)


@pytest.mark.parametrize("damage", [lambda b: b[:-12], lambda b: b[:30] + b"?" * 20 + b[50:]])
def test_damaged_archives(tmp_path, damage):
    rows = "\n".join(f"{i},{i * i % 97}" for i in range(500))
    path = tmp_path / "y.csv.gz"
    path.write_bytes(damage(gzip.compress(f"t,y\n{rows}\n".encode())))
    with pytest.raises(ValueError, match="is not a CSV file"):
        read_series(path)
