"""The setting that names the source of readings, on which defaults of others depend."""

from typing import Literal, get_args

from airwatch_dagster.orchestration.configuration.setting_fields import SettingsGroup, setting

SourceName = Literal["practice", "airdata", "aqs", "live"]


class SourceNameSettings(SettingsGroup):
    """Which source readings come from."""

    source: SourceName = setting(
        "AIRWATCH_SOURCE",
        "Source of readings: practice (simulated air), airdata (EPA's yearly files), aqs (EPA's API), or live (yearly "
        "files, AirNow for the days they lack, and with credentials the changes in AQS)",
        "practice",
        allowed=f"one of {', '.join(get_args(SourceName))}",
        noun="source",
    )
