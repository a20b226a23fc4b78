"""Findings come as they are known, each on its own, within a time limit; the command prints and counts them."""

import gc
import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from airwatch_dagster import collector
from airwatch_dagster.cli import group
from airwatch_dagster.commands.doctor import examination
from airwatch_dagster.commands.doctor.examination import examine, run_lanes
from airwatch_dagster.commands.doctor.findings import Check, Finding, error, of_error, ok, warning
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.commands.doctor.installation_findings import ALWAYS, by_name, errors, findings_of
from airwatch_dagster_tests.installations import Installation


def test_a_fresh_installation_on_practice_air_is_healthy(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path)
    shutil.rmtree(tmp_path / "state")

    found = findings_of(installation)

    assert {finding.what for finding in found} == ALWAYS
    assert [one.line for one in found if one.what not in ("daemon", "port", "packages") and one.level != "ok"] == []
    says = {what: finding.says for what, finding in by_name(found).items()}
    assert re.fullmatch(r"daily values of 20\d\d to 20\d\d in \d+ files available", says["source"])
    assert says["alerts"].startswith("only logged")
    assert says["storage"] == f"{tmp_path / 'tables'} can be read and written"
    assert says["weather"] == "off; AIRWATCH_WEATHER_SOURCE is none"
    assert says["dagster"].startswith(f"instance at {tmp_path / 'state'}, 0 runs; DAGSTER_HOME is ")
    assert says["area"] == "Chicago-Naperville-Elgin, IL-IN-WI (cbsa:16980)"
    assert not (tmp_path / "tables" / "airwatch.json").exists(), "an unmarked storage is not marked by looking at it"


def test_what_the_start_of_the_command_took_counts_to_its_30_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def examine_in(*, alert_test: bool, max_s: float) -> Iterator[Finding]:
        given.append(max_s)
        yield ok("any", "fine")

    monkeypatch.setattr(examination, "examine", examine_in)
    monkeypatch.setattr(group, "monotonic", lambda: time.monotonic() - 7.0)

    Installation.at(tmp_path).run("doctor")

    assert examination.MAX_S - 12.0 < given[0] < examination.MAX_S - 7.0


def test_a_command_looks_seldom_for_unused_objects(tmp_path: Path) -> None:
    gc.set_threshold(700, 10, 10)
    collector.collect_seldom.cache_clear()

    Installation.at(tmp_path).run("areas", "louis")

    assert gc.get_threshold() == collector.COLLECT_AFTER


def test_findings_come_one_by_one(tmp_path: Path) -> None:
    with Installation.at(tmp_path).activated():
        found = examine()
        first = next(found)
        rest = [finding.what for finding in found]

    assert (first.what, first.level) == ("settings", "ok")
    assert first.says.startswith("source practice, area cbsa:16980, storage ")
    assert rest[0] == "area"


def test_sites_monitors_and_years_of_the_area_are_told(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path)
    two = builders.monitors(
        {"poc": 1},
        {"poc": 2},
        {"site_id": "171430037", "is_context": True, "cbsa_code": "37900", "site_number": "0037"},
    )
    installation.tables.write("monitors", {None: two})
    installation.tables.write("raw_readings", {day: builders.raw_readings() for day in ("2019-07-04", "2021-07-04")})

    says = by_name(findings_of(installation))["sites"].says

    assert says == "1 site with 2 monitors from 2015 on, 1 site around; readings of 2019 to 2021"


def test_alerts_name_their_channels_and_no_secret(tmp_path: Path) -> None:
    channels = {"AIRWATCH_ALERT_WEBHOOK_URL": "https://hooks.example/hunter2", "AIRWATCH_SMTP_HOST": "mail.example"}
    found = by_name(findings_of(Installation.at(tmp_path, AIRWATCH_ALERT_EMAIL_TO="ada@example.org", **channels)))

    assert found["alerts"].says == "by webhook and e-mail to ada@example.org; --alert-test sends one"
    assert "alert test" not in found


def test_of_one_problem_the_later_checks_only_say_where_it_was_named(tmp_path: Path) -> None:
    found = by_name(findings_of(Installation.at(tmp_path, AIRWATCH_AREA="St. Louis")))

    assert "Did you mean cbsa:41180 (St. Louis, MO-IL)?" in found["area"].says
    for what in ("memory", "source", "sites"):
        assert found[what].says == "not checked: needs what is wrong with area."
        assert found[what].run == "export AIRWATCH_AREA=cbsa:41180"


def test_json_has_a_finding_per_entry_and_the_exit_code_counts_errors_only(tmp_path: Path) -> None:
    healthy = Installation.at(tmp_path / "healthy").airwatch("doctor", "--json")
    broken = Installation.at(tmp_path / "broken", AIRWATCH_AREA="state:99").airwatch("doctor", "--json")

    assert (healthy.exit_code, broken.exit_code) == (0, 1)
    found = [Finding(**one) for one in json.loads(healthy.output)]
    assert {one.what for one in found if one.level == "warning"} >= {"daemon"}
    assert errors([Finding(**one) for one in json.loads(broken.output)]) >= {"area"}


def test_a_check_that_takes_too_long_costs_its_share_and_the_rest_of_its_lane() -> None:
    never = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield ok("slow", "said before")
        never.wait(60)

    def quick() -> Iterator[Finding]:
        yield ok("quick", "said")

    slow = [Check("slow", hangs, "start it", 0.3), Check("after", quick, "never run")]
    began = time.monotonic()

    found = list(run_lanes([slow, [Check("quick", quick, "never run")]], end=time.monotonic() + 60))
    never.set()

    assert time.monotonic() - began < 5
    assert {(one.what, one.says) for one in found} == {
        ("slow", "said before"),
        ("quick", "said"),
        ("slow", "no answer within 1 s. Start the server that it asks, or correct the address. Retrying may help."),
        ("after", "not checked: needs what is wrong with slow."),
    }
    assert [one.run for one in found if one.level == "error"] == ["start it", "start it"]


def test_at_the_end_of_the_time_a_check_that_hardly_began_is_only_named() -> None:
    never = threading.Event()

    def hangs() -> Iterator[Finding]:
        never.wait(60)
        yield ok("slow", "too late")

    lane = [Check("begun", hangs, "start it"), Check("next", hangs, "start it")]

    found = list(run_lanes([lane], end=time.monotonic() + 0.3))
    never.set()

    assert [(one.what, one.level, one.run) for one in found] == [
        ("begun", "warning", "airwatch doctor"),
        ("next", "warning", "airwatch doctor"),
    ]


@pytest.mark.parametrize(("is_busy", "level"), [(True, "warning"), (False, "error")])
def test_a_check_of_this_machine_that_takes_all_the_time_is_wrong_unless_the_machine_is_busy(
    is_busy: bool, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "LEAST_S", 0.1)
    monkeypatch.setattr(examination, "is_busy", lambda: is_busy)
    never = threading.Event()

    def hangs() -> Iterator[Finding]:
        never.wait(60)
        yield ok("local", "too late")

    found = list(run_lanes([[Check("local", hangs, "start it")]], end=time.monotonic() + 0.3))
    never.set()

    assert [one.level for one in found] == [level]


def test_at_the_end_of_the_time_every_check_under_way_is_abandoned() -> None:
    never = threading.Event()

    def hangs() -> Iterator[Finding]:
        never.wait(60)
        yield ok("slow", "too late")

    lanes = [[Check(str(number), hangs, "start it", 0.2)] for number in range(3)]

    found = list(run_lanes(lanes, end=time.monotonic() + 0.3))
    never.set()

    assert sorted(one.what for one in found) == ["0", "1", "2"]
    assert {one.level for one in found} == {"error"}


def test_checks_of_a_server_that_refuses_are_not_made_after_the_first() -> None:
    def refuses() -> Iterator[Finding]:
        raise ConfigurationError("REQUESTS_CA_BUNDLE", "is wrong", fix="Correct it")
        yield

    first = Check("first", refuses, "mend it")
    second = Check("second", lambda: pytest.fail("was made"), "mend this", needs="first")

    found = list(run_lanes([[first, second]], end=time.monotonic() + 60))

    assert [one.says for one in found] == [
        "REQUESTS_CA_BUNDLE: is wrong. Correct it.",
        "not checked: needs what is wrong with first.",
    ]
    assert [one.run for one in found] == ["unset REQUESTS_CA_BUNDLE"] * 2


def test_what_was_found_before_an_error_is_kept_and_the_next_check_is_made() -> None:
    def breaks() -> Iterator[Finding]:
        yield warning("first", "known", run="mend")
        raise ZeroDivisionError("of something")

    checks = [Check("first", breaks, "mend it"), Check("second", lambda: [ok("second", "fine")], "mend")]

    found = list(run_lanes([checks], end=time.monotonic() + 60))

    assert [(one.what, one.level) for one in found] == [("first", "warning"), ("first", "error"), ("second", "ok")]
    assert found[1].says.startswith("the check failed with ZeroDivisionError at test_examination.py:")
    assert found[1].run == "mend it"


@pytest.mark.parametrize(
    ("culprit", "problem", "fix", "command"),
    [
        ("AIRWATCH_CONTEXT_KM", "'far' is wrong", "Use a number", "export AIRWATCH_CONTEXT_KM="),
        ("AIRWATCH_SMTP_PORT", "'x' is wrong", "Use a number", "export AIRWATCH_SMTP_PORT=587"),
        ("AIRWATCH_AREA", "'x' is not valid", "Did you mean state:17 (Illinois)?", "export AIRWATCH_AREA=state:17"),
        ("AIRWATCH_AREA", "is of 2023", "Write cbsa:11780,cbsa:17460", "export AIRWATCH_AREA=cbsa:11780,cbsa:17460"),
        ("AIRWATCH_STORAGE", "bucket 'air' does not exist", "Create the bucket", "aws s3 mb s3://air"),
        ("REQUESTS_CA_BUNDLE", "/nope does not exist", "Set it to a file", "unset REQUESTS_CA_BUNDLE"),
        ("storage", "has copies", "`airwatch backfill` builds what is missing", "otherwise"),
        (
            "tables",
            "are missing",
            "Run `airwatch backfill 2021-01-01 2021-01-02`",
            "airwatch backfill 2021-01-01 2021-01-02",
        ),
    ],
)
def test_an_error_has_the_command_of_its_setting_or_advice(culprit: str, problem: str, fix: str, command: str) -> None:
    raised = ConfigurationError(culprit, problem, fix=fix)

    assert of_error("x", raised, run="otherwise").run == command


def test_a_line_ends_with_the_command() -> None:
    assert error("daemon", "does not run.", run="make dev").line == "FAIL  daemon: does not run. Run: make dev"
    assert ok("daemon", "runs").line == "ok    daemon: runs"


def test_the_documentation_goes_through_every_finding() -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "troubleshooting.md").read_text()
    sometimes = {
        ".env",
        "secrets",
        "state",
        "stamps",
        "certificates",
        "aws",
        "databases",
        "airnow",
        "aqs",
        "clock",
        "alert test",
        "models",
    }

    assert [what for what in ALWAYS | sometimes if f"`{what}`" not in page] == []
