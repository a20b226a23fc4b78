"""Can I trust it? The record of the forecasts of tomorrow, and of the next-day ones of the area and of each site."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from airwatch_dagster.fit.metrics import skill
from airwatch_dagster.publish.content import (
    LastVerdict,
    ReliabilityPoint,
    Rival,
    SiteRecord,
    TomorrowRecord,
    Trust,
    TrustDay,
)
from airwatch_dagster.publish.material import SCOREBOARD_DAYS, TRUST_DAYS, Material, past_days, records
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import GOOD_TOP_UGM3, MODERATE_TOP_UGM3
from airwatch_dagster.schemas.forecasters import AIRWATCH
from airwatch_dagster.verify.persistence import persistence_candidates
from airwatch_dagster.verify.reliability import reliability
from airwatch_dagster.verify.scoreboard import scoreboard_of

TENTHS = tuple(round(0.1 * number, 1) for number in range(11))
"""Edges of the bins of the bulletin's reliability picture: a month has too few forecasts for finer ones."""


def trust_of(material: Material, issue_date: pd.Timestamp, *, with_rivals: bool) -> Trust | None:
    """The next-day forecasts of the TRUST_DAYS up to ``issue_date`` against what was observed; None without any."""
    days = pd.date_range(end=issue_date, periods=TRUST_DAYS)
    scores = material.next_day_scores(list(days))
    if scores.empty:
        return None
    of_day = scores.groupby("target_date")
    means = of_day[["pm25_ugm3", "pm25_lower_ugm3", "pm25_upper_ugm3", "pm25_observed_ugm3"]].mean()
    rows = zip(means.itertuples(), of_day.size(), strict=True)
    drawn = tuple(TrustDay(row[0].date(), int(sites), *map(float, row[1:])) for row, sites in rows)
    return Trust(
        first_day=drawn[0].day,
        last_day=drawn[-1].day,
        forecasts=len(scores),
        mean_abs_error_ugm3=float(scores["abs_error_ugm3"].mean()),
        coverage=float(scores["is_covered"].mean()),
        skill_over_persistence=_skill_over_persistence(scores),
        days=drawn,
        reliability=_reliability(scores),
        last=_last_verdict(scores[scores["target_date"] == means.index[-1]], drawn[-1]),
        rivals=_rivals(material, issue_date) if with_rivals else (),
        tomorrow=_tomorrow(material.tomorrow_scores(list(days))),
    )


def _tomorrow(scores: pd.DataFrame) -> TomorrowRecord | None:
    if scores.empty:
        return None
    return TomorrowRecord(
        forecasts=len(scores),
        mean_abs_error_ugm3=float(scores["abs_error_ugm3"].mean()),
        coverage=float(scores["is_covered"].mean()),
        skill_over_persistence=_skill_over_persistence(scores),
    )


def site_records(material: Material, issue_date: pd.Timestamp, sites: Sequence[str]) -> dict[str, SiteRecord]:
    """The record of each site: its last TRUST_DAYS next-day forecasts with an observed value, of the past days known.

    A site without any has a record of 0 forecasts.
    """
    scores = material.next_day_scores(past_days(issue_date))
    last = scores.groupby("site_id").tail(TRUST_DAYS)
    of_site = last.groupby("site_id")
    sums = of_site[["is_near", "is_covered", "is_bad", "is_missed"]].sum()
    sums.columns = pd.Index(["within_one_category", "inside_interval", "bad_days", "bad_days_missed"])
    sums.insert(0, "forecasts", of_site.size())
    sums["mean_abs_error_ugm3"] = of_site["abs_error_ugm3"].mean()
    known = {
        row["site_id"]: SiteRecord(
            **{name: int(row[name]) for name in sums.columns[:-1]}, mean_abs_error_ugm3=row["mean_abs_error_ugm3"]
        )
        for row in records(sums.reset_index())
    }
    return {site: known.get(site, SiteRecord(0, 0, 0, 0, 0, None)) for site in sites}


def _skill_over_persistence(scores: pd.DataFrame) -> float | None:
    """Skill where the site was observed on the issue date; None without such forecasts, or when persistence made no
    error."""
    both = scores[scores["is_before_known"]]
    if both.empty:
        return None
    found = skill(both["error_ugm3"].to_numpy(), (both["before_ugm3"] - both["pm25_observed_ugm3"]).to_numpy())
    return None if np.isnan(found) else found


def _reliability(scores: pd.DataFrame) -> tuple[ReliabilityPoint, ...]:
    tables = [reliability(scores, limit_ugm3=limit, edges=TENTHS) for limit in (GOOD_TOP_UGM3, MODERATE_TOP_UGM3)]
    return tuple(
        ReliabilityPoint(
            float(row["limit_ugm3"]),
            float(row["mean_probability"]),
            float(row["observed_frequency"]),
            int(row["forecasts"]),
        )
        for table in tables
        for row in table.to_dict("records")
    )


def _rivals(material: Material, issue_date: pd.Timestamp) -> tuple[Rival, ...]:
    """Every other forecaster of the last SCOREBOARD_DAYS, in the order of the scoreboard."""
    days = pd.date_range(end=issue_date, periods=SCOREBOARD_DAYS)
    scores = material.next_day_scores(days)[TABLES["forecast_scores"].column_names]
    known = material.site_days[material.site_days["date_local"].isin(past_days(issue_date))]
    rows = scoreboard_of(
        scores,
        candidates=persistence_candidates(scores, site_days=known),
        site_days=known,
        agency_forecasts=material.agency_forecasts,
        others=material.other_forecasts,
    )
    others = rows[(rows["group_kind"] == "all") & (rows["forecaster"] != AIRWATCH)]
    return tuple(
        Rival(
            row["forecaster"],
            int(row["cases"]),
            *(
                None if pd.isna(row[name]) else float(row[name])
                for name in ("airwatch_skill", "airwatch_skill_lower", "airwatch_skill_upper")
            ),
        )
        for row in records(others)
    )


def _last_verdict(scores: pd.DataFrame, day: TrustDay) -> LastVerdict:
    return LastVerdict(
        day=day.day,
        sites=day.sites,
        inside_interval=int(scores["is_covered"].sum()),
        within_one_category=int(scores["is_near"].sum()),
        forecast_ugm3=day.forecast_ugm3,
        observed_ugm3=day.observed_ugm3,
    )
