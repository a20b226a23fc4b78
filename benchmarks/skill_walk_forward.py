"""Walk-forward forecasts: month M is forecast only by models trained on target days before M. Resumable.

    python -m benchmarks.skill_walk_forward SITE_DAYS FORECASTS --first 2020-01 --last 2021-12 [--cbsa 16980]

SITE_DAYS is a site_days Parquet file or the folder that holds its partitions. FORECASTS is a folder: one file a month
with every family's forecasts of the examples with an issue or target date in the month, beside the observed values.
With --weather the same models' forecasts without it stand beside them; `benchmarks.weather_gain` compares the two.
Months that are there are skipped. Prints rows, seconds and peak memory a month; `benchmarks.skill_tables` scores them.
"""

import argparse
import gc
import resource
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.enrich.geometry import Places, distance_km
from airwatch_dagster.fit.examples import examples_with_context, own_examples
from airwatch_dagster.fit.models.families import fit_families
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.fit.weather_inputs import without_unknown_weather
from airwatch_dagster.schemas.columns import FAMILIES

SEED = 88101
WITHOUT_WEATHER = "_without_weather"
KEPT = ["site_id", "issue_date", "target_date", "horizon_days", "pm25_observed_ugm3", "days_since_observed"]


def main() -> None:
    arguments = parsed()
    site_days = pd.read_parquet(arguments.site_days)
    area, context = areas(site_days, cbsa=arguments.cbsa, states=arguments.states, context_km=arguments.context_km)
    started = time.perf_counter()
    examples = all_examples(site_days[site_days["site_id"].isin(area | context)], area, weather=arguments.weather)
    seconds = time.perf_counter() - started
    print(f"{len(area)} sites, {len(context)} around them, {len(examples):,} examples in {seconds:.1f} s", flush=True)
    arguments.forecasts.mkdir(parents=True, exist_ok=True)
    for month in pd.date_range(arguments.first, arguments.last, freq="MS"):
        file = arguments.forecasts / f"{month:%Y-%m}.parquet"
        if not file.exists():
            forecast_month(
                examples, month, window_months=arguments.window_months, families=arguments.families
            ).to_parquet(file)
            gc.collect()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site_days", type=Path)
    parser.add_argument("forecasts", type=Path)
    parser.add_argument("--first", default="2020-01")
    parser.add_argument("--last", default="2021-12")
    parser.add_argument("--cbsa")
    parser.add_argument("--states", nargs="*", help="state codes; with neither, the nation is the area")
    parser.add_argument("--context-km", type=float, default=800.0)
    parser.add_argument("--window-months", type=int, default=36)
    parser.add_argument(
        "--families", nargs="*", default=FAMILIES, help="with damped_persistence, which is the reference"
    )
    parser.add_argument("--weather", type=Path, help="a folder as AIRWATCH_WEATHER names: weather_forecasts/*.parquet")
    return parser.parse_args()


def areas(
    site_days: pd.DataFrame, *, cbsa: str | None, states: list[str] | None, context_km: float
) -> tuple[set[str], set[str]]:
    """Sites of the area, and sites within ``context_km`` of any of them."""
    sites = site_days.drop_duplicates("site_id")
    inside = pd.Series(True, index=sites.index)
    if cbsa:
        inside &= sites["cbsa_code"] == cbsa
    if states:
        inside &= sites["state_code"].isin(states)
    places, own = Places.of(sites), inside.fillna(False).to_numpy(dtype=bool)
    near = (distance_km(places[:, None], places[own]) <= context_km).any(axis=1)
    return set(sites["site_id"][own]), set(sites["site_id"][near & ~own])


def all_examples(site_days: pd.DataFrame, area: set[str], *, weather: Path | None = None) -> pd.DataFrame:
    """Examples of every target day, a year at a time."""
    first, last = site_days["date_local"].min(), site_days["date_local"].max()
    frames = []
    for year in range(first.year, last.year + 1):
        begin, end = max(first, pd.Timestamp(year, 1, 1)), min(last, pd.Timestamp(year, 12, 31))
        known = site_days[site_days["date_local"].between(begin - pd.Timedelta(days=31), end)]
        issued = pd.date_range(begin - pd.Timedelta(days=3), end)
        features = build_features(known, issue_dates=issued, area_site_ids=area)
        span = {"first_target": begin, "last_target": end, "weather": weather_of(weather, issued)}
        joined = examples_with_context(features, known, area_site_ids=area, **span)
        frames.append(joined)
    return pd.concat(frames, ignore_index=True)


def weather_of(folder: Path | None, days: pd.DatetimeIndex) -> pd.DataFrame | None:
    """The weather forecasts of these issue days in ``folder``; days may be missing."""
    if folder is None:
        return None
    files = [folder / "weather_forecasts" / f"{day:%Y-%m-%d}.parquet" for day in days]
    found = [pd.read_parquet(file) for file in files if file.exists()]
    return pd.concat(found, ignore_index=True) if found else None


def forecast_month(
    examples: pd.DataFrame, month: pd.Timestamp, *, window_months: int, families: Sequence[str] = FAMILIES
) -> pd.DataFrame:
    """Forecasts of the month's examples by these families, fitted on the months before: a column each."""
    started, target = time.perf_counter(), examples["target_date"]
    window = examples[target.between(month - pd.DateOffset(months=window_months), month, inclusive="left")]
    training = TrainingSet(without_unknown_weather(window), seed=SEED)
    last = month + pd.offsets.MonthEnd(0)
    wanted = own_examples(examples[target.between(month, last) | examples["issue_date"].between(month, last)])
    models = fit_families(training, families)
    forecasts = {family: model.predict(wanted) for family, model in models.items()}
    for family, model in models.items():
        if model.weather is not None:
            forecasts[f"{family}{WITHOUT_WEATHER}"] = replace(model, weather=None).predict(wanted)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    seconds = time.perf_counter() - started
    print(f"{month:%Y-%m}  {len(window):>9,} rows  {seconds:6.1f} s  peak {peak:.2f} GB", flush=True)
    return wanted[KEPT].assign(**forecasts)


if __name__ == "__main__":
    main()
