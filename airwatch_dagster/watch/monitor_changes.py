"""Changes of monitors and sites that may alter readings without a change of the air."""

from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.clean.site_days import ORIGINAL_METHODS, RESTATED_METHODS, RESTATED_POC_OFFSET
from airwatch_dagster.parameters import PM25_PARAMETER
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import SITE_POC
from airwatch_dagster.watch.instrument_names import instrument_name
from airwatch_dagster.watch.monitor_spells import MONITOR, same_as_before
from airwatch_dagster.watch.site_changes import openings_and_closings, relocations

SETTLED_AFTER_DAYS: Final = 7
"""Days that a method must last to count. Codes that alternate within a week are one change, dated by the start of the
last one; a 1-in-6 filter has settled with its second sample."""


def monitor_changes(
    spells: pd.DataFrame, *, monitors: pd.DataFrame, stored: pd.DataFrame, today: pd.Timestamp
) -> pd.DataFrame:
    """Every change in the history of ``spells``, in the columns of ``monitor_changes``, sorted by its key.

    ``spells`` are those of ``monitor_spells``. ``monitors`` has only the latest change of each primary designation, so
    earlier ones are taken over from ``stored``; all other changes are derived from ``spells``. AirNow's rows do not
    name a monitor and only count for openings and closings. Relocations, openings and closings belong to a site and
    have POC 0. A site is context when all its listed monitors are.
    """
    spec, key = TABLES["monitor_changes"], list(TABLES["monitor_changes"].key)
    of_monitors = spells[spells["poc"] != SITE_POC]
    found = [
        _instruments(of_monitors),
        _restated_pairs(of_monitors),
        relocations(of_monitors),
        _primary(monitors),
        stored[stored["kind"] == "primary"],
        *openings_and_closings(spells, today=today),
    ]
    changes = pd.concat([rows for rows in found if len(rows)] or [spec.empty()]).drop_duplicates(key)
    is_context = changes["site_id"].map(monitors.groupby("site_id")["is_context"].all()).eq(True)
    return changes.assign(is_context=is_context).sort_values(key, ignore_index=True)[spec.column_names]


def _instruments(spells: pd.DataFrame) -> pd.DataFrame:
    """Changes from one settled method to the next; days of unknown method are ignored."""
    method_spells = _method_spells(spells[spells["method_code"].notna()])
    next_first = method_spells["first_day"].shift(-1).where(same_as_before(method_spells[::-1], MONITOR)[::-1])
    ends = next_first.fillna(method_spells["last_day"] + pd.Timedelta(days=1))
    settled = _method_spells(method_spells[ends - method_spells["first_day"] >= pd.Timedelta(days=SETTLED_AFTER_DAYS)])
    before = settled["method_code"].shift()
    changed = settled.assign(before=before)[same_as_before(settled, MONITOR)]
    rows = changed.assign(
        changed_on=changed["first_day"],
        kind="instrument",
        before=_instrument_names(changed["before"], changed["parameter_code"]),
        after=_instrument_names(changed["method_code"], changed["parameter_code"]),
    )
    text = "The monitor ({monitor}) went from {before} to {after}: readings before and after differ by instrument too."
    return _described(rows, text)


def _method_spells(spells: pd.DataFrame) -> pd.DataFrame:
    """Consecutive spells of one monitor and method joined, across positions and pauses."""
    rows = spells.reset_index(drop=True)
    spell = (~same_as_before(rows, [*MONITOR, "method_code"])).cumsum()
    method_spells = rows.groupby(spell)
    return method_spells.first().assign(last_day=method_spells["last_day"].max()).reset_index(drop=True)


def _restated_pairs(spells: pd.DataFrame) -> pd.DataFrame:
    """The first day with both an original and a corrected spell of one instrument, under the POC of the original."""
    corrected = spells[spells["method_code"].isin(RESTATED_METHODS) & (spells["poc"] > RESTATED_POC_OFFSET)]
    pairs = spells[spells["method_code"].isin(ORIGINAL_METHODS)].merge(
        corrected.assign(poc=corrected["poc"] - RESTATED_POC_OFFSET), on=MONITOR, suffixes=("", "_corrected")
    )
    changed_on = pairs[["first_day", "first_day_corrected"]].max(axis=1)
    both_run = changed_on <= pairs[["last_day", "last_day_corrected"]].min(axis=1)
    first = pairs.assign(changed_on=changed_on)[both_run].sort_values("changed_on").drop_duplicates(MONITOR)
    rows = first.assign(
        kind="restated_pair",
        before=_instrument_names(first["method_code"], first["parameter_code"]),
        after=_instrument_names(first["method_code_corrected"], first["parameter_code"]),
        corrected_poc=first["poc"] + RESTATED_POC_OFFSET,
    )
    text = (
        "One instrument is published twice, {monitor} as measured and POC {corrected_poc} corrected: the latter wins."
    )
    return _described(rows, text)


def _primary(monitors: pd.DataFrame) -> pd.DataFrame:
    changed = monitors[monitors["primary_changed_at"].notna()]
    is_primary = changed["is_primary"].astype(bool).to_numpy()
    rows = changed.assign(
        changed_on=changed["primary_changed_at"].dt.normalize(),
        kind="primary",
        before=np.where(is_primary, "not primary", "primary"),
        after=np.where(is_primary, "primary", "not primary"),
    )
    return _described(rows, "The list of monitors now calls the monitor ({monitor}) {after} at its site, not {before}.")


def monitor_name(parameter_code: str, poc: int) -> str:
    """``POC 3`` of parameter 88101, ``88502 POC 3`` of another one: POC numbers repeat between parameters."""
    return f"POC {poc}" if parameter_code == PM25_PARAMETER else f"{parameter_code} POC {poc}"


def _instrument_names(methods: pd.Series, parameters: pd.Series) -> list[str]:
    return [instrument_name(str(method), str(code)) for method, code in zip(methods, parameters, strict=True)]


def _described(rows: pd.DataFrame, text: str) -> pd.DataFrame:
    """``rows`` in the columns of the table, with ``text`` filled in as their description."""
    records: list[dict[Any, Any]] = rows.to_dict("records")
    texts = [text.format(**row, monitor=monitor_name(row["parameter_code"], row["poc"])) for row in records]
    columns = [name for name in TABLES["monitor_changes"].column_names if name != "is_context"]
    return rows.assign(description=texts)[columns]
