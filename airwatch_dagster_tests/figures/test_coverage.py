"""The plot of network coverage."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.figures.coverage import MAX_MARKERS, MAX_SITES, completeness_plot, gap_table
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import COVERAGE_STATUSES
from airwatch_dagster_tests.figures.read_plot import Plot

COVERED: dict[str, Any] = {
    "site_id": "170319001",
    "date_local": pd.Timestamp("2021-07-01"),
    "status": "observed",
    "schedule": "daily",
    "expected_by": pd.Timestamp("2021-12-29"),
    "is_provisional": False,
    "is_context": False,
    "cbsa_code": "16980",
    "state_code": "17",
}
CHANGED: dict[str, Any] = {
    "site_id": "170319001",
    "parameter_code": "88101",
    "poc": 3,
    "changed_on": pd.Timestamp("2021-07-04"),
    "kind": "instrument",
    "before": "170",
    "after": "236",
    "description": "It changed.",
    "is_context": False,
}


def july(**changes: Any) -> pd.DataFrame:
    days = pd.date_range("2021-07-01", "2021-07-31")
    frame = pd.DataFrame([COVERED | {"date_local": day} | changes for day in days])
    validated: pd.DataFrame = TABLES["coverage"].schema.validate(frame)
    return validated


def changes(*rows: dict[str, Any]) -> pd.DataFrame:
    validated: pd.DataFrame = TABLES["monitor_changes"].schema.validate(pd.DataFrame([CHANGED | row for row in rows]))
    return validated


NO_CHANGES = TABLES["monitor_changes"].empty()
NAMES = {"170319001": "Lakefront", "170319002": "A Very Long Name of a Site in the City"}


def drawn(coverage: pd.DataFrame, monitor_changes: pd.DataFrame = NO_CHANGES) -> Plot:
    return Plot(completeness_plot(coverage, monitor_changes, names=NAMES))


def test_it_shows_area_period_and_statuses_in_the_words_of_the_table() -> None:
    shown = drawn(july())
    assert shown.words("title") == ["PM2.5 sites: Chicago-Naperville-Elgin, IL-IN-WI, July 2021"]
    assert set(shown.keys()) == {status.replace("_", " ") for status in COVERAGE_STATUSES}


def test_who_does_not_see_it_is_told_the_days_of_each_status() -> None:
    root = drawn(july().assign(status=["missing", *["observed"] * 30])).root
    assert root.get("role") == "img"
    assert root[1].text == (
        "The status of each site on each day, sites with most gaps first. Site-days: observed 30, invalid 0, missing "
        "1, late 0, not scheduled 0."
    )


def test_each_site_is_a_row_with_its_name_most_gaps_first() -> None:
    with_a_gap = july(site_id="170319002").assign(status=["missing", *["observed"] * 30])
    [axes] = drawn(pd.concat([july(), with_a_gap, july(site_id="170310003")], ignore_index=True)).axes
    assert axes.labels("y") == ["A Very Long Name of a S…", "170310003", "Lakefront"]


def test_only_the_sites_with_most_gaps_are_drawn() -> None:
    many = [july(site_id=f"1703100{number:02d}") for number in range(MAX_SITES + 5)]
    [axes] = drawn(pd.concat(many, ignore_index=True)).axes
    assert axes.words("more") == ["and 5 sites with fewer gaps"]
    assert len(axes.labels("y")) == MAX_SITES


def test_adjacent_days_of_one_status_are_one_bar() -> None:
    [axes] = drawn(july().assign(status=["observed"] * 10 + ["missing"] * 2 + ["observed"] * 19)).axes
    bars = [(float(bar.attrib["x"]), float(bar.attrib["width"])) for bar in axes.found("status")]
    fifth, ninth = (float(tick.attrib["x"]) for tick in axes.ticks("x")[1:3])
    day = (ninth - fifth) / 4
    assert [width / day for _, width in bars] == pytest.approx([10.0, 2.0, 19.0], abs=0.05)
    assert [(begin - fifth) / day + 5 for begin, _ in bars] == pytest.approx([1.0, 11.0, 13.0], abs=0.05)


def test_the_days_of_a_month_and_the_months_of_years_have_ticks() -> None:
    [axes] = drawn(july()).axes
    assert axes.labels("x") == ["Jul", "05", "09", "13", "17", "21", "25", "29"]
    years = pd.concat([july(), july().assign(date_local=july()["date_local"] - pd.DateOffset(months=12))])
    assert drawn(years).axes[0].labels("x") == ["Jul", "Sep", "Nov", "2021", "Mar", "May", "Jul"]


def test_the_table_has_the_sites_with_gaps_worst_first() -> None:
    statuses = ["missing"] * 2 + ["invalid"] + ["observed"] * 28
    table = gap_table(pd.concat([july(), july(site_id="170319002").assign(status=statuses)], ignore_index=True), NAMES)
    assert table.header == ("Site", "observed", "invalid", "missing", "late", "not scheduled")
    assert table.rows == (("A Very Long Name of a S…", "28", "1", "2", "0", "0"),)


def test_without_gaps_the_table_says_so() -> None:
    assert [row[0] for row in gap_table(july(), NAMES).rows] == ["no site"]


def test_several_months_and_states_are_in_the_title() -> None:
    rural = july(cbsa_code=None, state_code="18", site_id="180899001")
    rural["date_local"] += pd.DateOffset(months=1)
    shown = drawn(pd.concat([july(), rural], ignore_index=True))
    assert shown.words("title") == ["PM2.5 sites: Illinois, Indiana, July 2021 to August 2021"]


def test_a_long_title_and_the_names_of_changes_fit_the_plot() -> None:
    august = july().assign(date_local=july()["date_local"] + pd.DateOffset(months=1))
    long = changes({"site_id": "170319002", "kind": "restated_pair"})
    assert drawn(pd.concat([july(), august], ignore_index=True), long).outside() == []


def test_changes_are_numbered_in_a_list_beside_the_plot() -> None:
    two = changes({}, {"changed_on": pd.Timestamp("2021-07-02"), "kind": "opened", "poc": 0})
    [axes] = drawn(july(), two).axes
    assert axes.words("changes") == ["1: 02 Jul opened Lakefront", "2: 04 Jul instrument Lakefront"]
    assert axes.words("number") == ["1", "2"]
    assert len(axes.found("change")) == 2


def test_changes_of_one_kind_and_day_are_counted_together() -> None:
    shown = drawn(july(), changes({}, {"site_id": "170319002"}))
    assert shown.words("changes") == ["1: 04 Jul instrument ×2"]


def test_instrument_changes_come_first_and_changes_above_the_limit_are_counted() -> None:
    days = pd.date_range("2021-07-05", periods=MAX_MARKERS + 2)
    opened = [{"kind": "opened", "changed_on": day} for day in days]
    shown = drawn(july(), changes(*opened, {"changed_on": pd.Timestamp("2021-07-30")}))
    listed = shown.words("changes")
    assert listed[-2:] == ["8: 30 Jul instrument Lakefront", "+ 3 more"]
    assert len(listed) == MAX_MARKERS + 1
    assert shown.outside() == []


def test_context_sites_and_other_periods_are_left_out() -> None:
    context = july(is_context=True, cbsa_code="33340", site_id="550799001", state_code="55")
    other = changes({"is_context": True}, {"changed_on": pd.Timestamp("2021-08-01")})
    shown = drawn(pd.concat([july(), context], ignore_index=True), other)
    assert shown.words("title") == ["PM2.5 sites: Chicago-Naperville-Elgin, IL-IN-WI, July 2021"]
    assert shown.words("changes") == []


def test_without_a_site_the_plot_says_so() -> None:
    assert drawn(july(is_context=True)).words("nothing") == ["No site was running"]
