"""Features look back only, and are bit-identical whatever else is computed with them."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich import features
from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.enrich.networks import lattice_bell
from airwatch_dagster_tests.simulated_air import simulated_site_days

FIRST, DAYS = "2021-01-01", 75
AREA = {f"17031{number:04d}" for number in range(4)}


@pytest.fixture(scope="module")
def site_days() -> pd.DataFrame:
    return simulated_site_days(sites=12, first=FIRST, days=DAYS)


@pytest.fixture(scope="module")
def year_at_once(site_days: pd.DataFrame) -> pd.DataFrame:
    return build_features(site_days, issue_dates=pd.date_range("2021-02-05", "2021-03-16"), area_site_ids=AREA)


def one_site(
    values: dict[str, float], *, site_id: str = "170310001", latitude: float = 41.0, **changes: object
) -> pd.DataFrame:
    frame = simulated_site_days(sites=1, first=FIRST, days=9).iloc[[0] * len(values)].reset_index(drop=True)
    dates = pd.to_datetime(list(values))
    return frame.assign(
        site_id=site_id,
        date_local=dates,
        pm25_ugm3=list(values.values()),
        is_valid=True,
        latitude=latitude,
        longitude=-87.0,
    ).assign(**changes)


def features_of(site_days: pd.DataFrame, day: str, *, area: set[str] | None = None) -> pd.DataFrame:
    return build_features(site_days, issue_dates=pd.DatetimeIndex([day]), area_site_ids=area or {"170310001"})


def test_the_table_satisfies_its_schema(year_at_once: pd.DataFrame) -> None:
    checked = TABLES["features"].schema.validate(year_at_once)
    assert set(checked["site_id"]) == AREA


def test_readings_after_the_issue_date_leave_its_rows_bit_identical(
    site_days: pd.DataFrame, year_at_once: pd.DataFrame
) -> None:
    day = pd.Timestamp("2021-02-20")
    future = site_days["date_local"] > day
    corrupt = site_days.copy()
    corrupt.loc[future, "pm25_ugm3"] = 4000.0
    corrupt.loc[future, "latitude"] += 3.0
    corrupt.loc[future, "method_code"] = "999"
    corrupt.loc[future, "is_valid"] = ~corrupt.loc[future, "is_valid"]
    corrupt = corrupt.drop(corrupt.index[future][::5])
    after = build_features(corrupt, issue_dates=pd.date_range("2021-02-05", "2021-03-16"), area_site_ids=AREA)
    known = year_at_once[year_at_once["issue_date"] <= day]
    pd.testing.assert_frame_equal(after[after["issue_date"] <= day], known, check_exact=True)
    assert len(known) > 50


def test_days_built_one_by_one_from_their_own_history_are_bit_identical_to_the_range(
    site_days: pd.DataFrame, year_at_once: pd.DataFrame
) -> None:
    parts = []
    for day in pd.date_range("2021-02-05", "2021-03-16"):
        known = site_days[site_days["date_local"].between(day - pd.Timedelta(days=28), day)]
        parts.append(build_features(known, issue_dates=pd.DatetimeIndex([day]), area_site_ids=AREA))
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), year_at_once, check_exact=True)


def test_the_days_computed_at_once_do_not_matter(
    site_days: pd.DataFrame, year_at_once: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "SPAN_DAYS", 7)
    monkeypatch.setattr(features, "SPAN_VALUES", 1)
    rebuilt = build_features(site_days, issue_dates=pd.date_range("2021-02-05", "2021-03-16"), area_site_ids=AREA)
    pd.testing.assert_frame_equal(rebuilt, year_at_once, check_exact=True)


def test_the_order_of_rows_does_not_matter(site_days: pd.DataFrame, year_at_once: pd.DataFrame) -> None:
    shuffled = site_days.sample(frac=1.0, random_state=3)
    rebuilt = build_features(shuffled, issue_dates=pd.date_range("2021-02-05", "2021-03-16"), area_site_ids=AREA)
    pd.testing.assert_frame_equal(rebuilt, year_at_once, check_exact=True)


def test_own_history_equals_a_slow_obvious_loop(site_days: pd.DataFrame, year_at_once: pd.DataFrame) -> None:
    valid = site_days[site_days["is_valid"]].set_index(["site_id", "date_local"])["pm25_ugm3"]
    for row in year_at_once.iloc[::17].itertuples():
        window = {lag: valid.get((row.site_id, row.issue_date - pd.Timedelta(days=lag)), np.nan) for lag in range(28)}
        seen = {lag: value for lag, value in window.items() if not np.isnan(value)}
        assert row.days_since_observed == min(seen)
        assert row.pm25_last_ugm3 == pytest.approx(seen[min(seen)])
        assert row.pm25_lag_3d_ugm3 == pytest.approx(window[3], nan_ok=True)
        assert row.observed_days_28d == len(seen)
        assert row.pm25_mean_28d_ugm3 == pytest.approx(np.mean(list(seen.values())), rel=1e-6)
        assert row.pm25_std_28d_ugm3 == pytest.approx(np.std(list(seen.values())), abs=1e-5)
        week = [value for lag, value in seen.items() if lag < 7]
        assert row.pm25_max_7d_ugm3 == pytest.approx(max(week, default=np.nan), nan_ok=True)


def test_neighbours_equal_a_slow_obvious_loop(site_days: pd.DataFrame, year_at_once: pd.DataFrame) -> None:
    valid = site_days[site_days["is_valid"]]
    row = year_at_once[year_at_once["issue_date"] == "2021-02-20"].iloc[0]
    others = valid[(valid["date_local"] == "2021-02-20") & (valid["site_id"] != row["site_id"])]
    weights, east = [], []
    for other in others.itertuples():
        distance, bearing = distance_and_bearing(row["latitude"], row["longitude"], other.latitude, other.longitude)
        weights.append(np.exp(-distance / 150.0) if distance < 800.0 else 0.0)
        east.append(weights[-1] if 67.5 < bearing < 112.5 and distance < 400.0 else 0.0)
    values = others["pm25_ugm3"].to_numpy()
    assert row["nearby_pm25_ugm3"] == pytest.approx(np.average(values, weights=weights), abs=0.01)
    assert sum(east) > 0
    assert row["near_e_pm25_ugm3"] == pytest.approx(np.average(values, weights=east), abs=0.01)


def distance_and_bearing(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> tuple[float, float]:
    a, b, d = np.radians(lat_1), np.radians(lat_2), np.radians(lon_2 - lon_1)
    angle = np.arccos(np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(d))
    bearing = np.arctan2(np.sin(d) * np.cos(b), np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(d))
    return float(6371.0 * angle), float(np.degrees(bearing) % 360.0)


def test_lags_count_days_and_not_rows() -> None:
    row = features_of(one_site({"2021-01-01": 5.0, "2021-01-04": 8.0}), "2021-01-04").iloc[0]
    assert row["pm25_lag_3d_ugm3"] == 5.0
    assert np.isnan(row["pm25_lag_1d_ugm3"])


def test_a_site_off_schedule_has_a_row_with_the_age_of_its_last_reading() -> None:
    row = features_of(one_site({"2021-01-01": 5.0}), "2021-01-28").iloc[0]
    assert row["days_since_observed"] == 27
    assert row["pm25_last_ugm3"] == 5.0


def test_a_site_silent_for_28_days_has_no_row() -> None:
    found = features_of(one_site({"2021-01-01": 5.0}), "2021-01-29")
    assert found.empty
    assert list(found.columns) == TABLES["features"].column_names


def test_an_invalid_day_counts_as_unobserved() -> None:
    days = one_site({"2021-01-01": 5.0, "2021-01-02": 99.0})
    days.loc[1, "is_valid"] = False
    row = features_of(days, "2021-01-02").iloc[0]
    assert row["pm25_last_ugm3"] == 5.0
    assert row["days_since_observed"] == 1


def test_a_neighbour_to_the_north_counts_in_the_northern_sector_only() -> None:
    here = one_site({"2021-01-02": 5.0})
    north = one_site({"2021-01-01": 10.0, "2021-01-02": 14.0}, site_id="550790001", latitude=43.0)
    row = features_of(pd.concat([here, north], ignore_index=True), "2021-01-02").iloc[0]
    assert row["near_n_pm25_ugm3"] == 14.0
    assert row["near_n_pm25_change_ugm3"] == 4.0
    assert row["near_n_pm25_anomaly_ugm3"] == 2.0
    assert row["nearby_pm25_ugm3"] == 14.0
    assert np.isnan(row["near_s_pm25_ugm3"])
    assert np.isnan(row["far_n_pm25_ugm3"])


def test_context_sites_are_neighbours_without_rows_of_their_own() -> None:
    here, there = one_site({"2021-01-02": 5.0}), one_site({"2021-01-02": 7.0}, site_id="550790001", latitude=42.0)
    found = features_of(pd.concat([here, there], ignore_index=True), "2021-01-02")
    assert found["site_id"].tolist() == ["170310001"]
    assert found["nearby_pm25_ugm3"].tolist() == [7.0]


def test_a_site_is_not_its_own_neighbour_even_after_it_moved() -> None:
    moved = pd.concat([one_site({"2021-01-01": 5.0}), one_site({"2021-01-02": 6.0}, latitude=41.5)], ignore_index=True)
    row = features_of(moved, "2021-01-02").iloc[0]
    assert np.isnan(row["nearby_pm25_ugm3"])
    assert row["latitude"] == 41.5
    assert row["pm25_lag_1d_ugm3"] == 5.0


def test_no_issue_dates_give_an_explicit_empty_table(site_days: pd.DataFrame) -> None:
    found = build_features(site_days, issue_dates=pd.DatetimeIndex([]), area_site_ids=AREA)
    assert found.empty
    assert str(found["issue_date"].dtype) == "datetime64[ns]"


ISLANDS = [(21.3, -157.9), (21.4, -158.0), (20.9, -156.4), (19.7, -155.1)]
ALEUTIANS = [(51.9, 179.6), (52.0, -179.7), (52.2, -178.0), (53.9, -166.5)]
CARIBBEAN = [(18.4, -66.1), (18.0, -66.6), (18.3, -65.3)]
TWINS = [(41.9, -87.6), (41.9, -87.6)]


def network(places: list[tuple[float, float]], readings: list[float], *, county: str = "15003") -> pd.DataFrame:
    """A site per position, all with the same readings on consecutive days."""
    days = [str(day.date()) for day in pd.date_range(FIRST, periods=len(readings))]
    values = dict(zip(days, readings, strict=True))
    sites = [
        one_site(values, site_id=f"{county}{number:04d}", latitude=latitude, longitude=longitude)
        for number, (latitude, longitude) in enumerate(places)
    ]
    return pd.concat(sites, ignore_index=True)


@pytest.mark.parametrize("places", [ISLANDS, ALEUTIANS, CARIBBEAN, TWINS, [(64.8, -147.7)]])
@pytest.mark.parametrize("level", [-6.7, 0.0, 8.0, 824.0])
def test_features_satisfy_their_schema_at_the_edges_of_the_country_and_of_the_scale(
    places: list[tuple[float, float]], level: float
) -> None:
    days = network(places, [8.0] * 30 + [level] * 2)
    found = features_of(days, "2021-02-01", area=set(days["site_id"]))
    TABLES["features"].schema.validate(found)
    assert found["pm25_last_ugm3"].tolist() == [np.float32(level)] * len(places)


def test_neighbours_across_the_date_line_are_neighbours() -> None:
    days = network(ALEUTIANS, [8.0, 11.0], county="02016")
    found = features_of(days, "2021-01-02", area=set(days["site_id"])).set_index("site_id")
    assert found.loc["020160000", "near_e_pm25_ugm3"] == found.loc["020160001", "near_w_pm25_ugm3"] == 11.0
    assert found.loc["020160000", "flow_east_km"] == pytest.approx(0.0, abs=100.0)
    assert np.isnan(found.loc["020160003", "flow_east_km"])


def test_the_very_first_day_has_features_but_no_advection() -> None:
    found = features_of(network(ISLANDS, [8.0]), "2021-01-01", area={"150030000"})
    assert found["around_150km_log"].tolist() == [0.0]
    assert found[["advected_log", "stillness_error"]].isna().all(axis=None)


def test_a_day_without_readings_has_rows_without_neighbours() -> None:
    found = features_of(network(ISLANDS, [8.0, 9.0]), "2021-01-03", area={"150030000"})
    assert found["days_since_observed"].tolist() == [1]
    assert found[["nearby_pm25_ugm3", "advected_log"]].isna().all(axis=None)
    assert found[["around_400km_log", "offset_800km_w_log"]].eq(0.0).all(axis=None)


def test_a_map_uses_each_neighbours_departure_from_its_own_four_weeks() -> None:
    """The neighbour's 28 days hold one of 57 and 27 of 0; both sites stand at the same place."""
    here = one_site({"2021-01-28": 5.0}, latitude=41.9)
    there = pd.concat(
        [one_site({f"2021-01-{day:02d}": 0.0 for day in range(1, 28)}), one_site({"2021-01-28": 57.0})],
        ignore_index=True,
    )
    there = there.assign(site_id="170310002", latitude=41.9)
    row = features_of(pd.concat([here, there], ignore_index=True), "2021-01-28").iloc[0]
    # log(60/3) minus a 28th of it is 2.89, clipped to 2; shrinkage by half a station leaves about two thirds of that.
    weight = lattice_bell((41.9, -87.0), (41.9, -87.0), width_km=50.0)
    assert 0.94 < weight < 1.0
    assert row["around_50km_log"] == pytest.approx(2.0 * weight / (weight + 0.5), abs=1e-4)
    assert row["around_50km_log_before"] == 0.0


def test_distant_sites_leave_every_row_bit_identical(site_days: pd.DataFrame, year_at_once: pd.DataFrame) -> None:
    far = site_days.assign(site_id="15003" + site_days["site_id"].str[5:], longitude=site_days["longitude"] - 70.0)
    both = pd.concat([far, site_days], ignore_index=True)
    rebuilt = build_features(both, issue_dates=pd.date_range("2021-02-05", "2021-03-16"), area_site_ids=AREA)
    pd.testing.assert_frame_equal(rebuilt, year_at_once, check_exact=True)
