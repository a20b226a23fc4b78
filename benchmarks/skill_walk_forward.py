"""Walk-forward skill: month M is forecast only by models trained on target days before M.

    python benchmarks/skill_walk_forward.py SITE_DAYS --cbsa 16980 --last 2021-12-31 --years 2020 2021

SITE_DAYS is a site_days Parquet file or the folder that holds its partitions. Prints errors and skill by family and
horizon for sites observed on the issue day, the champions and why they serve, interval coverage, and seconds a month.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.fit.champion import choose_champion
from airwatch_dagster.fit.examples import join_truth
from airwatch_dagster.fit.families import FittedModel
from airwatch_dagster.fit.scores import score_candidates
from airwatch_dagster.fit.training import train_family, trained_models_frame, trained_models_row
from airwatch_dagster.forecast.intervals import IntervalCalibration, calibrate_champion
from airwatch_dagster.forecast.predictions import predict
from airwatch_dagster.monitor.verification import metrics, score_forecasts
from airwatch_dagster.schemas.columns import FAMILIES

EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class Month:
    """What one month of the walk produced."""

    scores: pd.DataFrame
    predictions: pd.DataFrame
    reason: str
    seconds: float


def main() -> None:
    arguments = parsed()
    site_days = pd.read_parquet(arguments.site_days)
    area, context = areas(site_days, cbsa=arguments.cbsa, states=arguments.states, context_km=arguments.context_km)
    site_days = site_days[site_days["site_id"].isin(area | context)]
    issue_dates = pd.date_range(arguments.first, arguments.last)
    started = time.perf_counter()
    features = build_features(site_days, issue_dates=issue_dates, area_site_ids=area)
    seconds = time.perf_counter() - started
    print(f"{len(area)} sites, {len(context)} context sites, {len(features):,} rows in {seconds:.1f} s")
    first, last = pd.Timestamp(arguments.first), pd.Timestamp(arguments.last)
    examples = join_truth(features, site_days, first_target=first, last_target=last)
    months = list(walk(features, examples, window_months=arguments.window_months, families=arguments.families))
    for month in months:
        print(f"{month.seconds:5.1f} s  {month.reason}")
    for year in arguments.years:
        report(months, site_days, year=year)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site_days", type=Path)
    parser.add_argument("--cbsa")
    parser.add_argument("--states", nargs="*", help="state codes; with neither, the nation is the area")
    parser.add_argument("--context-km", type=float, default=800.0)
    parser.add_argument("--first", default="2018-01-01")
    parser.add_argument("--last", default="2021-12-31")
    parser.add_argument("--years", type=int, nargs="*", default=[2021])
    parser.add_argument("--window-months", type=int, default=36)
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    return parser.parse_args()


def areas(
    site_days: pd.DataFrame, *, cbsa: str | None, states: list[str] | None, context_km: float
) -> tuple[set[str], set[str]]:
    """Sites of the area, and sites within ``context_km`` of any of them."""
    sites = site_days.drop_duplicates("site_id")
    inside = np.ones(len(sites), dtype=bool)
    if cbsa:
        inside &= (sites["cbsa_code"] == cbsa).to_numpy()
    if states:
        inside &= sites["state_code"].isin(states).to_numpy()
    latitude, longitude = np.radians(sites["latitude"].to_numpy()), np.radians(sites["longitude"].to_numpy())
    d_lat = latitude[:, None] - latitude[None, inside]
    d_lon = longitude[:, None] - longitude[None, inside]
    chord = np.sin(d_lat / 2) ** 2 + np.cos(latitude)[:, None] * np.cos(latitude[inside]) * np.sin(d_lon / 2) ** 2
    near = (2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1))) <= context_km).any(axis=1)
    return set(sites["site_id"][inside]), set(sites["site_id"][near & ~inside])


def walk(features: pd.DataFrame, examples: pd.DataFrame, *, window_months: int, families: list[str]) -> Iterator[Month]:
    """Every month in turn: train on earlier target days, choose, predict, then score."""
    scores = score_candidates(examples.iloc[:0], models={}, month=pd.Timestamp("2000-01-01"))
    incumbent = None
    for period in pd.period_range(examples["target_date"].min(), examples["target_date"].max(), freq="M"):
        month, started = period.to_timestamp(), time.perf_counter()
        window = examples["target_date"].between(month - pd.DateOffset(months=window_months), month, inclusive="left")
        trained = [train_family(examples[window], family=family, month=month, seed=1) for family in families]
        seconds = time.perf_counter() - started
        table = trained_models_frame([trained_models_row(one) for one in trained])
        choice = choose_champion(month=month, trained=table, scores=scores, incumbent=incumbent)
        models = {one.family: one.model for one in trained if one.model is not None}
        new = score_candidates(examples, models=models, month=month)
        yield Month(new, served(features, month, models, choice.model_family, scores, table), choice.reason, seconds)
        scores = pd.concat([frame for frame in (scores, new) if len(frame)] or [scores], ignore_index=True)
        incumbent = choice.model_family


def served(
    features: pd.DataFrame,
    month: pd.Timestamp,
    models: dict[str, FittedModel],
    family: str | None,
    scores: pd.DataFrame,
    trained: pd.DataFrame,
) -> pd.DataFrame:
    """What the champion forecasts on the month's issue days."""
    issued = features[features["issue_date"].between(month, month + pd.offsets.MonthEnd(0))]
    calibration: IntervalCalibration | None = None
    if family is not None:
        calibration = calibrate_champion(scores, trained=trained, model_family=family, month=month)
    model = models.get(family) if family else None
    return predict(issued, model=model, model_family=family, model_version="walk", calibration=calibration)


def report(months: list[Month], site_days: pd.DataFrame, *, year: int) -> None:
    """Print the tables for the issue dates of one year."""
    scores = pd.concat([month.scores for month in months if len(month.scores)])
    scores = of_year(scores, year)
    key = ["site_id", "issue_date", "horizon_days"]
    damped = scores[scores["model_family"] == "damped_persistence"].set_index(key)["pm25_ugm3"].rename("damped_ugm3")
    joined = scores.join(damped, on=key).dropna(subset=["damped_ugm3"])
    print(f"\nFamilies, {year}, sites observed on the issue day")
    print(metrics(joined, by=["horizon_days", "model_family"], reference="damped_ugm3").round(3).to_string(index=False))
    predictions = pd.concat([month.predictions for month in months if len(month.predictions)])
    found = score_forecasts(predictions, site_days=site_days, scored_at=pd.Timestamp(f"{year + 1}-01-01"))
    found = found.merge(predictions[[*key, "pm25_lower_ugm3", "pm25_upper_ugm3"]], on=key)
    print("\nServed, observed on the issue day")
    observed = of_year(found, year).join(damped, on=key).dropna(subset=["damped_ugm3"])
    print(metrics(observed, by=["horizon_days"], reference="damped_ugm3").round(3).to_string(index=False))
    everything = found[found["issue_date"].dt.year == year]
    print("\nServed, all sites")
    print(metrics(everything, by=["horizon_days"]).round(3).to_string(index=False))
    quarters = observed.assign(quarter=observed["issue_date"].dt.quarter)
    print(metrics(quarters, by=["quarter", "horizon_days"], reference="damped_ugm3").round(3).to_string(index=False))


def of_year(frame: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows issued in the year for sites observed on the issue day."""
    return frame[(frame["issue_date"].dt.year == year) & (frame["days_since_observed"] == 0)]


if __name__ == "__main__":
    main()
