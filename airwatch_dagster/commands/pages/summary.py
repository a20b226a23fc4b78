"""What a user wants to know once forecasts are built: tomorrow's air, who forecasts it and why, and how well."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import pandas as pd

from airwatch_dagster.clean.aqi import truncated_to_tenths
from airwatch_dagster.commands.wording import percent_text, probability_text, program
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.fit.champion.service_periods import service_periods
from airwatch_dagster.fit.models.families import MIN_TARGET_DAYS_LEARNED
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.partitions import FIRST_DAY
from airwatch_dagster.publish.names import site_names
from airwatch_dagster.publish.site import page_name
from airwatch_dagster.schemas.columns import BASELINES, LEADS_FOR_PEOPLE, MODERATE_TOP_UGM3, TOMORROW
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.storage.tables import TableStorage

MAX_SITES: Final = 12
"""Sites that are listed, worst first."""

MONTHS_VERIFIED: Final = 3
"""Months of served forecasts whose skill is told."""

ABOVE_MODERATE: Final = PROBABILITY_COLUMNS[MODERATE_TOP_UGM3]

DAYS_PER_MONTH: Final = 365 / 12


def forecast_summary(tables: TableStorage, day: pd.Timestamp, *, newest: pd.Timestamp) -> Iterator[str]:
    """Lines on the forecasts issued from the readings of ``day``, or on why there are none and what is missing.

    ``newest`` is the newest day that has readings: only its forecasts are for tomorrow.
    """
    forecast = tables.read("predictions", [f"{day:%Y-%m-%d}"], allow_missing=True)
    if forecast.empty:
        yield from _nobody_serves(tables, day)
        return
    monitors = tables.read("monitors", None)
    names = site_names(monitors[~monitors["is_context"].astype(bool)])
    ranked = _worst_first(forecast[forecast["horizon_days"] == TOMORROW], names)
    yield from _tomorrow(ranked, is_tomorrow=day == newest)
    yield ""
    yield from _champion(tables, day)
    yield from _skill(tables, day)
    yield ""
    if address := bulletin_address(tables, f"{day:%Y-%m-%d}"):
        yield f"Bulletin:   {address}"
    worst = ranked.iloc[0]
    yield f"All sites:  {program()} inspect predictions {day:%Y-%m-%d}"
    yield f"Why:        {program()} explain {worst['target_date']:%Y-%m-%d} {worst['site_id']}"


def bulletin_address(storage: TableStorage, day: str) -> str | None:
    """Where the page of an issue date's bulletin is; None without one."""
    name = page_name(date.fromisoformat(day))
    return None if storage.page(name) is None else storage.page_uri(name)


def _worst_first(forecast: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    named = forecast.assign(name=forecast["site_id"].map(names).fillna(forecast["site_id"]))
    values = ["pm25_ugm3", "pm25_lower_ugm3", "pm25_upper_ugm3"]
    shown = named.assign(**{column: truncated_to_tenths(named[column]) for column in values})
    return shown.sort_values(["aqi", "pm25_ugm3", ABOVE_MODERATE], ascending=False, kind="stable")


def _tomorrow(ranked: pd.DataFrame, *, is_tomorrow: bool) -> Iterator[str]:
    worst = ranked.iloc[0]
    when = f"{worst['target_date']:%A} {worst['target_date'].day} {worst['target_date']:%B %Y}"
    chance = probability_text(worst[ABOVE_MODERATE])
    limit = f"above {MODERATE_TOP_UGM3} µg/m³"
    yield (
        f"{'Tomorrow, ' if is_tomorrow else ''}{when}: highest AQI {worst['aqi']} ({worst['aqi_category']}) at "
        f"{worst['name']}; chance {limit} there {chance}."
    )
    width = max(16, *(len(name) for name in ranked["name"].head(MAX_SITES)))
    yield f"  {'site':<{width}} {'PM2.5':>6}   {'90 % interval':<13}  {'AQI':>3}  {'>35.4':>5}  category"
    for row in ranked.head(MAX_SITES).itertuples():
        interval = f"{row.pm25_lower_ugm3:.1f} to {row.pm25_upper_ugm3:.1f}"
        chance = probability_text(float(getattr(row, ABOVE_MODERATE)))
        place = f"{row.name:<{width}} {row.pm25_ugm3:>6.1f}"
        yield f"  {place}   {interval:<13}  {row.aqi:>3}  {chance:>5}  {row.aqi_category}"
    if len(ranked) > MAX_SITES:
        yield f"  … {len(ranked) - MAX_SITES:,} more sites with lower values"


def _champion(tables: TableStorage, day: pd.Timestamp) -> Iterator[str]:
    """Who serves on the day and why; for a baseline, what learned families still need."""
    champions = tables.read("champion_model", [f"{day:%Y-%m}"], allow_missing=True)
    for period in service_periods(champions).to_dict("records"):
        if period["serves_from"] <= day <= period["serves_until"] and period["is_serving"]:
            family = str(period["model_family"])
            kind = ", a baseline," if family in BASELINES else ""
            name = display_name(family)
            yield f"{name[0].upper()}{name[1:]}{kind} serves {day:%B %Y} (version {period['model_version']})."
            reason = str(period["reason"]).removeprefix(f"{name} serves {day:%Y-%m}: ")
            yield f"  {reason[0].upper()}{reason[1:]}"
            yield from _weather(tables, period)
            if family in BASELINES:
                yield from _needs(tables, day)


def _weather(tables: TableStorage, champion: Mapping[Hashable, Any]) -> Iterator[str]:
    """What weather saves on the holdout of the model that serves, tomorrow's lead; nothing for a model without."""
    if pd.isna(champion["trained_for"]):
        return
    trained = tables.read("trained_models", [f"{champion['trained_for']:%Y-%m}"], allow_missing=True)
    own = trained.loc[trained["model_version"] == champion["model_version"], f"holdout_weather_gain_{TOMORROW}d"]
    if own.notna().any():
        gain = float(own.iloc[0])
        simulated = "Simulated w" if Settings.from_environment().source == "practice" else "W"
        yield (
            f"  {simulated}eather forecasts {'save' if gain > 0 else 'cost'} it {percent_text(abs(gain))} of damped "
            f"persistence's squared error {TOMORROW} days ahead, on days that it was tested on and not trained."
        )


def _skill(tables: TableStorage, day: pd.Timestamp) -> Iterator[str]:
    """How the forecasts that were issued did in the last months, by lead."""
    months = [str(month) for month in pd.period_range(end=day, periods=MONTHS_VERIFIED, freq="M")]
    found = tables.read("verification", months, allow_missing=True)
    served = found[found["group_kind"] == "all"]
    if served.empty:
        yield "No forecast was compared with an observed value yet."
        return
    yield f"Forecasts issued for {_months(served['month'])}, compared with what was observed:"
    for horizon in LEADS_FOR_PEOPLE:
        own = served[served["horizon_days"] == horizon]
        if own.empty:
            continue
        weights = own["forecasts"] / own["forecasts"].sum()
        rmse = float((own["rmse_ugm3"].pow(2) * weights).sum() ** 0.5)
        inside = probability_text(float((own["coverage"] * weights).sum()))
        lead = f"{horizon} day{'s' if horizon > 1 else ''} ahead{' (tomorrow)' if horizon == TOMORROW else ''}"
        yield f"  {lead:<23} RMSE {rmse:.1f} µg/m³, {_against_damped(own)}, {inside} inside the 90 % interval"


def _against_damped(own: pd.DataFrame) -> str:
    """The mean squared error against damped persistence's, over the months that have a comparison."""
    compared = own.dropna(subset=["skill_over_damped"])
    if compared.empty:
        return "not compared with damped persistence"
    weights = compared["compared_forecasts"] / compared["compared_forecasts"].sum()
    skill = float((compared["skill_over_damped"] * weights).sum())
    if abs(skill) < 0.005:
        return "level with damped persistence"
    return f"{percent_text(abs(skill))} {'better' if skill > 0 else 'worse'} than damped persistence"


def _months(months: pd.Series) -> str:
    first, last = months.min(), months.max()
    return f"{last:%B %Y}" if first == last else f"{first:%B %Y} to {last:%B %Y}"


def _nobody_serves(tables: TableStorage, day: pd.Timestamp) -> Iterator[str]:
    """Why there is no forecast, what is missing and how to get it."""
    month = f"{day:%Y-%m}"
    yield f"No forecast was issued from the readings of {day:%Y-%m-%d}."
    champions = tables.read("champion_model", [month], allow_missing=True)
    if champions.empty:
        yield f"  No champion was chosen for {month}. Next: {program()} backfill {month}-01 {day:%Y-%m-%d}"
        return
    newest: dict[Any, Any] = champions.iloc[0].to_dict()
    if newest["is_serving"]:
        yield "  No site of the area had a reading on that day or shortly before it."
        return
    yield f"  {newest['reason']}"
    yield from _needs(tables, day)


def _needs(tables: TableStorage, day: pd.Timestamp) -> Iterator[str]:
    """What learned families need, what there is, and the command that adds it; nothing when there is enough."""
    trained = tables.read("trained_models", [f"{day:%Y-%m}"], allow_missing=True)
    if trained.empty or trained["is_fitted"].all():
        return
    first, last = trained["first_target_date"].min(), trained["last_target_date"].max()
    has = 0 if pd.isna(first) else int(((last - first).days + 1) / DAYS_PER_MONTH)
    needs = round(MIN_TARGET_DAYS_LEARNED / DAYS_PER_MONTH)
    yield f"  Learned families need {needs} months of examples before {day:%B %Y}; there are {has}."
    begin = max(day.replace(day=1) - pd.DateOffset(months=needs + 1), pd.Timestamp(FIRST_DAY))
    if not any(key <= f"{begin:%Y-%m-%d}" for key in tables.stored_partitions("raw_readings")):
        yield f"  Next: {program()} backfill {begin:%Y-%m-%d} {day:%Y-%m-%d}"
