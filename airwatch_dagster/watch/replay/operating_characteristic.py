"""The operating characteristic of the alarms: false alarms in undisturbed months, and delays until faults are found."""

from functools import cache
from importlib.resources import files
from typing import Final

import pandas as pd

UNDISTURBED_COLUMNS: Final = (
    *("scale", "cause", "rule", "season", "area_months", "alarm_months", "smoke_months", "smoke_alarm_months"),
)
"""One row per scale (nation, nation and its states, state, metropolitan area), rule and season: area-months without
smoke that were replayed, those of them with a finding of the rule at one of the looks of the month, and the same of
months of smoke. The rule ``any`` has months with a warning of any rule but those of the air."""

FAULT_COLUMNS: Final = (
    *("fault", "scale", "cases", "flagged_share", "failed_share", "found_share", "median_days", "cause_share"),
    *("rules", "causes"),
)
"""One row per fault and scale: cases; shares with a sensor flag (suspect or fail, and fail) within three days, and
found by a rule of monthly_findings within a month (a year for slow drift); days until then; share of the found ones
whose cause is named rightly; the rules and causes that found them."""


def undisturbed_months() -> pd.DataFrame:
    """Rows of ``UNDISTURBED_COLUMNS``: how seldom alarms are false."""
    return _table("undisturbed.csv")[list(UNDISTURBED_COLUMNS)].copy()


def injected_faults() -> pd.DataFrame:
    """Rows of ``FAULT_COLUMNS``: what is found of faults put into real months, and how soon."""
    return _table("injected_faults.csv")[list(FAULT_COLUMNS)].copy()


@cache
def _table(name: str) -> pd.DataFrame:
    with (files(__package__) / name).open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=True)
