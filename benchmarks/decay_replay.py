"""How often the checks that tell of decay are wrong, and after how many days they are right: real forecasts replayed.

    python -m benchmarks.decay_replay FORECASTS --site-days SITE_DAYS [--undisturbed]

FORECASTS is the folder that `benchmarks.decay_forecasts` wrote. Every month is closed and judged as `verification`
does. Undisturbed: findings of the nation, of each state and of each metropolitan area with enough sites. Disturbed: the
served forecasts of the nation are replaced from a day on; the days from there to the close that finds it are listed.
`scaled 1.05` makes the errors of the healthy model so large that its mean squared error is 1.05 times that of damped
persistence, month by month, and `noise 1.05` adds white noise to damped persistence until it is. These stand for a bad
model, so that the comparison with the same model is left out. The others are those of `decay_forecasts`.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.baselines import SEASONS
from airwatch_dagster.verify.decay.judgement import Judgement, days_before, judged_months
from airwatch_dagster.verify.decay.measures import MEASURES
from airwatch_dagster.verify.decay.measures import SERVED as SERVED_AS_TRAINED
from airwatch_dagster.verify.decay.totals import CASE, daily_totals
from benchmarks.decay_forecasts import BASELINES, SEED, SERVED

MIN_SITES = 4
"""Sites of a state or metropolitan area that is replayed."""

WORSE = (1.05, 1.2)
"""Mean squared errors of decayed forecasts, as multiples of damped persistence's."""

CHECKS = tuple(dict.fromkeys(measure.check for measure in MEASURES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("forecasts", type=Path)
    parser.add_argument("--first", default="2020-01")
    parser.add_argument("--last", default="2021-12")
    parser.add_argument("--site-days", type=Path, help="site_days with the sites' metropolitan areas")
    parser.add_argument("--undisturbed", action="store_true", help="nothing else")
    arguments = parser.parse_args()
    months = list(pd.date_range(arguments.first, arguments.last, freq="MS"))
    forecasts = pd.concat([pd.read_parquet(file) for file in sorted(arguments.forecasts.glob("*.parquet"))])
    forecasts = forecasts.assign(model_version=forecasts["target_date"].dt.strftime("%Y-%m"))
    candidates = candidates_of(forecasts)
    healthy = forecasts[forecasts["model"] == SERVED].reset_index(drop=True)
    for kind, areas in areas_of(healthy, arguments.site_days).items():
        undisturbed(kind, areas, healthy, candidates, months)
    if arguments.undisturbed:
        return
    served = {name: rows for name, rows in forecasts.groupby("model") if str(name).startswith("shuffled")}
    served |= decayed(healthy, forecasts)
    totals = daily_totals(healthy, candidates=candidates)
    for name, rows in served.items():
        disturbed(str(name), totals, daily_totals(rows.reset_index(drop=True), candidates=candidates), months)


def candidates_of(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Rows as `candidate_scores` has them: baselines without a version, the served family with its own."""
    rows = forecasts[forecasts["model"].isin([*BASELINES, SERVED])]
    version = rows["model_version"].where(rows["model"] == SERVED)
    return rows.assign(model_family=rows["model"], model_version=version)


def areas_of(healthy: pd.DataFrame, site_days: Path | None) -> Mapping[str, Mapping[str, set[str]]]:
    """Kind of area → name → its sites."""
    sites = healthy.drop_duplicates("site_id")[["site_id"]]
    sites = sites.assign(state=sites["site_id"].str[:2])
    kinds = {"nation": {"us": set(sites["site_id"])}, "states": grouped(sites, "state")}
    if site_days is not None:
        places = pd.read_parquet(site_days, columns=["site_id", "cbsa_code"]).drop_duplicates("site_id")
        kinds["metropolitan areas"] = grouped(sites.merge(places, on="site_id").dropna(), "cbsa_code")
    return kinds


def grouped(sites: pd.DataFrame, by: str) -> dict[str, set[str]]:
    groups = {str(name): set(rows["site_id"]) for name, rows in sites.groupby(by)}
    return {name: members for name, members in groups.items() if len(members) >= MIN_SITES}


def undisturbed(
    kind: str,
    areas: Mapping[str, set[str]],
    healthy: pd.DataFrame,
    candidates: pd.DataFrame,
    months: list[pd.Timestamp],
) -> None:
    """Prints findings that open, by check and season."""
    found, judged = [], 0
    for name, sites in areas.items():
        own = [rows[rows["site_id"].isin(sites)].reset_index(drop=True) for rows in (healthy, candidates)]
        for month, judgements in judged_months(daily_totals(own[0], candidates=own[1]), months).items():
            judged += any(not one.not_judged for one in judgements)
            by_check: dict[str, Judgement] = {one.measure.check: one for one in judgements if one.is_found}
            found += [(name, month, check, text(one)) for check, one in by_check.items()]
    alarms = pd.DataFrame(found, columns=["area", "month", "check", "what"])
    season = [SEASONS[month.month % 12 // 3] for month in alarms["month"]]
    any_of = alarms.drop_duplicates(["area", "month"])
    print(f"\n{kind}: {len(areas)} areas, {judged} area-months judged, {len(any_of)} with a finding")
    if len(alarms):
        counts = pd.crosstab(alarms["check"], pd.Series(season, name="season"))
        print(counts.reindex(index=CHECKS, columns=SEASONS).fillna(0).astype(int).to_string())
    for row in alarms.head(12).to_dict("records"):
        print(f"  {row['area']} {row['month']:%Y-%m} {row['what']}")


def text(one: Judgement) -> str:
    ends = f"{one.value:.2f} [{one.lower:.2f}, {one.upper:.2f}]"
    return f"{one.measure.name} {one.horizon_days} {one.group_name}: {ends}, {one.cases} forecasts"


def decayed(healthy: pd.DataFrame, forecasts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Forecasts 5 % worse than damped persistence at each lead, made of the healthy model and of damped persistence."""
    damped = forecasts.loc[forecasts["model"] == BASELINES[0], [*CASE, "pm25_ugm3"]].rename(
        columns={"pm25_ugm3": "base"}
    )
    rows = healthy.merge(damped, on=CASE)
    observed, month = rows["pm25_observed_ugm3"], rows["target_date"].dt.to_period("M")
    errors = pd.DataFrame({"own": (rows["pm25_ugm3"] - observed) ** 2, "base": (rows["base"] - observed) ** 2})
    means = errors.groupby([rows["horizon_days"], month]).transform("mean")
    white, found = np.random.default_rng(SEED).normal(size=len(rows)), {}
    for worse in WORSE:
        factor, added = (worse * means["base"] / means["own"]) ** 0.5, ((worse - 1.0) * means["base"]) ** 0.5
        found[f"scaled {worse}"] = rows.assign(pm25_ugm3=observed + factor * (rows["pm25_ugm3"] - observed))
        found[f"noise {worse}"] = rows.assign(pm25_ugm3=rows["base"] + white * added)
    return found


def disturbed(name: str, healthy: pd.DataFrame, damaged: pd.DataFrame, months: list[pd.Timestamp]) -> None:
    """Prints the days from each onset to the close that finds something which the healthy forecasts do not have."""
    for day in (1, 15):
        delays, checks = [], []
        for month in months[:-3]:
            onset = month + pd.Timedelta(days=day - 1)
            before, after = healthy["target_date"] < onset, damaged["target_date"] >= onset
            spliced = pd.concat([healthy[before], damaged[after]], ignore_index=True)
            near = spliced["target_date"] >= month - pd.Timedelta(days=days_before())
            closes = judged_months(spliced[near], pd.date_range(month, periods=3, freq="MS").tolist())
            ignored = set() if name.startswith("shuffled") else {SERVED_AS_TRAINED}
            found = {
                one: {each.measure.check for each in judgements if each.is_found} - ignored
                for one, judgements in closes.items()
            }
            first = next((one for one, what in found.items() if what), None)
            delays.append(np.inf if first is None else (first + pd.offsets.MonthEnd(0) - onset).days + 2)
            checks += sorted(found[first]) if first is not None else []
        within = {limit: f"{np.mean(np.array(delays) <= limit):.0%}" for limit in (33, 64, 95)}
        median = f"{np.median(delays):.0f}" if np.isfinite(np.median(delays)) else "none"
        counts = pd.Series(checks, dtype=object).value_counts().to_dict()
        print(f"{name}, from day {day}: median {median} days; within {within}; {counts}", flush=True)


if __name__ == "__main__":
    main()
