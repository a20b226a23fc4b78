"""A month's verification as text: a summary sentence, tables of scores by lead and by group, and of reliability."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.figures.markdown import SIGNED, TextTable, counted, lead_name, number
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.schemas.columns import LEADS_FOR_PEOPLE
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.verify.reliability import BIN_EDGES, reliability
from airwatch_dagster.verify.skill_tables import MIN_ROWS

Row = Mapping[Any, Any]
"""A row of ``verification``."""

SCORES_NOTE: Final = (
    "Skill: share of damped persistence's mean squared error saved on the same site-days. NMB: bias over the mean "
    "observed. IOA: index of agreement. Width: of the 90 % interval. Pinball and Brier scores: lower is better."
)

EXCEEDANCE_NOTE: Final = (
    "POD: observed exceedances that were forecast. FAR: forecast exceedances not observed. CSI: hits / (hits + misses "
    "+ false alarms)."
)

GROUPS_NOTE: Final = (
    "Forecasts of tomorrow, or of the shortest lead where there are none. Regions are EPA's. Categories are observed. "
    "Grouping by the observed category makes clean days look over-forecast and bad days under-forecast."
)

RELIABILITY_NOTE: Final = (
    "Per probability bin, all leads: number of forecasts, mean forecast probability, observed frequency. In the plot, "
    f"black points are all leads with their number of forecasts, hollow below {MIN_ROWS}; on the diagonal they are "
    "reliable."
)


def summary(month: pd.Timestamp, row: Row, *, families: Sequence[str]) -> str:
    """One sentence on the forecasts of one lead, given their ``row`` of all groups and the ``families`` that served."""
    served = " and ".join(display_name(family) for family in families)
    skill = float(row["skill_over_damped"])
    counts = f"{counted(row['forecasts'], 'forecast')} of {counted(row['sites'], 'site')}"
    worse = f"{100 * abs(skill):.0f} % {'better' if skill > 0 else 'worse'} (squared error) than"
    difference = worse if round(skill, 2) else "as good (squared error) as"
    compared = "" if pd.isna(skill) else f"{difference} damped persistence; "
    covered = f"{100 * row['coverage']:.0f} % of the observed values fell inside the 90 % interval"
    return (
        f"Forecasts of {month:%B %Y} {counted(row['horizon_days'], 'day')} ahead, served by {served}: mean absolute "
        f"error {row['mae_ugm3']:.2f} µg/m³ ({counts}); {compared}{covered}."
    )


def lead_names(rows: Iterable[Row]) -> dict[str, Row]:
    """``**2 days (tomorrow)**``, then ``1 day`` and so on → its row of all groups."""
    found = {int(row["horizon_days"]): row for row in rows}
    return {lead_name(lead): found[lead] for lead in LEADS_FOR_PEOPLE if lead in found}


def group_names(rows: Iterable[Row]) -> dict[str, Row]:
    """``all``, ``region 5``, ``observed Moderate`` and so on → its row of one lead."""
    return {f"{'observed ' if row['group_kind'] == 'category' else ''}{row['group_name']}": row for row in rows}


def error_table(head: str, rows: Mapping[str, Row]) -> TextTable:
    """A line per lead or group: skill and errors."""
    cells = [
        (
            name,
            f"{row['forecasts']:,}",
            number(row["skill_over_damped"], SIGNED),
            number(row["rmse_ugm3"]),
            number(row["mae_ugm3"]),
            number(row["bias_ugm3"], SIGNED),
            number(row["coverage"], ".0%"),
        )
        for name, row in rows.items()
    ]
    errors = ("RMSE, µg/m³", "MAE, µg/m³", "Bias, µg/m³")
    return TextTable((head, "Forecasts", "Skill", *errors, "In 90 % interval"), tuple(cells))


def interval_table(head: str, rows: Mapping[str, Row]) -> TextTable:
    """A line per lead or group: relative errors, intervals and Brier scores."""
    cells = [
        (
            name,
            number(row["normalised_mean_bias"], "+z.0%"),
            number(row["index_of_agreement"]),
            number(row["mean_width_ugm3"], ".1f"),
            number(row["pinball_ugm3"], ".3f"),
            number(row["brier_9_0"], ".4f"),
            number(row["brier_35_4"], ".4f"),
        )
        for name, row in rows.items()
    ]
    header = (head, "NMB", "IOA", "Width, µg/m³", "Pinball, µg/m³", "Brier above 9.0", "Brier above 35.4")
    return TextTable(header, tuple(cells))


def exceedance_table(head: str, rows: Mapping[str, Row]) -> TextTable:
    """A line per lead or group and limit: detection, false alarms and success of forecast exceedances."""
    cells = [
        (name, f"{limit} µg/m³", *(number(row[f"{measure}_{column}"]) for measure in ("pod", "far", "csi")))
        for name, row in rows.items()
        for limit, column in (("9.0", "9_0"), ("35.4", "35_4"))
    ]
    return TextTable((head, "Above", "POD", "FAR", "CSI"), tuple(cells))


def reliability_by_limit(scores: pd.DataFrame) -> dict[float, dict[str, pd.DataFrame]]:
    """Limit (µg/m³) → ``all`` and each lead (``1 d``) → its table of ``reliability`` by the lower end of the bins.

    ``scores`` are rows of ``forecast_scores`` of a month. A limit is left out when it was not exceeded and no forecast
    gave it more than the lowest bin; the lowest limit is never left out.
    """
    leads = {f"{lead} d": rows for lead, rows in scores.groupby("horizon_days", sort=True)}
    highest_observed = scores["pm25_observed_ugm3"].max()
    return {
        limit: {
            name: reliability(rows, limit_ugm3=limit).set_index("probability_from")
            for name, rows in {"all": scores, **leads}.items()
        }
        for limit, column in PROBABILITY_COLUMNS.items()
        if limit == min(PROBABILITY_COLUMNS) or highest_observed > limit or scores[column].max() > BIN_EDGES[1]
    }


def reliability_table(bins: pd.DataFrame) -> TextTable:
    """A line per probability bin of one limit and lead, or of all leads: an entry of ``reliability_by_limit``."""
    cells = [
        (
            f"{100 * begin:g}–{100 * row['probability_to']:g} %",
            f"{row['forecasts']:,.0f}",
            number(100 * row["mean_probability"], ".1f"),
            number(100 * row["observed_frequency"], ".1f"),
        )
        for begin, row in zip(bins.index, bins.to_dict("records"), strict=True)
    ]
    return TextTable(("Forecast probability", "Forecasts", "Mean probability, %", "Observed, %"), tuple(cells))
