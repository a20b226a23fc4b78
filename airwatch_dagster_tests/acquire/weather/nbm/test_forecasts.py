"""Each day of a site is forecast by the newest run that was published in time and knows the whole day."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.nbm.archive import NbmArchive
from airwatch_dagster.acquire.weather.nbm.forecasts import NbmWeather
from airwatch_dagster.acquire.weather.source import WeatherOfDay, WeatherSource
from airwatch_dagster.enrich.weather import checked_weather
from airwatch_dagster.errors import BadPayload
from airwatch_dagster_tests.acquire.weather.nbs_samples import bulletin, hours_of, station

CHICAGO = {"site_id": "170310001", "latitude": 41.67, "longitude": -87.73}
SITES = pd.DataFrame([CHICAGO])
DAY = date(2021, 7, 4)
MIDNIGHT = pd.Timestamp("2021-07-05 00:00")


def store(
    folder: Path, run: str, *, lag_min: int = 44, names: tuple[str, ...] = ("KORD", "KMDW"), **values: object
) -> Path:
    at = pd.Timestamp(run)
    path = folder / "mirror" / f"blend.{at:%Y%m%d}" / f"{at:%H}" / "text" / f"blend_nbstx.t{at:%H}z"
    path.parent.mkdir(parents=True, exist_ok=True)
    stations = [station(name, run=at, **values) for name in (*names, "46083")]  # type: ignore[arg-type]
    path.write_text(bulletin(*stations, indent=" "))
    path.with_name(f"{path.name}.published").write_text((at + pd.Timedelta(minutes=lag_min)).isoformat())
    return path


def forecasts(folder: Path, by: pd.Timestamp = MIDNIGHT, sites: pd.DataFrame = SITES) -> WeatherOfDay:
    source: WeatherSource = NbmWeather(NbmArchive((folder / "mirror").as_uri(), download_dir=folder / "nbm"))
    return source.forecasts(DAY, sites, published_by=by)


def test_sites_have_weather_in_the_contract(tmp_path: Path) -> None:
    store(tmp_path, "2021-07-04 03:00", TMP=50)
    store(tmp_path, "2021-07-04 22:00", TMP=68)

    found = forecasts(tmp_path)

    rows = checked_weather(found.rows).set_index("horizon_days")
    assert rows.index.tolist() == [0, 1, 2, 3]
    assert rows["temperature_c"].tolist() == pytest.approx([10.0, 20.0, 20.0, 20.0], abs=0.1)
    assert rows["issued_at"].tolist() == [pd.Timestamp("2021-07-04 03:44"), *[pd.Timestamp("2021-07-04 22:44")] * 3]
    assert rows["weather_model"].unique().tolist() == ["NBM V4.0"]
    assert rows["is_issued_at_assumed"].tolist() == [False] * 4
    tomorrow = rows.loc[1]
    expected = {
        "temperature_max_c": 30.0,
        "temperature_min_c": 15.0,
        "dew_point_c": 10.0,
        "relative_humidity_pct": 52.5,
        "wind_speed_ms": 5.14,
        "wind_north_ms": 5.14,
        "precipitation_mm": 10.16,
        "precipitation_probability_pct": 40.0,
        "cloud_cover_pct": 25.0,
        "boundary_layer_height_m": 914.4,
        "boundary_layer_height_max_m": 914.4,
        "ventilation_m2s": 9408.0,
    }
    assert {name: float(tomorrow[name]) for name in expected} == pytest.approx(expected, rel=0.01)
    assert "2 of its 3 stations were read" in found.notes[-1]


def test_a_run_published_later_changes_nothing(tmp_path: Path) -> None:
    store(tmp_path, "2021-07-04 03:00")
    store(tmp_path, "2021-07-04 22:00")
    before = forecasts(tmp_path)
    store(tmp_path, "2021-07-04 23:00", lag_min=61, TMP=100)

    after = forecasts(tmp_path)

    pd.testing.assert_frame_equal(after.rows, before.rows)
    assert any(
        "2021-07-04 23 UTC was published, perhaps anew, at 2021-07-05 00:01:00 UTC" in one for one in after.notes
    )
    late = forecasts(tmp_path, by=pd.Timestamp("2021-07-05 00:01")).rows.set_index("horizon_days")
    assert late.loc[[1, 2, 3], "temperature_c"].tolist() == pytest.approx([37.78] * 3, abs=0.1)


@pytest.mark.parametrize("shift_min", [0, 60, 120])
def test_shifting_all_publications_only_moves_to_earlier_runs(shift_min: int, tmp_path: Path) -> None:
    for hour in range(24):
        store(tmp_path, f"2021-07-04 {hour:02}:00", lag_min=44 + shift_min, TMP=50 + hour)

    rows = forecasts(tmp_path).rows.set_index("horizon_days")

    newest = 23 - shift_min // 60
    assert rows.loc[1, "temperature_c"] == pytest.approx((50 + newest - 32) / 1.8, abs=0.1)
    assert (rows["issued_at"] <= MIDNIGHT).all()


def test_at_a_later_time_of_issue_the_next_day_still_comes_from_a_run_that_knows_it_whole(tmp_path: Path) -> None:
    for run in ("2021-07-04 02:00", "2021-07-05 02:00", "2021-07-05 17:00"):
        store(tmp_path, run)

    rows = forecasts(tmp_path, by=pd.Timestamp("2021-07-05 18:30")).rows.set_index("horizon_days")

    runs = [pd.Timestamp(one) for one in ("2021-07-04 02:44", "2021-07-05 02:44", *["2021-07-05 17:44"] * 2)]
    assert rows["issued_at"].tolist() == runs
    assert rows["temperature_c"].notna().all()


def test_west_of_the_date_line_days_are_forecast_by_runs_that_know_them_whole(tmp_path: Path) -> None:
    guam = {"site_id": "660100001", "latitude": 13.48, "longitude": 144.80}
    for run in ("2021-07-03 11:00", "2021-07-03 20:00", "2021-07-04 03:00", "2021-07-04 11:00"):
        store(tmp_path, run, names=("KORD", "PGUM"))

    found = forecasts(tmp_path, sites=pd.DataFrame([guam, CHICAGO]), by=pd.Timestamp("2021-07-04 14:00")).rows

    by_site = found.set_index(["site_id", "horizon_days"])["issued_at"].dt.strftime("%d %H:%M")
    # Guam's 4 July begins at 14:00 UTC of 3 July, Chicago's at 06:00 UTC of 4 July.
    assert by_site["660100001"].to_dict() == {0: "03 11:44", 1: "04 11:44", 2: "04 11:44", 3: "04 11:44"}
    assert by_site["170310001"].to_dict() == {0: "04 03:44", 1: "04 11:44", 2: "04 11:44"}
    assert found["temperature_c"].notna().all()
    assert found.set_index("site_id").loc["660100001", "temperature_max_c"].isna().all()


def test_without_a_bulletin_of_a_day_its_row_is_missing_and_noted(tmp_path: Path) -> None:
    store(tmp_path, "2021-07-04 22:00")

    found = forecasts(tmp_path)

    assert found.rows["horizon_days"].tolist() == [1, 2, 3]
    assert "no forecast 0 days ahead: no bulletin of the 24 hours to 2021-07-04 04 UTC" in found.notes


def test_without_any_bulletin_or_station_there_are_no_rows_and_notes(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    at_sea = pd.DataFrame([{"site_id": "170310001", "latitude": 35.0, "longitude": -60.0}])

    assert forecasts(tmp_path).rows.empty
    assert forecasts(tmp_path, sites=at_sea).notes == ("no weather station is within 100 km of a site",)


def test_an_assumed_time_of_publication_is_marked(tmp_path: Path) -> None:
    path = store(tmp_path, "2021-07-04 09:00")
    path.with_name(f"{path.name}.published").write_text("2024-02-01T10:00Z")

    rows = forecasts(tmp_path).rows

    assert rows["is_issued_at_assumed"].unique().tolist() == [True]
    assert rows["issued_at"].unique().tolist() == [pd.Timestamp("2021-07-04 23:17")]


def test_a_damaged_station_is_told_and_the_others_serve(tmp_path: Path) -> None:
    path = store(tmp_path, "2021-07-04 22:00")
    lines = path.read_text().split("\n")
    damaged = next(at for at, one in enumerate(lines) if one.startswith(" TMP"))
    lines[damaged] = lines[damaged][:30]
    path.write_text("\n".join(lines))

    found = forecasts(tmp_path)

    assert found.rows["horizon_days"].tolist() == [1, 2, 3]
    assert found.rejected["line_number"].tolist() == [damaged + 1]
    assert "TMP of station KORD" in found.rejected["reason"].iloc[0]
    assert found.rejected["file"].iloc[0].endswith("blend_nbstx.t22z")


def test_a_bulletin_of_another_run_than_its_name_says_is_refused(tmp_path: Path) -> None:
    path = store(tmp_path, "2021-07-04 22:00")
    text = bulletin(station("KORD", run=hours_of(pd.Timestamp("2021-07-04 17:00"))[0]))
    path.write_text(text)

    with pytest.raises(BadPayload, match="expected the run of 2021-07-04 22:00 UTC in station KORD"):
        forecasts(tmp_path)
