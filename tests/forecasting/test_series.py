"""Time series from CSV files: what is read, and what is refused in which words."""

import gzip

import numpy as np
import pytest

from wavenet.forecasting.forecast import Forecast
from wavenet.forecasting.linear import fit_lags, remove_lags, restore_lags
from wavenet.forecasting.series import calendar_cycles, calendar_features, read_series
from wavenet.forecasting.time_axis import TimeAxis
from wavenet.metrics.forecasts import continuous_ranked_probability_score

GOOD = "date,a,b\n2020-01-01 00:00:00,1,2\n2020-01-01 01:00:00,3,\n2020-01-01 02:00:00,5,6e1\n"


def write(folder, text, name="x.csv"):
    path = folder / name
    path.write_text(text)
    return path


def test_read(tmp_path):
    series = read_series(write(tmp_path, GOOD))
    assert series.names == ("a", "b") and series.axis.step == 3600
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
        (("02:00:00", "02:30:00"), "row 4: the time 2020-01-01 02:30:00 is 5400 seconds after"),
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
    assert calendar_cycles(TimeAxis(3600), 24 * 14) == ("day", "week")
    assert calendar_cycles(TimeAxis(86_400), 3 * 366) == ("week", "year")
    assert calendar_cycles(TimeAxis(86_400 * 365), 300) == ()
    assert [calendar_cycles(TimeAxis(n, "month"), 48) for n in (1, 3, 6, 12)] == [("year",)] * 3 + [
        ()
    ]
    months = np.arange("1999-01", "2009-01", dtype="datetime64[M]").astype("datetime64[D]") + 27
    features = calendar_features(months, ("year",), "month").reshape(10, 12, 2)
    np.testing.assert_allclose(features, np.broadcast_to(features[0], (10, 12, 2)), atol=1e-11)
    assert len({tuple(month) for month in features[0].round(6)}) == 12


@pytest.mark.parametrize(
    ("stamps", "step", "following"),
    [
        ("1999 2000 2001", 12, "2002 2003 2004"),
        ("2000 2010 2020", 120, "2030 2040 2050"),
        ("1999Q3 1999Q4 2000Q1", 3, "2000Q2 2000Q3 2000Q4"),
        ("1999-Q3 1999-Q4 2000-Q1", 3, "2000-Q2 2000-Q3 2000-Q4"),
        ("2019-11 2019-12 2020-01", 1, "2020-02 2020-03 2020-04"),
        ("2019-11-30 2019-12-31 2020-01-31", 1, "2020-02-29 2020-03-31 2020-04-30"),
        ("2019-11-30 2019-12-30 2020-01-30", 1, "2020-02-29 2020-03-30 2020-04-30"),
        ("2019-11-28 2019-12-28 2020-01-28", 1, "2020-02-28 2020-03-28 2020-04-28"),
        ("2021-07-01 2021-08-01 2021-09-01", 1, "2021-10-01 2021-11-01 2021-12-01"),
        ("2019-02-28 2019-05-31 2019-08-31", 3, "2019-11-30 2020-02-29 2020-05-31"),
        ("2018-02-28 2019-02-28 2020-02-29", 12, "2021-02-28 2022-02-28 2023-02-28"),
        ("2018-02-28 2019-02-28 2020-02-28", 12, "2021-02-28 2022-02-28 2023-02-28"),
        ("2020-01-31T06:00 2020-02-29T06:00", 1, "2020-03-31T06:00 2020-04-30T06:00"),
        ("2020-01-31 2020-02-01 2020-02-02", 86_400, "2020-02-03 2020-02-04 2020-02-05"),
        ("2021-02-01 2021-03-01 2021-03-29", 28 * 86_400, "2021-04-26 2021-05-24 2021-06-21"),
        ("2020-02-28_23:00 2020-02-29_00:00", 3600, ""),
    ],
)
def test_steps_of_the_calendar(tmp_path, stamps, step, following):
    """What follows is written as what came, at the same day of the month or at its end."""
    stamps = [stamp.replace("_", " ") for stamp in stamps.split()]
    rows = "".join(f"{stamp},{i}\n" for i, stamp in enumerate(stamps))
    series = read_series(write(tmp_path, f"when,y\n{rows}"))
    assert (series.axis.step, series.axis.unit) == (step, "month" if step < 3600 else "second")
    assert series.axis.written(series.times) == stamps
    following = following.split()
    times = series.axis.times(series.times[0], len(stamps) + len(following))
    np.testing.assert_array_equal(times[: len(stamps)], series.times)
    assert series.axis.written(times[len(stamps) :]) == following
    last = series.rows(len(stamps) - 1, len(stamps))
    np.testing.assert_array_equal(last.axis.times(last.times[0], 2)[0], last.times[0])


@pytest.mark.parametrize(
    ("stamps", "message"),
    [
        (
            "2020-01 2020-02 2020-04",
            "row 4: the time 2020-04 is 2 months after .* 1 month apart; fill",
        ),
        ("2020Q1 2020Q2 2020Q2", "row 4: the time 2020Q2 is 0 months after"),
        ("2020 2019 2018", "row 3: the time 2019 does not come after 2020"),
        (
            "2020-01-31 2020-02-28 2020-03-31",
            "row 4: .* 32 days?|seconds.*; write months as 2020-01",
        ),
        ("2020Q1 2020Q5 2020Q6", "row 3: '2020Q5' is not a time such as 2016, 2016Q3, 2016-07"),
        ("2020-1 2020-2 2020-3", "row 2: '2020-1' is not a time"),
        ("20200 20201 20202", "row 2: '20200' is not a time"),
    ],
)
def test_refused_steps_of_the_calendar(tmp_path, stamps, message):
    rows = "".join(f"{stamp},1\n" for stamp in stamps.split())
    with pytest.raises(ValueError, match=rf"x\.csv, {message}"):
        read_series(write(tmp_path, f"when,y\n{rows}"))


def test_digits_show_the_spread():
    random = np.random.default_rng(0)
    paths = random.standard_normal((50, 4, 3)) * [3.0, 1.0, 1e-3] + [123_456_789, 0.0, 5e9]
    result = Forecast(np.arange(4).astype("datetime64[s]"), ("a", "b", "c"), paths)
    assert result.digits[1:] == [7, 16] and 12 <= result.digits[0] <= 13
    for digits, spread, values in zip(result.digits, [3.0, 1.0, 1e-3], paths.T, strict=True):
        written = np.vectorize(lambda v, n=digits: float(f"{v:.{n}g}"))(values)
        np.testing.assert_allclose(written, values, rtol=0, atol=1e-3 * spread)
    alike = Forecast(result.times, ("a",), np.full((3, 4, 1), 0.3))
    assert alike.digits == [16] and f"{0.3:.16g}" == "0.3"


def test_linear_part_at_a_level_far_from_0():
    """Weights of float32 sum to 1 only nearly, which would move such a level by a deviation."""
    random = np.random.default_rng(0)
    y = 3 * np.sin(np.arange(600) / 7)[:, None] + random.standard_normal((600, 1))
    weights = fit_lags(y, 48, 2)
    left, far = (remove_lags(y + level, weights) for level in (0.0, 123_456_789.0))
    np.testing.assert_allclose(far, left, atol=1e-5)
    near, far = (restore_lags(y + level, left[None, :6], weights) for level in (0.0, 123_456_789.0))
    np.testing.assert_allclose(far - 123_456_789.0, near, atol=1e-5)


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
