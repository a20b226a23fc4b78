"""What is judged of a month, what is shown of it, and which findings warn."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.orchestration.metadata import monthly_findings as module
from airwatch_dagster.orchestration.metadata.monthly_findings import (
    findings_of_months,
    findings_result,
    judged_months,
)
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import FINDING_RULES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import SITE_DAY_ROW, monitors, monthly_findings

MONTH = pd.Timestamp("2021-07-01")
JUNE = pd.Timestamp("2021-06-01")
SENSOR = {"rule": "site_level", "cause": "sensor", "site_id": "170310076", "is_found": True, "what": "0076 moved."}
UNITS = {"rule": "units", "cause": "pipeline", "is_found": True, "what": "All readings are a thousandth."}
NO_CHANGES = TABLES["monitor_changes"].empty()


def result(*changes: dict[str, Any], before: pd.DataFrame | None = None) -> Any:
    known = monthly_findings()[:0] if before is None else before
    return findings_result([MONTH], monthly_findings(*changes), known, page_uri=lambda name: f"site/{name}")


def site_days(*sites: tuple[str, str]) -> pd.DataFrame:
    """Two months of the same readings at sites of these codes of state and statistical area."""
    days = pd.date_range("2021-06-01", "2021-07-31")
    rows = [
        {
            **SITE_DAY_ROW,
            "site_id": f"{state}031{number:04d}",
            "date_local": day,
            "state_code": state,
            "cbsa_code": cbsa,
        }
        for number, (state, cbsa) in enumerate(sites)
        for day in days
    ]
    return pd.DataFrame(rows)[TABLES["site_days"].column_names]


def test_season_and_smoke_never_warn_and_a_sensor_does() -> None:
    assert result({"is_found": True}, {"rule": "smoke", "is_found": True}).warnings == {"no_fault_found": {}}

    found = result({"is_found": True}, SENSOR)
    assert found.warnings == {"no_fault_found": {"2021-07": "0076 moved"}}
    assert found.causes == {"no_fault_found": {"2021-07": "sensor"}}


def test_the_gravest_cause_is_the_probable_one_and_is_named_first() -> None:
    found = result(SENSOR, UNITS)

    assert found.causes["no_fault_found"] == {"2021-07": "pipeline"}
    assert found.warnings["no_fault_found"]["2021-07"] == "All readings are a thousandth; 0076 moved"


def test_a_warning_names_three_findings_and_counts_the_rest() -> None:
    many = [{**SENSOR, "site_id": f"17031{n:04d}", "what": f"Site {n} moved."} for n in range(5)]

    assert result(*many).warnings["no_fault_found"]["2021-07"].endswith("; and 2 more findings")


def test_a_fault_stands_until_its_rule_is_judged_again() -> None:
    june = monthly_findings({**SENSOR, "month": JUNE})
    unjudged = {"rule": "site_level", "cause": "sensor", "not_judged": "2 days", "effect": None}

    early = result(unjudged, before=june)
    later = result({"rule": "site_level", "cause": "sensor"}, before=june)

    assert early.warnings["no_fault_found"] == {"2021-07": "since June, not judged again yet: 0076 moved"}
    assert early.causes["no_fault_found"] == {"2021-07": "sensor"}
    assert later.warnings["no_fault_found"] == {}


def test_the_page_comes_first_in_what_the_ui_shows() -> None:
    shown = result({"is_found": True, "what": "PM2.5 is 6 above."}, SENSOR).partition_metadata["2021-07"]

    assert next(iter(shown)) == "page"
    assert shown["page"].value.endswith("/findings/2021-07.html")
    assert "| season or smoke | PM2.5 is 6 above. |" in shown["what changed"].value
    numbers = {name: value for name, value in shown.items() if isinstance(value, int)}
    assert numbers == {
        "findings: season or smoke": 1,
        "findings: sensor": 1,
        "findings: network": 0,
        "findings: pipeline": 0,
        "judged rules": 2,
        "not judged": 0,
    }


@pytest.mark.parametrize(
    ("area", "judged"),
    [
        ("us", ["us", "state:17", "state:18"]),
        ("cbsa:16980", ["cbsa:16980"]),
        ("state:17,state:18", ["state:17,state:18", "state:17", "state:18"]),
        ("cbsa:16980,state:19", ["cbsa:16980,state:19", "cbsa:16980"]),
        ("state:19", []),
    ],
)
def test_the_area_is_judged_and_each_of_its_parts_that_has_sites(area: str, judged: list[str]) -> None:
    rows = site_days(("17", "16980"), ("18", "16980"), ("18", "26900"))

    found = judged_months([MONTH], site_days=rows, changes=NO_CHANGES, names={}, area=Area.parse(area))

    assert sorted(found["area"].unique()) == sorted(judged)
    assert found["is_found"].is_monotonic_decreasing
    assert set(found.groupby("area")["rule"].nunique()) <= {len(FINDING_RULES)}


def test_months_of_one_run_are_judged_as_they_are_alone() -> None:
    rows = site_days(*[("17", "16980")] * 4)
    options: dict[str, Any] = {"changes": NO_CHANGES, "names": {}, "area": Area.parse("state:17")}

    together = judged_months([JUNE, MONTH], site_days=rows, **options)
    alone = [judged_months([month], site_days=rows, **options) for month in (JUNE, MONTH)]

    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True))


def test_a_month_has_a_page_and_the_month_before_gets_a_link_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_AREA", "state:17")
    tables = TableStorage.open(str(tmp_path))
    rows = site_days(*[("17", "16980")] * 4)

    for month in (JUNE, MONTH):
        made = findings_of_months([month], site_days=rows, monitors=monitors(), tables=tables)
        tables.write("monthly_findings", {f"{month:%Y-%m}": made.frame})

    assert sorted(tables.pages("findings")) == ["2021-06.html", "2021-07.html"]
    june, july = (tables.page(f"findings/2021-{number}.html") or b"" for number in ("06", "07"))
    assert b'href="2021-07.html" rel="next"' in june
    assert b'href="2021-06.html" rel="prev"' in july
    assert b'href="../reports/drift_report-2021-07.html"' in july
    assert b"real months of a state, in which nothing was known to be wrong" in july
    assert module.FINDING_CHECK.keys() == made.warnings.keys()


def test_a_month_without_readings_has_an_empty_frame_and_a_page_that_says_so(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))

    made = findings_of_months([MONTH], site_days=site_days(("17", "16980"))[:0], monitors=monitors(), tables=tables)

    assert made.frame.empty
    assert made.warnings == {"no_fault_found": {}}
    assert b"There are no readings of this month." in (tables.page("findings/2021-07.html") or b"")


def test_months_after_the_last_readings_are_not_judged_and_do_not_warn(tmp_path: Path) -> None:
    rows = site_days(*[("17", "16980")] * 4)
    august = MONTH + pd.DateOffset(months=1)

    found = judged_months([august], site_days=rows, changes=NO_CHANGES, names={}, area=Area.parse("state:17"))

    assert not found["is_found"].any()
    assert found["not_judged"].notna().any()
