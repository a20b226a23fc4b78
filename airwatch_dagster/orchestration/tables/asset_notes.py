"""What an asset's Overview says besides what the table holds: how fresh it is, and where to look at it."""

from collections.abc import Iterable
from typing import Final

DAILY: Final = "every day at 18:30 UTC, for the day before (schedule `daily_forecast`)"
EARLY: Final = "every day at 12:00 UTC, for the day before (schedule `early_issue`)"
CLOSED: Final = "on the 1st at 20:00 UTC, for the month before (schedule `monthly_close`)"
OPENED: Final = "on the 1st, after the month before is closed (sensor `open_next_month`)"
FOLLOWED: Final = "after every run that ingests days (sensor `update_revisions_and_coverage`)"

FRESH: Final = {
    **dict.fromkeys(("raw_readings", "site_days", "features", "predictions", "forecast_scores", "bulletin"), DAILY),
    "sensor_flags": DAILY,
    "monthly_findings": f"{FOLLOWED}, for the month under way; {CLOSED}",
    "early_predictions": EARLY,
    "early_scores": DAILY,
    **dict.fromkeys(("training_examples", "candidate_scores", "verification", "drift_report"), CLOSED),
    **dict.fromkeys(("scoreboard", "scoreboard_events"), CLOSED),
    **dict.fromkeys(("trained_models", "champion_model"), OPENED),
    "revisions": f"{FOLLOWED}, where it detected any, and once without any after that",
    "coverage": FOLLOWED,
    **dict.fromkeys(("monitors", "monitor_changes"), "every Monday at 17:00 UTC (schedule `weekly_monitors`)"),
    "weather_forecasts": "every day at 18:30 UTC, as known by then (schedule `daily_forecast`); empty while "
    "AIRWATCH_WEATHER_SOURCE is none",
    "agency_forecasts": "every day at 18:00 UTC, for the day before (schedule `daily_recent_recheck`; with simulated "
    "air `daily_agency_forecasts`)",
    "history_checks": "daily, weekly and monthly (schedules `daily_recent_recheck`, `weekly_aqs_changes` and "
    "`monthly_full_year_recheck`)",
    "hyperparameters": "each January, if AIRWATCH_SEARCH_MINUTES allows it (job `tune_and_open_month`), or on demand",
    "rejected_lines": "with every run that reads lines of EPA's",
    "incidents": "within a minute of the end of every run (sensor `incidents`)",
}
"""Table → when it is brought up to date where schedules run."""

SHOWN: Final = {
    "predictions": "a day under Partitions shows its forecast and worst sites, and its `bulletin` is the day's page",
    "early_predictions": "a day under Partitions shows its forecast and how many sites were observed by then",
    "early_scores": "Metadata → Plots below shows what the daily issue gains over the early one",
    "bulletin": "`page` of a day under Partitions; `latest.html` of the same address is the newest",
    "forecast_scores": "Metadata → Plots below shows errors over days",
    "site_days": "Metadata → Plots below shows PM2.5 over days",
    "sensor_flags": "a day under Partitions shows the worst sites and why; Metadata → Plots below, flags over days",
    "trained_models": "a month under Partitions shows skill, errors and feature importance",
    "candidate_scores": "a month under Partitions shows skill, errors and residuals",
    "champion_model": "a month under Partitions shows who serves, why, and the comparison",
    "verification": "a month under Partitions shows accuracy and reliability; Metadata → Plots below, over months",
    "scoreboard": "a month under Partitions shows who forecast best",
    "monthly_findings": "`page` of a month under Partitions shows what changed; `findings/index.html` lists all months",
    "drift_report": "`report` of a month under Partitions",
    "weather_forecasts": "a day under Partitions shows its model, when it was published, and what is missing",
    "coverage": "a month under Partitions shows the sites with gaps",
    "incidents": "`airwatch incidents`",
    "revisions": "`airwatch inspect revisions DAY`, and Metadata → Plots below",
}
"""Table → where a person looks at it; the others with `airwatch inspect TABLE`."""


MAIN_PATH: Final = frozenset(
    (
        *("raw_readings", "site_days", "features", "champion_model", "predictions"),
        *("forecast_scores", "verification", "bulletin"),
    )
)
"""Tables on the way from a reading to a forecast and its score, to be shown alone in the lineage."""

MAIN_PATH_TAG: Final = {"airwatch/path": "main"}
"""Tag of these assets: the selection ``tag:"airwatch/path"="main"`` finds them."""


def described(table: str, texts: Iterable[str | None]) -> str:
    """The ``texts`` of an asset, then how fresh it is and where to look; paragraphs of Markdown."""
    look = SHOWN.get(table, f"`airwatch inspect {table}`")
    return "\n\n".join([*filter(None, texts), f"**Up to date:** {FRESH[table]}.", f"**See:** {look}."])
