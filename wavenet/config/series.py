"""What the columns of a time series are to a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wavenet.base.validation import check_field, integer, require

Cycle = Literal["day", "week", "year"]  # of the calendar
StepUnit = Literal["second", "month"]


@dataclass(frozen=True)
class SeriesColumns:
    """Vectors that are columns of a time series with a regular step.

    The model sees the targets less their mean over the context, in units of `target_scales`, and
    the covariates less their mean in units of their scale.

    Parameters
    ----------
    targets
        Columns that are predicted.
    covariates
        Columns that are known beforehand.
    calendar
        Cycles of the calendar that are covariates too, each as sine and cosine: "day", "week",
        "year".
    step, step_unit
        Time from row to row, in seconds or, with "month", in months.
    context, horizon
        Rows that a forecast looks back on, and that it was trained to look ahead.
    lags
        Rows before that a linear part of the forecast sees; 0: there is none. With it the model
        sees what the linear part leaves of the targets, in units of its deviation over the context,
        and not their differences from a mean.
        Its weights are the tensor "lag_weights", `(targets, patch, lags)`; see
        `wavenet.forecasting.linear`.
    patch
        Rows of a step of a recurrent model with a linear part: it predicts them together, none from
        another, so that it learns what comes in a day rather than what comes next. Contexts are
        whole patches.
    target_scales, covariate_means, covariate_scales
        From the training data.
    """

    targets: tuple[str, ...]
    step: int
    context: int
    horizon: int
    covariates: tuple[str, ...] = ()
    calendar: tuple[Cycle, ...] = ()
    step_unit: StepUnit = "second"
    lags: int = 0
    patch: int = 1
    target_scales: tuple[float, ...] = ()
    covariate_means: tuple[float, ...] = ()
    covariate_scales: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        names = self.targets + self.covariates
        require(bool(self.targets), "a series needs a target column")
        require(len(set(names)) == len(names), "the columns of a series must differ")
        if self.step_unit == "month":
            require(set(self.calendar) <= {"year"}, "rows of months show no cycle but the year")
        check_field(self, "step", integer, 1, 10**10)
        check_field(self, "horizon", integer, 1, 10**6)
        check_field(self, "context", integer, 1, 10**6)
        check_field(self, "patch", integer, 1, 10**4)
        require(
            self.context % self.patch == 0,
            f"context {self.context} must be a multiple of patch {self.patch}",
        )
        check_field(self, "lags", integer, 0, 10**5)
        require(self.lags > 0 or self.patch == 1, "patches need a linear part: lags above 0")
        for name, values, columns in (
            ("target_scales", self.target_scales, self.targets),
            ("covariate_means", self.covariate_means, self.covariates),
            ("covariate_scales", self.covariate_scales, self.covariates),
        ):
            require(len(values) == len(columns), f"{name} must have {len(columns)} values")
        require(min(self.target_scales + self.covariate_scales) > 0, "scales must be above 0")

    @property
    def covariate_channels(self) -> int:
        """Channels of the covariates, those of the calendar included."""
        return len(self.covariates) + 2 * len(self.calendar)

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights of the linear part."""
        shape = len(self.targets), self.patch, self.lags
        return {"lag_weights": shape} if self.lags else {}

    def whole_patches(self, rows: int) -> int:
        """`rows`, or as many more as whole patches have."""
        return -(-rows // self.patch) * self.patch
