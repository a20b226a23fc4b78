"""The page of a month's findings, and the index of all months."""

import re

import pandas as pd
import pytest

from airwatch_dagster.publish.findings.content import MonthReport, headline, month_report
from airwatch_dagster.publish.findings.page import MOST_LINES, Links, index_page, month_page
from airwatch_dagster.publish.findings.verdicts import once, whole_area
from airwatch_dagster_tests.builders import monthly_findings

MONTH = pd.Timestamp("2021-07-01")
AREA = "cbsa:16980"
NAMES = {AREA: "Chicago", "us": "United States"}
SITE = {
    "rule": "site_level",
    "cause": "sensor",
    "site_id": "170310076",
    "is_found": True,
    "effect": -8.0,
    "limit": 5.0,
    "what": "170310076 (Com Ed) moved by -4.0 µg/m³ since 2021-07-04.",
}
CLEAR = {"rule": "methods", "cause": "network", "unit": "sites", "effect": 1.0, "limit": 3.0, "what": "1 of 9 sites."}
OPEN = {"rule": "clock", "cause": "pipeline", "effect": None, "not_judged": "26 values of 3 days; 60 days needed"}


def report(*changes: dict[str, object], area: str = AREA, last_day: str | None = "2021-07-31") -> MonthReport:
    day = None if last_day is None else pd.Timestamp(last_day)
    findings = monthly_findings(*changes) if changes else monthly_findings()[:0]
    return month_report(
        findings, month=MONTH, last_day=day, area=area, name_of=lambda one: NAMES.get(one, one), is_simulated=False
    )


def text_of(page: bytes) -> str:
    """What a reader sees."""
    body = re.sub(r"<style>.*?</style>", "", page.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\N{NO-BREAK SPACE}", " ").split())


def test_four_verdicts_are_told_apart() -> None:
    verdicts = report({}, SITE, CLEAR, OPEN).verdicts

    assert [(one.title, one.state, one.words) for one in verdicts] == [
        ("Season or smoke", "clear", "as in its season"),
        ("Sensors", "found", "fault found"),
        ("Network", "clear", "nothing found"),
        ("Pipeline", "open", "not judged"),
    ]


def test_a_page_says_what_was_found_how_large_it_is_and_what_it_rests_on() -> None:
    text = text_of(month_page(report({}, SITE, CLEAR, OPEN)))

    assert "What changed in July 2021, Chicago" in text
    assert "Probable faults: 1 sensor. The air was as in its season." in text
    assert "170310076 (Com Ed) moved by −4.0 µg/m³ since 2021-07-04." in text
    assert (
        "Site level · −8.0 µg/m³ (−0.8 to 1.6) · limit −5.0 µg/m³ · 31 days of 9 sites with 270 days of 9 sites" in text
    )
    assert "Not judged Clock: 26 values of 3 days; 60 days needed" in text
    assert "1 rule looked and found nothing" in text
    assert text.count("Look at its days in sensor_flags") == 1
    assert "Compare coverage" not in text


def test_a_page_needs_nothing_else_and_links_its_neighbours() -> None:
    page = month_page(report({}), links=Links(before="2021-06.html", drift="../reports/drift_report-2021-07.html"))

    assert set(re.findall(rb'(?:href|src)="([^"#]+)"', page)) == {
        b"2021-06.html",
        b"index.html",
        b"../reports/drift_report-2021-07.html",
    }
    assert b"<script" not in page
    assert len(page) < 30_000


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ([{}, CLEAR], "No fault was found. The air was as in its season."),
        ([{"is_found": True}, CLEAR], "No fault was found. The air moved."),
        ([{"not_judged": "3 days", "effect": None}, OPEN], "Faults could not be looked for."),
        ([{}, SITE, {**SITE, "site_id": "170310001"}], "Probable faults: 2 sensors. The air was as in its season."),
        ([{}, {**CLEAR, "is_found": True}], "Probable faults: the network. The air was as in its season."),
    ],
)
def test_the_headline_tells_faults_first(changes: list[dict[str, object]], sentence: str) -> None:
    assert headline(report(*changes)).replace("\N{NO-BREAK SPACE}", " ") == sentence


def test_air_of_which_one_rule_is_open_is_not_called_usual() -> None:
    smoke = {"rule": "smoke", "effect": 0.0}

    assert report(smoke, {"effect": None, "not_judged": "0 days"}).verdicts[0].state == "open"
    assert report({**smoke, "is_found": True}, {"effect": None, "not_judged": "0 days"}).verdicts[0].state == "found"


def test_what_to_do_about_the_pipeline_names_the_days_of_the_month() -> None:
    text = text_of(month_page(report({**OPEN, "not_judged": None, "is_found": True, "effect": 3.0})))

    assert "airwatch backfill 2021-07-01 2021-07-31 --refresh reads the month again." in text


def test_a_month_under_way_says_up_to_when() -> None:
    assert "The month so far, up to 12 July." in text_of(month_page(report({}, last_day="2021-07-12")))
    assert "There are no readings of this month." in text_of(month_page(report(last_day=None)))


def test_a_site_of_two_areas_and_the_summary_of_its_rule_are_told_once() -> None:
    summary = {**SITE, "site_id": "", "what": "The most of 9 sites."}
    us = {"area": "us"}
    rows = ({**SITE, "area": "state:17"}, {**summary, **us}, {**SITE, **us}, {**CLEAR, **us, "is_found": True})
    found = once(monthly_findings(*rows))

    assert set(found["area"]) == {"us"}
    assert list(found["what"]) == [SITE["what"], "1 of 9 sites."]


def test_text_of_others_is_shown_as_text() -> None:
    page = month_page(report({**SITE, "what": "<script>alert(1)</script> & co"}))

    assert b"&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in page


@pytest.mark.slow
def test_the_page_of_the_nation_stays_below_300_kilobytes() -> None:
    rules = ("site_level", "site_slow_drift", "sites_level", "sites_slow_drift")
    areas = ["us", *(f"state:{number:02d}" for number in range(1, 57))]
    rows = [{"area": area, "rule": rule, "cause": "sensor", "what": "x" * 150} for area in areas for rule in rules]
    rows += [{**OPEN, "area": area, "not_judged": f"{number} values"} for number, area in enumerate(areas)]
    rows += [{**SITE, "area": "us", "site_id": f"17031{number:04d}", "what": "x" * 250} for number in range(300)]

    page = month_page(report(*rows, area="us"))

    assert 30_000 < len(page) < 300_000
    assert f"{300 - MOST_LINES} more are in the table monthly_findings." in text_of(page)
    assert text_of(page).count("fault found") == 2, "in its card and in its heading, and at no state"


def test_the_index_lists_months_newest_first_and_counts_faults() -> None:
    months = [MONTH, pd.Timestamp("2021-08-01"), pd.Timestamp("2021-09-01")]
    findings = monthly_findings({}, {**SITE, "month": months[1]}, {"month": months[2], "is_found": True})

    page = index_page(findings, area="Chicago", is_simulated=True)

    assert re.findall(r'scope="row"><a href="([^"]+)"', page.decode()) == [
        "2021-09.html",
        "2021-08.html",
        "2021-07.html",
    ]
    assert "Probable faults in 1 of 3 months." in text_of(page)
    assert "SIMULATED AIR" in text_of(page)


def test_an_index_without_months_says_so() -> None:
    page = index_page(monthly_findings()[:0], area="Chicago", is_simulated=False)

    assert "No month has been judged yet." in text_of(page)


@pytest.mark.parametrize(
    ("areas", "whole"),
    [
        (["state:17", "us", "state:18"], "us"),
        (["state:17", "state:17,state:18"], "state:17,state:18"),
        (["cbsa:16980"], "cbsa:16980"),
    ],
)
def test_the_whole_area_is_known_in_rows_of_any_order(areas: list[str], whole: str) -> None:
    assert whole_area(monthly_findings(*({"area": area} for area in areas))) == whole
