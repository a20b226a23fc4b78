"""Many withdrawals need a confirmation; a replaced monitor-day is none."""

from pathlib import Path
from typing import Any

import pytest

from airwatch_dagster.acquire.airdata.daily_downloads import read_daily_download
from airwatch_dagster.acquire.airdata.download_scope import download_scope
from airwatch_dagster.acquire.airdata.withdrawals import Withdrawal, refuse_unconfirmed, withdrawals
from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster_tests.acquire.airdata.downloaded_rows import days, downloaded, stored

HENNEPIN, RAMSEY, DULUTH = "270530962", "271230868", "271377550"


def found(
    history: list[dict[str, Any]], file: list[dict[str, Any]], covers: str | None = "state:27"
) -> list[Withdrawal]:
    return withdrawals(stored(*history), download_scope(downloaded(*file), covers), rejected=no_rejected_lines())


def test_monitors_and_days_are_counted_for_each_area() -> None:
    history = [*days(HENNEPIN, RAMSEY, poc=1), *days(RAMSEY, poc=2), *days("191130040", count=3)]
    file = [*days(HENNEPIN, poc=1), *days(RAMSEY, poc=1, count=4), *days("191130040", count=3)]
    minnesota, iowa = found(history, file, "state:27,state:19")
    assert (str(minnesota.area), minnesota.stored, len(minnesota.withdrawn)) == ("state:27", 30, 16)
    assert "2 monitors on 10 days, 2021-01-01…2021-01-10" in str(minnesota)
    assert (iowa.stored, len(iowa.withdrawn), iowa.needs_confirmation) == (3, 0, False)


@pytest.mark.parametrize(
    ("stored_days", "kept_days", "is_refused"),
    [
        *((4, 1, False), (10, 5, False), (10, 4, True)),
        *((200, 190, False), (200, 189, True), (365, 347, False), (365, 346, True)),
    ],
)
def test_up_to_five_monitor_days_or_five_percent_go_unasked(stored_days: int, kept_days: int, is_refused: bool) -> None:
    last = days(HENNEPIN, count=stored_days)[-1:]
    (one,) = found(days(HENNEPIN, count=stored_days), [*days(HENNEPIN, count=kept_days - 1), *last])
    assert one.needs_confirmation is is_refused


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"source": "airnow"}, {"source": "aqs"}),
        ({"source": "airnow", "poc": 3}, {"source": "aqs", "poc": 1}),
        ({"parameter_code": "88502"}, {"parameter_code": "88101"}),
        ({"parameter_code": "88502", "poc": 3}, {"parameter_code": "88101", "poc": 5}),
    ],
)
def test_a_day_that_reappears_at_its_site_is_replaced(before: dict[str, Any], after: dict[str, Any]) -> None:
    (one,) = found(days(HENNEPIN, RAMSEY, **before), days(HENNEPIN, RAMSEY, **after))
    assert one.withdrawn.empty
    assert one.replaced == (0 if before.keys() == {"source"} else 20)


def test_a_provisional_monitor_is_replaced_by_the_final_one_that_was_known_beside_it() -> None:
    both = [*days(HENNEPIN, poc=1, source="aqs"), *days(HENNEPIN, poc=3, source="airnow")]
    (one,) = found(both, days(HENNEPIN, poc=1, source="aqs"))
    assert (one.replaced, len(one.withdrawn)) == (10, 0)
    final = [*days(HENNEPIN, poc=1, source="aqs"), *days(HENNEPIN, poc=3, source="aqs")]
    (one,) = found(final, days(HENNEPIN, poc=1, source="aqs"))
    assert (one.replaced, len(one.withdrawn)) == (0, 10)


def test_the_error_says_what_would_go_and_how_to_state_or_confirm_it() -> None:
    history = [*days(HENNEPIN, RAMSEY), *days(DULUTH, cbsa_code="20260")]
    file = [*days(HENNEPIN), *days(DULUTH, cbsa_code="20260", count=2)]
    with pytest.raises(ConfigurationError) as refused:
        refuse_unconfirmed(found(history, file, covers=None), file=Path("downloads/may.csv"))
    facts = (
        *("may.csv: ", "18 of 30 monitor-days", "state:27", "2 monitors on 10 days", "county:27-053, county:27-137"),
        *("--covers", "--confirm-withdrawals", "confirm_withdrawals"),
    )
    assert all(fact in str(refused.value) for fact in facts), refused.value


@pytest.mark.slow
def test_the_recorded_downloads_of_one_quarter_withdraw_nothing_in_any_area(real_data: Path) -> None:
    newer, older = (read_daily_download(path).readings for path in sorted((real_data / "restatement").glob("*.csv.gz")))
    history = older.assign(first_seen_at="2020-05-04", superseded_at=None)
    history = history.astype({"first_seen_at": "datetime64[ns]", "superseded_at": "datetime64[ns]"})
    minnesota = newer["state_code"] == "27"
    for cut, covers, stored_rows in (
        (newer.index >= 0, None, 29_166),
        (minnesota, "state:27", 1_853),
        (newer["cbsa_code"] == "33460", "cbsa:33460+state:27", 707),
        (minnesota & (newer["county_code"] == "053"), "county:27-053", 179),
        (minnesota & (newer["county_code"] + newer["site_number"] == "0530962"), "site:270530962", 90),
    ):
        scope = download_scope(newer[cut])
        assert covers is None or str(scope) == covers
        counts = [(one.stored, len(one.withdrawn)) for one in withdrawals(history, scope, rejected=no_rejected_lines())]
        assert (sum(n for n, _ in counts), sum(n for _, n in counts)) == (stored_rows, 0)
