"""Warnings about the revisions of a day: large ones, many at once, and those of training days."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.deadlines import due_on
from airwatch_dagster.acquire.parsing.vocabulary import listed_for_site_days
from airwatch_dagster.acquire.pulls import PROVISIONAL_SOURCE
from airwatch_dagster.parameters import PARAMETERS
from airwatch_dagster.watch.revisions import MIN_CHANGE_UGM3

LARGE_REVISION_UGM3: Final = 5.0
"""Size (µg/m³) of a large revision: about the root mean square error of a good forecast one day ahead, smoke included.
Source: measured nationwide, 2021."""

MANY_SITES_SHARE: Final = 0.25
"""Share of all known sites that makes many. Single monitors are corrected all the time; a quarter at once points to the
publisher: a restated method, a state moved to another parameter, a bad pull."""

MANY_SITES_MIN: Final = 5
"""Smallest number of sites that makes many, for areas in which a quarter is one or two."""

_MONITOR: Final = ["site_id", "parameter_code", "poc"]

SETTLING_DAYS: Final = 7
"""Days within which late and changed readings of AirNow are routine: they are first published after hours, and the last
week is re-ingested for that reason."""


def revision_warnings(
    revisions: pd.DataFrame,
    *,
    monitors: pd.DataFrame,
    training_windows: pd.DataFrame,
    parameters: Sequence[str] = PARAMETERS,
) -> dict[str, str | None]:
    """A warning for each of large_revision, many_sites and training_window; None where nothing is notable.

    ``revisions`` are those detected on one day, in the columns of that table; ``monitors`` is the list, whose filters
    of 88502 do not count, because they give no site-day its value; nor do other ``parameters``, but for moves.
    ``training_windows`` has model_family, model_version, first_target_date and last_target_date of the models in
    use, with null dates for models without training.
    """
    gives_values = listed_for_site_days(monitors)
    known_sites = monitors.loc[gives_values, "site_id"].nunique()
    filters = pd.MultiIndex.from_frame(monitors.loc[~gives_values, _MONITOR])
    is_silent = pd.MultiIndex.from_frame(revisions[_MONITOR]).isin(filters)
    is_silent |= ~revisions["parameter_code"].isin(parameters).to_numpy()
    revisions = revisions[~is_silent | (revisions["kind"] == "moved_parameter").to_numpy()]
    return {
        "large_revision": _large_revision(revisions),
        "many_sites": _many_sites(revisions, known_sites),
        "training_window": _training_window(revisions, training_windows),
    }


def _large_revision(revisions: pd.DataFrame) -> str | None:
    """The largest change of a value of any kind; deleted and new readings have no size."""
    large = revisions[revisions["size_ugm3"] >= LARGE_REVISION_UGM3]
    if large.empty:
        return None
    top = large.loc[large["size_ugm3"].idxmax()]
    values = f"from {top['old_pm25_ugm3']:g} to {top['new_pm25_ugm3']:g} µg/m³"
    where = f"site {top['site_id']} on {top['date_local']:%Y-%m-%d}"
    moved = f"{_counted(len(large), 'revision')} moved a 24-hour mean by {LARGE_REVISION_UGM3:g} µg/m³ or more"
    return f"{moved}; the largest {values} at {where} ({top['kind']})"


def _many_sites(revisions: pd.DataFrame, known_sites: int) -> str | None:
    """The number of sites with revisions that are not routine, if large.

    Routine are AQS's values in place of AirNow's, AirNow's own last days, and AQS's first publication within its
    deadline, because the analysis of filters takes months.
    """
    only_airnow = pd.Series(True, index=revisions.index)
    for source in ("old_source", "new_source"):
        only_airnow &= revisions[source].fillna(PROVISIONAL_SOURCE) == PROVISIONAL_SOURCE
    age = revisions["noticed_on"] - revisions["date_local"]
    is_settling = only_airnow & (age <= pd.Timedelta(days=SETTLING_DAYS))
    is_first = (revisions["kind"] == "appeared_late") & (revisions["new_source"] != PROVISIONAL_SOURCE)
    is_in_time = is_first & (revisions["noticed_on"] <= due_on(revisions["date_local"]))
    is_routine = is_settling | is_in_time | (revisions["kind"] == "provisional_to_final")
    sites = revisions.loc[~is_routine, "site_id"].nunique()
    if sites < max(MANY_SITES_MIN, MANY_SITES_SHARE * known_sites):
        return None
    return f"revisions touch {sites} of {known_sites} sites, besides what AQS confirmed or published in time"


def _training_window(revisions: pd.DataFrame, windows: pd.DataFrame) -> str | None:
    """The models whose training days have another truth since, but not those of which a value was confirmed."""
    is_confirmed = (revisions["kind"] == "provisional_to_final") & ~(revisions["size_ugm3"] > MIN_CHANGE_UGM3)
    days = revisions.loc[~is_confirmed, ["site_id", "date_local"]].drop_duplicates()
    touched = []
    for window in windows.to_dict("records"):
        inside = int(days["date_local"].between(window["first_target_date"], window["last_target_date"]).sum())
        if inside:
            version = "" if pd.isna(window["model_version"]) else f" version {window['model_version']}"
            touched.append(f"{window['model_family']}{version} ({_counted(inside, 'site-day')})")
    return f"revised within the training window of {', '.join(touched)}" if touched else None


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
