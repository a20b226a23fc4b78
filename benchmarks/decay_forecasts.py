"""Walk-forward forecasts of a healthy and of a damaged model, to replay the checks that tell of decay on. Resumable.

    python -m benchmarks.decay_forecasts SITE_DAYS FORECASTS --first 2019-01 --last 2021-12 [--every 2]

SITE_DAYS is a site_days Parquet file or the folder of its partitions. FORECASTS is a folder: one file a month with rows
of the kind of `forecast_scores` and `candidate_scores` by `model`: ridge as it would have served, trained on the target
days before the month, with the intervals and probabilities of that month; the same model with one column of its inputs
shuffled among the month's rows (deterministic); damped persistence and climatology. `benchmarks.decay_replay` judges
them. `--every 2` keeps every second site, to save time; with `--offset 1` the others.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.families import FittedModel, fit_families
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.fit.weather_inputs import without_unknown_weather
from airwatch_dagster.forecast.calibration import CALIBRATION_MONTHS, calibrate
from airwatch_dagster.forecast.intervals import IntervalCalibration
from benchmarks.skill_walk_forward import KEPT, all_examples

SEED = 88101
SERVED = "ridge"
BASELINES = ("damped_persistence", "climatology")
SHUFFLED = ("pm25_last_ugm3", "pm25_mean_7d_ugm3", "around_150km_log", "advected_log")
"""Inputs that are shuffled, one at a time: the last reading, its week, the neighbourhood, and what drifts there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site_days", type=Path)
    parser.add_argument("forecasts", type=Path)
    parser.add_argument("--first", default="2019-01")
    parser.add_argument("--last", default="2021-12")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0, help="the first site of those")
    arguments = parser.parse_args()
    site_days = pd.read_parquet(arguments.site_days)
    sites = sorted(site_days["site_id"].unique())[arguments.offset :: arguments.every]
    examples = all_examples(site_days[site_days["site_id"].isin(sites)], set(sites))
    print(f"{len(sites)} sites, {len(examples):,} examples", flush=True)
    arguments.forecasts.mkdir(parents=True, exist_ok=True)
    for month in pd.date_range(arguments.first, arguments.last, freq="MS"):
        file, started = arguments.forecasts / f"{month:%Y-%m}.parquet", time.perf_counter()
        if not file.exists():
            past = earlier(arguments.forecasts, month)
            forecast_month(examples, month, past=past).to_parquet(file)
            print(f"{month:%Y-%m}  {time.perf_counter() - started:6.1f} s", flush=True)


def earlier(folder: Path, month: pd.Timestamp) -> pd.DataFrame:
    """What the served model forecast in the months before, which calibrates its intervals."""
    months = pd.date_range(month - pd.DateOffset(months=CALIBRATION_MONTHS), month, freq="MS", inclusive="left")
    files = [file for one in months if (file := folder / f"{one:%Y-%m}.parquet").exists()]
    frames = [pd.read_parquet(file, filters=[("model", "==", SERVED)]) for file in files]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def forecast_month(examples: pd.DataFrame, month: pd.Timestamp, *, past: pd.DataFrame) -> pd.DataFrame:
    """Every model's forecasts of the month, fitted on the 36 months before."""
    target = examples["target_date"]
    window = examples[target.between(month - pd.DateOffset(months=36), month, inclusive="left")]
    models = fit_families(TrainingSet(without_unknown_weather(window), seed=SEED), [*BASELINES, SERVED])
    wanted = examples[target.between(month, month + pd.offsets.MonthEnd(0))].reset_index(drop=True)
    band = calibrate(past, source="shadow_scores", month=month) if len(past) else IntervalCalibration.prior()
    frames = [wanted[KEPT].assign(model=name, pm25_ugm3=models[name].predict(wanted)) for name in BASELINES]
    frames.append(served(models[SERVED], wanted, band, name=SERVED))
    order = np.random.default_rng(SEED).permutation(len(wanted))
    for column in SHUFFLED:
        damaged = wanted.assign(**{column: wanted[column].to_numpy()[order]})
        frames.append(served(models[SERVED], damaged, band, name=f"shuffled {column}"))
    return pd.concat(frames, ignore_index=True)


def served(model: FittedModel, examples: pd.DataFrame, band: IntervalCalibration, *, name: str) -> pd.DataFrame:
    """Forecasts as `forecast_scores` would have them."""
    forecast, observed = model.predict(examples), examples["pm25_observed_ugm3"].clip(lower=0.0)
    age = examples["days_since_observed"].to_numpy()
    outlook = band.apply(
        forecast,
        horizon_days=examples["horizon_days"].to_numpy(),
        days_since_observed=age,
        site_ids=examples["site_id"],
    )
    is_covered = observed.between(pd.Series(outlook.lower_ugm3), pd.Series(outlook.upper_ugm3))
    probabilities = {name: outlook.probabilities[name] for name in ("probability_above_9_0", "probability_above_35_4")}
    return examples[KEPT].assign(model=name, pm25_ugm3=forecast, is_covered=is_covered, **probabilities)


if __name__ == "__main__":
    main()
