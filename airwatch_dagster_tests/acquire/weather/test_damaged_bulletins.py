"""Whatever is damaged in a bulletin, its reader gives plausible rows or an error, and loses no station unseen."""

import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from airwatch_dagster.acquire.parsing.rejections import REJECTED_COLUMNS
from airwatch_dagster.acquire.weather.nws.bulletin import read_selected_cities
from airwatch_dagster.acquire.weather.nws.days import city_days
from airwatch_dagster.acquire.weather.site_weather import hours_at_sites
from airwatch_dagster.acquire.weather.source import weather_rows
from airwatch_dagster.errors import BadPayload
from airwatch_dagster_tests.acquire.mutations import damaged
from airwatch_dagster_tests.acquire.weather import nbs_samples, nws_samples

pytestmark = pytest.mark.slow

DAY = pd.Timestamp("2021-07-04")
STATIONS = {"KORD": 50, "KMDW": 59, "KMKE": 68, "KRFD": 77, "KDPA": 86}
"""Stations with a temperature of their own, °F."""

NBS = nbs_samples.bulletin(*(nbs_samples.station(name, TMP=value) for name, value in STATIONS.items()))
CITIES = {"CHICAGO": "50", "MILWAUKEE": "59", "ROCKFORD": "68", "PEORIA": "77"}
FPUS20 = nws_samples.bulletin(cities=[nws_samples.city(name, one=(value, "40")) for name, value in CITIES.items()])
SITES = pd.DataFrame([{"site_id": "170310001", "latitude": 41.67, "longitude": -87.73}])


def intact(original: str, changed: str) -> bool:
    return f"\n{original}\n" in f"\n{changed}\n".replace("\r\n", "\n")


@settings(suppress_health_check=list(HealthCheck))
@given(content=damaged(NBS.encode()))
def test_a_damaged_nbs_bulletin(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = nbs_samples.read(Path(folder), content.decode("latin-1"))
        except BadPayload:
            return
    assert tuple(found.rejected.columns) == REJECTED_COLUMNS
    rows = hours_at_sites(found.hours, SITES, issue_date=DAY)
    if rows:
        weather_rows(pd.DataFrame(rows).assign(weather_model="NBM"), issue_day=DAY)
    text = content.decode("latin-1")
    read = found.hours.groupby("station_id")["temperature_c"].agg(["size", "first", "nunique"])
    lost = 0
    for name, fahrenheit in STATIONS.items():
        if intact("\n".join(nbs_samples.station(name, TMP=fahrenheit)), text):
            if name not in read.index:
                lost += 1
            else:
                expected = [nbs_samples.COLUMNS, (fahrenheit - 32) / 1.8, 1]
                assert read.loc[name].tolist() == pytest.approx(expected)
    assert lost <= len(found.rejected)


@settings(suppress_health_check=list(HealthCheck))
@given(content=damaged(FPUS20.encode()))
def test_a_damaged_bulletin_of_cities(content: bytes) -> None:
    try:
        found = read_selected_cities(content, culprit="FPUS20")
    except BadPayload:
        return
    assert tuple(found.rejected.columns) == REJECTED_COLUMNS
    city_days(found.rows, issue_date=DAY, published_by=pd.Timestamp("2021-07-05"))
    lines = content.decode("latin-1").replace("\r", "\n").split("\n")
    intact_ones = {name for name, value in CITIES.items() if nws_samples.city(name, one=(value, "40")) in lines}
    lost = intact_ones - set(found.rows["city"])
    # A table that ends early (``$$``) or a heading that is lost takes lines along.
    assert not lost or len(found.rejected) or not found.bulletins or b"$$\n" in content.split(b"NATIONAL")[0]
    for name in intact_ones - lost:
        highs = found.rows.loc[found.rows["city"] == name, "target1_high_f"]
        assert float(CITIES[name]) in highs.tolist()
