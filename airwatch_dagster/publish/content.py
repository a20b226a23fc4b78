"""What the bulletin of an issue day says, before any language, colour or layout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True)
class DayForecast:
    """The forecast of one site and target day; concentrations in µg/m³, 24-hour means."""

    target_date: date
    horizon_days: int
    pm25_ugm3: float
    """Truncated to 0.1 as EPA does, so that it agrees with ``aqi``."""
    lower_ugm3: float
    upper_ugm3: float
    """Ends of the 90 % interval, truncated as well."""
    aqi: int
    category: str
    """EPA's English name, such as Good; one of AQI_CATEGORIES."""
    probabilities: Mapping[float, float]
    """Limit (µg/m³) → probability of exceeding it, 0 to 1; the limits of PROBABILITY_COLUMNS."""


@dataclass(frozen=True)
class PastDay:
    """One past day of a site: what was observed, and the next-day forecast of it."""

    day: date
    observed_ugm3: float | None
    """None when nothing valid was observed."""
    is_provisional: bool = False
    """From AirNow; AQS has not published the day yet."""
    forecast_ugm3: float | None = None
    """The forecast issued from the readings of the day before; None when none was issued."""
    lower_ugm3: float | None = None
    upper_ugm3: float | None = None


@dataclass(frozen=True)
class SiteRecord:
    """How the last next-day forecasts of one site did."""

    forecasts: int
    """Next-day forecasts with an observed value, at most the last 30."""
    within_one_category: int
    inside_interval: int
    bad_days: int
    """Observed days above 35.4 µg/m³, the top of Moderate."""
    bad_days_missed: int
    """Of these, the days whose forecast was not above it."""
    mean_abs_error_ugm3: float | None
    """None without forecasts."""


@dataclass(frozen=True)
class Neighbour:
    """Another site of the area."""

    site_id: str
    name: str
    distance_km: float


@dataclass(frozen=True)
class Site:
    """One site with its forecasts, its past and its record."""

    site_id: str
    name: str
    """A name for people: never empty, never in capitals throughout."""
    county: str
    state: str
    """Postal abbreviation, such as IL; empty when unknown."""
    latitude: float
    longitude: float
    days: tuple[DayForecast, ...]
    """By horizon, 1 to 3."""
    days_since_observed: int
    """0 when the site was observed on the issue date."""
    past: tuple[PastDay, ...]
    """The last 60 days up to the issue date, oldest first."""
    is_revised: bool
    """One of its readings of the past days changed since the bulletin before."""
    record: SiteRecord
    neighbours: tuple[Neighbour, ...]
    """The nearest sites of the area, at most three."""


@dataclass(frozen=True)
class Tile:
    """The area's target day: its worst site, and how many sites fall in each category."""

    target_date: date
    horizon_days: int
    worst_site: Site
    worst: DayForecast
    """Of ``worst_site``, the site with the highest AQI, of these the one with the highest value."""
    most_likely_above_35: Site
    highest_probability: Mapping[float, float]
    """Limit (µg/m³) → highest probability over the sites."""
    sites_by_category: Mapping[str, int]
    """Category → number of sites, only those that occur, from Good upwards."""


@dataclass(frozen=True)
class AgencyForecast:
    """The agency's own forecast of a reporting area."""

    reporting_area: str
    target_date: date
    aqi: int | None
    category: str
    is_action_day: bool


@dataclass(frozen=True)
class TrustDay:
    """One target day's next-day forecasts, averaged over the sites with an observed value; µg/m³."""

    day: date
    sites: int
    forecast_ugm3: float
    lower_ugm3: float
    upper_ugm3: float
    observed_ugm3: float


@dataclass(frozen=True)
class ReliabilityPoint:
    """Next-day forecasts whose probability of exceeding a limit lay in one bin."""

    limit_ugm3: float
    forecast_probability: float
    observed_frequency: float
    forecasts: int


@dataclass(frozen=True)
class LastVerdict:
    """What became of the next-day forecasts of the newest observed day; concentrations are means over the sites."""

    day: date
    sites: int
    inside_interval: int
    within_one_category: int
    forecast_ugm3: float
    observed_ugm3: float


@dataclass(frozen=True)
class Rival:
    """Another forecaster on the same next-day cases of the last 31 days."""

    forecaster: str
    """As in the table ``scoreboard``: persistence, nearest_site, agencies, or the name of a supplied one."""
    cases: int
    """Site-days, of agencies area-days, that both forecast and that were observed."""
    saved: float | None
    """Share of its squared error that AirWatch saves; negative where AirWatch is worse. None without an error."""
    lower: float | None
    upper: float | None
    """Ends of the 90 % interval over weeks; None in too short a span."""


@dataclass(frozen=True)
class TomorrowRecord:
    """Forecasts two days ahead in the same 30 days: those that the page tells first."""

    forecasts: int
    mean_abs_error_ugm3: float
    coverage: float
    skill_over_persistence: float | None


@dataclass(frozen=True)
class Trust:
    """The next-day forecasts of the last 30 days with an observed value."""

    first_day: date
    last_day: date
    forecasts: int
    mean_abs_error_ugm3: float
    coverage: float
    """Share inside the 90 % interval."""
    skill_over_persistence: float | None
    """Share of persistence's mean squared error saved; None when it is undefined."""
    days: tuple[TrustDay, ...]
    reliability: tuple[ReliabilityPoint, ...]
    last: LastVerdict
    rivals: tuple[Rival, ...] = ()
    """Empty in bulletins of earlier days that a backfill made."""
    tomorrow: TomorrowRecord | None = None


@dataclass(frozen=True)
class SilentSite:
    """A site without a valid reading on the issue date."""

    site_id: str
    name: str
    days_since_observed: int
    status: str
    """``missing``, ``late`` or ``invalid``, as the coverage table says."""


@dataclass(frozen=True)
class Revision:
    """A published value that changed since the bulletin before."""

    site_id: str
    name: str
    day: date
    kind: str
    """One of REVISION_KINDS."""
    old_ugm3: float | None
    new_ugm3: float | None


@dataclass(frozen=True)
class MonitorChange:
    """A monitor that changed in the last 30 days."""

    site_id: str
    name: str
    day: date
    kind: str
    description: str
    """One English sentence."""


@dataclass(frozen=True)
class DataStatus:
    """What is wrong with the data; everything empty when nothing is."""

    sites: int
    """Sites with a forecast."""
    silent: tuple[SilentSite, ...] = ()
    revisions: tuple[Revision, ...] = ()
    monitor_changes: tuple[MonitorChange, ...] = ()


@dataclass(frozen=True)
class Maker:
    """Who made the forecasts, from what."""

    model_family: str
    model_version: str
    since: date
    """First day of the month since which this version serves."""
    reason: str
    """Why it was chosen, one or more English sentences."""
    data_as_of: datetime
    """Time (UTC) at which the newest reading was stored."""
    airwatch_version: str
    links: Mapping[str, str] = field(default_factory=dict)
    """``dagster`` and ``mlflow`` → address, when they are known."""


@dataclass(frozen=True)
class EarlyIssue:
    """The forecasts are those of the morning (UTC), when so many of the ``sites`` had a reading of the issue date."""

    issued_at: datetime
    observed_sites: int
    sites: int


@dataclass(frozen=True)
class Bulletin:
    """Everything one issue day's page says; moments are UTC, and ``issued_at`` is None where it was not kept."""

    area: str
    """Name for people, such as "Chicago-Naperville-Elgin, IL-IN"."""
    issue_date: date
    """Local day of the newest readings; the forecast is issued on the next day, which is "today"."""
    made_at: datetime
    is_simulated: bool
    tiles: tuple[Tile, ...]
    """By horizon."""
    sites: tuple[Site, ...]
    """Worst first."""
    change_in_aqi: int | None
    """Tomorrow's highest AQI minus what the bulletin before said of the same day; None without it."""
    agency_forecasts: tuple[AgencyForecast, ...]
    trust: Trust | None
    """None while nothing is verified yet."""
    status: DataStatus
    maker: Maker
    early: EarlyIssue | None = None
    """None once the daily forecasts are issued."""
    weather: tuple[str, ...] = ()
    """Sources of the day's weather: ``nbm``, ``nws``, ``open-meteo``, or the model's name in a user's file."""
    issued_at: datetime | None = None

    @property
    def today(self) -> date:
        """The day on which the forecast is issued."""
        return self.tiles[0].target_date
