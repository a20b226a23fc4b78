"""Nearly fourteen months of readings of a small network, and the tables that a backfill of the last weeks reads."""

import shutil
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.commands.inspect.as_of import TablesAsOf
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import MONITOR_ROW, RAW_ROW
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.simulated_air import simulated_site_days
from airwatch_dagster_tests.small_models import small_models

FIRST: Final = pd.Timestamp("2020-01-15")
FIRST_COMPUTED: Final = pd.Timestamp("2021-02-01")
"""Before it lie the 365 target days that learned families need."""

LAST_COMPUTED: Final = pd.Timestamp("2021-03-05")

CITY: Final = "16980"
CITY_SITES: Final = ("170310000", "170310001", "170310002")
"""Sites of the area; those around it are context. The third samples one day in three."""

COMPUTED_TABLES: Final = (
    "site_days",
    "features",
    "training_examples",
    "trained_models",
    "candidate_scores",
    "champion_model",
    "predictions",
)
"""Tables computed from readings; their rows are issued before the observed value is known."""

NOW: Final = pd.Timestamp.max
"""As of this moment, every reading is known."""

EXAMPLES_LOOKBACK: Final = pd.Timedelta(days=31)
"""Days before a month that its examples read: the longest horizon and four weeks."""


@cache
def true_readings() -> pd.DataFrame:
    """Raw readings from ``FIRST`` to ``LAST_COMPUTED``; the first site has two monitors."""
    length = (LAST_COMPUTED - FIRST).days + 1
    first_monitors = simulated_site_days(sites=7, first=f"{FIRST:%Y-%m-%d}", days=length, seed=4).assign(poc=1)
    here = first_monitors[first_monitors["site_id"] == CITY_SITES[0]]
    beside = here.assign(poc=2, pm25_ugm3=here["pm25_ugm3"] + 1.5)
    return _readings(pd.concat([first_monitors, beside], ignore_index=True))


def _readings(monitor_days: pd.DataFrame) -> pd.DataFrame:
    site = monitor_days["site_id"]
    rows = pd.DataFrame({**RAW_ROW, "source": "practice"}, index=monitor_days.index).assign(
        state_code=site.str[:2],
        county_code=site.str[2:5],
        site_number=site.str[5:],
        arithmetic_mean=monitor_days["pm25_ugm3"],
        observation_percent=monitor_days["is_valid"].map({True: 100.0, False: 50.0}),
        cbsa_code=site.isin(CITY_SITES).map({True: CITY, False: None}),
        first_seen_at=monitor_days["date_local"] + pd.Timedelta(hours=42),
        **{name: monitor_days[name] for name in ("poc", "date_local", "method_code", "latitude", "longitude")},
    )
    return validated("raw_readings", rows)


def monitors_of(readings: pd.DataFrame) -> pd.DataFrame:
    """The monitors of those readings; of two at one site, the second is primary."""
    found = readings.sort_values("date_local").drop_duplicates(["state_code", "county_code", "site_number", "poc"])
    carried = ["state_code", "county_code", "site_number", "poc", "latitude", "longitude", "cbsa_code"]
    rows = pd.DataFrame(MONITOR_ROW, index=found.index).assign(
        site_id=found["state_code"] + found["county_code"] + found["site_number"],
        is_primary=found["poc"] == 2,
        is_context=found["cbsa_code"].isna(),
        open_date=found["date_local"],
        **{name: found[name] for name in carried},
    )
    return validated("monitors", rows)


def validated(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame in the table's columns; raises pandera's error when it breaks the schema."""
    valid: pd.DataFrame = TABLES[table].schema.validate(frame[TABLES[table].column_names])
    return valid


class _InMemory:
    """Readings and monitors in memory, without weather, read like a storage."""

    def __init__(self, readings: pd.DataFrame) -> None:
        self._readings, self._monitors = readings, monitors_of(readings)

    def read(self, table: str, days: list[str] | None = None, *, allow_missing: bool = False) -> pd.DataFrame:
        if table == "monitors":
            return self._monitors
        if table == "weather_forecasts":
            return TABLES[table].empty()
        return self._readings[self._readings["date_local"].isin(pd.DatetimeIndex(days or []))]


def tables_from(readings: pd.DataFrame) -> TablesAsOf:
    """The tables computed from these readings; nothing is stored."""
    return TablesAsOf(_InMemory(readings), NOW)  # type: ignore[arg-type]


def store(tables: TableStorage, name: str, frame: pd.DataFrame, keys: Sequence[str]) -> None:
    """These partitions of the frame; those without rows are stored empty."""
    of_rows = frame[str(TABLES[name].partition_column)].astype(str).str[: len(keys[0])]
    tables.write(name, {key: frame[(of_rows == key).to_numpy()] for key in keys})


def days(first: pd.Timestamp | str, last: pd.Timestamp | str) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, last)]


def store_history(tables: TableStorage, readings: pd.DataFrame) -> None:
    """Store what a backfill from ``FIRST_COMPUTED`` on reads of earlier days."""
    past, yesterday = tables_from(readings), FIRST_COMPUTED - pd.Timedelta(days=1)
    weeks = days(yesterday - EXAMPLES_LOOKBACK, yesterday)
    months = [str(month) for month in pd.period_range(FIRST, yesterday, freq="M")]
    tables.write("monitors", {None: monitors_of(readings)})
    store(tables, "site_days", past.read("site_days", weeks), weeks)
    store(tables, "features", past.read("features", weeks), weeks)
    store(tables, "training_examples", past.read("training_examples", months), months)


def store_readings(tables: TableStorage, readings: pd.DataFrame, *, last: pd.Timestamp = LAST_COMPUTED) -> None:
    """Store the readings of the days from ``FIRST_COMPUTED`` on that are not stored yet."""
    stored = tables.stored_partitions("raw_readings")
    wanted = [day for day in days(FIRST_COMPUTED, last) if day not in stored]
    store(tables, "raw_readings", readings, wanted)


def corrupted(readings: pd.DataFrame, *, after: pd.Timestamp, seed: int = 1) -> pd.DataFrame:
    """The readings with another future: a hundredfold values dealt out among the sites, invalid for valid, another
    instrument elsewhere, some gone, a site opened, a primary monitor put beside an old one, and the area redrawn."""
    generator = np.random.default_rng(seed)
    later = readings["date_local"] > after
    future = readings[later].sample(frac=0.7, random_state=seed)
    future = future.assign(
        arithmetic_mean=100.0 * generator.permutation(future["arithmetic_mean"].abs().to_numpy()),
        observation_percent=generator.permutation(future["observation_percent"].to_numpy()),
        latitude=future["latitude"] + 0.3,
        method_code="236",
    )
    future.loc[future["site_number"] == "0004", "cbsa_code"] = CITY
    future.loc[future["site_number"] == "0002", "cbsa_code"] = None
    opened = future[future["site_number"] == "0003"].assign(site_number="0900", cbsa_code=CITY, poc=2)
    beside = future[future["site_number"] == "0001"].assign(poc=2, arithmetic_mean=1.0)
    return validated("raw_readings", pd.concat([readings[~later], future, opened, beside], ignore_index=True))


def backfill(installation: Installation, first: pd.Timestamp, last: pd.Timestamp, *tables: str) -> None:
    """`airwatch backfill` of some tables, with small models."""
    with small_models():
        installation.run("backfill", f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}", "--tables", ",".join(tables))


def copy_of(installation: Installation, name: str) -> Installation:
    """A copy of the installation, in the same parent folder."""
    folder = installation.folder.with_name(name)
    shutil.copytree(installation.folder, folder)
    return Installation(folder, installation.settings)
