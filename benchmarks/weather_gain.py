"""What does weather add to walk-forward forecasts? By lead, season and family, with intervals over weeks.

    python -m benchmarks.weather_gain FORECASTS 2021-06-01 2021-12-31 [--families ridge blend] [--intervals]

FORECASTS is the folder that `benchmarks.skill_walk_forward --weather` wrote: each family's forecasts with weather, and
those of the same models without it. Issue dates from FIRST to LAST, sites observed on the issue day, rows whose weather
was known (where the two forecasts differ). Skill is over damped persistence; intervals are 5 % and 95 % of 400
bootstrap samples of weeks. With --intervals also the share of observations within the 90 % intervals and their mean
width, both calibrated as the product does: each month on the forecasts of months before it, so the first has none.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.baselines import SEASONS, season_number
from airwatch_dagster.forecast.calibration import calibrate
from benchmarks.skill_walk_forward import WITHOUT_WEATHER

LIMITS_UGM3 = (9.0, 35.4)
SAMPLES = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("forecasts", type=Path)
    parser.add_argument("first", type=pd.Timestamp)
    parser.add_argument("last", type=pd.Timestamp)
    parser.add_argument("--families", nargs="*", default=["ridge", "catboost", "blend"])
    parser.add_argument("--intervals", action="store_true", help="coverage and width of the 90 %% intervals too")
    chosen = parser.parse_args()
    rows = pd.concat([pd.read_parquet(file) for file in sorted(chosen.forecasts.glob("*.parquet"))])
    rows = rows.drop_duplicates(["site_id", "issue_date", "horizon_days"])
    in_time = rows["issue_date"].between(chosen.first, chosen.last) & (rows["days_since_observed"] == 0)
    rows = rows[in_time]
    names = np.array([name.lower() for name in SEASONS])
    rows = rows.assign(season=names[season_number(rows["target_date"])])
    for family in chosen.families:
        own = rows[rows[family] != rows[f"{family}{WITHOUT_WEATHER}"]]
        print(f"\n{family}: {len(own):,} rows of {own['site_id'].nunique()} sites with weather")
        for horizon, at_horizon in own.groupby("horizon_days"):
            for season, part in [("all", at_horizon), *at_horizon.groupby("season")]:
                print(f"{horizon} d  {season:8s}{len(part):>8,}  {told(part, family)}")
        if chosen.intervals:
            print_intervals(own, family)


def print_intervals(rows: pd.DataFrame, family: str) -> None:
    """Coverage and mean width of the 90 % intervals without → with weather, by lead and season."""
    both = {"without": within(rows, f"{family}{WITHOUT_WEATHER}"), "with": within(rows, family)}
    first = both["with"].index[0]
    for horizon, at_horizon in rows.loc[both["with"].index].groupby("horizon_days"):
        for season, part in [("all", at_horizon), *at_horizon.groupby("season")]:
            values = [found.loc[part.index].mean() for found in both.values()]
            coverage = " → ".join(f"{100 * one['is_within']:.1f} %" for one in values)
            width = " → ".join(f"{one['width_ugm3']:.1f}" for one in values)
            print(f"{horizon} d  {season:8s}{len(part):>8,}  coverage {coverage}, width {width} µg/m³")
    print(f"Intervals from {rows.loc[first, 'target_date']:%B %Y} on.")


def within(rows: pd.DataFrame, forecast: str) -> pd.DataFrame:
    """Whether each observation lies in the interval of its forecast, and the interval's width; no rows of the first
    month, before which there are no forecasts to calibrate on."""
    said = rows.drop(columns="pm25_ugm3", errors="ignore").rename(columns={forecast: "pm25_ugm3"})
    months = said["target_date"].dt.to_period("M").dt.to_timestamp()
    found = []
    for month in sorted(months.unique())[1:]:
        calibration = calibrate(said[said["target_date"] < month], source="shadow_scores", month=month)
        part = said[months == month]
        outlook = calibration.apply(
            part["pm25_ugm3"].to_numpy(),
            horizon_days=part["horizon_days"].to_numpy(),
            days_since_observed=part["days_since_observed"].to_numpy(),
            site_ids=part["site_id"],
        )
        lower, upper = outlook.lower_ugm3, outlook.upper_ugm3
        is_within = part["pm25_observed_ugm3"].clip(lower=0.0).between(lower, upper)
        found.append(pd.DataFrame({"is_within": is_within, "width_ugm3": upper - lower}, index=part.index))
    return pd.concat(found)


def told(rows: pd.DataFrame, family: str) -> str:
    """Skill without and with weather, the gain and its interval, then errors and exceedances without → with."""
    observed = rows["pm25_observed_ugm3"].to_numpy()
    pairs = {
        "damped": rows["damped_persistence"].to_numpy(),
        "without": rows[f"{family}{WITHOUT_WEATHER}"].to_numpy(),
        "with": rows[family].to_numpy(),
    }
    squared = pd.DataFrame({name: (forecast - observed) ** 2 for name, forecast in pairs.items()})
    by_week = squared.groupby(rows["target_date"].dt.to_period("W").to_numpy()).sum()
    total = by_week.sum()
    rng = np.random.default_rng(1)
    draws = [by_week.iloc[rng.integers(len(by_week), size=len(by_week))].sum() for _ in range(SAMPLES)]
    gains = [(draw["without"] - draw["with"]) / draw["damped"] for draw in draws]
    low, high = np.quantile(gains, [0.05, 0.95])
    skill = [1 - total[name] / total["damped"] for name in ("without", "with")]
    shown = f"skill {skill[0]:+.3f} → {skill[1]:+.3f}, gain {skill[1] - skill[0]:+.3f} [{low:+.3f}, {high:+.3f}]"
    for name, measure in {"RMSE": lambda e: np.sqrt((e**2).mean()), "MAE": lambda e: np.abs(e).mean()}.items():
        values = [measure(pairs[one] - observed) for one in ("without", "with")]
        shown += f"  {name} {values[0]:.2f} → {values[1]:.2f}"
    for limit in LIMITS_UGM3:
        values = [exceedance(pairs[one], observed, limit) for one in ("without", "with")]
        shown += f"  POD/FAR {limit:g}: {values[0]} → {values[1]}"
    return shown


def exceedance(forecast: np.ndarray, observed: np.ndarray, limit: float) -> str:
    """Probability of detection and false alarm ratio of days above ``limit``."""
    said, was = forecast > limit, observed > limit
    hits = (said & was).sum()
    return f"{hits / max(was.sum(), 1):.2f}/{1 - hits / max(said.sum(), 1):.2f}"


if __name__ == "__main__":
    main()
