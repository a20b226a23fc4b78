from datetime import date

import pytest

from airwatch_dagster.publish.page import render
from airwatch_dagster.publish.page.archive import ArchiveDay, years
from airwatch_dagster_tests.publish.page.parsed import Parsed

DAYS = [
    ArchiveDay(date(2025, 12, 31), 49, "Good", "2025-12-31.html"),
    ArchiveDay(date(2026, 1, 1), 120, "Unhealthy for Sensitive Groups", "2026-01-01.html"),
    ArchiveDay(date(2026, 3, 2), 64, "Moderate", "2026-03-02.html"),
]


def test_the_newest_year_comes_first_and_months_between_bulletins_are_shown() -> None:
    found = [(year, [month.first.month for month in months]) for year, months in years(DAYS)]

    assert found == [(2026, [1, 2, 3]), (2025, [12])]


def test_a_week_begins_on_sunday() -> None:
    [(_, [january, *_]), _] = years(DAYS)

    assert [cell and cell.day.day for cell in january.weeks[0]] == [None, None, None, None, 1, 2, 3]


def test_each_day_links_to_its_page_and_says_its_category() -> None:
    parsed = Parsed(render.archive(DAYS))

    [link] = parsed.having("a", href="2026-01-01.html")
    assert link["aria-label"] == "Thursday 1 January 2026: Unhealthy for Sensitive Groups, AQI 120"
    assert link["class"] == "k2"


def test_the_newest_bulletin_is_linked_on_top() -> None:
    links = [link["href"] for link in Parsed(render.archive(DAYS)).having("a")]

    assert links[:2] == ["#main", "2026-03-02.html"]


def test_the_archive_speaks_spanish() -> None:
    text = Parsed(render.archive(DAYS, language="es")).text

    assert "Todos los boletines" in text
    assert "Marzo D L M M J V S" in text


def test_an_archive_without_bulletins_says_so() -> None:
    assert "There is no bulletin yet." in Parsed(render.archive([])).text


def test_simulated_air_is_marked_in_the_archive_too() -> None:
    assert Parsed(render.archive(DAYS, is_simulated=True)).text.count("SIMULATED AIR") == 2


def test_ten_years_stay_below_600_kilobytes() -> None:
    start = date(2016, 1, 1).toordinal()
    days = [
        ArchiveDay(day := date.fromordinal(start + number), 64, "Moderate", f"{day}.html") for number in range(3653)
    ]

    assert len(render.archive(days).encode()) < 600_000


@pytest.mark.parametrize(("language", "text"), [("en", "What changed, by month"), ("es", "Qué cambió, por mes")])
def test_it_links_the_monthly_findings_where_there_are_any(language: str, text: str) -> None:
    linked = Parsed(render.archive(DAYS, language=language, findings="findings/index.html"))

    assert "findings/index.html" in [link["href"] for link in linked.having("a")]
    assert text in linked.text
    assert text not in Parsed(render.archive(DAYS, language=language)).text
