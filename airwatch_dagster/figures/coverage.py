"""A picture of what was published, and of what changed about the monitors meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.area import cbsa_names, state_names
from airwatch_dagster.figures.style import png_of

SIZE_INCHES: Final = (9.0, 3.5)
DOTS_PER_INCH: Final = 100

STATUS_COLOURS: Final = {
    "observed": ("observed", "#0072B2"),
    "invalid": ("invalid", "#E69F00"),
    "missing": ("missing", "#D55E00"),
    "late": ("within the deadline", "#56B4E9"),
    "not_scheduled": ("no sampler due", "#E4E4E4"),
}
"""Label and colour of each status, from the axis upwards. Source: Okabe and Ito's palette for colour-blind eyes."""

MAX_MARKERS: Final = 8
"""Changes drawn one by one; more are counted."""

KINDS_BY_WEIGHT: Final = ("instrument", "restated_pair", "relocation", "primary", "closed", "opened")
"""Which changes are drawn when there are too many: those that move the readings first."""

CLOSEST_NUMBERS: Final = 0.02
"""Share of the time axis between the numbers of two markers."""


@dataclass(frozen=True)
class Marker:
    """A day on which monitors changed in one way."""

    day: pd.Timestamp
    text: str


def completeness_plot(coverage: pd.DataFrame, monitor_changes: pd.DataFrame) -> bytes:
    """PNG of the area's sites by status over days, with the monitor changes of these days as markers.

    Context sites are left out, of both tables. Without a site-day it is an empty picture that says so.
    """
    from matplotlib.figure import Figure

    rows = coverage[~coverage["is_context"]]
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    if rows.empty:
        axes.text(0.5, 0.5, "No site was running", ha="center", va="center")
        axes.set_axis_off()
        return png_of(figure)
    _draw_statuses(axes, rows)
    markers = _markers(monitor_changes, days=rows["date_local"])
    _draw_changes(axes, markers[:MAX_MARKERS], hidden=len(markers[MAX_MARKERS:]))
    figure.suptitle(f"PM2.5 sites: {_area(rows)}, {_period(rows['date_local'])}", fontsize=10)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.03), fontsize=8, frameon=False, reverse=True)
    return png_of(figure)


def _draw_statuses(axes: Any, rows: pd.DataFrame) -> None:
    """Each day as a step as wide as the day, statuses on top of each other."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    first, end = rows["date_local"].min(), rows["date_local"].max() + pd.Timedelta(days=1)
    counts = pd.crosstab(rows["date_local"], rows["status"]).reindex(columns=list(STATUS_COLOURS), fill_value=0)
    counts = counts.reindex(pd.date_range(first, end, inclusive="left"), fill_value=0)
    heights = [[*counts[status], counts[status].iloc[-1]] for status in STATUS_COLOURS]
    labels, colours = zip(*STATUS_COLOURS.values(), strict=True)
    axes.stackplot(pd.date_range(first, end), heights, labels=labels, colors=colours, step="post", linewidth=0)
    axes.set(xlim=(first, end), ylim=(0, max(counts.sum(axis=1)) * 1.02))
    axes.set_xlabel("Local day", fontsize=8)
    axes.set_ylabel("Sites", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator := AutoDateLocator(), show_offset=False))
    axes.xaxis.set_major_locator(locator)


def _draw_changes(axes: Any, markers: Sequence[Marker], *, hidden: int) -> None:
    """Numbered thin lines, numbers moved apart where they are close, and what they say beside the picture."""
    from matplotlib.dates import date2num

    left, right = axes.get_xlim()
    listed, nearest = [], left
    for number, marker in enumerate(sorted(markers, key=lambda one: one.day), start=1):
        at = date2num(marker.day)
        axes.axvline(at, color="black", linewidth=0.8, linestyle=(0, (4, 2)))
        nearest = max(nearest, at)
        axes.text(nearest, 1.01, str(number), transform=axes.get_xaxis_transform(), ha="center", fontsize=7)
        nearest += CLOSEST_NUMBERS * (right - left)
        listed.append(f"{number}  {marker.day:%d %b} {marker.text}")
    if hidden:
        listed.append(f"+ {hidden} more")
    axes.text(1.02, 0.57, "\n".join(listed), transform=axes.transAxes, va="top", fontsize=7, linespacing=1.5)


def _markers(monitor_changes: pd.DataFrame, *, days: pd.Series) -> list[Marker]:
    """The changes within the days, one per day and kind, those that matter most first."""
    shown = monitor_changes[~monitor_changes["is_context"] & monitor_changes["changed_on"].between(*_ends(days))]
    by_weight = {kind: shown[shown["kind"] == kind].groupby("changed_on") for kind in KINDS_BY_WEIGHT}
    return [
        Marker(pd.Timestamp(str(day)), _label(kind, rows)) for kind, groups in by_weight.items() for day, rows in groups
    ]


def _label(kind: str, rows: pd.DataFrame) -> str:
    words = kind.replace("_", " ")
    return f"{words} {rows['site_id'].iloc[0]}" if len(rows) == 1 else f"{words} ×{len(rows)}"


def _area(rows: pd.DataFrame) -> str:
    """The statistical area's name where all urban sites are of one; otherwise the states, or how many."""
    cbsas, states = rows["cbsa_code"].dropna().unique(), sorted(rows["state_code"].unique())
    if len(cbsas) == 1 and rows["cbsa_code"].notna().all():
        return cbsa_names().get(cbsas[0], f"area {cbsas[0]}")
    names = [state_names().get(code, code) for code in states]
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} states"


def _period(days: pd.Series) -> str:
    first, last = _ends(days)
    is_one_month = f"{first:%Y-%m}" == f"{last:%Y-%m}"
    return f"{first:%B %Y}" if is_one_month else f"{first:%B %Y} to {last:%B %Y}"


def _ends(days: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    return days.min(), days.max()
