"""The file of rules of the air: who is told when a forecast makes it likely that a limit is exceeded."""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.alerts.channels import EMAIL, WEBHOOK, channels_of
from airwatch_dagster.orchestration.alerts.settings import AirRulesSettings, AlertSettings
from airwatch_dagster.schemas.columns import AQI_CATEGORIES
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

SETTING: Final = "AIRWATCH_AIR_RULES"

KEYS: Final = ("name", "area", "sites", "category", "above_ugm3", "chance_pct", "channel", "to")
"""What a rule may have."""

MAX_BYTES: Final = 1_000_000
"""Size of a file above which it is none of rules."""

_SITE: Final = re.compile(r"[0-9]{9}")
_ADDRESS: Final = re.compile(r"[^@\s,]+@[^@\s,]+")


@dataclass(frozen=True)
class AirRule:
    """Tell ``channels`` when the chance that a site's day exceeds ``above_ugm3`` reaches ``chance``."""

    name: str
    area: Area | None
    """None for all sites that are forecast, or for ``sites``."""
    sites: tuple[str, ...]
    above_ugm3: float
    category: str
    """Of the AQI, that a day above the limit is in at least."""
    chance: float
    """From 0 to 1."""
    channels: tuple[str, ...]
    to: str | None
    """Recipients of e-mail; None for those of AIRWATCH_ALERT_EMAIL_TO."""

    def concerned(self, places: pd.DataFrame) -> set[str]:
        """The sites among ``places`` (site_id, state_code, cbsa_code) that the rule is about."""
        if self.sites:
            return set(self.sites) & set(places["site_id"])
        if self.area is None:
            return set(places["site_id"])
        return set(places.loc[self.area.contains(places["state_code"], places["cbsa_code"]), "site_id"])

    @property
    def limit(self) -> str:
        """``above 35.4 µg/m³ (Unhealthy for Sensitive Groups or worse)``."""
        worse = "" if self.category == AQI_CATEGORIES[-1] else " or worse"
        return f"above {self.above_ugm3:g} µg/m³ ({self.category}{worse})"


def air_rules() -> list[AirRule]:
    """The rules of the file that AIRWATCH_AIR_RULES names; none without one.

    Raises ConfigurationError with the first mistake, the rule and the key that it is in.
    """
    path = AirRulesSettings.from_environment().air_rules
    return rules_of(path, settings=AlertSettings.from_environment()) if path else []


def rules_of(path: Path, *, settings: AlertSettings) -> list[AirRule]:
    """The rules of a file; errors as above."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(SETTING, f"{path.name} is larger than a megabyte", fix="Name a file of rules")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError(
            SETTING, f"{path.name} cannot be read ({reason})", fix="Name a file of rules"
        ) from error
    except ValueError as error:  # of TOML or of UTF-8
        problem = f"{path.name} is not TOML: {error}"
        raise ConfigurationError(SETTING, problem, fix="Correct it at that place") from error
    entries = values.get("rule")
    if set(values) != {"rule"} or not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        problem = f"{path.name} has something other than rules"
        raise ConfigurationError(
            SETTING, problem, fix="Begin each rule with the line [[rule]], and nothing before the first"
        )
    rules = [_Entry(number, entry, settings).rule() for number, entry in enumerate(entries, start=1)]
    names = [rule.name for rule in rules]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigurationError(SETTING, f"two rules are named {twice!r}", fix="Give each a name of its own")
    return rules


@dataclass(frozen=True)
class _Entry:
    """One rule as the file has it."""

    number: int
    values: Mapping[str, Any]
    settings: AlertSettings

    def rule(self) -> AirRule:
        for key in self.values:
            if key not in KEYS:
                near = [one for one in KEYS if one.startswith(key)] or difflib.get_close_matches(key, KEYS, n=1)
                raise self._refused(f"{key!r} is no key of a rule", near[0] if near else f"one of {', '.join(KEYS)}")
        above = self._limit()
        chance = self.values.get("chance_pct")
        if not isinstance(chance, (int, float)) or isinstance(chance, bool) or not 0 < chance < 100:
            raise self._refused(f"chance_pct = {chance!r} is no chance", "a number above 0 and below 100, in percent")
        channels = self._channels()
        return AirRule(
            name=self._name(),
            area=self._area(),
            sites=self._sites(),
            above_ugm3=above,
            category=_category_above(above),
            chance=chance / 100,
            channels=channels,
            to=self._recipients(channels),
        )

    def _name(self) -> str:
        name = self.values.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > 60:
            raise self._refused(
                f"name = {name!r} is no name", 'a text of at most 60 characters, such as name = "Smoke"'
            )
        return " ".join(name.split())

    def _area(self) -> Area | None:
        text = self.values.get("area")
        if text is None:
            return None
        if "sites" in self.values:
            raise self._refused("it has both area and sites", "one of them")
        try:
            return Area.parse(text if isinstance(text, str) else repr(text))
        except ConfigurationError as error:
            raise ConfigurationError(f"{SETTING}, {self._which}", f"area: {error.problem}", fix=error.fix) from error

    def _sites(self) -> tuple[str, ...]:
        sites = self.values.get("sites", [])
        bad = sites if not isinstance(sites, list) else [one for one in sites if not _SITE.fullmatch(str(one))]
        if bad or ("sites" in self.values and not sites):
            raise self._refused(f"sites = {bad or sites!r} is no list of sites", 'ids of AQS, such as ["170310001"]')
        return tuple(map(str, sites))

    def _limit(self) -> float:
        category, above = self.values.get("category"), self.values.get("above_ugm3")
        if (category is None) == (above is None):
            raise self._refused("it needs a category or above_ugm3, and not both", "one of them")
        by_category = dict(zip(AQI_CATEGORIES[1:], PROBABILITY_COLUMNS, strict=True))
        if category is not None:
            if category not in by_category:
                raise self._refused(
                    f"category = {category!r} is none that can be exceeded", f"one of {', '.join(by_category)}"
                )
            return by_category[category]
        if above not in PROBABILITY_COLUMNS:
            limits = ", ".join(f"{one:g}" for one in PROBABILITY_COLUMNS)
            raise self._refused(f"above_ugm3 = {above!r} has no forecast of its chance", f"one of {limits}")
        return float(above)

    def _channels(self) -> tuple[str, ...]:
        given = self.values.get("channel")
        if given is None:
            return channels_of(self.settings)
        found = tuple(given) if isinstance(given, list) else (given,)
        if not found or not set(found) <= {WEBHOOK, EMAIL}:
            raise self._refused(f"channel = {given!r} is no channel", f'"{WEBHOOK}", "{EMAIL}" or a list of both')
        if WEBHOOK in found and not self.settings.alert_webhook_url:
            raise self._refused(f"channel {WEBHOOK} is not set up", "AIRWATCH_ALERT_WEBHOOK_URL to set it up")
        if EMAIL in found and not self.settings.smtp_host:
            raise self._refused(f"channel {EMAIL} is not set up", "AIRWATCH_SMTP_HOST to set it up")
        return found

    def _recipients(self, channels: Sequence[str]) -> str | None:
        given = self.values.get("to")
        if given is None:
            if EMAIL in channels and not self.settings.alert_email_to:
                raise self._refused("nobody gets its e-mail", 'to = ["ada@example.org"], or AIRWATCH_ALERT_EMAIL_TO')
            return None
        addresses = given if isinstance(given, list) else [given]
        if not addresses or not all(isinstance(one, str) and _ADDRESS.fullmatch(one) for one in addresses):
            raise self._refused(f"to = {given!r} is no list of addresses", 'addresses such as ["ada@example.org"]')
        if EMAIL not in channels:
            raise self._refused("to is for e-mail, which is not its channel", f'channel = "{EMAIL}" beside it')
        return ", ".join(addresses)

    def _refused(self, problem: str, use: str) -> ConfigurationError:
        return ConfigurationError(f"{SETTING}, {self._which}", problem, fix=f"Use {use}")

    @property
    def _which(self) -> str:
        name = self.values.get("name")
        return f"rule {self.number}" + (f" ({name})" if isinstance(name, str) else "")


def _category_above(limit_ugm3: float) -> str:
    return AQI_CATEGORIES[list(PROBABILITY_COLUMNS).index(limit_ugm3) + 1]


def percent(share: float) -> str:
    """``36 %``, at most ``99 %``: no forecast is certain."""
    return f"{100 * min(share, 0.99):.0f} %"
