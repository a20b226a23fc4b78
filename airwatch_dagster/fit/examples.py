"""Training examples: features of an issue day joined to the observation of a later day, of the area and around it."""

from collections.abc import Set
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.enrich.weather import join_weather
from airwatch_dagster.schemas import CONTRACTS, TABLES
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

_TRUTH: Final = ["site_id", "target_date", "pm25_observed_ugm3"]

CONTEXT_SHARE: Final = 3
"""One in this many site-days around the area is an example, dealt out over all days and sites: the sites of one day are
alike, days are not. Around Chicago ridge gained 0.033 skill by a third of them in 2021 and 0.036 by all; in
four areas over two years the blend has as much of a third, of half and of all of them, to 0.002. A site that samples
every third day gives examples of one horizon; giving it all three gained nothing."""


def examples_with_context(
    features: pd.DataFrame,
    site_days: pd.DataFrame,
    *,
    first_target: pd.Timestamp,
    last_target: pd.Timestamp,
    area_site_ids: Set[str],
    weather: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The area's examples, and a third of those of the other sites in ``site_days`` (is_context); in the columns of
    ``training_examples``, sorted by target_date, site_id, horizon_days.

    ``features`` (the area's) and ``weather`` as for ``join_truth``. Sites in ``area_site_ids`` are never context;
    any other site is, on issue days without a row in ``features``. ``site_days`` should start 31 days before
    ``first_target``, since the other sites' features are computed from it.
    """
    joined = partial(join_truth, first_target=first_target, last_target=last_target, weather=weather)
    own = joined(features, site_days)
    others = set(site_days["site_id"]) - set(area_site_ids)
    if not others:
        return own
    issued = issue_days_of(first_target=first_target, last_target=last_target)
    around = build_features(site_days, issue_dates=issued, area_site_ids=others)
    day = (around["issue_date"] - pd.Timestamp("2000-01-01")).dt.days.to_numpy()
    is_dealt_out = (day + around["site_id"].str[2:].astype(int).to_numpy()) % CONTEXT_SHARE == 0
    key, own_key = (pd.MultiIndex.from_frame(rows[["site_id", "issue_date"]]) for rows in (around, features))
    thinned = around[is_dealt_out & ~key.isin(own_key)]
    context = joined(thinned, site_days, is_context=True)
    return _in_order(pd.concat([frame for frame in (own, context) if len(frame)] or [own], ignore_index=True))


def join_truth(
    features: pd.DataFrame,
    site_days: pd.DataFrame,
    *,
    first_target: pd.Timestamp,
    last_target: pd.Timestamp,
    is_context: bool = False,
    weather: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every features row × horizon whose target day lies in [first_target, last_target] and has a valid observation.

    In the columns of ``training_examples``, sorted by target_date, site_id, horizon_days; empty when there is none.
    ``features`` should start the longest horizon before ``first_target``, and ``site_days`` cover the target days.
    Invalid site-days are never truth. ``weather`` has rows of ``weather_forecasts``; without, its columns are null.
    """
    spec = TABLES["training_examples"]
    truth = valid_truth(site_days, first=first_target, last=last_target)
    numbered = features[["site_id", "issue_date"]].assign(row=np.arange(len(features)))
    horizons = [at_horizon(numbered, horizon_days=horizon) for horizon in HORIZONS_DAYS]
    joined = [
        frame.merge(truth, on=["site_id", "target_date"], how="inner", validate="one_to_one") for frame in horizons
    ]
    pairs = _in_order(pd.concat(joined, ignore_index=True))
    forecast = CONTRACTS["weather_forecasts"].empty() if weather is None else weather
    added = join_weather(pairs.assign(is_context=is_context), forecast)
    # Half a gigabyte for a nation's year: every column is brought into order once, and copied into no block of others.
    carried = {
        name: features[name].take(added["row"].to_numpy()).array for name in spec.column_names if name not in added
    }
    return pd.DataFrame({name: carried.get(name, added.get(name)) for name in spec.column_names}, copy=False)


def issue_days_of(*, first_target: pd.Timestamp, last_target: pd.Timestamp) -> pd.DatetimeIndex:
    """Issue days of the examples with target days from ``first_target`` to ``last_target``."""
    return pd.date_range(first_target - pd.Timedelta(days=max(HORIZONS_DAYS)), last_target - pd.Timedelta(days=1))


def own_examples(examples: pd.DataFrame) -> pd.DataFrame:
    """The examples of the area itself; the frame itself, not a copy, when there are no others."""
    is_context = examples["is_context"]
    return examples[~is_context] if is_context.any() else examples


def rows_between(
    frame: pd.DataFrame, column: str, *, first: pd.Timestamp | None = None, before: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Rows whose ``column`` lies from ``first`` on and before ``before``; None: no limit. The frame stays as it is.

    A view where the frame is in the order of ``column``, as stored examples are: three years of a nation are 1 GB.
    """
    days = frame[column]
    limits = [pd.Timestamp.min if first is None else first, pd.Timestamp.max if before is None else before]
    if days.is_monotonic_increasing:
        return frame.iloc[slice(*days.searchsorted(limits))]
    return frame[(days >= limits[0]) & (days < limits[1])]


def _in_order(examples: pd.DataFrame) -> pd.DataFrame:
    return examples.sort_values(["target_date", "site_id", "horizon_days"], ignore_index=True)


def at_horizon(features: pd.DataFrame, *, horizon_days: int) -> pd.DataFrame:
    """The features rows with target_date and horizon_days of one horizon."""
    target = features["issue_date"] + pd.Timedelta(days=horizon_days)
    return features.assign(target_date=target, horizon_days=horizon_days)


def valid_truth(site_days: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """site_id, target_date and pm25_observed_ugm3 (µg/m³) of the valid site-days from ``first`` to ``last``."""
    chosen = site_days[site_days["is_valid"].astype(bool) & site_days["date_local"].between(first, last)]
    truth = chosen[["site_id", "date_local", "pm25_ugm3"]].dropna()
    return truth.set_axis(_TRUTH, axis=1)
