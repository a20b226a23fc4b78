"""How good were the served forecasts? Measured on stored tables, against every family and an independent reference.

    python benchmarks/served_skill.py STORAGE 2021-01-01 2021-12-31 [--train 2018-01-29 2020-12-31]

Issue dates from FIRST to LAST, sites observed on the issue day. All families are compared on identical site-days. The
reference is computed here from site_days alone: damped persistence to the 28-day mean, its φ fitted by least squares
on the training days.
"""

import argparse

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.columns import FAMILIES, HORIZONS_DAYS
from airwatch_dagster.storage.tables import TableStorage

KEY = ["site_id", "issue_date", "target_date", "horizon_days"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("storage")
    parser.add_argument("first", type=pd.Timestamp)
    parser.add_argument("last", type=pd.Timestamp)
    parser.add_argument("--train", nargs=2, type=pd.Timestamp, default=[pd.Timestamp.min, None])
    arguments = parser.parse_args()
    tables = TableStorage.open(arguments.storage)
    served = _of_issue_days(tables.read("forecast_scores"), arguments.first, arguments.last)
    print(f"served by: {served['model_family'].value_counts().to_dict()}")
    _families(served, _of_issue_days(tables.read("candidate_scores"), arguments.first, arguments.last))
    first, last = arguments.train[0], arguments.train[1] or arguments.first - pd.Timedelta(days=1)
    _own_reference(served, tables.read("site_days"), first, last)


def _of_issue_days(scores: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    return scores[scores["issue_date"].between(first, last) & (scores["days_since_observed"] == 0)]


def _families(served: pd.DataFrame, candidates: pd.DataFrame) -> None:
    wide = candidates.pivot_table(index=KEY, columns="model_family", values="pm25_ugm3")
    came_true = served.set_index(KEY)
    wide = wide.assign(
        served=came_true["pm25_ugm3"], observed=came_true["pm25_observed_ugm3"], is_covered=came_true["is_covered"]
    ).dropna()
    print(f"{'h':>2} {'family':<20} {'rows':>6} {'RMSE':>6} {'MAE':>6} {'bias':>6} {'skill':>7} {'coverage':>8}")
    for horizon in HORIZONS_DAYS:
        rows = wide.xs(horizon, level="horizon_days")
        damped = float(((rows["damped_persistence"] - rows["observed"]) ** 2).mean())
        for family in (*FAMILIES, "served"):
            error = rows[family] - rows["observed"]
            figures = f"{np.sqrt((error**2).mean()):6.2f} {error.abs().mean():6.2f} {error.mean():+6.2f}"
            coverage = f"{rows['is_covered'].mean():8.3f}" if family == "served" else ""
            print(
                f"{horizon:>2} {family:<20} {len(rows):>6} {figures} {1 - (error**2).mean() / damped:+7.3f} {coverage}"
            )


def _own_reference(served: pd.DataFrame, site_days: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> None:
    valid = site_days[site_days["is_valid"]].pivot(index="date_local", columns="site_id", values="pm25_ugm3")
    days = valid.reindex(pd.date_range(valid.index.min(), valid.index.max()))
    mean = days.rolling(28, min_periods=1).mean()
    sites = served["site_id"].unique()
    now, next_day = ((frame - mean)[sites].loc[first:last].to_numpy() for frame in (days, days.shift(-1)))
    known = ~np.isnan(now) & ~np.isnan(next_day)
    phi = float((now[known] * next_day[known]).sum() / (now[known] ** 2).sum())
    forecast = (mean + phi * (days - mean)).stack().rename("reference").rename_axis(["issue_date", "site_id"])
    rows = served[served["horizon_days"] == 1].join(forecast, on=["issue_date", "site_id"])
    ours, theirs = (((rows[name] - rows["pm25_observed_ugm3"]) ** 2).mean() for name in ("pm25_ugm3", "reference"))
    errors = f"RMSE {theirs**0.5:.2f}; served {ours**0.5:.2f}, skill {1 - ours / theirs:+.3f}"
    print(f"own damped persistence, 1 day: φ {phi:.3f}, {errors}")


if __name__ == "__main__":
    main()
