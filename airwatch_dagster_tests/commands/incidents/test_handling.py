"""What a person does with an incident, beside the sensor."""

import json
import threading
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.commands.incidents.handling import acknowledge, moment_of, silence
from airwatch_dagster.commands.incidents.listing import list_incidents
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.incidents.keys import keys_between
from airwatch_dagster.orchestration.incidents.state import Failure, Incident, Recovery, folded
from airwatch_dagster.orchestration.incidents.stored import KEPT_DAYS, changed_incidents, stored_incidents
from airwatch_dagster.orchestration.resources import StorageResource, utc_now

NOW = utc_now()
DAYS = keys_between("2021-07-01", "2021-07-04")
FAILED = Failure(NOW - pd.Timedelta(hours=3), "raw_readings", "", DAYS, "run", 1, "run_failed", "EPA AQS: answered 503")


def stored() -> dict[str, Incident]:
    return {one.asset: one for one in stored_incidents(StorageResource().tables())}


def seen(*signs: Failure | Recovery) -> None:
    changed_incidents(StorageResource(), lambda rows: folded(rows, signs), now=NOW)


@pytest.fixture(autouse=True)
def incident_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "tables"))
    monkeypatch.setenv("LOGNAME", "ada")
    seen(FAILED)
    return stored()["raw_readings"].incident_id


def test_open_incidents_are_listed_with_what_mends_them(incident_id: str) -> None:
    head, *lines = list_incidents(with_resolved=False, as_json=False).splitlines()
    assert head.startswith(f"{incident_id}  raw_readings failed, 2021-07-01…2021-07-04 (4 partitions), for 3 h ")
    assert lines == [
        "        EPA AQS: answered 503",
        (
            "        The readings of these days are missing, and what is computed from them. There is no forecast yet. "
            "Check settings and services with `airwatch doctor`; after the fix run "
            "`airwatch backfill 2021-07-01 2021-07-04`."
        ),
    ]
    [row] = json.loads(list_incidents(with_resolved=False, as_json=True))
    assert row["incident_id"] == incident_id
    assert row["partitions"] == "2021-07-01…2021-07-04"
    assert row["next_step"].endswith("`airwatch backfill 2021-07-01 2021-07-04`.")


def test_resolved_ones_are_listed_on_demand() -> None:
    seen(Recovery(NOW, "raw_readings", "", DAYS, "next", 2))

    assert list_incidents(with_resolved=False, as_json=False).startswith("No incident is open.")
    assert ", resolved " in list_incidents(with_resolved=True, as_json=False)


def test_who_acknowledges_is_noted(incident_id: str) -> None:
    assert acknowledge(incident_id.upper(), by=None) == f"{incident_id}: raw_readings failed, acknowledged by ada"
    assert acknowledge(incident_id, by="bo").endswith("acknowledged by bo")
    assert stored()["raw_readings"].acknowledged_by == "bo"
    assert "acknowledged by bo" in list_incidents(with_resolved=False, as_json=False)


def test_a_silence_has_an_end_and_can_be_ended(incident_id: str) -> None:
    assert silence(incident_id, until="8h", by="bo").endswith("UTC by bo")
    assert stored()["raw_readings"].is_silent(NOW + pd.Timedelta(hours=7))
    assert not stored()["raw_readings"].is_silent(NOW + pd.Timedelta(hours=9))
    assert "silenced until" in list_incidents(with_resolved=False, as_json=False)

    assert silence(incident_id, until="now", by="bo").endswith("messages go out again")
    assert not stored()["raw_readings"].is_silent(utc_now())


def test_an_id_that_does_not_exist_is_answered_with_those_that_do(incident_id: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^ID: 'ffffff' is not an open incident. Known are: {incident_id}"):
        acknowledge("ffffff", by="bo")
    with pytest.raises(ConfigurationError, match=f"^ID: '' is not an incident. Known are: {incident_id}"):
        silence("", until="8h", by="bo")


def test_until_takes_a_length_a_day_or_a_time() -> None:
    now = pd.Timestamp("2021-07-04 12:00")

    assert moment_of("3d", now=now) == pd.Timestamp("2021-07-07 12:00")
    assert moment_of("2021-07-05", now=now) == pd.Timestamp("2021-07-05")
    assert moment_of("2021-07-04T18:30-05:00", now=now) == pd.Timestamp("2021-07-04 23:30")
    assert moment_of("tomorrow", now=NOW) == NOW.normalize() + pd.Timedelta(days=1)


@pytest.mark.parametrize(("text", "problem"), [("soon", "is not a time"), ("2021-07-04", "is over"), ("", "is over")])
def test_another_end_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^--until: '{text}' {problem}. Use 8h, 3d, tomorrow"):
        moment_of(text, now=pd.Timestamp("2021-07-04 12:00"))


def test_two_writers_lose_nothing(incident_id: str) -> None:
    """The sensor stores ever more tables while two people acknowledge and silence one."""

    def sensor() -> None:
        for number in range(10):
            seen(Failure(NOW, f"table_{number}", "", DAYS, f"run {number}", number + 2, "run_failed", "an error"))

    threads = [
        threading.Thread(target=sensor),
        threading.Thread(target=lambda: [acknowledge(incident_id, by=f"bo {number}") for number in range(10)]),
        threading.Thread(target=lambda: [silence(incident_id, until="8h", by=f"eve {number}") for number in range(10)]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = stored()
    assert set(found) == {"raw_readings", *(f"table_{number}" for number in range(10))}
    one = found["raw_readings"]
    assert (one.acknowledged_by, one.silenced_by) == ("bo 9", "eve 9")


def test_a_resolved_incident_is_forgotten_after_a_year() -> None:
    seen(Recovery(NOW, "raw_readings", "", DAYS, "next", 2))
    later = Failure(NOW, "site_days", "", DAYS, "run", 3, "run_failed", "an error")

    changed_incidents(StorageResource(), lambda rows: folded(rows, [later]), now=NOW + pd.Timedelta(days=KEPT_DAYS - 1))
    assert set(stored()) == {"raw_readings", "site_days"}
    again = Failure(NOW, "features", "", DAYS, "run", 4, "run_failed", "an error")
    changed_incidents(StorageResource(), lambda rows: folded(rows, [again]), now=NOW + pd.Timedelta(days=KEPT_DAYS + 1))
    assert set(stored()) == {"site_days", "features"}
