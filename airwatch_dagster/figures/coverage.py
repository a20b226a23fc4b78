"""A plot of network coverage: each site's status on each day, and the monitor changes on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from airwatch_dagster.acquire.aqs_codes import cbsa_names, state_names
from airwatch_dagster.figures.forecast_table import MAX_ROWS
from airwatch_dagster.figures.markdown import TextTable, escaped, label
from airwatch_dagster.figures.style import (
    BLUE,
    GRID_GREY,
    LABEL_POINTS,
    NOTE_POINTS,
    ORANGE,
    SKY_BLUE,
    VERMILION,
    WIDTH_INCHES,
    finish_axes,
    new_figure,
    set_margins,
    svg_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_INCHES: Final = 0.2
MARGIN_INCHES: Final = 1.0
"""Room above and below the rows."""

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

MIN_NUMBER_GAP: Final = 0.02
"""Smallest distance between the numbers of two markers, as a share of the time axis."""


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
    sites = list(_gaps(rows).index)
    drawn = sites[:MAX_SITES]
    height = MARGIN_INCHES + ROW_INCHES * max(MIN_ROWS, len(drawn) + 1)
    figure = new_figure(plot_title(rows), width_inches=WIDTH_INCHES, height_inches=height)
    set_margins(figure, left=0.27, right=0.7, top_inches=0.6)
    axes = figure.add_subplot()
    if rows.empty:
        axes.text(0.5, 0.5, "No site was running", ha="center", va="center")
        axes.set_axis_off()
        return svg_of(figure)
    _draw_statuses(axes, rows[rows["site_id"].isin(drawn)], [label(names.get(site, site)) for site in drawn], drawn)
    if hidden := len(sites) - len(drawn):
        axes.set_title(f"and {hidden:,} sites with fewer gaps", fontsize=NOTE_POINTS, loc="right", pad=14)
    markers = _markers(monitor_changes, days=rows["date_local"], names=names)
    _draw_changes(axes, markers[:MAX_MARKERS], hidden=len(markers[MAX_MARKERS:]))
    return svg_of(figure)


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
    counts = pd.crosstab(coverage["site_id"], coverage["status"]).reindex(columns=list(STATUS_COLOURS), fill_value=0)
    return counts.sort_values(list(GAPS), ascending=False, kind="stable")


def _words(status: str) -> str:
    return status.replace("_", " ")


def _draw_statuses(axes: "Axes", rows: pd.DataFrame, labels: Sequence[str], sites: Sequence[str]) -> None:
    """A row of days per site; adjacent days of one status are one bar."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
    from matplotlib.patches import Patch

    place = {site: number for number, site in enumerate(sites)}
    ordered = rows.sort_values(["site_id", "date_local"])
    is_new = ordered["status"].ne(ordered["status"].shift()) | ordered["site_id"].ne(ordered["site_id"].shift())
    is_new |= ordered["date_local"].diff() != pd.Timedelta(days=1)
    spells = ordered.groupby(is_new.cumsum()).agg(
        site=("site_id", "first"), status=("status", "first"), first=("date_local", "min"), days=("date_local", "size")
    )
    for status, colour in STATUS_COLOURS.items():
        own = spells[spells["status"] == status]
        widths, lefts = own["days"].tolist(), [date2num(day) for day in own["first"]]
        axes.barh(own["site"].map(place), widths, left=lefts, height=0.8, color=colour)
    first, end = rows["date_local"].min(), rows["date_local"].max() + pd.Timedelta(days=1)
    axes.set(xlim=(date2num(first), date2num(end)), ylim=(max(len(sites), MIN_ROWS - 1) - 0.5, -0.5))
    finish_axes(axes, x="Local day", y="", hidden=("top", "right", "left"))
    axes.set_yticks(range(len(sites)), labels)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(locator := AutoDateLocator())
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    handles = [Patch(color=colour, label=_words(status)) for status, colour in STATUS_COLOURS.items()]
    axes.legend(handles=handles, fontsize=LABEL_POINTS, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.05))


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
