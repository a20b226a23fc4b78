"""A month of an area judged by every rule."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import FINDING_RULES, RULE_CAUSE
from airwatch_dagster.watch.verdicts.area_month import AreaMonth, MonthData
from airwatch_dagster.watch.verdicts.finding import Finding
from airwatch_dagster.watch.verdicts.rules.air import season, smoke
from airwatch_dagster.watch.verdicts.rules.days import clock, digits, repeated_days, sampling_days
from airwatch_dagster.watch.verdicts.rules.levels import shifted_level, units
from airwatch_dagster.watch.verdicts.rules.network import methods, parameters, sampling, sites_reporting
from airwatch_dagster.watch.verdicts.rules.sensors import site_level, site_slow_drift, sites_level, sites_slow_drift
from airwatch_dagster.watch.verdicts.rules.stuck import site_stuck

_RULES: Final[Mapping[str, Callable[[AreaMonth], list[Finding]]]] = {
    "season": season,
    "smoke": smoke,
    "site_level": site_level,
    "site_slow_drift": site_slow_drift,
    "site_stuck": site_stuck,
    "sites_level": sites_level,
    "sites_slow_drift": sites_slow_drift,
    "sites_reporting": sites_reporting,
    "methods": methods,
    "sampling": sampling,
    "parameters": parameters,
    "units": units,
    "shifted_level": shifted_level,
    "clock": clock,
    "sampling_days": sampling_days,
    "repeated_days": repeated_days,
    "digits": digits,
}


def judge_month(
    site_days: pd.DataFrame,
    *,
    month: pd.Timestamp,
    area: str,
    in_area: Collection[str],
    changes: pd.DataFrame,
    names: Mapping[str, str],
) -> pd.DataFrame:
    """Rows of ``monthly_findings`` of one area, in the order of ``FINDING_RULES``; deterministic.

    ``site_days`` has the month, as far as it goes, and up to 37 months before it, sites around the area too. Later days
    and later ``changes`` are not looked at. Every rule has a row about the whole area, with an empty ``site_id``; if it
    could not judge, that says why. Sites that are found have rows of their own. ``names`` is what people call a site.
    """
    return judge_area(MonthData.of(site_days, month=month), area=area, in_area=in_area, changes=changes, names=names)


def judge_area(
    data: MonthData, *, area: str, in_area: Collection[str], changes: pd.DataFrame, names: Mapping[str, str]
) -> pd.DataFrame:
    """As ``judge_month``, for one of several areas that share the same data."""
    history, wanted = data.history, set(in_area)
    is_in = np.array([site_id in wanted for site_id in history.site_ids], dtype=bool)
    until = history.days[-1] if len(history.days) else history.month
    of_month = changes[(changes["changed_on"] >= history.month) & (changes["changed_on"] <= until)]
    one = AreaMonth(data, area, is_in, of_month[of_month["site_id"].isin(wanted)], dict(names))
    rows = [
        {"month": history.month, "area": area, "rule": rule, "cause": RULE_CAUSE[rule], **vars(finding)}
        for rule in FINDING_RULES
        for finding in _RULES[rule](one)
    ]
    spec = TABLES["monthly_findings"]
    return spec.schema.validate(pd.DataFrame(rows)[spec.column_names])
