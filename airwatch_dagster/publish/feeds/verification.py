"""verification.json: how good the forecasts of each day were, day by day."""

import json
from typing import Any, Final

import numpy as np
import pandas as pd

VERIFICATION_FORM: Final = "airwatch-verification/1"

DECIMALS: Final = 4


def verification_json(known: bytes | None, *, scores: pd.DataFrame, site_days: pd.DataFrame, area: str) -> bytes:
    """The daily history with the target days of ``scores`` added or replaced.

    ``known`` is the file as it was, None at first. ``scores`` has the columns of ``forecast_scores``; ``site_days``
    holds the issue dates' readings, for persistence. Per target day and lead: sites, RMSE, MAE and bias (µg/m³),
    coverage of the 90 % interval, and the mean squared errors of the forecast and of persistence on the forecasts that
    have one, from which skill over any span follows. Raises ValueError for a file of another form.
    """
    history = _days(known)
    history |= {(row["target_date"], row["horizon_days"]): row for row in _measured(scores, site_days)}
    content = {"form": VERIFICATION_FORM, "area": area, "days": [history[key] for key in sorted(history)]}
    return (json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n").encode()


def _days(known: bytes | None) -> dict[tuple[str, int], dict[str, Any]]:
    content: Any = json.loads(known) if known else {"form": VERIFICATION_FORM, "days": []}
    if content.get("form") != VERIFICATION_FORM:
        raise ValueError(f"verification.json has the form {content.get('form')!r}, not {VERIFICATION_FORM}")
    return {(row["target_date"], row["horizon_days"]): row for row in content["days"]}


def _measured(scores: pd.DataFrame, site_days: pd.DataFrame) -> list[dict[str, Any]]:
    valid = site_days.loc[site_days["is_valid"], ["site_id", "date_local", "pm25_ugm3"]]
    before = valid.rename(columns={"date_local": "issue_date", "pm25_ugm3": "before_ugm3"})
    rows = scores.merge(before, on=["site_id", "issue_date"], how="left", validate="many_to_one")
    squared = rows["error_ugm3"] ** 2
    persistence = (rows["before_ugm3"] - rows["pm25_observed_ugm3"]) ** 2
    rows = rows.assign(squared=squared, persistence=persistence, compared=squared.where(persistence.notna()))
    groups = rows.groupby(["target_date", "horizon_days"])
    table = groups.agg(
        sites=("site_id", "size"),
        rmse_ugm3=("squared", lambda values: float(np.sqrt(values.mean()))),
        mae_ugm3=("abs_error_ugm3", "mean"),
        bias_ugm3=("error_ugm3", "mean"),
        coverage=("is_covered", "mean"),
        compared_sites=("persistence", "count"),
        compared_mse=("compared", "mean"),
        persistence_mse=("persistence", "mean"),
    ).reset_index()
    table["target_date"] = table["target_date"].dt.strftime("%Y-%m-%d")
    found: Any = table.round(DECIMALS).to_dict("records")
    return [{name: None if pd.isna(value) else value for name, value in row.items()} for row in found]
