"""Who is told that the air is forecast to exceed a limit: once an episode, by the channels of a rule."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.commands.doctor import alerting
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.alerts.air_rules import air_rules
from airwatch_dagster.orchestration.freshness.expected import Moment
from airwatch_dagster.orchestration.incidents.signs import gathering
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.alert_receivers import Received
from airwatch_dagster_tests.orchestration.incidents.watched import Watched

CHICAGO, EAST = "170310001", "171630010"
LIMIT = "above 35.4 µg/m³ (Unhealthy for Sensitive Groups or worse)"
RULES = """
[[rule]]
name = "Schools"
category = "Unhealthy for Sensitive Groups"
chance_pct = 50
channel = "webhook"

[[rule]]
name = "Ada"
sites = ["170310001"]
above_ugm3 = 9.0
chance_pct = 80
channel = "e-mail"
to = ["ada@example.org"]
"""


@pytest.fixture
def rules(watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "air.toml"
    path.write_text(RULES, encoding="utf-8")
    monkeypatch.setenv("AIRWATCH_AIR_RULES", str(path))
    places = [{"site_id": one, "site_name": name} for one, name in ((CHICAGO, "MAYFAIR"), (EAST, "EAST SAINT LOUIS"))]
    watched.storage.tables().write("monitors", {None: builders.monitors(*places)})
    return path


def issued(watched: Watched, day: str, chances: dict[str, tuple[float, float]]) -> None:
    """Forecasts of two days for each site, each with its chance above 35.4 µg/m³, and a bulletin."""
    issue, tables = pd.Timestamp(day), watched.storage.tables()
    rows = [
        builders.filled(
            "predictions",
            site_id=site,
            issue_date=issue,
            target_date=issue + pd.Timedelta(days=lead),
            horizon_days=lead,
            probability_above_35_4=chance,
            probability_above_9_0=chance,
            aqi_category="Good",
            model_family="ridge",
        )
        for site, of_site in chances.items()
        for lead, chance in enumerate(of_site, start=1)
    ]
    tables.write("predictions", {day: pd.concat(rows, ignore_index=True)})
    said = builders.filled(
        "bulletin", issue_date=issue, target_date=issue + pd.Timedelta(days=1), worst_site_id=CHICAGO,
        aqi_category="Good", headline="Tomorrow the air is unhealthy for sensitive groups.",
    )  # fmt: skip
    tables.write("bulletin", {day: said})


def look(watched: Watched, monkeypatch: pytest.MonkeyPatch, *, today: str) -> str:
    at = datetime.fromisoformat(f"{today} 20:00").replace(tzinfo=UTC)
    moment = Moment(now=at, today=at.date(), source="live", is_rehearsal=False)
    monkeypatch.setattr(gathering, "current_moment", lambda: moment)
    watched.cursor = replace(watched.cursor, measured_at=0.0)
    return watched.look(at=pd.Timestamp.now("UTC").tz_localize(None).floor("us"))


@pytest.mark.slow
def test_a_site_is_told_once_an_episode_with_the_bulletins_headline_and_link(
    watched: Watched, webhook: Received, mail_server: Received, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued(watched, "2021-07-01", {CHICAGO: (0.72, 0.5), EAST: (0.3, 0.4)})
    look(watched, monkeypatch, today="2021-07-02")
    issued(watched, "2021-07-02", {CHICAGO: (0.9, 0.6), EAST: (0.995, 0.1)})
    look(watched, monkeypatch, today="2021-07-03")
    look(watched, monkeypatch, today="2021-07-03")

    first, second = webhook.posts
    lines = first["text"].splitlines()
    assert lines[:3] == [
        f"AirWatch: Schools: a site at 50 % or more for PM2.5 {LIMIT}",
        "Tomorrow the air is unhealthy for sensitive groups.",
        "Mayfair: 72 % on Friday 2 July, 50 % on Saturday 3 July",
    ]
    assert lines[-1].startswith("http://127.0.0.1:3001/")
    assert (first["kind"], first["rule"], first["sites"][0]["asset"]) == ("air_forecast", "Schools", CHICAGO)
    assert "East Saint Louis: 99 % on Saturday 3 July" in second["text"]
    assert "Mayfair" not in second["text"], "it was told already"
    [mail] = mail_server.mails
    assert (mail["To"], mail["Subject"][:14]) == ("ada@example.org", "AirWatch: Ada:")


@pytest.mark.slow
def test_an_episode_is_over_after_two_calm_issue_days_and_the_next_is_told_again(
    watched: Watched, webhook: Received, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.write_text(RULES.partition('[[rule]]\nname = "Ada"')[0], encoding="utf-8")
    chances = {"2021-07-01": 0.6, "2021-07-02": 0.4, "2021-07-03": 0.7, "2021-07-04": 0.1, "2021-07-05": 0.1}
    for day, chance in {**chances, "2021-07-06": 0.8}.items():
        issued(watched, day, {CHICAGO: (chance, 0.0)})
        look(watched, monkeypatch, today=f"{pd.Timestamp(day) + pd.Timedelta(days=1):%Y-%m-%d}")

    assert [post["kind"] for post in webhook.posts] == ["air_forecast"] * 2, "on 1 and 6 July, and no end is told"
    [one] = watched.incidents
    assert (one.times_opened, one.probable_cause) == (2, "season or smoke")


def test_an_old_forecast_and_no_file_tell_nobody(
    watched: Watched, webhook: Received, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.write_text(RULES.partition('[[rule]]\nname = "Ada"')[0], encoding="utf-8")
    issued(watched, "2018-07-01", {CHICAGO: (0.9, 0.9)})
    look(watched, monkeypatch, today="2021-07-02")
    monkeypatch.delenv("AIRWATCH_AIR_RULES")
    issued(watched, "2021-07-01", {CHICAGO: (0.9, 0.9)})
    look(watched, monkeypatch, today="2021-07-02")

    assert not [post for post in webhook.posts if post["kind"] == "air_forecast"]


def test_a_file_that_cannot_be_used_is_an_incident_until_it_can(
    watched: Watched, webhook: Received, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.write_text('[[rule]]\nname = "Schools"\ncategory = "Bad"\nchance_pct = 50\n', encoding="utf-8")
    look(watched, monkeypatch, today="2021-07-02")
    rules.write_text(RULES.partition('[[rule]]\nname = "Ada"')[0], encoding="utf-8")
    look(watched, monkeypatch, today="2021-07-02")

    opened, resolved = webhook.posts
    assert opened["text"].startswith(
        "AirWatch: AIRWATCH_AIR_RULES cannot be used\nWhat: AIRWATCH_AIR_RULES, rule 1 (Schools): category = 'Bad' is "
        "none that can be exceeded. Use one of Moderate, Unhealthy for Sensitive Groups, Unhealthy, Very Unhealthy, "
    )
    assert resolved["kind"] == "incident_resolved"


GOOD: dict[str, Any] = {"name": '"a"', "category": '"Unhealthy"', "chance_pct": "50", "channel": '"webhook"'}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": None}, "name = None is no name"),
        ({"limit": "3"}, "'limit' is no key of a rule"),
        ({"chance": "3"}, r"'chance' is no key of a rule\. Use chance_pct"),
        ({"chance_pct": "0.5e3"}, "chance_pct = 500.0 is no chance"),
        ({"chance_pct": "true"}, "chance_pct = True is no chance"),
        ({"category": None}, "it needs a category or above_ugm3, and not both"),
        ({"category": None, "above_ugm3": "25"}, r"above_ugm3 = 25 has no forecast .* Use one of 9, 35.4, 55.4, 125.4"),
        ({"category": '"Good"'}, "category = 'Good' is none that can be exceeded"),
        ({"area": '"cbsa:99999"'}, "area: "),
        ({"area": '"us"', "sites": '["170310001"]'}, "it has both area and sites"),
        ({"sites": '["17-031-0001"]'}, r"sites = \['17-031-0001'\] is no list of sites"),
        ({"sites": "[]"}, r"sites = \[\] is no list of sites"),
        ({"channel": '"pager"'}, "channel = 'pager' is no channel"),
        ({"channel": '"e-mail"'}, "channel e-mail is not set up"),
        ({"to": '["ada@example.org"]'}, "to is for e-mail, which is not its channel"),
        ({"to": '["ada"]'}, r"to = \['ada'\] is no list of addresses"),
    ],
)
def test_a_bad_rule_is_refused_by_its_number_key_and_value(
    change: dict[str, str | None], problem: str, rules: Path, webhook: Received
) -> None:
    entry = {**GOOD, **change}
    rules.write_text("[[rule]]\n" + "\n".join(f"{key} = {value}" for key, value in entry.items() if value), "utf-8")

    with pytest.raises(ConfigurationError, match=rf"^AIRWATCH_AIR_RULES, rule 1.*{problem}"):
        air_rules()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[rule]\n", "air.toml is not TOML: "),
        ('title = "x"\n', "air.toml has something other than rules"),
        ("", "air.toml has something other than rules"),
        (2 * '[[rule]]\nname = "a"\nabove_ugm3 = 9.0\nchance_pct = 5\n', "two rules are named 'a'"),
    ],
)
def test_a_bad_file_is_refused(text: str, problem: str, rules: Path, webhook: Received) -> None:
    rules.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=f"^AIRWATCH_AIR_RULES: {problem}"):
        air_rules()


def test_a_missing_file_is_refused(rules: Path) -> None:
    rules.unlink()

    with pytest.raises(ConfigurationError, match=r"^AIRWATCH_AIR_RULES: air\.toml cannot be read"):
        air_rules()


def test_the_doctor_lists_the_rules_and_tries_their_recipients(
    rules: Path, webhook: Received, mail_server: Received
) -> None:
    checks = alerting.checks(is_test=True)
    found = [finding for check in checks for finding in check.find()]

    assert [one.says for one in found if one.what == "air rules"] == [
        "Schools: 50 % or more above 35.4 µg/m³ (Unhealthy for Sensitive Groups or worse); 2 sites, by webhook",
        "Ada: 80 % or more above 9 µg/m³ (Moderate or worse); 1 site, by e-mail",
    ]
    assert [one.says for one in found if one.what == "alert test"] == [
        "the webhook took the test alert",
        "the e-mail took the test alert",
        "the e-mail took the test alert to ada@example.org",
    ]
    assert [mail["To"] for mail in mail_server.mails] == ["duty@example.org, second@example.org", "ada@example.org"]


def test_the_doctor_names_sites_that_have_no_forecast(rules: Path, mail_server: Received) -> None:
    rules.write_text(
        '[[rule]]\nname = "a"\nsites = ["170310001", "010010001"]\nabove_ugm3 = 9.0\nchance_pct = 5\n', "utf-8"
    )

    [found] = [
        finding for check in alerting.checks(is_test=False) if check.what == "air rules" for finding in check.find()
    ]

    assert found.level == "warning"
    assert "the area has no site 010010001 with a forecast" in found.says


@pytest.mark.slow
def test_many_sites_are_one_message_with_the_worst_first(
    watched: Watched, webhook: Received, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.write_text(RULES.partition('[[rule]]\nname = "Ada"')[0], encoding="utf-8")
    sites = {f"17031{number:04d}": (0.5 + number / 100, 0.0) for number in range(1, 26)}
    places = [{"site_id": one, "site_name": f"STREET {one[-2:]}"} for one in sites]
    watched.storage.tables().write("monitors", {None: builders.monitors(*places)})
    issued(watched, "2021-07-01", sites)
    look(watched, monkeypatch, today="2021-07-02")

    [post] = webhook.posts
    lines = post["text"].splitlines()
    assert "Schools: 25 sites at 50 % or more" in lines[0]
    assert lines[2].startswith("Street 25: 75 % on Friday 2 July")
    assert lines[12] == "and 15 more sites"
    assert len(post["sites"]) == 25
