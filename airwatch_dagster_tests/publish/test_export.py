"""Exports: values that other programs read back, and means of regions."""

import io
import json

import pandas as pd
import pytest

from airwatch_dagster.publish.export import columns_of, region_means, written
from airwatch_dagster_tests.builders import monitors, site_days

DAY = pd.Timestamp("2021-07-04")


def test_means_of_a_county_are_of_its_valid_sites() -> None:
    rows = site_days(
        {"site_id": "170310001", "pm25_ugm3": 8.0},
        {"site_id": "170310002", "pm25_ugm3": 11.0},
        {"site_id": "170310003", "pm25_ugm3": 99.0, "is_valid": False},
        {"site_id": "180890001", "pm25_ugm3": 5.0},
    )

    means = region_means("site_days", rows, by="county").set_index("region")

    assert means.loc[
        "17031", ["region_name", "sites", "pm25_mean_ugm3", "pm25_min_ugm3", "pm25_max_ugm3"]
    ].tolist() == [
        *("Cook County", 2),
        *(9.5, 8.0, 11.0),
    ]
    assert means.loc["18089", "pm25_mean_ugm3"] == 5.0


def test_means_of_a_statistical_area_cross_states_and_leave_out_what_lies_outside() -> None:
    rows = site_days(
        {"site_id": "170310001", "pm25_ugm3": 8.0},
        {"site_id": "180890001", "pm25_ugm3": 5.0},
        {"site_id": "460710001", "pm25_ugm3": 3.0},
    )

    means = region_means("site_days", rows, by="cbsa")

    assert means[["region", "sites", "pm25_mean_ugm3"]].to_numpy().tolist() == [["16980", 2, 6.5]]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_comes_back(form: str) -> None:
    rows = monitors({"site_name": "Lakefront", "last_sample_date": DAY}, {"poc": 2, "site_name": None})
    read = {"csv": lambda data: pd.read_csv(data, dtype={"site_id": str}), "parquet": pd.read_parquet}[form]

    back = read(io.BytesIO(written(rows, form)))

    assert back["site_id"].tolist() == ["170319001", "170319001"]
    assert back["poc"].tolist() == [1, 2]
    assert pd.to_datetime(back["last_sample_date"]).tolist()[0] == DAY
    assert back["site_name"].isna().tolist() == [False, True]


def test_a_text_is_no_formula_in_a_spreadsheet() -> None:
    rows = monitors({"site_name": "=1+1"}, {"poc": 2, "site_name": 'Lake, "the" front'})

    text = written(rows, "csv").decode()

    assert "'=1+1" in text
    assert '"Lake, ""the"" front"' in text


def test_moments_keep_their_time_and_days_have_none() -> None:
    rows = monitors({"primary_changed_at": pd.Timestamp("2021-07-04 17:30"), "open_date": DAY})

    (row,) = pd.read_csv(io.BytesIO(written(rows, "csv")), dtype=str).to_dict("records")

    assert (row["primary_changed_at"], row["open_date"]) == ("2021-07-04T17:30:00Z", "2021-07-04")


def test_geojson_has_a_point_per_row_and_null_where_nothing_is_known() -> None:
    content = json.loads(written(site_days({"method_code": None}), "geojson"))

    (feature,) = content["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [-87.6, 41.9]}
    assert (feature["properties"]["method_code"], feature["properties"]["is_valid"]) == (None, True)


def test_every_column_of_an_export_has_its_meaning() -> None:
    rows = site_days()
    means = region_means("site_days", rows, by="county")

    for frame in (rows, means):
        assert [one["name"] for one in columns_of("site_days", frame)] == list(frame.columns)
        assert all(one["meaning"] for one in columns_of("site_days", frame))
