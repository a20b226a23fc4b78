"""The plot of network coverage."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.figures import coverage as coverage_plot
from airwatch_dagster.figures.coverage import MAX_MARKERS, MAX_SITES, completeness_plot, gap_table
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import COVERAGE_STATUSES

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


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text of the plots drawn in the test."""
    from matplotlib.text import Text

    seen: list[str] = []
    finish = coverage_plot.svg_of

    def read_first(figure: Any) -> bytes:
        seen.extend(text.get_text() for text in figure.findobj(Text))
        return finish(figure)

    monkeypatch.setattr(coverage_plot, "svg_of", read_first)
    return seen


def drawn(coverage: pd.DataFrame, monitor_changes: pd.DataFrame = NO_CHANGES) -> bytes:
    return completeness_plot(coverage, monitor_changes, names=NAMES)


def test_it_shows_area_period_and_statuses_in_the_words_of_the_table(words: list[str]) -> None:
    drawn(july())
    assert "PM2.5 sites: Chicago-Naperville-Elgin, IL-IN-WI, July 2021" in words
    assert {status.replace("_", " ") for status in COVERAGE_STATUSES} <= set(words)


def test_each_site_is_a_row_with_its_name_most_gaps_first(words: list[str]) -> None:
    with_a_gap = july(site_id="170319002").assign(status=["missing", *["observed"] * 30])
    drawn(pd.concat([july(), with_a_gap, july(site_id="170310003")], ignore_index=True))
    sites = [word for word in dict.fromkeys(words) if word in ("Lakefront", "170310003") or word.startswith("A Very")]
    assert sites == ["A Very Long Name of a S…", "170310003", "Lakefront"]


def test_only_the_sites_with_most_gaps_are_drawn(words: list[str]) -> None:
    drawn(pd.concat([july(site_id=f"1703100{number:02d}") for number in range(MAX_SITES + 5)], ignore_index=True))
    assert "and 5 sites with fewer gaps" in words
    assert len({word for word in words if word.startswith("1703100")}) == MAX_SITES


def test_adjacent_days_of_one_status_are_one_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[float] = []
    finish = coverage_plot.svg_of

    def measured(figure: Any) -> bytes:
        widths.extend(bar.get_width() for bar in figure.axes[0].patches)
        return finish(figure)

    monkeypatch.setattr(coverage_plot, "svg_of", measured)
    drawn(july().assign(status=["observed"] * 10 + ["missing"] * 2 + ["observed"] * 19))
    assert sorted(widths) == [2.0, 10.0, 19.0]


def test_the_table_has_the_sites_with_gaps_worst_first() -> None:
    statuses = ["missing"] * 2 + ["invalid"] + ["observed"] * 28
    table = gap_table(pd.concat([july(), july(site_id="170319002").assign(status=statuses)], ignore_index=True), NAMES)
    assert table.header == ("Site", "observed", "invalid", "missing", "late", "not scheduled")
    assert table.rows == (("A Very Long Name of a S…", "28", "1", "2", "0", "0"),)


def test_without_gaps_the_table_says_so() -> None:
    assert [row[0] for row in gap_table(july(), NAMES).rows] == ["no site"]


def test_several_months_and_states_are_in_the_title(words: list[str]) -> None:
    rural = july(cbsa_code=None, state_code="18", site_id="180899001")
    rural["date_local"] += pd.DateOffset(months=1)
    drawn(pd.concat([july(), rural], ignore_index=True))
    assert "PM2.5 sites: Illinois, Indiana, July 2021 to August 2021" in words


def test_changes_are_numbered_in_a_list_beside_the_plot(words: list[str]) -> None:
    two = changes({}, {"changed_on": pd.Timestamp("2021-07-02"), "kind": "opened", "poc": 0})
    drawn(july(), two)
    assert "1  02 Jul opened Lakefront\n2  04 Jul instrument Lakefront" in words


def test_changes_of_one_kind_and_day_are_counted_together(words: list[str]) -> None:
    drawn(july(), changes({}, {"site_id": "170319002"}))
    assert "1  04 Jul instrument ×2" in words


def test_instrument_changes_come_first_and_changes_above_the_limit_are_counted(words: list[str]) -> None:
    days = pd.date_range("2021-07-05", periods=MAX_MARKERS + 2)
    opened = [{"kind": "opened", "changed_on": day} for day in days]
    drawn(july(), changes(*opened, {"changed_on": pd.Timestamp("2021-07-30")}))
    listed = next(text for text in words if text.startswith("1  ")).splitlines()
    assert listed[-2:] == ["8  30 Jul instrument Lakefront", "+ 3 more"]
    assert len(listed) == MAX_MARKERS + 1


def test_context_sites_and_other_periods_are_left_out(words: list[str]) -> None:
    context = july(is_context=True, cbsa_code="33340", site_id="550799001", state_code="55")
    other = changes({"is_context": True}, {"changed_on": pd.Timestamp("2021-08-01")})
    drawn(pd.concat([july(), context], ignore_index=True), other)
    assert "PM2.5 sites: Chicago-Naperville-Elgin, IL-IN-WI, July 2021" in words
    assert not [text for text in words if "instrument" in text]


def test_without_a_site_the_plot_says_so(words: list[str]) -> None:
    drawn(july(is_context=True))
    assert "No site was running" in words
