"""Times of versions that a clock in the future has stamped, and the times that replace them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

ORDER_STEP: Final = pd.Timedelta(microseconds=1)
"""Time between two stamps that are only known to have been in this order; the finest that is stored."""


@dataclass(frozen=True)
class FutureStamp:
    """A time in the future at which versions begin or end."""

    instant: pd.Timestamp
    """Naive UTC, as are the others."""
    days: tuple[str, ...]
    """Days with such versions, in order."""
    begun: int
    ended: int
    """Versions that begin, and that end, then."""
    after: pd.Timestamp | None
    """The latest time on these days that is not in the future; None without one."""
    written_at: pd.Timestamp | None
    """When the first of the files was written whose newest versions are these; None when unknown."""


def future_stamps(
    versions: pd.DataFrame, *, columns: Sequence[str], now: pd.Timestamp, written: Mapping[str, pd.Timestamp]
) -> list[FutureStamp]:
    """The times after ``now`` in the ``columns`` of ``versions`` (and date_local), in order.

    ``written`` has the time of writing of each day's file.
    """
    day = versions["date_local"].dt.strftime("%Y-%m-%d")
    moments = pd.concat([pd.DataFrame({"day": day, "at": versions[name], "of": name}) for name in columns]).dropna()
    is_future = moments["at"] > now
    known, newest = moments[~is_future].groupby("day")["at"].max(), moments.groupby("day")["at"].max()
    found = []
    for instant in sorted(moments.loc[is_future, "at"].unique()):
        own = moments[moments["at"] == instant]
        days = sorted(own["day"].unique())
        files = [written[one] for one in days if one in written and newest[one] == instant and written[one] <= now]
        counts = own["of"].value_counts()
        found.append(
            FutureStamp(
                pd.Timestamp(instant),
                tuple(days),
                begun=int(counts.get(columns[0], 0)),
                ended=int(counts.get(columns[1], 0)),
                after=known.reindex(days).max() if known.reindex(days).notna().any() else None,
                written_at=min(files, default=None),
            )
        )
    return found


def new_stamps(found: Sequence[FutureStamp], *, now: pd.Timestamp) -> dict[pd.Timestamp, pd.Timestamp]:
    """Each time in the future → the one that replaces it: in the same order, and not after ``now``.

    It is the time at which the versions' files were written, where a clock that was right wrote it down, else ``now``;
    always after what the days had before.
    """
    stamps: dict[pd.Timestamp, pd.Timestamp] = {}
    before: pd.Timestamp | None = None
    for position, one in enumerate(found, start=1 - len(found)):
        at = min(one.written_at or now, now) + position * ORDER_STEP
        earliest = [floor + ORDER_STEP for floor in (one.after, before) if floor is not None]
        before = stamps[one.instant] = max([at, *earliest])
    return stamps


def restamped(
    frame: pd.DataFrame, stamps: Mapping[pd.Timestamp, pd.Timestamp], *, columns: Sequence[str]
) -> pd.DataFrame:
    """``frame`` with the ``stamps`` in the place of the times that they replace; everything else as it was."""
    replaced = {name: frame[name].map(stamps).astype("datetime64[ns]").fillna(frame[name]) for name in columns}
    return frame.assign(**replaced)
