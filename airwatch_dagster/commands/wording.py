"""Numbers and commands as people read them."""

import shutil

import pandas as pd

from airwatch_dagster.clean.aqi import truncated_to_tenths


def counted(number: int, word: str) -> str:
    """``1 partition``, ``2,218 partitions``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def duration_text(seconds: float) -> str:
    """``4 s``, ``12 min``, ``2 h 8 min`` or ``3 days``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // 1440} days"


def probability_text(share: float) -> str:
    """``36 %``; the extremes are ``<1 %`` and ``>99 %``, since no forecast is certain."""
    if share < 0.005:
        return "<1 %"
    return ">99 %" if share >= 0.995 else percent_text(share)


def percent_text(share: float) -> str:
    """``36 %``."""
    return f"{100 * share:.0f} %"


def pm25_text(pm25_ugm3: float) -> str:
    """A concentration truncated to 0.1, so that it agrees with its AQI: ``8.1``."""
    return f"{truncated_to_tenths(pd.Series([pm25_ugm3])).iloc[0]:.1f}"


def program() -> str:
    """How `airwatch` is called here: by its name where the path has it, else from the environment that `make` made."""
    return "airwatch" if shutil.which("airwatch") else ".venv/bin/airwatch"
