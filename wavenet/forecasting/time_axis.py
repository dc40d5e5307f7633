"""Times of the rows of a series: how they are written, and how they follow each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wavenet.config.series import StepUnit

_QUARTER = re.compile(r"(\d{4})([- ]?Q)([1-4])")
_TIME = re.compile(r"\d{4}(-\d\d(-\d\d([ T]\d\d:\d\d(:\d\d)?)?)?)?")
_LONG = 27 * 86_400  # [s]; of such steps the calendar may be the reason


@dataclass(frozen=True)
class TimeAxis:
    """How the rows of a series follow each other in time.

    Attributes
    ----------
    step
        Time from row to row, in units.
    unit
        "second", or "month" for rows of months, quarters and years, which are not of one length.
    day
        Day of the month on which rows of months fall; where a month has fewer days, its last.
    template
        A time as it is written: 2020, 2020Q1, 2020-01, 2020-01-31 or 2020-01-31 12:00:00.
    """

    step: int
    unit: StepUnit = "second"
    day: int = 1
    template: str = "2020-01-31T12:00:00"

    def __str__(self) -> str:
        return step_text(self.step, self.unit)

    def times(self, first: np.datetime64, count: int) -> NDArray[np.datetime64]:
        """`(count,)` datetime64[s]: `first` and the times that follow."""
        steps = self.step * np.arange(count)
        if self.unit == "second":
            return first + steps.astype("timedelta64[s]")
        months = first.astype("datetime64[M]") + steps.astype("timedelta64[M]")
        days = np.minimum(self.day, _days(months)) - 1
        clock = first - first.astype("datetime64[D]")
        return months.astype("datetime64[D]") + days.astype("timedelta64[D]") + clock

    def written(self, times: NDArray[np.datetime64]) -> list[str]:
        """Times in the way of `template`."""
        texts = times.astype("datetime64[s]").astype(str)
        quarter = _QUARTER.fullmatch(self.template)
        if quarter:
            return [f"{t[:4]}{quarter[2]}{(int(t[5:7]) + 2) // 3}" for t in texts]
        size = len(self.template)
        return [t[:size].replace("T", self.template[10:11]) for t in texts]


def step_text(step: int, unit: StepUnit) -> str:
    """As people say it: "3600 s", "1 month", "3 months"."""
    return f"{step} s" if unit == "second" else f"{step} month{'s' if step > 1 else ''}"


def parse_time(text: str) -> np.datetime64:
    """A time as datetime64[s]; of a month, quarter or year its beginning. ValueError for others."""
    text = text.strip()
    quarter = _QUARTER.fullmatch(text)
    if quarter:
        text = f"{quarter[1]}-{3 * int(quarter[3]) - 2:02}"
    if _TIME.fullmatch(text):
        try:
            return np.datetime64(text.replace(" ", "T"), "s")
        except ValueError:
            pass
    raise ValueError(
        f"{text!r} is not a time such as 2016, 2016Q3, 2016-07, 2016-07-01 or 2016-07-01 13:00:00"
    )


def find_time_axis(
    times: NDArray[np.datetime64], template: str, row_name: Callable[[int], str]
) -> TimeAxis:
    """How times `(n,)`, n from 2, follow each other.

    They are rows of months where all lie at one time of one day of their months, or at their ends.

    Raises
    ------
    ValueError
        They do not rise, or by different steps; the sentence starts with the name of the row.
    """
    months, dates = times.astype("datetime64[M]"), times.astype("datetime64[D]")
    days = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    day = 31 if (days == _days(months)).all() else int(days.max())
    one_clock = (times - dates == times[0] - dates[0]).all()
    of_months = one_clock and (days == np.minimum(day, _days(months))).all()
    unit: StepUnit = "month" if of_months else "second"
    steps = np.diff((months if of_months else times).astype(np.int64))
    axis = TimeAxis(int(steps[0]), unit, day, template)
    if axis.step <= 0:
        first, second = axis.written(times[:2])
        raise ValueError(f"{row_name(1)}: the time {second} does not come after {first}")
    wrong = np.flatnonzero(steps != axis.step)
    if len(wrong):
        row = int(wrong[0]) + 1
        apart = [f"{n} {unit}{'' if n == 1 else 's'}" for n in (steps[row - 1], axis.step)]
        advice = "fill or resample the series first"
        if unit == "second" and axis.step >= _LONG:
            advice = "write months as 2020-01, quarters as 2020Q1 and years as 2020"
        raise ValueError(
            f"{row_name(row)}: the time {axis.written(times[row : row + 1])[0]} is {apart[0]} "
            f"after the row before, the first rows are {apart[1]} apart; {advice}"
        )
    return axis


def _days(months: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Of each month, how many it has."""
    return ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
