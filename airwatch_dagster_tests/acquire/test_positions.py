from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.positions import is_possible, site_positions, with_known_positions

PLACES = [
    ("17", 41.88, -87.63, True),
    ("02", 61.22, -149.90, True),
    ("02", 51.88, -176.66, True),  # Adak
    ("02", 52.93, 172.90, True),  # Attu, beyond the date line
    ("15", 21.31, -157.86, True),
    ("60", -14.28, -170.70, True),
    ("66", 13.48, 144.75, True),
    ("69", 15.19, 145.75, True),
    ("72", 18.39, -66.06, True),
    ("78", 17.70, -64.78, True),
    ("TT", 61.22, -149.90, True),
    ("TT", 0.0, 0.0, False),
    ("17", 0.0, 0.0, False),
    ("17", 0.0, -87.63, False),
    ("17", -999.0, -999.0, False),
    ("17", 41.88, 87.63, False),
    ("17", -87.63, 41.88, False),
    ("17", 61.22, -149.90, False),
    ("17", float("nan"), -87.63, False),
    ("17", float("inf"), -87.63, False),
    ("66", 41.88, -87.63, False),
    ("02", 41.88, -87.63, False),
]


@pytest.mark.parametrize(("state", "latitude", "longitude", "expected"), PLACES)
def test_a_position_is_possible_in_its_part_of_the_country(
    state: str, latitude: float, longitude: float, expected: bool
) -> None:
    place = pd.DataFrame({"state_code": [state], "latitude": [latitude], "longitude": [longitude]})
    assert is_possible(place).tolist() == [expected]


def rows_at(*positions: tuple[str, object, object]) -> pd.DataFrame:
    site, latitude, longitude = zip(*positions, strict=True)
    return pd.DataFrame(
        {"state_code": "17", "county_code": "031", "site_number": site, "latitude": latitude, "longitude": longitude}
    )


LISTED = pd.DataFrame({"site_id": ["170310001"], "latitude": [41.7], "longitude": [-87.7]})


def test_rows_keep_their_order_index_and_own_position_unless_it_is_wrong() -> None:
    rows = rows_at(("0002", "41.0", "-88.0"), ("0001", "0", "0"), ("0001", "41.71", "-87.7")).set_axis([7, 3, 9])
    placed = with_known_positions(rows, LISTED)
    assert placed.rows.index.tolist() == [7, 3, 9]
    assert placed.rows[["latitude", "longitude"]].to_numpy().tolist() == [[41.0, -88.0], [41.7, -87.7], [41.71, -87.7]]
    assert placed.is_repaired.tolist() == [False, True, False]


@pytest.mark.parametrize(("latitude", "expected"), [(42.14, 42.14), (42.16, 41.7), (41.26, 41.26), (41.24, 41.7)])
def test_a_jump_of_more_than_50_km_is_an_error(latitude: float, expected: float) -> None:
    placed = with_known_positions(rows_at(("0001", latitude, -87.7)), LISTED)
    assert placed.rows["latitude"].tolist() == [expected]


def test_a_wrong_position_of_the_list_is_no_known_one() -> None:
    wrong = LISTED.assign(latitude=0.0, longitude=0.0)
    placed = with_known_positions(rows_at(("0001", 41.7, -87.7), ("0001", None, None)), wrong)
    assert placed.rows["latitude"].tolist() == [41.7, 41.7]
    assert placed.is_repaired.tolist() == [False, True]


def test_a_site_without_a_list_has_the_position_of_its_first_possible_row() -> None:
    placed = with_known_positions(rows_at(("0001", 0, 0), ("0001", 42.0, -87.7), ("0001", 41.0, -87.7)), None)
    assert placed.rows["latitude"].tolist() == [42.0, 42.0, 41.0]


def test_rows_that_nothing_places_are_left_out() -> None:
    placed = with_known_positions(rows_at(("0001", 41.7, -87.7), ("0002", -999, -999)), LISTED)
    assert placed.rows["site_number"].tolist() == ["0001"]
    assert placed.unplaced["site_number"].tolist() == ["0002"]


@pytest.mark.parametrize("latitude", ["1e3080021", "inf", "-inf", "nan"])
def test_a_number_beyond_all_numbers_is_no_position_and_no_warning(latitude: str) -> None:
    placed = with_known_positions(rows_at(("0001", latitude, -87.7), ("0002", latitude, -87.7)), LISTED)

    assert placed.rows["site_number"].tolist() == ["0001"]
    assert placed.rows["latitude"].between(41.0, 42.5).all()
    assert placed.unplaced["site_number"].tolist() == ["0002"]


def test_no_rows_stay_no_rows() -> None:
    placed = with_known_positions(rows_at(("0001", 41.7, -87.7)).iloc[:0], LISTED)
    assert len(placed.rows) == 0
    assert len(placed.unplaced) == 0


def test_a_site_is_where_its_newest_monitor_is() -> None:
    monitors = pd.DataFrame(
        {
            "site_id": ["170310001", "170310001", "170310002"],
            "latitude": [41.8, 41.7, 42.0],
            "longitude": -87.7,
            "cbsa_code": "16980",
            "last_sample_date": pd.to_datetime(["2022-01-01", "2010-01-01", None]),
        }
    )
    assert site_positions(monitors)[["site_id", "latitude"]].to_numpy().tolist() == [
        ["170310002", 42.0], ["170310001", 41.8]
    ]  # fmt: skip


def test_every_listed_site_lies_in_its_part_of_the_country(real_data: Path) -> None:
    names = ["State Code", "Site Number", "County Code", "Latitude", "Longitude"]
    listed = pd.read_csv(real_data / "airdata" / "aqs_sites.zip", dtype=str, usecols=names)
    listed = listed[~listed["State Code"].isin(["80", "CC"])]
    places = pd.DataFrame(
        {
            "site_id": listed["State Code"] + listed["County Code"] + listed["Site Number"],
            "state_code": listed["State Code"],
            "latitude": listed["Latitude"].astype(float),
            "longitude": listed["Longitude"].astype(float),
        }
    )
    given = places[places["latitude"].fillna(0.0).ne(0.0) & places["longitude"].fillna(0.0).ne(0.0)]
    assert len(given) > 19_900
    assert given.loc[~is_possible(given), "state_code"].tolist() == ["12"]
