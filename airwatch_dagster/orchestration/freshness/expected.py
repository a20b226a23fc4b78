"""Up to which day and month the tables should reach by now: the schedules, and what a source can have published."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.addresses import AIRDATA_URL, AQS_URL
from airwatch_dagster.acquire.deadlines import due_on
from airwatch_dagster.orchestration.automation.jobs import CLOSE_TABLES, DAILY_TABLES, OPEN_TABLES
from airwatch_dagster.orchestration.configuration.settings import SourceSettings
from airwatch_dagster.orchestration.configuration.weather_settings import WeatherSourceSettings
from airwatch_dagster.orchestration.early_issue import FOLLOWS_SOURCE
from airwatch_dagster.orchestration.resources import today
from airwatch_dagster.orchestration.weather.completeness import TABLE as WEATHER

FORECAST_DUE: Final = timedelta(hours=19, minutes=30)
"""Time of the day (UTC) from which the day before is due: an hour after the schedule daily_forecast starts."""

CLOSE_DUE: Final = timedelta(hours=22)
"""Time of the 1st of a month (UTC) from which the month before is due: two hours after monthly_close starts."""

PUBLISHING: Final[Mapping[str, timedelta]] = {"aqs": timedelta(days=14), "airdata": timedelta(days=183)}
"""Source → time from EPA's deadline for a quarter until everybody can have read it: the data mart is refreshed weekly,
and AirData's files are made twice a year."""


@dataclass(frozen=True)
class Moment:
    """When it is, and what can be expected by then."""

    now: datetime
    """UTC."""
    today: date
    """The day that is not over yet; in a rehearsal the simulated one."""
    source: str
    is_rehearsal: bool
    """Whether the day is simulated: then everything up to yesterday is due at once."""
    has_weather: bool = False
    """Whether weather has a source; without one its days are empty, and none is due."""
    is_of_mirror: bool = False
    """Whether the files are those of a mirror, which holds what somebody has put there: nothing newer can be due."""

    @property
    def follows_source(self) -> bool:
        """Whether what can be expected depends on what the source has published, which is months late."""
        return self.source in FOLLOWS_SOURCE

    def newest_day(self, newest_readings: str | None) -> date:
        """The last day that daily tables should have by now; ``newest_readings`` is that of raw_readings."""
        yesterday = self.today - timedelta(days=1)
        if self.follows_source:
            return date.fromisoformat(newest_readings) if newest_readings else yesterday
        is_late = self.is_rehearsal or _time_of(self.now) >= FORECAST_DUE or self.now.date() != self.today
        return yesterday if is_late else yesterday - timedelta(days=1)

    def oldest_fresh_day(self) -> date:
        """The day that readings must reach, or go beyond, to be fresh by the time they speak of.

        Of a source that publishes months late: the last day of the newest quarter that it must have published, by EPA's
        deadline (40 CFR 58.16(b)) and ``PUBLISHING``.
        """
        if not self.follows_source:
            return self.newest_day(None)
        ends = pd.Series(pd.date_range(end=self.today, periods=12, freq="QE"))
        is_published = due_on(ends) + PUBLISHING[self.source] <= pd.Timestamp(self.today)
        return ends[is_published].iloc[-1].date()

    def closed_month(self, newest: date) -> pd.Period:
        """The last month that should be closed by now, with ``newest`` as the last day that tables should have."""
        month = pd.Period(newest, "M")
        is_over = newest == month.end_time.date()
        is_late = self.is_rehearsal or self.follows_source or _time_of(self.now) >= CLOSE_DUE
        return month if is_over and is_late else month - 1

    def newest_partitions(self, newest_readings: str | None) -> dict[str, str]:
        """Table → the newest day or month that it should have by now."""
        day = self.newest_day(newest_readings)
        daily = [table for table in DAILY_TABLES if self.has_weather or table != WEATHER]
        return {
            **dict.fromkeys(daily, f"{day:%Y-%m-%d}"),
            **dict.fromkeys(CLOSE_TABLES, str(self.closed_month(day))),
            **dict.fromkeys(OPEN_TABLES, f"{day:%Y-%m}"),
        }


def current_moment() -> Moment:
    """Now, for the configured source; a simulated date is the practice server's."""
    settings = SourceSettings.from_environment()
    is_simulated = bool(settings.practice_today) and settings.is_rehearsal
    return Moment(
        now=datetime.now(UTC),
        today=today(),
        source=settings.source,
        is_rehearsal=is_simulated,
        has_weather=WeatherSourceSettings.from_environment().weather_source != "none",
        is_of_mirror=(settings.source == "airdata" and settings.airdata_url.rstrip("/") != AIRDATA_URL)
        or (settings.source == "aqs" and settings.aqs_url.rstrip("/") != AQS_URL),
    )


def _time_of(moment: datetime) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)
