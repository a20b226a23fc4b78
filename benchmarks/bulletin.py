"""How long does a day's bulletin take, and how large are its pages?

    python -W ignore -m benchmarks.bulletin --sites 26
    python -W ignore -m benchmarks.bulletin --sites 1000 --places aqs_sites.zip

Content and pages of a network with made-up air and 60 past days; a nation gets an overview and a page per state. The
sites are made up too, or drawn from EPA's list of sites. Nothing is written.
"""

import argparse
import time

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.aqs_codes import us_states
from airwatch_dagster.clean.aqi import aqi_category, pm25_aqi
from airwatch_dagster.publish.bulletin import bulletin_of
from airwatch_dagster.publish.content import Bulletin
from airwatch_dagster.publish.material import PAST_DAYS, Material
from airwatch_dagster.publish.site import day_files
from airwatch_dagster.schemas import CONTRACTS, TABLES
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.verify.scoring import score_forecasts
from airwatch_dagster_tests.builders import MONITOR_ROW, SITE_DAY_ROW

DAY = pd.Timestamp("2021-07-10")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=26)
    parser.add_argument("--states", type=int, default=3, help="of made-up sites")
    parser.add_argument("--places", help="AirData's aqs_sites.zip: its open sites instead of made-up ones")
    parser.add_argument("--times", type=int, default=3)
    chosen = parser.parse_args()
    places = listed(chosen.places, chosen.sites) if chosen.places else made_up(chosen.sites, chosen.states)
    rows = material(places)
    for _ in range(chosen.times):
        began = time.process_time()
        made = content(Material(**{name: getattr(rows, name) for name in Material.__dataclass_fields__}))
        content_s = time.process_time() - began
        began = time.process_time()
        files = day_files(made, days=())
        pages_s = time.process_time() - began
        english = [len(content) for name, content in files.items() if ".es." not in name]
        print(
            f"{len(places):,} sites: content {content_s:.2f} CPU-s, {len(files)} pages {pages_s:.2f} CPU-s; "
            f"{len(english)} English pages, largest {max(english) / 1000:,.0f} kB, together {sum(english) / 1e6:.2f} MB"
        )


def listed(path: str, sites: int) -> pd.DataFrame:
    """Places of open sites, drawn from EPA's list."""
    names = {"Latitude": "latitude", "Longitude": "longitude"}
    rows = pd.read_csv(path, dtype=str).rename(columns=names)
    rows = rows[rows["State Code"].isin(us_states()) & rows["Site Closed Date"].isna() & rows["latitude"].notna()]
    rows = rows.sample(sites, random_state=1)
    ids = rows["State Code"] + rows["County Code"] + rows["Site Number"]
    positions = rows[list(names.values())].astype(float)
    return positions[positions["latitude"] > 0].assign(site_id=ids).reset_index(drop=True)


def made_up(sites: int, states: int) -> pd.DataFrame:
    """Places all over the contiguous states."""
    random = np.random.default_rng(1)
    codes = [code for code in sorted(us_states()) if code not in ("02", "15", "66", "72", "78", "60", "69")][:states]
    ids = [f"{codes[number % len(codes)]}{number // 1000 + 1:03d}{number % 10_000:04d}" for number in range(sites)]
    return pd.DataFrame(
        {"site_id": ids, "latitude": random.uniform(30, 48, sites), "longitude": random.uniform(-120, -75, sites)}
    )


def material(places: pd.DataFrame) -> Material:
    """Readings and forecasts of PAST_DAYS and the issue date."""
    random = np.random.default_rng(1)
    days = pd.date_range(end=DAY, periods=PAST_DAYS + 1)
    grid = places.merge(pd.DataFrame({"date_local": days}), how="cross")
    observed = grid.assign(**{name: value for name, value in SITE_DAY_ROW.items() if name not in grid})
    observed = observed.assign(pm25_ugm3=random.gamma(4, 2.5, len(observed)))[TABLES["site_days"].column_names]
    issued = grid.rename(columns={"date_local": "issue_date"}).merge(
        pd.DataFrame({"horizon_days": [1, 2, 3]}), how="cross"
    )
    issued["target_date"] = issued["issue_date"] + pd.to_timedelta(issued["horizon_days"], unit="D")
    issued["pm25_ugm3"] = random.gamma(4, 2.5, len(issued))
    issued["pm25_lower_ugm3"], issued["pm25_upper_ugm3"] = issued["pm25_ugm3"] * 0.5, issued["pm25_ugm3"] * 1.8
    for share, column in zip((0.4, 0.05, 0.01, 0.0, 0.0), PROBABILITY_COLUMNS.values(), strict=True):
        issued[column] = share
    aqi = pm25_aqi(issued["pm25_ugm3"])
    issued = issued.assign(aqi=aqi.astype("int64"), aqi_category=aqi_category(aqi), days_since_observed=0)
    issued = issued.assign(model_family="ridge", model_version="7")[TABLES["predictions"].column_names]
    monitors = places.assign(**{name: value for name, value in MONITOR_ROW.items() if name not in places})
    empty = ("champion_model", "coverage", "revisions", "monitor_changes", "agency_forecasts")
    return Material(
        issued,
        observed,
        score_forecasts(issued, site_days=observed, scored_at=DAY),
        monitors[TABLES["monitors"].column_names],
        **{name: TABLES[name].empty() for name in empty},
        other_forecasts=CONTRACTS["other_forecasts"].empty(),
    )


def content(rows: Material) -> Bulletin:
    moment = pd.Timestamp("2021-07-11 12:00")
    facts = {"area": "Made up", "made_at": moment, "data_as_of": moment, "is_simulated": True}
    made = bulletin_of(rows, DAY, **facts, version="0.1.0", links={})
    if made is None:
        raise SystemExit("no forecast was made up")
    return made


if __name__ == "__main__":
    main()
