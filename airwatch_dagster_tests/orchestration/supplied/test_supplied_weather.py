"""Weather is off until AIRWATCH_WEATHER is set; then it is read by issue day, checked and described."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.enrich.weather import EXAMPLE_COLUMNS, join_weather
from airwatch_dagster.errors import ConfigurationError, ContractViolation, StorageError
from airwatch_dagster.fit.examples import join_truth
from airwatch_dagster.fit.models.families import fit_family
from airwatch_dagster.forecast.predictions import predict
from airwatch_dagster.orchestration.metadata.tables import predictions_metadata
from airwatch_dagster.orchestration.supplied.supplied_weather import WEATHER, describe_weather
from airwatch_dagster.orchestration.weather.known import known_at_issue, weather_metadata
from airwatch_dagster.schemas import CONTRACTS, TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import monitors, weather_forecasts
from airwatch_dagster_tests.simulated_air import simulated_site_days

TABLE = "weather_forecasts"
DAYS = pd.DatetimeIndex(["2021-07-04", "2021-07-05"])
ROWS = pd.DataFrame({"site_id": "170319001", "issue_date": DAYS, "horizon_days": 1})


def issued_weather(days: pd.Series | pd.DatetimeIndex, by: pd.Timestamp | None = None) -> pd.DataFrame | None:
    return WEATHER.issued(days, by=by)


def with_weather(rows: pd.DataFrame, by: pd.Timestamp | None = None) -> pd.DataFrame:
    """The rows with the weather issued for them; the rows themselves while weather is off."""
    weather = issued_weather(rows["issue_date"], by=by)
    return rows if weather is None else join_weather(rows, weather)


def on_day(day: str, **change: Any) -> pd.DataFrame:
    """The standard forecast, issued on another day."""
    issue_date = pd.Timestamp(day)
    hours = {"target_date": issue_date + pd.Timedelta(days=1), "issued_at": issue_date + pd.Timedelta(hours=17)}
    return weather_forecasts({"issue_date": issue_date, **hours, **change})


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TableStorage:
    """The weather storage that AIRWATCH_WEATHER names, with two days, one of them in ``DAYS``."""
    monkeypatch.setenv("AIRWATCH_WEATHER", str(tmp_path / "weather"))
    tables = TableStorage.open(str(tmp_path / "weather"))
    tables.write(TABLE, {"2021-07-01": on_day("2021-07-01"), "2021-07-04": on_day("2021-07-04")})
    return tables


def test_while_weather_is_off_nothing_changes_and_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(*arguments: Any, **options: Any) -> TableStorage:
        raise AssertionError("something was opened")

    monkeypatch.setenv("AIRWATCH_WEATHER", "")
    monkeypatch.setattr(TableStorage, "open", touched)

    assert with_weather(ROWS) is ROWS
    assert issued_weather(DAYS) is None
    assert describe_weather() == "off; AIRWATCH_WEATHER is not set"


def test_days_and_sites_without_weather_are_null(given: TableStorage) -> None:
    found = with_weather(ROWS)

    assert list(found) == [*ROWS, *EXAMPLE_COLUMNS]
    assert found["weather_temperature_c"].tolist() == pytest.approx([24.5, np.nan], nan_ok=True)


def test_files_of_other_issue_days_are_not_read(given: TableStorage) -> None:
    Path(given.uri(TABLE, "2021-07-01")).write_bytes(b"no Parquet")

    weather = issued_weather(DAYS)
    assert weather is not None
    assert weather["issue_date"].tolist() == [DAYS[0]]
    with pytest.raises(StorageError, match=f"2021-07-01.parquet: does not hold rows of {TABLE}"):
        issued_weather(pd.DatetimeIndex(["2021-07-01"]))


def test_without_weather_for_any_of_the_days_the_columns_are_null(given: TableStorage) -> None:
    found = with_weather(ROWS.tail(1))

    assert found[list(EXAMPLE_COLUMNS)].isna().all(axis=None)
    assert len(with_weather(ROWS.head(0))) == 0


def test_weather_from_after_the_time_of_issue_is_an_error_for_every_reader(given: TableStorage) -> None:
    given.write(TABLE, {"2021-07-05": on_day("2021-07-05", issued_at=pd.Timestamp("2021-07-06 18:31"))})

    with pytest.raises(ContractViolation, match="issued_at=2021-07-06 18:31:00 latest_allowed=2021-07-06 18:30:00"):
        with_weather(ROWS)
    with pytest.raises(ContractViolation, match="issued_at=2021-07-06 18:31:00"):
        describe_weather()


def test_the_setting_decides_what_is_too_late(given: TableStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    given.write(TABLE, {"2021-07-05": on_day("2021-07-05", issued_at=pd.Timestamp("2021-07-06 03:00"))})

    assert with_weather(ROWS)["weather_temperature_c"].notna().all()
    monkeypatch.setenv("AIRWATCH_ISSUE_TIME", "00:00")
    with pytest.raises(ContractViolation, match="issued_at=2021-07-06 03:00:00 latest_allowed=2021-07-06 00:00:00"):
        with_weather(ROWS)


def test_weather_that_became_available_after_an_instant_is_left_out(given: TableStorage) -> None:
    known = {
        by: with_weather(ROWS, by=pd.Timestamp(by))["weather_temperature_c"].notna().sum()
        for by in ("2021-07-04 17:00", "2021-07-04 16:59")
    }

    assert known == {"2021-07-04 17:00": 1, "2021-07-04 16:59": 0}


def test_a_file_with_rows_of_another_issue_day_is_refused(given: TableStorage) -> None:
    given.write(TABLE, {"2021-07-05": on_day("2021-07-04", site_id="170319002")})

    with pytest.raises(ContractViolation) as caught:
        with_weather(ROWS)
    assert caught.value.culprit == given.uri(TABLE, "2021-07-05")
    assert "1 of 1 rows" in caught.value.problem
    assert "170319002 of issue_date 2021-07-04" in caught.value.problem
    assert "file of its issue_date" in caught.value.fix


def test_a_file_whose_name_is_not_a_day_is_refused(given: TableStorage) -> None:
    given.write(TABLE, {"20210705": on_day("2021-07-05")})

    with pytest.raises(ConfigurationError, match=r"^AIRWATCH_WEATHER: .*20210705.parquet cannot be read: its name"):
        with_weather(ROWS)


def test_a_file_without_bytes_is_refused(given: TableStorage) -> None:
    Path(given.uri(TABLE, "2021-07-05")).write_bytes(b"")

    with pytest.raises(
        ConfigurationError, match=r"^AIRWATCH_WEATHER: .*2021-07-05.parquet cannot be read: has no byte"
    ):
        with_weather(ROWS)


def test_copies_are_ignored_and_named(given: TableStorage) -> None:
    for name in ("2021-07-04 (1).parquet", ".DS_Store"):
        Path(given.uri(TABLE, "2021-07-04")).with_name(name).write_bytes(b"whatever")

    assert with_weather(ROWS)["weather_temperature_c"].notna().sum() == 1
    assert describe_weather().endswith(
        "1 sites; ignored: weather_forecasts/2021-07-04 (1).parquet (a copy of 2021-07-04), "
        "weather_forecasts/.DS_Store (a program's own)"
    )


def test_a_place_without_any_weather_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_WEATHER", str(tmp_path))

    with pytest.raises(ConfigurationError, match=r"AIRWATCH_WEATHER: .*_forecasts/YYYY-MM-DD.parquet does not exist"):
        with_weather(ROWS)


def test_a_file_with_times_of_a_zone_is_read_in_utc(given: TableStorage) -> None:
    local = on_day("2021-07-05", issued_at=pd.Timestamp("2021-07-05 12:00"))
    zoned = local.assign(
        issued_at=local["issued_at"].dt.tz_localize("America/Chicago").astype("datetime64[us, America/Chicago]")
    )
    zoned.to_parquet(given.uri(TABLE, "2021-07-05"), index=False)

    weather = issued_weather(DAYS[1:])
    assert weather is not None
    assert weather["issued_at"].tolist() == [pd.Timestamp("2021-07-05 17:00")]


def test_the_description_has_place_days_and_sites(given: TableStorage, tmp_path: Path) -> None:
    assert describe_weather() == f"2 issue days in {tmp_path / 'weather'}, the newest 2021-07-04 with 1 sites"


@pytest.fixture(scope="module")
def history() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and examples of a little more than a year."""
    site_days = simulated_site_days(sites=3, first="2020-05-01", days=430)
    issued = pd.date_range("2020-06-01", "2021-07-03")
    features = build_features(site_days, issue_dates=issued, area_site_ids=set(site_days["site_id"]))
    last = pd.Timestamp("2021-07-04")
    return features, join_truth(features, site_days, first_target=issued[0], last_target=last)


def test_a_day_without_weather_is_forecast_and_its_metadata_counts_none(
    given: TableStorage, history: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    features, examples = history
    stored = {day: on_day(day, site_id="170310000") for day in ("2021-07-01", "2021-07-03")}
    given.write(TABLE, stored)
    late = features[features["issue_date"] >= "2021-07-01"]
    model, weather = fit_family(with_weather(examples), family="ridge", seed=1), issued_weather(late["issue_date"])

    served = predict(late, model=model, model_family="ridge", model_version="1", calibration=None, weather=weather)

    assert len(served) == 3 * len(late)
    figures = predictions_metadata(served, weather_metadata(served, weather), monitors=monitors())
    assert {day: numbers["sites with weather"] for day, numbers in figures.items()} == {
        "2021-07-01": 1,
        "2021-07-02": 0,
        "2021-07-03": 1,
    }
    assert figures["2021-07-02"]["sites"] == 3.0


def test_forecasts_with_weather_are_bit_identical_one_by_one_and_as_a_range(
    given: TableStorage, history: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    features, examples = history
    model = fit_family(with_weather(examples), family="ridge", seed=1)
    late = features[features["issue_date"] >= "2021-06-29"]

    def served(rows: pd.DataFrame) -> pd.DataFrame:
        weather = issued_weather(rows["issue_date"])
        return predict(rows, model=model, model_family="ridge", model_version="1", calibration=None, weather=weather)

    apart = [served(rows) for _, rows in late.groupby("issue_date")]
    pd.testing.assert_frame_equal(pd.concat(apart, ignore_index=True), served(late), check_exact=True)


@pytest.mark.parametrize(
    ("rows", "text", "says"),
    [
        (1_000_001, "170319001", r"1,000,001 rows in 0\.\d MB, and a day has at most 1,000,000 in 64 MB"),
        (10, "x" * 1_001, "site_id has a text of 1,001 characters, and may have 1,000"),
    ],
)
def test_a_file_that_is_small_but_not_in_memory_is_refused(
    rows: int, text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / TABLE).mkdir()
    site_ids = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text])).cast(pa.string())
    pq.write_table(pa.table({"site_id": site_ids}), tmp_path / TABLE / "2021-07-04.parquet")
    monkeypatch.setenv("AIRWATCH_WEATHER", str(tmp_path))

    with pytest.raises(StorageError, match=says) as caught:
        issued_weather(DAYS)

    assert caught.value.culprit.endswith("2021-07-04.parquet")


def test_stored_weather_that_became_available_after_the_time_of_issue_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after a change to an earlier time."""
    stored = pd.concat([on_day("2021-07-04"), on_day("2021-07-05", issued_at=pd.Timestamp("2021-07-06 12:00"))])

    assert known_at_issue(stored)["issue_date"].tolist() == list(DAYS)
    monkeypatch.setenv("AIRWATCH_ISSUE_TIME", "11:59")
    assert known_at_issue(stored)["issue_date"].tolist() == [DAYS[0]]


def test_without_any_weather_nothing_is_said_of_it() -> None:
    rows = TABLES["predictions"].empty()

    assert weather_metadata(rows, CONTRACTS[TABLE].empty()) == weather_metadata(rows, on_day("2021-07-04")) == {}
