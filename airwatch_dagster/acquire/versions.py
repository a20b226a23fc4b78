"""Versions of published rows: merge of a pull into history, and history as of any instant."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.pulls import InScope, is_provisional, last_seen
from airwatch_dagster.acquire.readings import (
    READING_COLUMNS,
    READING_KEY,
    VERSION_COLUMNS,
    key_codes,
    key_text,
    same_values,
)
from airwatch_dagster.errors import BadPayload, ConfigurationError, ContractViolation
from airwatch_dagster.schemas import TABLES

VALUE_COLUMNS: Final = tuple(
    name for name in READING_COLUMNS if name not in (*READING_KEY, "source", "date_of_last_change")
)
"""Columns whose change starts a new version, as does the change from provisional to final. Not ``source``: the same row
comes from several sources. Not date_of_last_change: EPA touches whole years without changing a value, and versions that
differ in nothing else would hide the real revisions."""

_COLUMNS: Final = [*READING_COLUMNS, *VERSION_COLUMNS]


def merge_pull(
    history: pd.DataFrame, pull: pd.DataFrame, *, seen_at: pd.Timestamp, in_scope: InScope | pd.Series
) -> pd.DataFrame:
    """History after a pull at ``seen_at`` (UTC): every version ever seen, sorted by key and first_seen_at.

    A current row that the pull repeats stays unchanged, source included. A changed row, or one that AQS confirmed after
    AirNow, is superseded by its new version; a row in scope that is absent from the pull was withdrawn and is
    superseded; a new row is first seen now. Merging the same pull twice adds nothing.
    ``history`` has the columns of raw_readings, ``pull`` those without versions and one row per key; ``in_scope`` is
    the scope of the pull, or its mask of ``history``. Raises ConfigurationError when practice and real rows would mix
    or ``history`` contains a later pull, BadPayload for a repeated key in ``pull``, ContractViolation for two current
    versions of a key in ``history``.
    """
    seen_at = _naive_utc(seen_at)
    _refuse_mixture(history, pull)
    check_order(history, seen_at)
    scope = (in_scope(history) if callable(in_scope) else in_scope).to_numpy(dtype=bool)
    keys = key_codes(_stacked(history[list(READING_KEY)], pull[list(READING_KEY)]), READING_KEY)
    superseded, is_new = _differences(history, pull, keys=keys, scope=scope)
    if (history["first_seen_at"].to_numpy()[superseded] >= np.datetime64(seen_at)).any():
        raise _too_early(seen_at, seen_at)
    known, fresh = history[_COLUMNS].copy(), pull.loc[is_new, list(READING_COLUMNS)].copy()
    known["superseded_at"] = known["superseded_at"].astype("datetime64[ns]").mask(superseded, seen_at)
    fresh["first_seen_at"], fresh["superseded_at"] = seen_at, pd.NaT
    merged = _stacked(known, fresh)
    for column in VERSION_COLUMNS:
        merged[column] = merged[column].astype("datetime64[ns]")
    numbers = np.concatenate([keys[: len(history)], keys[len(history) :][is_new]])
    order = np.lexsort((merged["first_seen_at"].to_numpy(), numbers))
    return merged.iloc[order].reset_index(drop=True)


def check_order(history: pd.DataFrame, seen_at: pd.Timestamp) -> None:
    """Raises ConfigurationError when ``history`` contains a pull later than ``seen_at`` (naive UTC)."""
    latest = last_seen(history)
    if latest is not None and latest > seen_at:
        raise _too_early(seen_at, latest)


def without_pull(history: pd.DataFrame, seen_at: pd.Timestamp, *, among: np.ndarray) -> pd.DataFrame:
    """History as if the pull at ``seen_at`` (UTC) had not happened: its versions are gone, those it superseded current.

    ``among`` is the mask of the rows that the pull covered, where several pulls have the same time; other versions are
    unchanged. Raises ConfigurationError when a later pull changed a row that this one began or ended.
    """
    instant = np.datetime64(_naive_utc(seen_at))
    begins, ends = (history[name].to_numpy(dtype="datetime64[ns]") for name in VERSION_COLUMNS)
    is_begun, is_ended = among & (begins == instant), among & (ends == instant)
    keys = key_codes(history, READING_KEY)
    is_later = ((begins > instant) | (ends > instant)) & np.isin(keys, keys[is_begun | is_ended])
    if is_later.any():
        moments = np.concatenate([begins[is_later], ends[is_later]])
        latest = pd.Timestamp(moments[moments > instant].max())
        problem = f"the pull seen at {seen_at} cannot be undone before one that builds on it, seen at {latest}"
        raise ConfigurationError("raw_readings", problem, fix=f"First `airwatch import --undo {latest.isoformat()}`")
    restored = history.assign(superseded_at=history["superseded_at"].mask(is_ended))
    return restored[~is_begun].reset_index(drop=True)


def as_of(history: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """The rows that were current at ``instant`` (UTC): first seen by then, and not yet superseded."""
    instant = _naive_utc(instant)
    still = history["superseded_at"].isna() | (history["superseded_at"] > instant)
    return history[(history["first_seen_at"] <= instant) & still].reset_index(drop=True)


def _differences(
    history: pd.DataFrame, pull: pd.DataFrame, *, keys: np.ndarray, scope: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the history rows that the pull supersedes, and of the pull rows that are new versions."""
    history_keys, pull_keys = keys[: len(history)], keys[len(history) :]
    current = np.flatnonzero(history["superseded_at"].isna().to_numpy())
    _refuse_repeated(history.iloc[current], history_keys[current], pull, pull_keys)
    at = pd.Index(history_keys[current]).get_indexer(pd.Index(pull_keys))
    found = at >= 0
    partner = current[at[found]]
    is_same = np.zeros(len(pull), dtype=bool)
    old, new = history.iloc[partner], pull[found]
    is_same[found] = same_values(old, new, VALUE_COLUMNS) & (is_provisional(old) == is_provisional(new))
    superseded = np.zeros(len(history), dtype=bool)
    superseded[current] = scope[current]
    superseded[partner] = ~is_same[found]
    return superseded, ~is_same


def _refuse_repeated(
    current: pd.DataFrame, current_keys: np.ndarray, pull: pd.DataFrame, pull_keys: np.ndarray
) -> None:
    for row in np.flatnonzero(pd.Index(pull_keys).duplicated())[:1]:
        raise BadPayload("Pull", f"two rows for {key_text(pull.iloc[row])}", fix="Pull it again, or use another copy")
    for row in np.flatnonzero(pd.Index(current_keys).duplicated())[:1]:
        problem = f"two current versions of {key_text(current.iloc[row])}"
        raise ContractViolation("raw_readings", problem, fix="Restore the partition, or delete and re-ingest it")


def _refuse_mixture(history: pd.DataFrame, pull: pd.DataFrame) -> None:
    sources = {*history["source"].unique(), *pull["source"].unique()}
    if "practice" in sources and len(sources) > 1:
        real = ", ".join(sorted(sources - {"practice"}))
        problem = f"practice rows and {real} rows would mix in one table"
        raise ConfigurationError("AIRWATCH_STORAGE", problem, fix="Use a storage folder for each")


def _too_early(seen_at: pd.Timestamp, latest: pd.Timestamp) -> ConfigurationError:
    problem = f"a pull seen at {seen_at} cannot follow one seen at {latest}"
    undo = f"`airwatch import --undo {latest.isoformat()}` removes a wrong import"
    fix = f"Repeat the pull. If the error persists, import older files first and check this machine's clock; {undo}"
    return ConfigurationError("raw_readings", problem, fix=fix, retry_helps=True)


def _stacked(upper: pd.DataFrame, lower: pd.DataFrame) -> pd.DataFrame:
    """Both frames, one above the other; an empty frame does not change the other's dtypes."""
    filled = [frame for frame in (upper, lower) if len(frame)] or [upper]
    return pd.concat(filled, ignore_index=True)


def _naive_utc(instant: pd.Timestamp) -> pd.Timestamp:
    return instant.tz_convert(None) if instant.tzinfo is not None else instant


def with_primary_changes(fresh: pd.DataFrame, *, stored: pd.DataFrame, seen_at: pd.Timestamp) -> pd.DataFrame:
    """``fresh`` in the columns of monitors: ``primary_changed_at`` is ``seen_at`` (UTC) where ``is_primary`` changed.

    An unchanged monitor keeps the stored moment; a new monitor has null.
    """
    spec = TABLES["monitors"]
    key = list(spec.key)
    before = stored.set_index(key)[["is_primary", "primary_changed_at"]]
    known = before.reindex(pd.MultiIndex.from_frame(fresh[key]))
    changed = known["is_primary"].notna().to_numpy() & (
        known["is_primary"].to_numpy() != fresh["is_primary"].to_numpy()
    )
    moment = pd.Series(known["primary_changed_at"].to_numpy(dtype="datetime64[ns]"), index=fresh.index)
    return fresh.assign(primary_changed_at=moment.mask(changed, seen_at))[spec.column_names]
