"""How good were walk-forward forecasts? Champions, their intervals, and every measure by family, lead, season, region.

    python -m benchmarks.skill_tables FORECASTS 2021-01-01 2021-12-31

FORECASTS is the folder `benchmarks.skill_walk_forward` wrote, with at least a year before FIRST. The champion of each
month is chosen, and its intervals calibrated, by the code that serves, on scores of earlier months only. Issue dates
from FIRST to LAST, sites observed on the issue day; all families on identical site-days.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.clean.aqi import aqi_category, pm25_aqi
from airwatch_dagster.fit.champion.choice import choose_champion
from airwatch_dagster.fit.champion.regions import region_numbers
from airwatch_dagster.fit.models.baselines import SEASONS, season_number
from airwatch_dagster.forecast.calibration import CALIBRATION_MONTHS, calibrate_champion
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import FAMILIES
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.verify.metrics import interval_measures, metrics
from airwatch_dagster.verify.reliability import brier_scores, reliability_tables

SEED = 88101
KEY = ["site_id", "issue_date", "target_date", "horizon_days"]
SHOWN = {
    "rmse_ugm3": "RMSE",
    "mae_ugm3": "MAE",
    "bias_ugm3": "bias",
    "normalised_mean_bias": "NMB",
    "index_of_agreement": "IOA",
    "skill": "skill",
    "pod_9_0": "POD 9",
    "far_9_0": "FAR 9",
    "csi_9_0": "CSI 9",
    "pod_35_4": "POD 35",
    "far_35_4": "FAR 35",
    "csi_35_4": "CSI 35",
    "coverage": "coverage",
    "mean_width_ugm3": "width",
    "pinball_ugm3": "pinball",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("forecasts", type=Path)
    parser.add_argument("first", type=pd.Timestamp)
    parser.add_argument("last", type=pd.Timestamp)
    arguments = parser.parse_args()
    months = {pd.Timestamp(file.stem): pd.read_parquet(file) for file in sorted(arguments.forecasts.glob("*.parquet"))}
    served, each = serve(months, arguments.first, arguments.last)
    wide = pd.concat([frame[frame["issue_date"].dt.to_period("M") == m.to_period("M")] for m, frame in months.items()])
    wide = wide[wide["issue_date"].between(arguments.first, arguments.last) & (wide["days_since_observed"] == 0)]
    served = served.merge(wide[[*KEY, "damped_persistence", "climatology"]], on=KEY)
    by_family(wide, served)
    by_part(served)
    intervals(served)
    beside(served, each)


def serve(
    months: dict[pd.Timestamp, pd.DataFrame], first: pd.Timestamp, last: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The champions' forecasts of all site-days issued between the days, and each family's, calibrated as if it served.

    Each forecast has its interval and its exceedance probabilities."""
    scores = pd.concat([scored(month, frame) for month, frame in months.items()], ignore_index=True)
    incumbent: str | None = None
    served: list[pd.DataFrame] = []
    each: list[pd.DataFrame] = []
    for month, frame in months.items():
        begin = month - pd.DateOffset(months=CALIBRATION_MONTHS)
        past = scores[(scores["target_date"] >= begin) & (scores["target_date"] < month)]
        if past.empty:
            continue
        trained = TABLES["trained_models"].empty().reindex(range(len(FAMILIES)))
        trained = trained.assign(model_family=list(FAMILIES), is_fitted=True, holdout_rows=0, month=month)
        choice = choose_champion(month=month, trained=trained, scores=past, incumbent=incumbent, seed=SEED)
        incumbent = choice.model_family
        if incumbent is not None and month >= first.replace(day=1):
            print(choice.reason, flush=True)
            wanted = frame[frame["issue_date"].between(month, last)]
            for family in FAMILIES:
                band = calibrate_champion(past, trained=trained, model_family=family, month=month)
                each.append(with_outlook(wanted, family, band))
                served += each[-1:] if family == incumbent else []
    return pd.concat(served, ignore_index=True), pd.concat(each, ignore_index=True)


def scored(month: pd.Timestamp, frame: pd.DataFrame) -> pd.DataFrame:
    """The month's forecasts of its own days, as candidate_scores."""
    own = frame[frame["target_date"].dt.to_period("M") == month.to_period("M")]
    return own.melt(
        id_vars=[*KEY, "pm25_observed_ugm3", "days_since_observed"],
        value_vars=list(FAMILIES),
        var_name="model_family",
        value_name="pm25_ugm3",
    )


def with_outlook(frame: pd.DataFrame, family: str, band: object) -> pd.DataFrame:
    forecast = np.round(frame[family].to_numpy(), 4)
    outlook = band.apply(  # type: ignore[attr-defined]
        forecast,
        horizon_days=frame["horizon_days"].to_numpy(),
        days_since_observed=frame["days_since_observed"].to_numpy(),
        site_ids=frame["site_id"],
    )
    seen = frame["pm25_observed_ugm3"].clip(lower=0.0)
    return frame[[*KEY, "pm25_observed_ugm3", "days_since_observed"]].assign(
        pm25_ugm3=forecast,
        model_family=family,
        pm25_lower_ugm3=outlook.lower_ugm3,
        pm25_upper_ugm3=outlook.upper_ugm3,
        is_covered=seen.between(pd.Series(outlook.lower_ugm3, seen.index), pd.Series(outlook.upper_ugm3, seen.index)),
        **outlook.probabilities,
    )


def by_family(wide: pd.DataFrame, served: pd.DataFrame) -> None:
    """Every family and the champion, by lead."""
    print("\nFamilies and the served champion by lead (days)")
    rows = [
        metrics(
            wide.rename(columns={family: "pm25_ugm3"}).assign(damped=wide["damped_persistence"]),
            by=["horizon_days"],
            reference="damped",
        ).assign(family=family)
        for family in FAMILIES
    ]
    rows.append(metrics(served, by=["horizon_days"], reference="damped_persistence").assign(family="served"))
    show(pd.concat(rows), ["horizon_days", "family"])


def by_part(served: pd.DataFrame) -> None:
    """The champion by season and by EPA region, with its skill over climatology too."""
    parts = served.assign(
        season=np.array(SEASONS)[season_number(served["target_date"])],
        region=region_numbers(served["site_id"].tolist()),
    )
    for part in ("season", "region"):
        by = ["horizon_days", part]
        found = metrics(parts, by=by, reference="damped_persistence")
        over = metrics(parts, by=by, reference="climatology")["skill"]
        print(f"\nServed champion by {part}")
        show(found.assign(over_climatology=over), by, extra=["over_climatology"])


def intervals(served: pd.DataFrame) -> None:
    """Coverage, width and pinball by category of the forecast; reliability of the probabilities."""
    category = aqi_category(pm25_aqi(served["pm25_ugm3"])).astype(str)
    groups = served.assign(category=category).groupby(["category"])
    print("\nServed intervals by forecast category, all leads")
    table = groups.agg(rows=("is_covered", "size"), coverage=("is_covered", "mean"))
    print(table.round(3).to_string())
    print("\nBrier scores of the exceedance probabilities")
    print(brier_scores(served, by=["horizon_days"]).round(4).to_string(index=False))
    print("\nReliability, all leads")
    print(reliability_tables(served).round(3).to_string(index=False))
    assert set(PROBABILITY_COLUMNS.values()) <= set(served)


def beside(served: pd.DataFrame, each: pd.DataFrame) -> None:
    """The champion's intervals next to those that each family would have; fresh sites, by lead."""
    both = pd.concat([served.assign(model_family="served"), each], ignore_index=True)
    both = both[both["days_since_observed"] == 0]
    measured = both.assign(**interval_measures(both)).groupby(["horizon_days", "model_family"])
    table = measured.agg(
        coverage=("is_covered", "mean"), width=("width_ugm3", "mean"), pinball=("pinball_ugm3", "mean")
    )
    print("\nIntervals of the champion and of each family")
    print(table.round(3).to_string())


def show(table: pd.DataFrame, by: list[str], extra: list[str] | None = None) -> None:
    names = {name: short for name, short in SHOWN.items() if name in table}
    chosen = table[[*by, "rows", *names, *(extra or [])]].rename(columns=names).sort_values(by)
    print(chosen.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
