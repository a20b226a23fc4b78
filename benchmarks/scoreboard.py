"""Who forecasts best over a year or more? The scoreboard of a storage, by lead and by season.

    python -W ignore benchmarks/scoreboard.py STORAGE 2021-01-01 2021-12-31

Target days from FIRST to LAST: AirWatch as served, the baselines, the nearest site, and the agencies where their
forecasts are archived. Forecasts in AIRWATCH_OTHER_FORECASTS are compared too. Intervals are over weeks.
"""

import argparse

import pandas as pd

from airwatch_dagster.figures.markdown import number
from airwatch_dagster.fit.models.baselines import SEASONS, season_number
from airwatch_dagster.orchestration.supplied.compared_forecasts import cases_of
from airwatch_dagster.schemas.columns import HORIZONS_DAYS
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.verify.scoreboard import scoreboard_events, scoreboard_rows
from airwatch_dagster.verify.verdict import display_name, saved_text, verdict

SHOWN_LIMITS = (10.0, 20.0, 35.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("storage")
    parser.add_argument("first", type=pd.Timestamp)
    parser.add_argument("last", type=pd.Timestamp)
    arguments = parser.parse_args()
    cases = stored_cases(TableStorage.open(arguments.storage), arguments.first, arguments.last)
    rows, events = scoreboard_rows(cases), scoreboard_events(cases)
    for lead in HORIZONS_DAYS:
        print_lead(rows, events, lead)
    season = season_number(cases["target_date"])
    for index, name in enumerate(SEASONS):
        if (season == index).any():
            print(f"{name}: {verdict(scoreboard_rows(cases[season == index]), horizon_days=1)}\n")


def stored_cases(tables: TableStorage, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """The compared cases of these target days."""
    days = pd.date_range(first, last).strftime("%Y-%m-%d").tolist()
    around = pd.date_range(first - pd.Timedelta(days=31), last).strftime("%Y-%m-%d").tolist()
    scores = tables.read("forecast_scores", days, allow_missing=True)
    candidates = tables.read("candidate_scores", sorted({day[:7] for day in days}), allow_missing=True)
    site_days = tables.read("site_days", around, allow_missing=True)
    early = tables.read("early_scores", days, allow_missing=True)
    return cases_of(scores, candidates=candidates, site_days=site_days, early=early, tables=tables)


def print_lead(rows: pd.DataFrame, events: pd.DataFrame, lead: int) -> None:
    shown = rows[(rows["group_kind"] == "all") & (rows["horizon_days"] == lead)]
    counted = events[(events["group_kind"] == "all") & (events["horizon_days"] == lead)]
    csi = counted.set_index(["comparison", "forecaster", "limit_ugm3"])["csi"]
    header = ["cases", "RMSE", "MAE", "bias", "category", "hit/miss/false", "cost", "by prob."]
    header += [f"CSI {limit:.0f}" for limit in SHOWN_LIMITS] + ["AirWatch saves"]
    lines = {}
    for row in shown.to_dict("records"):
        errors = [f"{row[name]:.2f}" for name in ("rmse_ugm3", "mae_ugm3", "bias_ugm3")]
        days = [f"{row['category_accuracy']:.1%}", f"{row['hits']}/{row['misses']}/{row['false_alarms']}"]
        costs = [number(row[name], ".4f") for name in ("miss_weighted_cost", "cost_by_probability")]
        limits = [number(csi.get((row["comparison"], row["forecaster"], limit))) for limit in SHOWN_LIMITS]
        key = (row["comparison"], display_name(row["forecaster"]))
        lines[key] = [f"{row['cases']:,}", *errors, *days, *costs, *limits, saved_text(row)]
    print(f"{lead} day(s) ahead\n{pd.DataFrame.from_dict(lines, orient='index', columns=header).to_string()}")
    own = shown.iloc[0]
    brier = f"{own['brier_9_0']:.4f} at 9.0 (reliability {own['reliability_9_0']:.4f}), {own['brier_35_4']:.5f} at 35.4"
    print(f"AirWatch: Brier score {brier}; coverage {own['coverage']:.3f}\n")


if __name__ == "__main__":
    main()
