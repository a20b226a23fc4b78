"""A plot of network coverage: sites by status over days, and the monitor changes on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from airwatch_dagster.acquire.aqs_codes import cbsa_names, state_names
from airwatch_dagster.figures.style import (
    BLUE,
    GRID_GREY,
    LABEL_POINTS,
    NOTE_POINTS,
    ORANGE,
    SKY_BLUE,
    VERMILION,
    finish_axes,
    new_figure,
    png_of,
    set_margins,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_INCHES: Final = 9.0
HEIGHT_INCHES: Final = 3.5

STATUS_COLOURS: Final = {
    "observed": ("observed", BLUE),
    "invalid": ("invalid", ORANGE),
    "missing": ("missing", VERMILION),
    "late": ("within the deadline", SKY_BLUE),
    "not_scheduled": ("no sample due", GRID_GREY),
}
"""Label and colour of each status, from the axis upwards."""

MAX_MARKERS: Final = 8
"""Changes drawn one by one; the others are counted."""

KINDS_BY_WEIGHT: Final = ("instrument", "restated_pair", "relocation", "primary", "closed", "opened")
"""Kinds of change, those that shift the readings most first; the first are drawn when there are too many."""

MIN_NUMBER_GAP: Final = 0.02
"""Smallest distance between the numbers of two markers, as a share of the time axis."""


@dataclass(frozen=True)
class Marker:
    """A day on which monitors changed in one way."""

    day: pd.Timestamp
    text: str


def completeness_plot(coverage: pd.DataFrame, monitor_changes: pd.DataFrame) -> bytes:
    """PNG: the area's sites by status over days, with the monitor changes on these days as numbered markers.

    Context sites of both tables are left out. Without a site-day the plot is empty and says so.
    """
    rows = coverage[~coverage["is_context"]]
    figure = new_figure(_title(rows), width_inches=WIDTH_INCHES, height_inches=HEIGHT_INCHES)
    set_margins(figure, left=0.055, right=0.765, top_inches=0.45)
    axes = figure.add_subplot()
    if rows.empty:
        axes.text(0.5, 0.5, "No site was running", ha="center", va="center")
        axes.set_axis_off()
        return png_of(figure)
    _draw_statuses(axes, rows)
    markers = _markers(monitor_changes, days=rows["date_local"])
    _draw_changes(axes, markers[:MAX_MARKERS], hidden=len(markers[MAX_MARKERS:]))
    place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.03)}
    axes.legend(fontsize=LABEL_POINTS, frameon=False, reverse=True, **place)
    return png_of(figure)


def _draw_statuses(axes: "Axes", rows: pd.DataFrame) -> None:
    """Statuses stacked, each day as a step as wide as the day."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    first, end = rows["date_local"].min(), rows["date_local"].max() + pd.Timedelta(days=1)
    counts = pd.crosstab(rows["date_local"], rows["status"]).reindex(columns=list(STATUS_COLOURS), fill_value=0)
    counts = counts.reindex(pd.date_range(first, end, inclusive="left"), fill_value=0)
    heights = [[*counts[status], counts[status].iloc[-1]] for status in STATUS_COLOURS]
    labels, colours = zip(*STATUS_COLOURS.values(), strict=True)
    axes.stackplot(pd.date_range(first, end), heights, labels=labels, colors=colours, step="post", linewidth=0)
    axes.set(xlim=(first, end), ylim=(0, max(counts.sum(axis=1)) * 1.02))
    finish_axes(axes, x="Local day", y="Sites")
    axes.locator_params(axis="y", integer=True)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator := AutoDateLocator(), show_offset=False))
    axes.xaxis.set_major_locator(locator)


def _draw_changes(axes: "Axes", markers: Sequence[Marker], *, hidden: int) -> None:
    """Numbered lines, their numbers moved apart where they are close, and a list of the changes beside the plot."""
    from matplotlib.dates import date2num

    left, right = axes.get_xlim()
    listed, nearest = [], left
    for number, marker in enumerate(sorted(markers, key=lambda one: one.day), start=1):
        at = date2num(marker.day)
        axes.axvline(at, color="black", linewidth=0.8, linestyle=(0, (4, 2)))
        nearest = max(nearest, at)
        axes.text(nearest, 1.01, str(number), transform=axes.get_xaxis_transform(), ha="center", fontsize=NOTE_POINTS)
        nearest += MIN_NUMBER_GAP * (right - left)
        listed.append(f"{number}  {marker.day:%d %b} {marker.text}")
    if hidden:
        listed.append(f"+ {hidden} more")
    place: dict[str, Any] = {"transform": axes.transAxes, "va": "top"}
    axes.text(1.02, 0.57, "\n".join(listed), fontsize=NOTE_POINTS, linespacing=1.5, **place)


def _markers(monitor_changes: pd.DataFrame, *, days: pd.Series) -> list[Marker]:
    """One marker per day and kind of change within the days, in the order of ``KINDS_BY_WEIGHT``."""
    is_shown = ~monitor_changes["is_context"] & monitor_changes["changed_on"].between(days.min(), days.max())
    shown = monitor_changes[is_shown]
    markers = []
    for kind in KINDS_BY_WEIGHT:
        for day, rows in shown[shown["kind"] == kind].groupby("changed_on"):
            what = rows["site_id"].iloc[0] if len(rows) == 1 else f"×{len(rows)}"
            markers.append(Marker(pd.Timestamp(str(day)), f"{kind.replace('_', ' ')} {what}"))
    return markers


def _title(rows: pd.DataFrame) -> str:
    """Area and months of the site-days: the statistical area when it holds all sites; otherwise the states, or their
    number above three."""
    if rows.empty:
        return "PM2.5 sites"
    months = dict.fromkeys(f"{day:%B %Y}" for day in (rows["date_local"].min(), rows["date_local"].max()))
    cbsas, states = rows["cbsa_code"].dropna().unique(), sorted(rows["state_code"].unique())
    if len(cbsas) == 1 and rows["cbsa_code"].notna().all():
        area = cbsa_names().get(cbsas[0], f"area {cbsas[0]}")
    else:
        names = [state_names().get(code, code) for code in states]
        area = ", ".join(names) if len(names) <= 3 else f"{len(names)} states"
    return f"PM2.5 sites: {area}, {' to '.join(months)}"
