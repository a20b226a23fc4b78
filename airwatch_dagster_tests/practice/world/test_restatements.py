"""Mass revisions, deletions and late publication in API rows and AirData files."""

import csv
import io
import zipfile
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests

from airwatch_dagster.clean.aqi import pm25_aqi
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.practice.formats.airdata import bulk_file
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.practice.world.network import MONITORS
from airwatch_dagster.practice.world.published import Publishing, changed_on, published_year, truncated_to_tenths
from airwatch_dagster.practice.world.restatements import Restatement

pytestmark = pytest.mark.slow

TODAY = date(2024, 5, 10)
ON = date(2024, 5, 3)
FIRST, LAST = date(2023, 2, 1), date(2023, 3, 31)
LOWERED = Restatement(ON, FIRST, LAST, factor=0.83)
THINNED = Restatement(ON, FIRST, LAST, deleted_share=0.25)
QUERY = {"email": "a@b.c", "key": "practice", "param": "88101", "cbsa": "16980"}
DAY = ["state_code", "county_code", "site_number", "poc", "date_local", "sample_duration", "pollutant_standard"]


def published(*restatements: Restatement, today: date = TODAY, lag: int = 0, year: int = 2023) -> pd.DataFrame:
    days = published_year(year, seed=1, today=today, publishing=Publishing(lag, restatements))
    return days.set_index(["monitor", "date_local"])


def get(url: str, **query: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, params=query, timeout=30)


def api_rows(server: PracticeServer, bdate: str = "20230101", edate: str = "20231231", **query: str) -> pd.DataFrame:
    response = get(f"{server.aqs_url}/dailyData/byCBSA", **QUERY, bdate=bdate, edate=edate, **query)
    return pd.DataFrame(response.json()["Data"])


def airdata_rows(server: PracticeServer, year: int = 2023) -> pd.DataFrame:
    packed = get(f"{server.airdata_url}/daily_88101_{year}.zip").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open(archive.namelist()[0]) as file:
        return pd.read_csv(file, encoding="iso-8859-1", dtype={"State Code": str})


def file_list(server: PracticeServer) -> dict[str, str]:
    lines = csv.reader(get(f"{server.airdata_url}/file_list.csv").text.splitlines()[1:])
    return {line[0]: line[3] for line in lines}


def is_inside(days: pd.DataFrame, restatement: Restatement = LOWERED) -> Any:
    text = days.index.get_level_values("date_local")
    return (text >= restatement.first.isoformat()) & (text <= restatement.last.isoformat())


def test_restated_values_are_the_original_ones_times_the_factor() -> None:
    before, after = published(), published(LOWERED)
    inside = is_inside(before)
    assert before.index.equals(after.index)
    assert after[inside]["hours_mean_ugm3"].to_numpy() == pytest.approx(
        0.83 * before[inside]["hours_mean_ugm3"], abs=2e-6
    )
    pd.testing.assert_frame_equal(before[~inside], after[~inside])


def test_restated_day_values_are_truncated_and_have_their_own_aqi() -> None:
    days = published(LOWERED)
    days = days[is_inside(days)].dropna(subset="day_mean_ugm3")
    is_hourly = [MONITORS[number][1].schedule == "hourly" for number in days.index.get_level_values("monitor")]
    hourly = days[is_hourly]
    assert (hourly["day_mean_ugm3"] == truncated_to_tenths(hourly["hours_mean_ugm3"].to_numpy())).all()
    assert (days["aqi"] == pm25_aqi(days["day_mean_ugm3"])).all()
    assert (days["aqi"] < published().loc[days.index, "aqi"]).mean() > 0.9


def test_restated_rows_only_last_changed_on_that_day() -> None:
    days = published(LOWERED)
    assert set(days[is_inside(days)]["last_change"]) == {"2024-05-03"}
    assert "2024-05-03" not in set(days[~is_inside(days)]["last_change"])


def test_nothing_is_restated_before_the_day() -> None:
    pd.testing.assert_frame_equal(published(LOWERED, THINNED, today=date(2024, 5, 2)), published())


def test_the_deleted_share_disappears_and_the_rest_is_unchanged() -> None:
    before, after = published(), published(THINNED)
    assert 1.0 - is_inside(after).sum() / is_inside(before).sum() == pytest.approx(0.25, abs=0.03)
    pd.testing.assert_frame_equal(before.loc[after.index], after)
    assert (~is_inside(after)).sum() == (~is_inside(before)).sum()


def test_a_share_of_one_deletes_everything_in_the_period() -> None:
    assert not is_inside(published(Restatement(ON, FIRST, LAST, deleted_share=1.0))).any()


def test_a_restatement_may_be_confined_to_states() -> None:
    before, after = published(), published(Restatement(ON, FIRST, LAST, factor=2.0, deleted_share=0.1, states=("17",)))
    is_there = np.array([MONITORS[number][0].state_code == "17" for number in before.index.get_level_values("monitor")])
    elsewhere = before.index[~is_there]
    pd.testing.assert_frame_equal(before.loc[elsewhere], after.loc[elsewhere])
    assert len(after) < len(before)
    assert set(after[is_inside(after) & ~after.index.isin(elsewhere)]["last_change"]) == {"2024-05-03"}


def test_later_restatements_add_to_earlier_ones_in_whatever_order_they_are_given() -> None:
    later = Restatement(date(2024, 5, 7), date(2023, 3, 1), LAST, factor=0.5)
    both = published(LOWERED, later)
    pd.testing.assert_frame_equal(both, published(later, LOWERED))
    march = is_inside(both, later)
    halved = 0.5 * 0.83 * published()[march]["hours_mean_ugm3"]
    assert both[march]["hours_mean_ugm3"].to_numpy() == pytest.approx(halved.to_numpy(), abs=1e-5)
    assert set(both[march]["last_change"]) == {"2024-05-07"}
    assert set(both[is_inside(both) & ~march]["last_change"]) == {"2024-05-03"}


def test_a_quarter_that_becomes_final_after_it_was_restated_stays_restated() -> None:
    early = Restatement(date(2023, 4, 10), FIRST, LAST, factor=0.83)
    days = published(early)
    inside = is_inside(days)
    lowered = 0.83 * published()[inside]["hours_mean_ugm3"].to_numpy()
    assert days[inside]["hours_mean_ugm3"].to_numpy() == pytest.approx(lowered, abs=2e-6)
    assert set(days[inside]["last_change"]) == {"2023-04-10", "2023-06-30"}


def test_days_yet_to_come_are_restated_when_they_are_published() -> None:
    ahead = Restatement(date(2022, 1, 1), FIRST, LAST, factor=2.0)
    days = published(ahead, today=date(2023, 2, 20))
    plain = published(today=date(2023, 2, 20))
    inside = is_inside(days)
    assert inside.sum() > 0
    assert days[inside]["hours_mean_ugm3"].to_numpy() == pytest.approx(2.0 * plain[inside]["hours_mean_ugm3"], abs=3e-6)
    assert (days["last_change"] == plain["last_change"]).all()


def test_a_change_window_finds_exactly_the_restated_rows() -> None:
    with PracticeServer(today=TODAY, seed=1) as server:
        before = api_rows(server).set_index(DAY)
    with PracticeServer(today=TODAY, seed=1, restatements=(LOWERED,)) as server:
        after = api_rows(server).set_index(DAY)
        found = api_rows(server, cbdate="20240503", cedate="20240503")
    assert (found["date_local"].min(), found["date_local"].max()) == ("2023-02-01", "2023-03-31")
    assert set(found["date_of_last_change"]) == {"2024-05-03"}
    is_changed = (after["arithmetic_mean"] != before["arithmetic_mean"]).to_numpy()
    assert set(after.index[is_changed]) <= set(found.set_index(DAY).index)
    assert (
        len(found) == after.index.get_level_values("date_local").to_series().between("2023-02-01", "2023-03-31").sum()
    )


def test_airdata_and_the_api_have_the_same_restated_values() -> None:
    with PracticeServer(today=TODAY, seed=1, restatements=(LOWERED, THINNED)) as server:
        api, airdata = api_rows(server), airdata_rows(server)
    names = {
        "State Code": "state_code",
        "County Code": "county_code",
        "Site Num": "site_number",
        "POC": "poc",
        "Date Local": "date_local",
    }
    airdata = airdata.rename(columns=names)[lambda d: d["CBSA Name"].fillna("").str.startswith("Chicago")]
    api = api[api["pollutant_standard"].eq("PM25 24-hour 2024")].astype({"site_number": int, "county_code": int})
    airdata = airdata[airdata["Pollutant Standard"].notna() & (airdata["Event Type"] != "Excluded")]
    both = api.merge(airdata, on=[*names.values()], how="outer", indicator=True)
    assert set(both["_merge"]) == {"both"}
    assert (both["arithmetic_mean"] == both["Arithmetic Mean"]).all()
    assert (both["aqi"] == both["AQI"]).all()
    assert (both["date_of_last_change"] == both["Date of Last Change"]).all()


def test_a_file_changes_on_the_day_of_a_restatement_and_others_do_not() -> None:
    with PracticeServer(today=date(2024, 5, 2), seed=1, restatements=(LOWERED,)) as server:
        tags = [get(f"{server.airdata_url}/daily_88101_{year}.zip").headers["ETag"] for year in (2022, 2023)]
        dated = file_list(server)
        server.move_clock(ON)
        later = [get(f"{server.airdata_url}/daily_88101_{year}.zip").headers["ETag"] for year in (2022, 2023)]
        assert (tags[0] == later[0], tags[1] == later[1]) == (True, False)
        assert (dated["daily_88101_2023.zip"], file_list(server)["daily_88101_2023.zip"]) == (
            "2024-03-31",
            "2024-05-03",
        )


def test_airnow_is_neither_restated_nor_late() -> None:
    path = "2024/20240509/daily_data_v2.dat"
    everything = Restatement(date(2024, 1, 1), date(2024, 1, 1), TODAY, factor=3.0, deleted_share=0.9)
    with PracticeServer(today=TODAY, seed=1) as server:
        plain = get(f"{server.airnow_url}/{path}").content
    with PracticeServer(today=TODAY, seed=1, restatements=(everything,), aqs_lag_days=100) as server:
        assert get(f"{server.airnow_url}/{path}").content == plain


@pytest.mark.parametrize(
    "wrong", [{"last": date(2023, 1, 1)}, {"factor": 0.0}, {"deleted_share": 1.5}, {"deleted_share": -0.1}]
)
def test_an_invalid_restatement_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="practice server"):
        Restatement(**{"on": ON, "first": FIRST, "last": LAST, **wrong})


def test_a_lag_publishes_days_later() -> None:
    with PracticeServer(today=TODAY, seed=1, aqs_lag_days=40) as server:
        assert api_rows(server, "20240101", "20241231")["date_local"].max() == "2024-03-30"
        assert airdata_rows(server, 2024)["Date Local"].max() == "2024-03-30"
        server.move_clock(TODAY + timedelta(days=1))
        assert api_rows(server, "20240101", "20241231")["date_local"].max() == "2024-03-31"
        assert airdata_rows(server, 2024)["Date Local"].max() == "2024-03-31"


def test_a_lag_delays_values_and_does_not_change_them() -> None:
    late, prompt = (
        published(lag=40, today=date(2023, 5, 10)),
        published(today=date(2023, 5, 10)).drop(columns="last_change"),
    )
    pd.testing.assert_frame_equal(late.drop(columns="last_change"), prompt.loc[late.index])


def test_a_change_window_since_the_last_request_has_the_days_published_since() -> None:
    with PracticeServer(today=TODAY, seed=1, aqs_lag_days=40) as server:
        seen = api_rows(server, "20240101", "20241231").set_index(DAY)
        server.move_clock(TODAY + timedelta(days=3))
        now = api_rows(server, "20240101", "20241231").set_index(DAY)
        found = api_rows(server, "20240101", "20241231", cbdate="20240511").set_index(DAY)
    assert set(found.index) == set(now.index) - set(seen.index)
    assert set(found.index.get_level_values("date_local")) == {"2024-03-31", "2024-04-01", "2024-04-02"}


@pytest.mark.parametrize("lag", [0, 1, 120, 400])
def test_no_row_changed_before_its_publication_or_after_today(lag: int) -> None:
    days = published(lag=lag, today=TODAY).reset_index()
    visible = pd.to_datetime(days["date_local"]) + pd.Timedelta(days=1 + lag)
    assert (pd.to_datetime(days["last_change"]) >= visible).all()
    assert (pd.to_datetime(days["last_change"]) <= pd.Timestamp(TODAY)).all()


@pytest.mark.parametrize("lag", [0, 1, 40, 120, 400])
def test_content_is_dated_by_its_last_change_with_any_lag(lag: int) -> None:
    publishing = Publishing(lag, (LOWERED,))
    for today in pd.date_range("2022-12-30", "2025-03-01", freq="37D"):
        as_of = changed_on(2023, today=today.date(), publishing=publishing)
        now, then = (published(LOWERED, today=day, lag=lag) for day in (today.date(), as_of))
        pd.testing.assert_frame_equal(now, then)
        assert as_of == date(2023, 1, 1) or as_of <= today.date()


def test_a_file_changes_with_every_published_day() -> None:
    files = [
        bulk_file("daily_88101_2023.zip", seed=1, today=today, publishing=Publishing(40))
        for today in (date(2024, 2, 9), date(2024, 2, 10), date(2024, 2, 11))
    ]
    assert [file and file.as_of for file in files] == [date(2024, 2, 9), date(2024, 2, 10), date(2024, 2, 10)]
    assert len({file.content for file in files if file}) == 2


def test_a_years_file_appears_a_lag_after_its_first_day() -> None:
    with PracticeServer(today=date(2024, 2, 9), seed=1, aqs_lag_days=40) as server:
        assert get(f"{server.airdata_url}/daily_88101_2024.zip").status_code == 404
        assert "daily_88101_2024.zip" not in file_list(server)
        server.move_clock(date(2024, 2, 11))
        assert airdata_rows(server, 2024)["Date Local"].max() == "2024-01-01"
        assert file_list(server)["daily_88101_2024.zip"] == "2024-02-11"


def test_the_monitor_file_has_samples_up_to_the_last_published_day() -> None:
    file = bulk_file("aqs_monitors.zip", seed=1, today=TODAY, publishing=Publishing(40))
    assert file is not None
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive, archive.open(archive.namelist()[0]) as packed:
        monitors = pd.read_csv(packed, encoding="iso-8859-1")
    assert monitors["Last Sample Date"].max() == "2024-03-30"
    assert set(monitors["Extraction Date"]) == {"2024-05-10"}


def test_a_negative_lag_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="publish the future"):
        PracticeServer(today=TODAY, aqs_lag_days=-1)
