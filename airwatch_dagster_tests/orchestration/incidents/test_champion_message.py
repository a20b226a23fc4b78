"""The message that another model serves."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.orchestration.incidents.cursor import Notice
from airwatch_dagster.orchestration.incidents.wording.champion import champion_change
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.alert_receivers import Received
from airwatch_dagster_tests.builders import filled
from airwatch_dagster_tests.orchestration.incidents.watched import Watched

JULY = pd.Timestamp("2021-07-01")
REASON = "ridge saves 12.1 % of the squared error of damped persistence, and blend 9.8 %."


def decided(tables: TableStorage, **values: Any) -> None:
    row = {
        "month": JULY,
        "is_serving": True,
        "model_family": "ridge",
        "model_version": "7",
        "previous_family": "blend",
        "decided_by": "shadow_scores",
        "reason": REASON,
        "compared_rows": 12_345,
        "compared_days": 365,
        "skill_over_damped": 0.121,
        "skill_over_damped_lower": 0.083,
        **values,
    }
    tables.write("champion_model", {"2021-07": filled("champion_model", **row)})


def test_another_family_is_told_with_the_figures_of_the_gate(watched: Watched) -> None:
    tables = watched.storage.tables()
    decided(tables)

    change = champion_change(tables)

    assert change is not None
    about, message = change
    assert about == "2021-07-01 ridge"
    assert message.subject.startswith("AirWatch: ")
    assert " forecasts from 1 July 2021 on, instead of " in message.subject
    assert f"Why: {REASON}" in message.lines
    assert message.lines[1] == (
        "Figures: saves 12.1 % of the squared error of damped persistence (8.3 % or more in 95 of 100 samples of "
        "days), on 12,345 forecasts of 365 days"
    )
    assert message.data["kind"] == "champion_changed"


def test_the_same_family_newly_trained_and_no_model_are_no_news(watched: Watched) -> None:
    tables = watched.storage.tables()
    assert champion_change(tables) is None

    decided(tables, previous_family="ridge", previous_version="6")
    assert champion_change(tables) is None
    decided(tables, is_serving=False, model_family=None, model_version=None)
    assert champion_change(tables) is None
    decided(tables, previous_family=None)
    assert champion_change(tables) is None


def test_a_persons_decision_is_told_by_name(watched: Watched) -> None:
    tables = watched.storage.tables()
    override = {"decided_by": "person", "decided_by_person": "ada", "order_kind": "rollback", "decided_at": JULY}
    decided(tables, previous_family="ridge", serves_from=JULY + pd.Timedelta(days=9), **override)

    change = champion_change(tables)

    assert change is not None
    assert change[0] == "2021-07-10 ridge 7"
    assert "Decided by: ada" in change[1].lines


@pytest.mark.slow
def test_it_is_sent_once_and_again_only_where_it_was_refused(
    watched: Watched, webhook: Received, mail_server: Received
) -> None:
    decided(watched.storage.tables())
    webhook.statuses = [404]
    watched.cursor = replace(watched.cursor, looked_at=0.0)
    watched.run("champion_model")
    watched.look()
    assert watched.cursor.champion == Notice("2021-07-01 ridge", ("webhook",))
    for minutes in (6, 12):
        watched.look(at=pd.Timestamp.now("UTC").tz_localize(None).floor("us") + pd.Timedelta(minutes=minutes))
    watched.run("champion_model")
    watched.look()

    assert [post["kind"] for post in webhook.posts] == ["champion_changed"] * 2
    assert len(mail_server.mails) == 1
    assert watched.incidents == [], "it opens nothing"
