"""The job that removes what is older than it is kept for, and its schedule, which is off until somebody turns it on."""

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg
from pydantic import Field

from airwatch_dagster.orchestration.retention.kinds import KEPT_FOR, ages


class PurgeConfig(dg.Config):
    """What to list or to remove."""

    remove: bool = Field(default=False, description="Whether to remove what is listed")
    older_than: list[str] = Field(default=[], description="Ages such as 180d, or models=400d; none for the defaults")
    kinds: list[str] = Field(default=list(KEPT_FOR), description=f"Some of {', '.join(KEPT_FOR)}")


@dg.op(name="purge_old")
def purge_op(context: dg.OpExecutionContext, config: PurgeConfig) -> None:
    """Lists by kind in the run's log what is older than it is kept for; removes it with ``remove: true``."""
    # Rows of events are removed with SQLAlchemy: runs import the code location without it.
    from airwatch_dagster.orchestration.retention.purge import removable

    done = "removed" if config.remove else "can be removed"
    summary: dict[str, Any] = {}
    for one in removable(context.instance, ages(config.older_than), kinds=config.kinds):
        if config.remove:
            one.remove()
        summary |= {f"{one.kind.name}, items {done}": len(one.items), f"{one.kind.name}, bytes {done}": one.size}
        context.log.info("%s: %d items, %d bytes %s", one.kind.name, len(one.items), one.size, done)
    context.add_output_metadata(summary)


@dg.job(
    name="purge",
    description="List what is older than it is kept for: runs, models that never served, caches; remove it if told to",
)
def purge_job() -> None:
    """One step."""
    purge_op()


def _remove() -> Mapping[str, Any]:
    return {"ops": {"purge_old": {"config": {"remove": True}}}}


PURGE_SCHEDULE: Final = dg.ScheduleDefinition(
    name="weekly_purge",
    job=purge_job,
    cron_schedule="0 12 * * 0",
    run_config=_remove(),
    description="12:00 UTC on Sundays: remove what is older than it is kept for (`airwatch purge` lists it)",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
