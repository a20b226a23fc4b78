"""A month's verification as text: a summary sentence, scores by lead and by group, reliability tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.figures.markdown import SIGNED, number, numbers, table
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.verify.reliability import BIN_EDGES, reliability
from airwatch_dagster.verify.skill_tables import MIN_ROWS

Row = Mapping[Any, Any]
"""A row of ``verification``."""

SCORES_NOTE: Final = (
    "Skill: share of damped persistence's mean squared error saved on the same site-days. NMB: bias over the mean "
    "observed. IOA: index of agreement. Coverage and width: of the 90 % interval. Pinball and Brier scores: lower is "
    "better. POD: observed exceedances that were forecast. FAR: forecast exceedances not observed. CSI: hits / (hits + "
    "misses + false alarms). Exceedances are of 9.0 and of 35.4 µg/m³."
)

GROUPS_NOTE: Final = (
    "Forecasts at the shortest lead. Regions are EPA's. Categories are observed. Grouping by the observed category "
    "makes clean days look over-forecast and bad days under-forecast."
)

RELIABILITY_NOTE: Final = (
    "Per probability bin: number of forecasts, mean forecast probability, observed frequency. In the plot, black "
    f"points are all leads with their number of forecasts, hollow below {MIN_ROWS}; on the diagonal they are reliable."
)


def summary(month: pd.Timestamp, row: Row, *, families: Sequence[str]) -> str:
    """One sentence on the forecasts of one lead, given their ``row`` of all groups and the ``families`` that served."""
    served = " and ".join(display_name(family) for family in families)
    skill = float(row["skill_over_damped"])
    counts = f"{_counted(row['forecasts'], 'forecast')} of {_counted(row['sites'], 'site')}"
    difference = f"{100 * abs(skill):.0f} % {'below' if skill > 0 else 'above'}" if round(skill, 2) else "equal to"
    compared = "" if pd.isna(skill) else f"squared error {difference} damped persistence's; "
    covered = f"{100 * row['coverage']:.0f} % of observed values inside the 90 % intervals"
    return (
        f"Forecasts of {month:%B %Y} {_counted(row['horizon_days'], 'day')} ahead, served by {served}: mean absolute "
        f"error {row['mae_ugm3']:.2f} µg/m³ ({counts}); {compared}{covered}."
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count > 1 else ''}"


def scores_by_lead(rows: Iterable[Row]) -> str:
    """Markdown: tables of errors and of intervals and exceedances, a line per lead, and notes on the columns."""
    leads = {f"{row['horizon_days']} d": row for row in rows}
    return f"{_score_tables('Lead', leads)}\n\n{SCORES_NOTE}"


def scores_by_group(rows: Iterable[Row]) -> str:
    """Markdown: the same tables with a line per group of the forecasts of one lead."""
    groups = {f"{'observed ' if row['group_kind'] == 'category' else ''}{row['group_name']}": row for row in rows}
    return f"{_score_tables('Group', groups)}\n\n{GROUPS_NOTE}"


def _score_tables(head: str, rows: Mapping[str, Row]) -> str:
    errors = [
        [
            name,
            f"{row['forecasts']:,}",
            number(row["skill_over_damped"], SIGNED),
            number(row["rmse_ugm3"]),
            number(row["mae_ugm3"]),
            number(row["bias_ugm3"], SIGNED),
            number(row["normalised_mean_bias"], "+z.0%"),
            number(row["index_of_agreement"]),
        ]
        for name, row in rows.items()
    ]
    outlooks = [
        [
            name,
            number(row["coverage"], ".1%"),
            number(row["mean_width_ugm3"], ".1f"),
            number(row["pinball_ugm3"], ".3f"),
            numbers(row[f"{measure}_9_0"] for measure in ("pod", "far", "csi")),
            numbers(row[f"{measure}_35_4"] for measure in ("pod", "far", "csi")),
            numbers((row["brier_9_0"], row["brier_35_4"]), ".4f"),
        ]
        for name, row in rows.items()
    ]
    of_errors = [head, "Forecasts", "Skill", "RMSE, µg/m³", "MAE, µg/m³", "Bias, µg/m³", "NMB", "IOA"]
    exceedances = ["POD / FAR / CSI, 9.0", "same, 35.4", "Brier, 9.0 / 35.4"]
    of_outlooks = [head, "Coverage", "Width, µg/m³", "Pinball, µg/m³", *exceedances]
    return f"{table(of_errors, errors)}\n\n{table(of_outlooks, outlooks)}"


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


def reliability_table(limit_ugm3: float, by_lead: Mapping[str, pd.DataFrame]) -> str:
    """Markdown: a line per probability bin of one limit, in each cell the leads side by side.

    ``by_lead`` is an entry of ``reliability_by_limit``.
    """
    bins = by_lead["all"]["probability_to"]
    own = {name: found.reindex(bins.index) for name, found in by_lead.items() if name != "all"}
    leads = " / ".join(name.removesuffix(" d") for name in own) + " d"
    columns = {
        "Forecasts": _side_by_side((found["forecasts"].fillna(0) for found in own.values()), ",.0f"),
        "Mean probability, %": _side_by_side((100 * found["mean_probability"] for found in own.values()), ".1f"),
        "Observed, %": _side_by_side((100 * found["observed_frequency"] for found in own.values()), ".1f"),
    }
    header = [f"Probability of more than {limit_ugm3} µg/m³", *(f"{name} {leads}" for name in columns)]
    names = [f"{100 * begin:g}-{100 * end:g} %" for begin, end in zip(bins.index, bins, strict=True)]
    return table(header, zip(names, *columns.values(), strict=True))


def _side_by_side(series: Iterable[pd.Series], form: str) -> list[str]:
    return [numbers(values, form) for values in zip(*series, strict=True)]
