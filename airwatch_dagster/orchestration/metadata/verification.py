"""What the UI shows of a month's verification: a sentence, numbers that chart over months, tables and a picture."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.style import embedded
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.verify.reliability import BIN_EDGES, reliability
from airwatch_dagster.verify.skill_tables import MIN_ROWS

CHARTED: Final = {
    "skill_over_damped": "skill_{lead}d",
    "rmse_ugm3": "rmse_{lead}d_ugm3",
    "mae_ugm3": "mae_{lead}d_ugm3",
    "bias_ugm3": "bias_{lead}d_ugm3",
    "coverage": "coverage_{lead}d",
    "mean_width_ugm3": "mean_width_{lead}d_ugm3",
    "pinball_ugm3": "pinball_{lead}d_ugm3",
    "brier_9_0": "brier_9_0_{lead}d",
    "brier_35_4": "brier_35_4_{lead}d",
}
"""Measures that chart over months, and their names there."""

UNKNOWN: Final = "–"

MEANING: Final = (
    "Skill: share of damped persistence's mean squared error saved on the same site-days. NMB: bias over the mean "
    "observed. IOA: index of agreement. Coverage and width are the 90 % interval's; pinball and Brier scores: less is "
    "better. POD, FAR and CSI: share of exceedances forecast, of forecast ones that did not come true, of all that "
    "were both."
)

OF_GROUPS: Final = (
    "The shortest lead. Regions are EPA's. Categories are those that came true: days chosen for being clean look "
    "forecast too high, and days chosen for being bad too low."
)

OF_CHANCES: Final = (
    "Of the forecasts that gave such a chance, how many there were, what they said on average, and how often it came "
    "true. In the picture all leads together are black, with their number of forecasts, hollow where they are fewer "
    f"than {MIN_ROWS}; on the line chances are right."
)


def verification_figures(
    table: pd.DataFrame, scores: pd.DataFrame, *, months: Sequence[pd.Timestamp]
) -> PartitionMetadata:
    """Per month, in words, numbers, tables and a picture; a month without forecasts has the words alone.

    ``table`` holds rows of ``verification``, ``scores`` the ``forecast_scores`` it was made from.
    """
    verified = dict(list(table.groupby("month")))
    met = dict(list(scores.groupby(scores["target_date"].dt.to_period("M"))))
    return {
        f"{month:%Y-%m}": _shown(month, verified[month], met[month.to_period("M")])
        if month in verified
        else {"summary": f"No forecast of {month:%B %Y} has met its truth."}
        for month in months
    }


def _shown(month: pd.Timestamp, rows: pd.DataFrame, met: pd.DataFrame) -> dict[str, Any]:
    by_lead = rows[rows["group_kind"] == "all"].to_dict("records")
    nearest = rows[rows["horizon_days"] == rows["horizon_days"].min()].to_dict("records")
    leads = {f"{row['horizon_days']} d": row for row in by_lead}
    return {
        "summary": summary(month, by_lead[0], families=sorted(met["model_family"].unique())),
        "by_lead": dg.MetadataValue.md(f"{_table('Lead', leads)}\n\n{MEANING}"),
        "by_group": dg.MetadataValue.md(f"{_table('Group', {_group(row): row for row in nearest})}\n\n{OF_GROUPS}"),
        "reliability": dg.MetadataValue.md(_reliability(month, met)),
        **_numbers(by_lead),
    }


def _group(row: Mapping[Any, Any]) -> str:
    return f"observed {row['group_name']}" if row["group_kind"] == "category" else str(row["group_name"])


def summary(month: pd.Timestamp, row: Mapping[Any, Any], *, families: Sequence[str]) -> str:
    """One sentence on the forecasts of the shortest lead: ``row`` is their row of ``verification``."""
    ahead = {1: "a day ahead", 2: "two days ahead", 3: "three days ahead"}[row["horizon_days"]]
    served, skill = " and ".join(family.replace("_", " ") for family in families), row["skill_over_damped"]
    saved = "" if pd.isna(skill) else f", their squared error {_below(skill)} damped persistence's"
    return (
        f"The forecasts of {month:%B %Y} served by {served} erred by {row['mae_ugm3']:.2f} µg/m³ on average {ahead} "
        f"({_counted(row['forecasts'], 'forecast')} of {_counted(row['sites'], 'site')}){saved}; "
        f"{100 * row['coverage']:.0f} % of the truths lay in the 90 % intervals."
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number > 1 else ''}"


def _below(skill: float) -> str:
    if round(skill, 2) == 0:
        return "as large as"
    return f"{100 * abs(skill):.0f} % {'below' if skill > 0 else 'above'}"


def _numbers(by_lead: Sequence[Mapping[Any, Any]]) -> dict[str, float]:
    """``skill_1d``, ``rmse_2d_ugm3``, …: every measure that is defined."""
    return {
        name.format(lead=row["horizon_days"]): round(float(row[measure]), 4)
        for row in by_lead
        for measure, name in CHARTED.items()
        if pd.notna(row[measure])
    }


def _table(head: str, rows: Mapping[str, Mapping[Any, Any]]) -> str:
    """Markdown: a line per row under its name, errors first, intervals and chances below."""
    return "\n\n".join(_lines(head, {name: told(row) for name, row in rows.items()}) for told in (_errors, _outlook))


def _lines(head: str, cells: Mapping[str, Mapping[str, str]]) -> str:
    heads = [head, *next(iter(cells.values()))]
    return _markdown(heads, ([name, *row.values()] for name, row in cells.items()))


def _errors(row: Mapping[Any, Any]) -> dict[str, str]:
    """Heading → what a row says there."""
    return {
        "Forecasts": f"{row['forecasts']:,}",
        "Skill": _number(row["skill_over_damped"], "+z.2f"),
        "RMSE, µg/m³": _number(row["rmse_ugm3"]),
        "MAE, µg/m³": _number(row["mae_ugm3"]),
        "Bias, µg/m³": _number(row["bias_ugm3"], "+z.2f"),
        "NMB": _number(row["normalised_mean_bias"], "+z.0%"),
        "IOA": _number(row["index_of_agreement"]),
    }


def _outlook(row: Mapping[Any, Any]) -> dict[str, str]:
    """Heading → what a row says there of intervals, chances and exceedances."""
    return {
        "Coverage": _number(row["coverage"], ".1%"),
        "Width, µg/m³": _number(row["mean_width_ugm3"], ".1f"),
        "Pinball, µg/m³": _number(row["pinball_ugm3"], ".3f"),
        "POD / FAR / CSI, 9.0": _joined(row[f"{name}_9_0"] for name in ("pod", "far", "csi")),
        "35.4": _joined(row[f"{name}_35_4"] for name in ("pod", "far", "csi")),
        "Brier, 9.0 / 35.4": _joined((row["brier_9_0"], row["brier_35_4"]), ".4f"),
    }


def _joined(values: Iterable[float], form: str = ".2f") -> str:
    return " / ".join(_number(value, form) for value in values)


def _number(value: float, form: str = ".2f") -> str:
    """A dash where it is not defined."""
    return UNKNOWN if pd.isna(value) else f"{value:{form}}"


def _markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = "|---" * len(heads) + "|"
    head, *body = [f"| {' | '.join(cells)} |" for cells in (heads, *lines)]
    return "\n".join([head, rule, *body])


def _reliability(month: pd.Timestamp, met: pd.DataFrame) -> str:
    from airwatch_dagster.figures.reliability import reliability_plot

    told = [limit for limit in PROBABILITY_COLUMNS if _is_told(met, limit)]
    leads = {f"{lead} d": rows for lead, rows in met.groupby("horizon_days", sort=True)}
    tables = {
        limit: {
            name: reliability(rows, limit_ugm3=limit).set_index("chance_from")
            for name, rows in {"all": met, **leads}.items()
        }
        for limit in told
    }
    picture = embedded("reliability", reliability_plot(tables, title=f"Chances and what came true, {month:%B %Y}"))
    texts = [_chances(limit, by_lead) for limit, by_lead in tables.items()]
    return "\n\n".join([picture, *texts, OF_CHANCES])


def _is_told(met: pd.DataFrame, limit_ugm3: float) -> bool:
    """Some forecast gave the limit more than the least chance, or it was exceeded; the lowest limit always."""
    is_chance = met[PROBABILITY_COLUMNS[limit_ugm3]].max() > BIN_EDGES[1]
    return bool(limit_ugm3 == min(PROBABILITY_COLUMNS) or is_chance or met["pm25_observed_ugm3"].max() > limit_ugm3)


def _chances(limit_ugm3: float, by_lead: Mapping[str, pd.DataFrame]) -> str:
    """Markdown: a line per bin of the chance; each cell holds the leads side by side."""
    bins = by_lead["all"]["chance_to"]
    own = {name: table.reindex(bins.index) for name, table in by_lead.items() if name != "all"}
    columns = {
        "Forecasts": _beside((table["forecasts"].fillna(0) for table in own.values()), ",.0f"),
        "Mean chance, %": _beside((100 * table["mean_chance"] for table in own.values()), ".1f"),
        "Came true, %": _beside((100 * table["observed_frequency"] for table in own.values()), ".1f"),
    }
    leads = " / ".join(name.removesuffix(" d") for name in own) + " d"
    heads = [f"Chance of more than {limit_ugm3} µg/m³", *(f"{name} {leads}" for name in columns)]
    names = [f"{100 * begin:g}-{100 * end:g} %" for begin, end in zip(bins.index, bins, strict=True)]
    return _markdown(heads, zip(names, *columns.values(), strict=True))


def _beside(series: Iterable[pd.Series], form: str) -> list[str]:
    return [_joined(values, form) for values in zip(*series, strict=True)]
