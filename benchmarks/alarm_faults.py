"""Faults that alarms are to find, put into real or simulated site-days as a feed would store them; deterministic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.watch import CAUSES
from benchmarks.alarm_history import AreaHistory

SENSOR, NETWORK, PIPELINE = CAUSES[1:4]

DAYS_A_MONTH: Final = 30.4

SWAP_FACTOR: Final = 1.2
"""What a Teledyne T640 reads beside a filter. Source: EPA's data alignment of 2024, which takes off up to a fifth."""

SWAP_METHOD: Final = "236"
"""Method code of the T640 as first published."""

Rows = pd.DataFrame
Change = Callable[[Rows], "pd.Series | np.ndarray"]


@dataclass(frozen=True)
class Fault:
    """How the readings of some sites change from a day on."""

    name: str
    share: float
    """Share of the area's sites that are concerned: 0 for a single one, 1 for all that are read, context sites too."""
    causes: tuple[str, ...]
    """Causes that name it rightly, the best one first."""
    change: Change
    """Readings (µg/m³) of the rows from ``column_notes`` (see ``faulty``)."""
    is_gross: bool = False
    is_slow: bool = False
    """It grows with time, so it is looked for over a year."""
    method: str | None = None
    """The method that the sites report from then on."""


def _shifted_hour(rows: Rows) -> pd.Series:
    """A day's mean of hours from 23:00 to 22:00. The hour that comes in and the one that goes are unknown in daily
    files: they differ like the means of the two days."""
    return rows["pm25_ugm3"] + (rows["before"] - rows["pm25_ugm3"]).fillna(0.0) / 24.0


FAULTS: Final = (
    Fault("stuck at the last reading", 0.0, (SENSOR,), lambda rows: rows["last"], is_gross=True),
    Fault("× 3", 0.0, (SENSOR,), lambda rows: 3.0 * rows["pm25_ugm3"], is_gross=True),
    Fault("mg/m³ for µg/m³", 0.0, (SENSOR, PIPELINE), lambda rows: rows["pm25_ugm3"] / 1000.0, is_gross=True),
    Fault("× 0.9", 0.0, (SENSOR,), lambda rows: 0.9 * rows["pm25_ugm3"]),
    Fault(
        "another instrument, × 1.2", 0.0, (NETWORK, SENSOR),
        lambda rows: SWAP_FACTOR * rows["pm25_ugm3"], method=SWAP_METHOD,
    ),
    Fault(
        "drift of 0.5 µg/m³ a month", 0.0, (SENSOR,),
        lambda rows: rows["pm25_ugm3"] + 0.5 * (rows["age"] + 1) / DAYS_A_MONTH, is_slow=True,
    ),
    Fault("+3 µg/m³, a third of the sites", 1 / 3, (NETWORK, SENSOR), lambda rows: rows["pm25_ugm3"] + 3.0),
    Fault("+5 µg/m³, a third of the sites", 1 / 3, (NETWORK, SENSOR), lambda rows: rows["pm25_ugm3"] + 5.0),
    Fault("× 0.9, a third of the sites", 1 / 3, (NETWORK, SENSOR), lambda rows: 0.9 * rows["pm25_ugm3"]),
    Fault(
        "other instruments, × 1.2, a third of the sites", 1 / 3, (NETWORK, SENSOR),
        lambda rows: SWAP_FACTOR * rows["pm25_ugm3"], method=SWAP_METHOD,
    ),
    Fault("half of the sites gone", 1 / 2, (NETWORK,), lambda rows: np.full(len(rows), np.nan)),
    Fault("× 3, all sites", 1.0, (PIPELINE,), lambda rows: 3.0 * rows["pm25_ugm3"], is_gross=True),
    Fault("mg/m³ for µg/m³, all sites", 1.0, (PIPELINE,), lambda rows: rows["pm25_ugm3"] / 1000.0, is_gross=True),
    Fault("µg/m³ × 1000, all sites", 1.0, (PIPELINE,), lambda rows: rows["pm25_ugm3"] * 1000.0, is_gross=True),
    Fault("the feed repeats one day", 1.0, (PIPELINE,), lambda rows: rows["last"], is_gross=True),
    Fault("clock a day late", 1.0, (PIPELINE,), lambda rows: rows["before"]),
    Fault("clock an hour late", 1.0, (PIPELINE,), _shifted_hour),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A history with a fault, the day on which it began, and its sites."""

    history: AreaHistory
    fault: Fault
    start: pd.Timestamp
    sites: frozenset[str]


def faulty(history: AreaHistory, fault: Fault, start: pd.Timestamp, *, seed: int = 0) -> Case:
    """``history`` with ``fault`` from ``start`` on, at sites drawn from a seed, or None without any that fits.

    Drawn are sites of the area that report daily. ``Fault.change`` gets their valid rows with ``before`` (the reading
    of the day before), ``last`` (that before the fault) and ``age`` (days since its start); where it returns null,
    nothing is published. Readings are published in tenths.
    """
    sites = _drawn(history, fault, start, seed=seed)
    rows = history.site_days
    is_concerned = rows["site_id"].isin(sites) & (rows["date_local"] >= start) & rows["is_valid"]
    concerned = rows[is_concerned]
    valid = rows[rows["site_id"].isin(sites) & rows["is_valid"]]
    last = valid[valid["date_local"] < start].drop_duplicates("site_id", keep="last").set_index("site_id")["pm25_ugm3"]
    readings = valid.set_index(["site_id", "date_local"])["pm25_ugm3"]
    yesterday = pd.MultiIndex.from_arrays([concerned["site_id"], concerned["date_local"] - pd.Timedelta(days=1)])
    noted = concerned.assign(
        last=concerned["site_id"].map(last),
        before=readings.reindex(yesterday).to_numpy(),
        age=(concerned["date_local"] - start).dt.days,
    )
    changed = concerned.assign(pm25_ugm3=np.round(np.asarray(fault.change(noted), dtype="float64"), 1))
    if fault.method is not None:
        changed = changed.assign(method_code=fault.method)
    changed = changed[changed["pm25_ugm3"].notna()]
    together = pd.concat([rows[~is_concerned], changed]).sort_values(["date_local", "site_id"], ignore_index=True)
    changes = _with_instruments(history.changes, rows, sites, fault, start)
    return Case(history.with_rows(together, changes=changes), fault, start, frozenset(sites))


def _drawn(history: AreaHistory, fault: Fault, start: pd.Timestamp, *, seed: int) -> list[str]:
    rows = history.site_days
    own = rows[rows["site_id"].isin(history.in_area) & rows["is_valid"]]
    around = own[own["date_local"].between(start - pd.Timedelta(days=60), start + pd.Timedelta(days=30))]
    counts = around.groupby("site_id").size()
    has_last = set(own.loc[own["date_local"] == start - pd.Timedelta(days=1), "site_id"])
    daily = sorted(site for site in counts.index[counts >= 75] if site in has_last)
    if fault.share == 1.0:
        return sorted(set(rows["site_id"]))
    every = daily if fault.share == 0.0 else sorted(counts.index)
    if not every:
        raise ValueError(f"{history.area} has no site that reports daily around {start:%Y-%m-%d}; choose another area")
    count = max(1, round(fault.share * len(every)))
    draw = np.random.default_rng([seed, start.year, start.month, start.day])
    return sorted(str(site) for site in draw.choice(every, size=count, replace=False))


def _with_instruments(
    changes: pd.DataFrame, rows: pd.DataFrame, sites: list[str], fault: Fault, start: pd.Timestamp
) -> pd.DataFrame:
    """``changes`` with the instruments that ``fault`` swaps, as monitor_changes tells of them."""
    if fault.method is None:
        return changes
    methods = rows[rows["date_local"] < start].drop_duplicates("site_id", keep="last").set_index("site_id")
    told: list[Mapping[str, object]] = [
        {
            "site_id": site, "parameter_code": "88101", "poc": 1, "changed_on": start, "kind": "instrument",
            "before": str(methods["method_code"].get(site)), "after": fault.method, "is_context": False,
            "description": f"The monitor went from method {methods['method_code'].get(site)} to {fault.method}.",
        }
        for site in sites
    ]  # fmt: skip
    return pd.concat([changes, pd.DataFrame(told)], ignore_index=True)
