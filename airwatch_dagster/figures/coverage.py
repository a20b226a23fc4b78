"""A plot of network coverage: each site's status on each day, and the monitor changes on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.aqs_codes import cbsa_names, state_names
from airwatch_dagster.figures.drawing.axes import LINE_HEIGHT, Axes, Box, Key, legend_column
from airwatch_dagster.figures.drawing.scales import Scale, day_number, day_ticks, name_ticks
from airwatch_dagster.figures.drawing.shapes import Canvas, Mark, fitted, text, text_width
from airwatch_dagster.figures.drawing.style import (
    BLUE,
    BOTTOM,
    EDGE,
    GRID_GREY,
    LABEL_SIZE,
    NOTE_SIZE,
    ORANGE,
    SKY_BLUE,
    TOP,
    VERMILION,
    WIDTH,
)
from airwatch_dagster.figures.forecast_table import MAX_ROWS
from airwatch_dagster.figures.markdown import TextTable, escaped, label

ROW: Final = 14.4
"""Height of a site."""

LEFT, RIGHT = 0.27 * WIDTH, 0.66 * WIDTH
"""The sides of the axes: site names to the left, the legend and the list of changes to the right."""

MIN_ROWS: Final = 12
"""Rows of the lowest plot: the list of changes beside it needs as much room."""

MAX_SITES: Final = 40
"""Sites drawn, those with most gaps; the others are counted."""

STATUS_COLOURS: Final = {
    "observed": BLUE,
    "invalid": ORANGE,
    "missing": VERMILION,
    "late": SKY_BLUE,
    "not_scheduled": GRID_GREY,
}
"""Colour of each status; its word is that of the table."""

GAPS: Final = ("missing", "invalid", "late")
"""Statuses of a day that was due and has no valid reading, the worst first."""

MAX_MARKERS: Final = 8
"""Changes drawn one by one; the others are counted."""

KINDS_BY_WEIGHT: Final = ("instrument", "restated_pair", "relocation", "primary", "closed", "opened")
"""Kinds of change, those that shift the readings most first; the first are drawn when there are too many."""

MIN_NUMBER_GAP: Final = 6.0
"""Smallest distance between the numbers of two markers."""


@dataclass(frozen=True)
class Marker:
    """A day on which monitors changed in one way."""

    day: pd.Timestamp
    text: str


def completeness_plot(coverage: pd.DataFrame, monitor_changes: pd.DataFrame, *, names: Mapping[str, str]) -> bytes:
    """SVG: a row per site of the area with its status on each day, most gaps first, and the days' monitor changes.

    ``names`` are names of sites for people. Context sites of both tables are left out. Without a site-day the plot is
    empty and says so.
    """
    rows = coverage[~coverage["is_context"]]
    counts = _gaps(rows)
    drawn = [str(site) for site in counts.index[:MAX_SITES]]
    height = TOP + BOTTOM + ROW * max(MIN_ROWS, len(drawn))
    canvas = Canvas(plot_title(rows), _description(counts), width=WIDTH, height=height)
    if rows.empty:
        text(canvas.root, (WIDTH / 2, height / 2), "No site was running", "nothing", anchor="middle")
        return canvas.svg()
    axes = _axes(canvas, rows, [label(names.get(site, site)) for site in drawn])
    _draw_statuses(axes, rows[rows["site_id"].isin(drawn)], drawn)
    if hidden := len(counts) - len(drawn):
        place = RIGHT, TOP - 15
        text(axes.group, place, f"and {hidden:,} sites with fewer gaps", "more", size=NOTE_SIZE, anchor="end")
    markers = _markers(monitor_changes, days=rows["date_local"], names=names)
    _draw_changes(axes, markers[:MAX_MARKERS], hidden=len(markers[MAX_MARKERS:]))
    return canvas.svg()


def gap_table(coverage: pd.DataFrame, names: Mapping[str, str]) -> TextTable:
    """A line for each of the sites with most gaps, with its days of each status; no line for a site without gaps."""
    counts = _gaps(coverage)
    with_gaps = counts[counts[list(GAPS)].sum(axis="columns") > 0]
    rows = [
        (escaped(label(names.get(str(site), str(site)))), *(str(own[status]) for status in STATUS_COLOURS))
        for site, own in with_gaps.head(MAX_ROWS).iterrows()
    ]
    if (more := len(with_gaps) - MAX_ROWS) > 0:
        rows.append((f"and {more:,} sites with fewer gaps", *[""] * len(STATUS_COLOURS)))
    return TextTable(("Site", *map(_words, STATUS_COLOURS)), tuple(rows or [("no site", *["0"] * len(STATUS_COLOURS))]))


def _gaps(coverage: pd.DataFrame) -> pd.DataFrame:
    """Days of each status by site, most gaps first."""
    counts = coverage.groupby(["site_id", "status"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(STATUS_COLOURS), fill_value=0)
    return counts.sort_values(list(GAPS), ascending=False, kind="stable")


def _words(status: str) -> str:
    return status.replace("_", " ")


def _axes(canvas: Canvas, rows: pd.DataFrame, sites: Sequence[str]) -> Axes:
    """A row per site, the days from left to right, and the legend of statuses."""
    first, last = rows["date_local"].min(), rows["date_local"].max()
    axes = Axes(
        canvas,
        Box(LEFT, RIGHT, TOP, canvas.height - BOTTOM),
        x=Scale(day_number(first), day_number(last) + 1, day_ticks(first, last)),
        y=Scale(max(MIN_ROWS, len(sites)) - 0.5, -0.5, name_ticks(sites)),
    )
    axes.x_axis("Local day")
    axes.y_axis(has_line=False, has_marks=False)
    keys = [Key(_words(status), Mark("square", colour, size=7)) for status, colour in STATUS_COLOURS.items()]
    legend_column(canvas.root, keys, (RIGHT + 6, TOP + ROW / 2), size=LABEL_SIZE)
    return axes


def _draw_statuses(axes: Axes, rows: pd.DataFrame, sites: Sequence[str]) -> None:
    """A row of days per site; adjacent days of one status are one bar."""
    place = {site: number for number, site in enumerate(sites)}
    rows = rows.sort_values(["site_id", "date_local"])
    site, status = rows["site_id"].to_numpy(object), rows["status"].to_numpy(object)
    days = (rows["date_local"] - pd.Timestamp(0)).dt.days.to_numpy() + day_number(pd.Timestamp(0))
    is_new = (site[1:] != site[:-1]) | (status[1:] != status[:-1]) | (np.diff(days) != 1)
    begins = np.flatnonzero(np.r_[True, is_new])
    ends = np.r_[begins[1:], len(rows)] - 1
    for begin, end in zip(begins, ends, strict=True):
        row, colour = place[site[begin]], STATUS_COLOURS[status[begin]]
        axes.bar((days[begin], row - 0.4), (days[end] + 1, row + 0.4), "status", colour=colour)


def _draw_changes(axes: Axes, markers: Sequence[Marker], *, hidden: int) -> None:
    """Numbered lines, their numbers moved apart where they are close, and a list of the changes beside the plot."""
    listed, nearest = [], axes.box.left
    for number, marker in enumerate(sorted(markers, key=lambda one: one.day), start=1):
        at = day_number(marker.day)
        axes.line([(at, axes.y.low), (at, axes.y.high)], "change", dashes="4 2")
        nearest = max(nearest, axes.at(at, 0.0)[0])
        text(axes.group, (nearest, TOP - 5), str(number), "number", size=NOTE_SIZE, anchor="middle")
        nearest += max(MIN_NUMBER_GAP, text_width(str(number), NOTE_SIZE))
        listed.append(f"{number}: {marker.day:%d %b} {marker.text}")
    if hidden:
        listed.append(f"+ {hidden} more")
    begin = TOP + ROW / 2 + LINE_HEIGHT * LABEL_SIZE * (len(STATUS_COLOURS) + 0.5)
    for place, line in enumerate(listed):
        words = fitted(line, WIDTH - EDGE - RIGHT - 3, NOTE_SIZE)
        text(axes.group, (RIGHT + 6, begin + place * LINE_HEIGHT * NOTE_SIZE), words, "changes", size=NOTE_SIZE)


def _description(counts: pd.DataFrame) -> str:
    days = ", ".join(f"{_words(status)} {int(counts[status].sum()):,}" for status in STATUS_COLOURS)
    return f"The status of each site on each day, sites with most gaps first. Site-days: {days}."


def _markers(monitor_changes: pd.DataFrame, *, days: pd.Series, names: Mapping[str, str]) -> list[Marker]:
    """One marker per day and kind of change within the days, in the order of ``KINDS_BY_WEIGHT``."""
    is_shown = ~monitor_changes["is_context"] & monitor_changes["changed_on"].between(days.min(), days.max())
    shown = monitor_changes[is_shown]
    markers = []
    for kind in KINDS_BY_WEIGHT:
        for day, rows in shown[shown["kind"] == kind].groupby("changed_on"):
            what = label(names.get(site := str(rows["site_id"].iloc[0]), site)) if len(rows) == 1 else f"×{len(rows)}"
            markers.append(Marker(pd.Timestamp(str(day)), f"{kind.replace('_', ' ')} {what}"))
    return markers


def plot_title(rows: pd.DataFrame) -> str:
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
