"""Whether sites fall silent when high PM2.5 is forecast: readings that are missing, but not at random.

A filter that clogs and a power line that burns take away the days that matter most. What was forecast is known of
silent days too, so it tells whether they differ from the days on which the same sites report.
"""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from airwatch_dagster.verify.week_bootstrap import MIN_WEEKS, ratio_interval

WINDOW_MONTHS: Final = 3
"""Months that one judgement looks at, its own the last: thirteen weeks, for few sites fall silent in one month."""

MIN_SILENT: Final = 20
"""Silent site-days that are judged."""

MIN_REPORTED: Final = 10
"""Days on which a site reported, without which nobody knows what is usually forecast for it."""

LEAST_UGM3: Final = 1.0
"""Least difference that is told: a fifth of the error of a forecast."""

TAIL: Final = 0.025
"""Probability beyond each end of the interval."""

SILENT: Final = ("missing", "invalid")
"""Statuses of a due site-day without a valid reading; one that is late may still come."""


@dataclass(frozen=True)
class Silence:
    """What was forecast for silent site-days."""

    silent: int
    """Silent site-days with a forecast, of sites that reported too."""
    reported: int
    """Site-days of these sites with a reading and a forecast."""
    forecast_ugm3: float
    """Mean forecast for the silent ones; null without any, as the next three."""
    excess_ugm3: float
    """By how much it is above that for the days on which the same sites reported."""
    lower_ugm3: float
    upper_ugm3: float
    """95 % interval of the excess, from a bootstrap of the weeks with silent days: an episode is one observation."""
    not_judged: str = ""

    @property
    def is_found(self) -> bool:
        """Whether sites fall silent when more is forecast, beyond noise."""
        return not self.not_judged and self.lower_ugm3 > 0 and self.excess_ugm3 >= LEAST_UGM3


def silence(coverage: pd.DataFrame, forecasts: pd.DataFrame) -> Silence:
    """Silent site-days against those that report, each site against itself.

    ``coverage`` has site_id, date_local and status of WINDOW_MONTHS, ``forecasts`` site_id, target_date and pm25_ugm3
    of one lead. Sites that never fall silent, or hardly ever report, say nothing.
    """
    rows = coverage[coverage["status"].isin((*SILENT, "observed"))]
    rows = rows.merge(forecasts, left_on=["site_id", "date_local"], right_on=["site_id", "target_date"])
    is_silent = rows["status"].isin(SILENT)
    reported = rows[~is_silent].groupby("site_id")["pm25_ugm3"].agg(["mean", "size"])
    usual = reported.loc[reported["size"] >= MIN_REPORTED, "mean"]
    silent = rows[is_silent & rows["site_id"].isin(usual.index)]
    excess = silent["pm25_ugm3"] - silent["site_id"].map(usual)
    weeks = excess.groupby(silent["date_local"].dt.to_period("W")).agg(["sum", "size"])
    lower, upper = ratio_interval(weeks["sum"].to_numpy(), weeks["size"].to_numpy(), tail=TAIL)
    count = len(silent)
    why = f"{count} site-days without a valid reading; {MIN_SILENT} needed" if count < MIN_SILENT else ""
    if not why and len(weeks) < MIN_WEEKS:
        why = f"weeks with such days: {len(weeks)}; {MIN_WEEKS} needed"
    return Silence(
        silent=count,
        reported=int(reported.loc[reported.index.isin(silent["site_id"]), "size"].sum()),
        forecast_ugm3=float(silent["pm25_ugm3"].mean()),
        excess_ugm3=float(excess.mean()),
        lower_ugm3=lower,
        upper_ugm3=upper,
        not_judged=why,
    )
