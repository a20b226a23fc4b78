"""Words, numbers and dates of a language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from airwatch_dagster.errors import ConfigurationError

LANGUAGES: Final = ("en", "es")

NO_BREAK: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Language:
    """A language's words, and numbers and dates as it writes them.

    Spanish is that of the United States: the decimal mark is a point, as on EPA's Spanish pages.
    """

    code: str
    words: Mapping[str, str]

    def say(self, key: str, **values: Any) -> str:
        """The sentence ``key`` with ``values`` in place of its names.

        With ``count``, ``key.one`` is taken when it is 1 and the language has it. Raises KeyError for a key or a value
        that is missing.
        """
        if values.get("count") == 1 and f"{key}.one" in self.words:
            key = f"{key}.one"
        return self.words[key].format(**values)

    def category(self, english: str) -> str:
        """EPA's name of an AQI category; a name EPA does not have stays as it is."""
        return self.words.get(f"category.{english}", english)

    def family(self, name: str) -> str:
        """A model family for people."""
        return self.words.get(f"family.{name}", name.replace("_", " "))

    def number(self, value: float, decimals: int = 1) -> str:
        """``1,234.5``; a true minus sign."""
        written = f"{value:,.{decimals}f}"
        return written.lstrip("-") if float(written.replace(",", "")) == 0 else written.replace("-", "−")

    def percent(self, share: float) -> str:
        """A share of 0 to 1 in whole per cent."""
        return f"{share * 100:z.0f}{NO_BREAK}%".replace("-", "−")

    def chance(self, probability: float) -> str:
        """A forecast's probability, "< 1 %" and "> 99 %" at the ends: no forecast is certain."""
        if probability < 0.005:
            return f"<{NO_BREAK}1{NO_BREAK}%"
        return f">{NO_BREAK}99{NO_BREAK}%" if probability >= 0.995 else self.percent(probability)

    def day(self, day: date) -> str:
        """``Sunday 29 November``."""
        return self._date("date.day", day)

    def day_with_year(self, day: date) -> str:
        """``Sunday 29 November 2026``."""
        return self._date("date.day_with_year", day)

    def short_day(self, day: date) -> str:
        """``Sun 29 Nov``."""
        return self._date("date.short_day", day)

    def short_date(self, day: date) -> str:
        """``29 Nov``."""
        return self._date("date.short_date", day)

    def weekday(self, day: date) -> str:
        """``Monday``."""
        return self._list("date.weekdays")[day.weekday()]

    def month(self, day: date) -> str:
        """``November``, with the first letter as it stands in a heading."""
        name = self._list("date.months")[day.month - 1]
        return name[0].upper() + name[1:]

    def weekday_initials(self) -> list[str]:
        """Initials from Sunday on."""
        *others, sunday = (name[0].upper() for name in self._list("date.weekdays"))
        return [sunday, *others]

    def time(self, moment: datetime) -> str:
        """``28 Nov 2026, 18:42 UTC``; ``moment`` is in UTC."""
        return f"{self.short_date(moment.date())} {moment:%Y, %H:%M} UTC"

    def relative_day(self, day: date, today: date) -> str:
        """The word for yesterday, today or tomorrow; empty for another day."""
        names = {-1: "yesterday", 0: "today", 1: "tomorrow"}
        name = names.get((day - today) // timedelta(days=1))
        return self.say(f"day.{name}") if name else ""

    def day_in_words(self, day: date, today: date) -> str:
        """``Tomorrow, Sunday 29 November``; without the word from the day after tomorrow on."""
        word = self.relative_day(day, today)
        return capitalised(f"{word}, {self.day(day)}" if word else self.day(day))

    def _date(self, key: str, day: date) -> str:
        return self.say(
            key,
            day=day.day,
            year=day.year,
            weekday=self._list("date.weekdays")[day.weekday()],
            short_weekday=self._list("date.short_weekdays")[day.weekday()],
            month=self._list("date.months")[day.month - 1],
            short_month=self._list("date.short_months")[day.month - 1],
        )

    def _list(self, key: str) -> list[str]:
        return self.words[key].split()


def capitalised(sentence: str) -> str:
    """The sentence with a capital first letter; the others stay."""
    return sentence[:1].upper() + sentence[1:]


@cache
def language_of(code: str) -> Language:
    """The language of ``code``, one of LANGUAGES. Raises ConfigurationError for another."""
    if code not in LANGUAGES:
        fix = f"Use one of {', '.join(LANGUAGES)}"
        raise ConfigurationError("language of the bulletin", f"{code!r} is not a valid language", fix=fix)
    text = files("airwatch_dagster.publish.page").joinpath("languages", f"{code}.json").read_text(encoding="utf-8")
    return Language(code, json.loads(text))
