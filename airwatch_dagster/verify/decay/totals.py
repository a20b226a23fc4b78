"""Scored forecasts as daily sums by lead and group, of which every measure of every window is a ratio."""

from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.fit.champion.regions import NO_REGION, region_numbers
from airwatch_dagster.schemas.columns import GOOD_TOP_UGM3, MODERATE_TOP_UGM3, REFERENCE_FAMILY
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

SCORE_COLUMNS: Final = (
    *("site_id", "issue_date", "target_date", "horizon_days", "pm25_ugm3", "pm25_observed_ugm3", "is_covered"),
    *("probability_above_9_0", "probability_above_35_4", "model_version"),
)
"""Columns of ``forecast_scores`` that are read."""

CANDIDATE_COLUMNS: Final = (
    *("site_id", "issue_date", "target_date", "horizon_days", "model_family", "model_version", "pm25_ugm3"),
)
"""Columns of ``candidate_scores`` that are read."""

CASE: Final = ["site_id", "issue_date", "horizon_days"]

WHOLE_AREA: Final = "all"

ALL_LEADS: Final = 0
"""``horizon_days`` of forecasts of all leads together: a region is judged by these, for a lead of one region has little
to tell it from noise with."""

GROUP: Final = ["horizon_days", "group_name"]

KEY: Final = [*GROUP, "target_date"]

PROBABILITY_LIMITS: Final = {"9_0": GOOD_TOP_UGM3, "35_4": MODERATE_TOP_UGM3}
"""Suffix → limit (µg/m³) of the probabilities that are judged; of higher limits there are too few days."""

REFERENCES: Final = {"damped": REFERENCE_FAMILY, "climatology": "climatology"}
"""Suffix → baseline that a forecast is compared with, on the cases it has a forecast of."""

TRAINED: Final = "trained"
"""Suffix of the forecasts that the same version gives on the month's examples."""


def daily_totals(scores: pd.DataFrame, *, candidates: pd.DataFrame) -> pd.DataFrame:
    """One row per lead, group and target day, sorted: sums over its forecasts.

    ``scores`` have SCORE_COLUMNS, ``candidates`` CANDIDATE_COLUMNS of the same target days. Groups are the whole area
    at each lead, and if there are several EPA regions, each of them at all leads together (ALL_LEADS). Columns besides
    KEY: cases, covered (forecasts inside their interval); compared_… (forecasts that both have) for each of REFERENCES
    and TRAINED; own_… and theirs_… for each of REFERENCES (squared errors of these, (µg/m³)²); difference and error of
    TRAINED (absolute, µg/m³); for each of PROBABILITY_LIMITS exceeded_… and probability_… (sums),
    probability_exceeded_… and probability_squared_… (sums of products).
    """
    theirs: dict[Any, pd.DataFrame] = dict(list(candidates.groupby(candidates["target_date"].dt.to_period("M"))))
    by_month: Any = scores.groupby(scores["target_date"].dt.to_period("M"))
    frames = [_summed(_parts(rows, theirs.get(month, candidates[:0]))) for month, rows in by_month]
    return pd.concat(frames or [_summed(_parts(scores, candidates))], ignore_index=True).sort_values(
        KEY, ignore_index=True
    )


def _parts(scores: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """What is summed, one row per forecast."""
    observed = scores["pm25_observed_ugm3"].to_numpy(dtype=float)
    own = (scores["pm25_ugm3"].to_numpy(dtype=float) - observed) ** 2
    parts: dict[str, Any] = {"cases": 1.0, "covered": scores["is_covered"].to_numpy(dtype=float)}
    others = _others(scores, candidates)
    for suffix in REFERENCES:
        is_known = ~np.isnan(others[suffix])
        squared = (others[suffix] - observed) ** 2
        parts |= {f"compared_{suffix}": is_known.astype(float)}
        parts |= {f"own_{suffix}": np.where(is_known, own, 0.0), f"theirs_{suffix}": np.where(is_known, squared, 0.0)}
    trained = others[TRAINED]
    difference, error = np.abs(scores["pm25_ugm3"].to_numpy(dtype=float) - trained), np.abs(trained - observed)
    parts |= {f"compared_{TRAINED}": (~np.isnan(trained)).astype(float)}
    parts |= {"difference": np.nan_to_num(difference), "error": np.nan_to_num(error)}
    for suffix, limit in PROBABILITY_LIMITS.items():
        probability = scores[PROBABILITY_COLUMNS[limit]].to_numpy(dtype=float)
        exceeded = (observed > limit).astype(float)
        parts |= {f"exceeded_{suffix}": exceeded, f"probability_{suffix}": probability}
        parts |= {
            f"probability_exceeded_{suffix}": probability * exceeded,
            f"probability_squared_{suffix}": probability**2,
        }
    return pd.DataFrame(parts, index=scores.index).assign(
        horizon_days=scores["horizon_days"],
        target_date=scores["target_date"],
        region=region_numbers(scores["site_id"].tolist()),
    )


def _others(scores: pd.DataFrame, candidates: pd.DataFrame) -> dict[str, np.ndarray]:
    """Suffix → forecasts in the order of the scores, null where there is none."""
    forecasts = {
        suffix: _joined(scores, candidates[candidates["model_family"] == family], on=CASE)
        for suffix, family in REFERENCES.items()
    }
    named = candidates[candidates["model_version"].isin(scores["model_version"].unique())]
    return forecasts | {TRAINED: _joined(scores, named, on=[*CASE, "model_version"])}


def _joined(scores: pd.DataFrame, others: pd.DataFrame, *, on: list[str]) -> np.ndarray:
    given = others[[*on, "pm25_ugm3"]].rename(columns={"pm25_ugm3": "theirs"})
    return scores[on].merge(given, on=on, how="left", validate="one_to_one")["theirs"].to_numpy(dtype=float)


def _summed(parts: pd.DataFrame) -> pd.DataFrame:
    """By group and day: the whole area at each lead; each region at all leads together, if there are several."""
    by = ["horizon_days", "target_date"]
    frames = [parts.drop(columns="region").groupby(by).sum().reset_index().assign(group_name=WHOLE_AREA)]
    inside = parts[parts["region"] != NO_REGION].drop(columns="horizon_days")
    if len(inside["region"].unique()) > 1:
        regions = inside.groupby(["target_date", "region"]).sum().reset_index()
        names = "region " + regions["region"].astype(str)
        frames.append(regions.assign(group_name=names, horizon_days=ALL_LEADS).drop(columns="region"))
    return pd.concat(frames, ignore_index=True)
