"""The plot of network coverage."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.figures import coverage as coverage_plot
from airwatch_dagster.figures.coverage import MAX_MARKERS, completeness_plot
from airwatch_dagster.schemas import TABLES

PNG = b"\x89PNG\r\n\x1a\n"
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


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text of the plots drawn in the test."""
    from matplotlib.text import Text

    seen: list[str] = []
    finish = coverage_plot.png_of

    def read_first(figure: Any) -> bytes:
        seen.extend(text.get_text() for text in figure.findobj(Text))
        return finish(figure)

    monkeypatch.setattr(coverage_plot, "png_of", read_first)
    return seen


def test_the_plot_is_a_png_of_900_by_350_dots() -> None:
    png = completeness_plot(july(), changes({}))
    assert png.startswith(PNG)
    assert (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")) == (900, 350)


def test_it_shows_area_period_statuses_and_axes(words: list[str]) -> None:
    completeness_plot(july(), NO_CHANGES)
    assert "PM2.5 sites: Chicago-Naperville-Elgin, IL-IN-WI, July 2021" in words
    assert {"observed", "invalid", "missing", "within the deadline", "no sample due"} <= set(words)
    assert {"Sites", "Local day"} <= set(words)


def test_several_months_and_states_are_in_the_title(words: list[str]) -> None:
    rural = july(cbsa_code=None, state_code="18", site_id="180899001")
    rural["date_local"] += pd.DateOffset(months=1)
    completeness_plot(pd.concat([july(), rural], ignore_index=True), NO_CHANGES)
    assert "PM2.5 sites: Illinois, Indiana, July 2021 to August 2021" in words


def test_changes_are_numbered_in_a_list_beside_the_plot(words: list[str]) -> None:
    two = changes({}, {"changed_on": pd.Timestamp("2021-07-02"), "kind": "opened", "poc": 0})
    completeness_plot(july(), two)
    assert "1  02 Jul opened 170319001\n2  04 Jul instrument 170319001" in words


def test_changes_of_one_kind_and_day_are_counted_together(words: list[str]) -> None:
    completeness_plot(july(), changes({}, {"site_id": "170319002"}))
    assert "1  04 Jul instrument ×2" in words


def test_instrument_changes_come_first_and_changes_above_the_limit_are_counted(words: list[str]) -> None:
    days = pd.date_range("2021-07-05", periods=MAX_MARKERS + 2)
    opened = [{"kind": "opened", "changed_on": day} for day in days]
    completeness_plot(july(), changes(*opened, {"changed_on": pd.Timestamp("2021-07-30")}))
    listed = next(text for text in words if text.startswith("1  ")).splitlines()
    assert listed[-2:] == ["8  30 Jul instrument 170319001", "+ 3 more"]
    assert len(listed) == MAX_MARKERS + 1


def test_context_sites_and_other_periods_are_left_out(words: list[str]) -> None:
    context = july(is_context=True, cbsa_code="33340", site_id="550799001", state_code="55")
    other = changes({"is_context": True}, {"changed_on": pd.Timestamp("2021-08-01")})
    completeness_plot(pd.concat([july(), context], ignore_index=True), other)
    assert "PM2.5 sites: Chicago-Naperville-Elgin, IL-IN-WI, July 2021" in words
    assert not [text for text in words if "instrument" in text]


def test_without_a_site_the_plot_says_so(words: list[str]) -> None:
    assert completeness_plot(july(is_context=True), NO_CHANGES).startswith(PNG)
    assert "No site was running" in words
