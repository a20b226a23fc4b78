import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import airwatch_dagster.publish.page as package
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.publish.page.language import LANGUAGES, language_of
from airwatch_dagster.schemas.columns import AQI_CATEGORIES, FAMILIES
from airwatch_dagster.schemas.watch import MONITOR_CHANGE_KINDS, REVISION_KINDS

FOLDER = Path(package.__file__).parent
WORDS = {code: json.loads((FOLDER / "languages" / f"{code}.json").read_text(encoding="utf-8")) for code in LANGUAGES}
SUNDAY = date(2026, 11, 29)


def test_both_languages_have_the_same_keys_with_the_same_values_to_fill_in() -> None:
    fields = {
        code: {key: set(re.findall(r"{(\w+)}", text)) for key, text in words.items()} for code, words in WORDS.items()
    }

    assert fields["en"] == fields["es"]


def test_every_key_is_used_and_every_used_key_exists() -> None:
    sources = [*FOLDER.rglob("*.html"), *FOLDER.rglob("*.txt"), *FOLDER.rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    said = set(re.findall(r"(?:say|_date|_list)\(\s*f?['\"]([\w.]+)['\"]", text))
    keys = {key.removesuffix(".one") for key in WORDS["en"]}
    chosen_by_value = re.compile(
        r"(category|family|status|revision|monitor_change|day|change|agency|trust)\.|\w+\.(link|highest)_"
    )

    assert {key for key in said if not key.endswith((".", "_"))} - keys == set()
    assert {key for key in keys - said if not chosen_by_value.match(key)} == set()


def test_every_category_family_and_kind_has_a_name() -> None:
    wanted = {
        *(f"category.{name}" for name in AQI_CATEGORIES),
        *(f"family.{name}" for name in FAMILIES),
        *(f"revision.{name}" for name in REVISION_KINDS),
        *(f"monitor_change.{name}" for name in MONITOR_CHANGE_KINDS),
        *(f"status.{name}" for name in ("missing", "late", "invalid")),
    }

    assert wanted - set(WORDS["en"]) == set()


def test_spanish_categories_are_epas() -> None:
    spanish = language_of("es")

    assert [spanish.category(name) for name in AQI_CATEGORIES] == [
        "Buena",
        "Moderada",
        "Dañina a la salud de los grupos sensibles",
        "Dañina a la salud",
        "Muy dañina a la salud",
        "Peligrosa",
    ]


@pytest.mark.parametrize(
    ("code", "day", "short", "relative"),
    [
        ("en", "Sunday 29 November 2026", "Sun 29 Nov", "Tomorrow, Sunday 29 November"),
        ("es", "domingo 29 de noviembre de 2026", "dom 29 nov", "Mañana, domingo 29 de noviembre"),
    ],
)
def test_dates_are_written_in_the_language(code: str, day: str, short: str, relative: str) -> None:
    language = language_of(code)

    assert language.day_with_year(SUNDAY) == day
    assert language.short_day(SUNDAY) == short
    assert language.day_in_words(SUNDAY, today=date(2026, 11, 28)) == relative
    assert language.time(datetime(2026, 11, 28, 18, 42, tzinfo=UTC)).endswith("2026, 18:42 UTC")


def test_the_day_after_tomorrow_has_no_word_of_its_own() -> None:
    english = language_of("en")

    assert english.day_in_words(date(2026, 11, 30), today=date(2026, 11, 28)) == "Monday 30 November"
    assert [english.relative_day(date(2026, 11, day), date(2026, 11, 28)) for day in (26, 27, 28, 29, 30)] == [
        "",
        "yesterday",
        "today",
        "tomorrow",
        "",
    ]


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.0, "< 1 %"), (0.004, "< 1 %"), (0.006, "1 %"), (0.36, "36 %"), (0.994, "99 %"), (1.0, "> 99 %")],
)
def test_no_forecast_looks_certain(share: float, written: str) -> None:
    assert language_of("en").chance(share).replace("\N{NO-BREAK SPACE}", " ") == written


def test_numbers_have_a_true_minus_and_no_negative_zero() -> None:
    english = language_of("en")

    assert [english.number(value) for value in (1234.5, -2.0, -0.04)] == ["1,234.5", "−2.0", "0.0"]


def test_one_has_a_sentence_of_its_own() -> None:
    english = language_of("en")

    assert english.say("mark.silent", count=1) == "not observed for 1 day"
    assert english.say("mark.silent", count=2) == "not observed for 2 days"


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"'fr' is not a valid language.*en, es"):
        language_of("fr")
