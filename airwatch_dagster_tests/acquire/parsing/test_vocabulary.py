"""AQS's words are known in any spelling; rows with an unknown word are set aside, and many of them stop a file."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.files import DailyFile, read_daily
from airwatch_dagster.acquire.parsing.vocabulary import VOCABULARY
from airwatch_dagster.clean.monitor_days import DAILY_DURATIONS, EVENT_RANK, monitor_days
from airwatch_dagster.errors import BadPayload
from airwatch_dagster_tests.acquire.published_samples import daily_zip


def read(folder: Path, column: str, *words: str) -> DailyFile:
    """A daily file of July 2021 in which each day has one of the words."""
    rows = [{column: word, "Date Local": f"2021-07-{day:02d}"} for day, word in enumerate(words, start=1)]
    return read_daily(daily_zip(folder, *rows), date(2021, 1, 1), date(2021, 12, 31), source="airdata")


SPELLINGS = {
    "Sample Duration": {
        "24-HR BLK AVG": [
            "24-Hr Blk Avg",
            "24-hr blk avg",
            "24-HOUR BLOCK AVERAGE",
            "24 HR BLK AVG",
            "24-HR BLOCK AVG",
        ],
        "24 HOUR": ["24 Hour", "24-HOUR", "24 HOURS", "24-HR", "24HR"],
        "1 HOUR": ["1 hour", "1-HOUR", "1 HR"],
    },
    "Event Type": {
        "Included": ["included", "INCLUDED", " Included "],
        "Excluded": ["excluded"],
        "None": ["none", "NONE"],
        "Events Included": ["events included", "Event Included", "EVENTS-INCLUDED"],
        "No Events": ["no events", "No Event"],
        "Concurred Events Excluded": ["concurred events excluded"],
    },
    "Units of Measure": {
        "Micrograms/cubic meter (LC)": ["MICROGRAMS/CUBIC METER (LC)", "Micrograms per cubic meter (LC)", "ug/m3 LC"]
    },
}
CASES = [(column, known, word) for column, words in SPELLINGS.items() for known in words for word in words[known]]


@pytest.mark.parametrize(("column", "known", "word"), CASES)
def test_a_word_is_known_in_other_cases_and_spellings(tmp_path: Path, column: str, known: str, word: str) -> None:
    file = read(tmp_path, column, word)

    name = {"Sample Duration": "sample_duration", "Event Type": "event_type"}.get(column, "units_of_measure")
    assert file.readings[name].tolist() == [known]
    assert file.rejected.empty


def test_a_lower_case_included_day_counts(tmp_path: Path) -> None:
    readings = read(tmp_path, "Event Type", *["included"] * 8).readings

    versioned = readings.assign(first_seen_at=pd.Timestamp("2022-01-01"), superseded_at=pd.NaT)
    assert len(monitor_days(versioned)) == 8


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("Event Type", "Inkluded"),
        ("Event Type", "Smoke"),
        ("Sample Duration", "24-HR RUNNING"),
        ("Sample Duration", "DAILY"),
        ("Units of Measure", "Micrograms/cubic meter (25 C)"),
        ("Units of Measure", "Parts per million"),
    ],
)
def test_an_unknown_word_in_a_few_rows_sets_them_aside_with_its_name(tmp_path: Path, column: str, word: str) -> None:
    usual = {"Event Type": "None", "Sample Duration": "24 HOUR"}.get(column, "Micrograms/cubic meter (LC)")

    file = read(tmp_path, column, usual, word, usual)

    assert file.readings["date_local"].dt.day.tolist() == [1, 3]
    [rejected] = file.rejected.to_dict("records")
    assert (rejected["line_number"], rejected["column_name"], rejected["value"]) == (3, column, word)
    assert usual in rejected["reason"]


def test_an_unknown_word_in_all_rows_stops_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadPayload, match=r"8 of 8 lines cannot be read, such as line 2: Event Type is 'Inkl'"):
        read(tmp_path, "Event Type", *["Inkl"] * 8)


@pytest.mark.parametrize("duration", ["3 HOURS", "8-HR RUN AVG BEGIN HOUR", "5 MINUTE", "12 HOUR"])
def test_rows_of_other_durations_of_aqs_are_kept_as_published(tmp_path: Path, duration: str) -> None:
    file = read(tmp_path, "Sample Duration", duration)

    assert file.readings["sample_duration"].tolist() == [duration]
    assert duration not in DAILY_DURATIONS


def test_every_word_that_the_site_day_rule_acts_on_is_in_the_vocabulary() -> None:
    assert set(DAILY_DURATIONS) <= set(VOCABULARY["sample_duration"].values())
    assert set(EVENT_RANK) <= set(VOCABULARY["event_type"].values())
