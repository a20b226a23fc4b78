"""Dagster's freshness policies of the tables: until when each should be built, as its UI shows it.

Dagster judges such a policy by the time of the last materialization, of whatever partition: a backfill of 2018 would
make a stale table fresh. So its own evaluation is off (``freshness`` of dagster.yaml), and the sensor ``incidents``
reports the state by the days and months that are stored, in Dagster's own events.
"""

from datetime import timedelta
from typing import Final

import dagster as dg

from airwatch_dagster.orchestration.automation.jobs import CLOSE_TABLES, DAILY_TABLES, OPEN_TABLES

_DAILY: Final = dg.FreshnessPolicy.cron(deadline_cron="30 19 * * *", lower_bound_delta=timedelta(hours=2))
_MONTHLY: Final = dg.FreshnessPolicy.cron(deadline_cron="0 22 1 * *", lower_bound_delta=timedelta(hours=3))

POLICIES: Final = {**dict.fromkeys(DAILY_TABLES, _DAILY), **dict.fromkeys((*CLOSE_TABLES, *OPEN_TABLES), _MONTHLY)}
"""Table → policy; the others are built when something else asks for them."""
