"""What would the hour of a day's highest reading add to the forecast for the days after it?

    python -W ignore -m benchmarks.highest_hour SITE_DAYS daily_88502_2018.zip … daily_88502_2021.zip --test 2021

EPA's daily files have the highest hourly reading of each day and its hour. AirWatch stores both and forecasts from
neither, because AirNow's file of a day has only the mean. SITE_DAYS is a site_days Parquet file of both parameters and
all sites, which are the surroundings. Forecast are the sites with hours in the files: ridge and CatBoost as in the
product, half of each, fitted to the years before --test on days whose hour is known, with and without it. Prints skill
over damped persistence by lead and season, and the gain with 5 % and 95 % of 400 bootstrap samples of weeks.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airdata.files import read_daily
from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.enrich.log_anomaly import log_pm25
from airwatch_dagster.fit.examples import join_truth
from airwatch_dagster.fit.models.baselines import SEASONS, season_number
from airwatch_dagster.fit.models.boosted_trees import BoostedTrees
from airwatch_dagster.fit.models.parameters import DEFAULTS
from airwatch_dagster.fit.models.ridge import StandardisedRidge
from airwatch_dagster.fit.models.site_regression import design_matrix
from airwatch_dagster.fit.models.training_set import HorizonData, TrainingSet, correction_inputs

SEED = 88101
SAMPLES = 400
MIN_HOURS = 18
LEADS = (1, 2)
HOUR_COLUMNS = ["highest_ugm3", "highest_hour"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site_days", type=Path)
    parser.add_argument("daily_files", type=Path, nargs="+")
    parser.add_argument("--test", type=int, default=2021)
    chosen = parser.parse_args()
    site_days = pd.read_parquet(chosen.site_days)
    hours = pd.concat([published_hours(file) for file in chosen.daily_files])
    # A site-day of 88101 comes from another monitor than the hours of 88502.
    same = site_days.loc[site_days["parameter_code"] == "88502", ["site_id", "date_local"]]
    hours = hours.merge(same, on=["site_id", "date_local"])
    examples = examples_of(site_days, set(hours["site_id"]))
    examples = examples.merge(hours.rename(columns={"date_local": "issue_date"}), on=["site_id", "issue_date"])
    examples = examples[examples["days_since_observed"] == 0].reset_index(drop=True)
    is_test = examples["target_date"].dt.year == chosen.test
    training = TrainingSet(examples[examples["target_date"].dt.year < chosen.test], seed=SEED, thread_count=1)
    for lead in LEADS:
        report(lead, training, examples[is_test & (examples["horizon_days"] == lead)])


def published_hours(file: Path) -> pd.DataFrame:
    """site_id, date_local, highest_ugm3 and highest_hour of the days with at least 18 hours; of several monitors the
    first."""
    parameter, year = file.stem.split("_")[1:]
    span = (pd.Timestamp(int(year), 1, 1).date(), pd.Timestamp(int(year), 12, 31).date())
    rows = read_daily(file, *span, source="airdata", parameter=parameter).readings
    rows = rows[(rows["sample_duration"] == "1 HOUR") & (rows["observation_count"] >= MIN_HOURS)]
    rows = rows.dropna(subset=["first_max_value", "first_max_hour"]).sort_values("poc")
    named = rows.assign(
        site_id=rows["state_code"] + rows["county_code"] + rows["site_number"],
        highest_ugm3=rows["first_max_value"].astype(float),
        highest_hour=rows["first_max_hour"].astype(float),
    )
    return named.drop_duplicates(["site_id", "date_local"])[["site_id", "date_local", *HOUR_COLUMNS]]


def examples_of(site_days: pd.DataFrame, area: set[str]) -> pd.DataFrame:
    """Examples of the area's sites, a year at a time; all sites are surroundings."""
    frames = []
    for year in sorted(site_days["date_local"].dt.year.unique()):
        begin, end = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
        known = site_days[site_days["date_local"].between(begin - pd.Timedelta(days=31), end)]
        features = build_features(known, issue_dates=pd.date_range(begin, end), area_site_ids=area)
        frames.append(join_truth(features, known, first_target=begin, last_target=end))
    return pd.concat(frames, ignore_index=True).dropna(axis=1, how="all")


def hour_inputs(examples: pd.DataFrame) -> np.ndarray:
    """The highest reading over the day's mean, in µg/m³ and as a log ratio, and its hour: as a number for trees, as
    eighths of the day and their products with both for ridge; float32."""
    hour, highest = examples["highest_hour"].to_numpy(), examples["highest_ugm3"].to_numpy()
    mean = examples["pm25_last_ugm3"].to_numpy(dtype=float)
    excess, log_excess = highest - mean, log_pm25(highest) - log_pm25(mean)
    eighths = (hour[:, None] // 3 == np.arange(8)).astype(float)
    products = [eighths * excess[:, None], eighths * log_excess[:, None]]
    return np.column_stack([excess, log_excess, hour, eighths, *products]).astype(np.float32)


def report(lead: int, training: TrainingSet, wanted: pd.DataFrame) -> None:
    """Fit both families with and without the hour, and print what it adds."""
    data, own = training.by_horizon[lead], training.examples
    level = training.baseline.predict(wanted)
    log_anomaly = data.site_regression.predict(design_matrix(wanted), wanted["site_id"].to_numpy())
    inputs = correction_inputs(wanted, log_anomaly=log_anomaly, level=level)
    with_hours = replace(
        data, inputs=np.column_stack([data.inputs, hour_inputs(own[own["horizon_days"] == lead])]).astype(np.float32)
    )
    forecasts = {
        "without": level + both_families(data, inputs),
        "with": level + both_families(with_hours, np.column_stack([inputs, hour_inputs(wanted)])),
    }
    names = np.array(SEASONS)[season_number(wanted["target_date"])]
    for season in ("all", *SEASONS):
        rows = np.ones(len(wanted), dtype=bool) if season == "all" else names == season
        picked = {name: forecast[rows] for name, forecast in forecasts.items()}
        print(f"{lead} d  {season:8s}{rows.sum():>8,}  {told(wanted[rows], level[rows], picked)}")


def both_families(data: HorizonData, inputs: np.ndarray) -> np.ndarray:
    """Mean correction of ridge and CatBoost, µg/m³."""
    ridge = StandardisedRidge.fit(data.inputs, data.residual, penalty=DEFAULTS["ridge"]["penalty"])
    trees = BoostedTrees.fit(data, params=DEFAULTS["catboost"], seed=SEED, thread_count=1)
    return (ridge.predict(inputs) + trees.predict(inputs)) / 2


def told(rows: pd.DataFrame, level: np.ndarray, forecasts: dict[str, np.ndarray]) -> str:
    """Skill without and with the hour, the gain and its interval, and the mean absolute errors."""
    observed = rows["pm25_observed_ugm3"].to_numpy()
    errors = {"damped": level - observed} | {name: forecast - observed for name, forecast in forecasts.items()}
    squared = pd.DataFrame(errors) ** 2
    by_week = squared.groupby(rows["target_date"].dt.to_period("W").to_numpy()).sum()
    rng = np.random.default_rng(1)
    draws = [by_week.iloc[rng.integers(len(by_week), size=len(by_week))].sum() for _ in range(SAMPLES)]
    low, high = np.quantile([(draw["without"] - draw["with"]) / draw["damped"] for draw in draws], [0.05, 0.95])
    total = by_week.sum()
    skill = {name: 1 - total[name] / total["damped"] for name in ("without", "with")}
    mae = {name: np.abs(errors[name]).mean() for name in ("without", "with")}
    return (
        f"skill {skill['without']:+.3f} → {skill['with']:+.3f}, gain {skill['with'] - skill['without']:+.3f} "
        f"[{low:+.3f}, {high:+.3f}]  MAE {mae['without']:.2f} → {mae['with']:.2f}"
    )


if __name__ == "__main__":
    main()
