"""After a purge of everything that may go, the same is shown, explained, planned and forecast."""

import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from airwatch_dagster.orchestration.retention.purge import removable
from airwatch_dagster_tests.end_to_end.conftest import FIRST, LAST
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.retention.shown_status import shown

DAY = "2021-05-20"


@pytest.mark.slow
def test_a_purge_changes_nothing_that_anybody_asks_for(backfilled: Installation, tmp_path: Path) -> None:
    shutil.copytree(backfilled.folder, tmp_path / "copy")
    copy = Installation(tmp_path / "copy")
    for _ in range(2):
        copy.run("backfill", DAY, DAY, "--tables", "site_days,features", "--refresh")
    site = str(copy.tables.read("predictions", [DAY])["site_id"].iloc[0])
    asked = (("explain", DAY, site, "--json"), ("backfill", FIRST, LAST, "--plan"), ("models", "--json"))
    told, tables = [answer(copy, *one) for one in asked], copy.fingerprints()
    with copy.with_definitions() as (definitions, instance):
        before = shown(definitions, instance)
        # As if it were tomorrow.
        ages = dict.fromkeys(("runs", "events", "logs", "models", "reports"), timedelta(days=-1))
        purged = {}
        for one in removable(instance, ages, kinds=list(ages)):
            one.remove()
            purged[one.kind.name] = len(one.items)

        assert shown(definitions, instance) == before
        assert [list(one.items) for one in removable(instance, ages, kinds=["runs", "events"])] == [[], []]

    assert purged["runs"] >= 2
    assert purged["events"] > 10
    assert [answer(copy, *one) for one in asked] == told
    assert copy.fingerprints() == tables
    copy.run("backfill", "2021-05-30", LAST, "--refresh")


def answer(installation: Installation, *question: str) -> str:
    """What the command prints but for estimated times, which follow how long the known runs took."""
    return re.sub(r" *\d+ (s|min)\b", "", installation.run(*question))
